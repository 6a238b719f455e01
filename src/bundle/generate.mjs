// manifest.schema.json to manifest.generated.ts (types) and validate-manifest.generated.js with its .d.ts (validator).
// `node src/bundle/generate.mjs` writes the files; generate() returns them for the test that finds stale ones.

import { readFile, writeFile } from "node:fs/promises";
import { typesOf, validatorOf } from "../../scripts/json-schema.mjs";

const HERE = new URL("./", import.meta.url);
const BANNER = "// Made from manifest.schema.json by generate.mjs (npm run generate). Do not edit.\n";

/** @returns {Promise<Map<string, string>>} text by file name, beside this script */
export async function generate() {
  const schema = JSON.parse(await readFile(new URL("manifest.schema.json", HERE), "utf8"));
  const validator = await validatorOf(schema, {
    banner: BANNER,
    name: "validate-manifest.js",
    allErrors: false, // a hostile manifest costs one error
  });
  return new Map([
    ["manifest.generated.ts", await typesOf(schema, BANNER)],
    ["validate-manifest.generated.js", validator],
    ["validate-manifest.generated.d.ts", VALIDATOR_TYPES],
  ]);
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
