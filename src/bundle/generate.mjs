// manifest.schema.json to manifest.generated.ts (types) and validate-manifest.generated.js with its .d.ts (validator).
// `node src/bundle/generate.mjs` writes the files; generate() returns them for the test that finds stale ones.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { build } from "esbuild";
import { compile } from "json-schema-to-typescript";

const HERE = new URL("./", import.meta.url);
const BANNER = "// Made from manifest.schema.json by generate.mjs (npm run generate). Do not edit.\n";

/** @returns {Promise<Map<string, string>>} text by file name, beside this script */
export async function generate() {
  const schema = JSON.parse(await readFile(new URL("manifest.schema.json", HERE), "utf8"));
  return new Map([
    ["manifest.generated.ts", await types(structuredClone(schema))],
    ["validate-manifest.generated.js", await validator(schema)],
    ["validate-manifest.generated.d.ts", VALIDATOR_TYPES],
  ]);
}

async function types(schema) {
  const text = await compile(schema, schema.title, {
    bannerComment: BANNER,
    additionalProperties: false,
    ignoreMinAndMaxItems: true, // else bounded arrays become unions of tuples
    format: true,
    style: { printWidth: 110 },
  });
  // A manifest is data that nobody changes; the generator has no option for it.
  return text
    .replace(/^( +)(\w+\??:)/gm, "$1readonly $2")
    .replace(/(: )(\w+|\([^()]+\))\[\]/g, "$1readonly $2[]");
}

async function validator(schema) {
  const ajv = new Ajv.default({
    allErrors: false, // a hostile manifest costs one error
    strict: true,
    allowUnionTypes: true,
    inlineRefs: false,
    code: { source: true, esm: true },
  });
  // The `esm` output still calls require() for ajv's run-time helpers: bundled, it depends on nothing.
  const result = await build({
    stdin: {
      contents: standalone.default(ajv, ajv.compile(schema)),
      resolveDir: fileURLToPath(HERE),
      sourcefile: "validate-manifest.js",
    },
    bundle: true,
    write: false,
    absWorkingDir: fileURLToPath(new URL("../../", HERE)), // names in comments are relative to it
    format: "esm",
    platform: "neutral",
    mainFields: ["main"],
    target: "node24",
    legalComments: "none",
    minify: true,
    lineLimit: 110,
  });
  return BANNER + result.outputFiles[0].text;
}

const VALIDATOR_TYPES = `${BANNER}import type { Manifest } from "./manifest.generated.ts";

export interface ManifestFault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

declare const validate: {
  (data: unknown): data is Manifest;
  readonly errors?: readonly ManifestFault[] | null;
};
export default validate;
`;

if (import.meta.filename === process.argv[1]) {
  for (const [name, text] of await generate()) await writeFile(new URL(name, HERE), text);
}
