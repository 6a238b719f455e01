// A JSON Schema to TypeScript types and to a standalone validator. What the generators of src/bundle and src/runtime/config share.

import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { build } from "esbuild";
import { compile } from "json-schema-to-typescript";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Types of data that nobody changes: every property is readonly, for which the generator has no option. */
export async function typesOf(schema, banner) {
  const text = await compile(structuredClone(schema), schema.title, {
    bannerComment: banner,
    additionalProperties: false,
    ignoreMinAndMaxItems: true, // else bounded arrays become unions of tuples
    format: true,
    style: { printWidth: 110 },
  });
  return text
    .replace(/^( +)(\w+\??:)/gm, "$1readonly $2")
    .replace(/(: )(\w+|\([^()]+\))\[\]/g, "$1readonly $2[]");
}

/**
 * An ES module whose default export is ajv's validate(). `name` stands for it in comments; `vocabulary`: keywords of the
 * schema that are not for ajv.
 */
export async function validatorOf(schema, { banner, name, allErrors, vocabulary = [] }) {
  const ajv = new Ajv.default({
    allErrors,
    strict: true,
    allowUnionTypes: true,
    inlineRefs: false,
    code: { source: true, esm: true },
  });
  ajv.addVocabulary(vocabulary);
  // The `esm` output still calls require() for ajv's run-time helpers: bundled, it depends on nothing.
  const result = await build({
    stdin: {
      contents: standalone.default(ajv, ajv.compile(schema)),
      resolveDir: ROOT,
      sourcefile: name,
    },
    bundle: true,
    write: false,
    absWorkingDir: ROOT, // names in comments are relative to it
    format: "esm",
    platform: "neutral",
    mainFields: ["main"],
    target: "node24",
    legalComments: "none",
    minify: true,
    lineLimit: 110,
  });
  return banner + result.outputFiles[0].text;
}
