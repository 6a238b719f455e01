// config.schema.json to the type AgentConfig, the list of its keys with their defaults, the validator of a configuration
// file, and the table of docs/CONFIGURATION.md. `node src/runtime/config/generate.mjs` writes the files; generate()
// returns them for the test that finds stale ones.

import { readFile, writeFile } from "node:fs/promises";
import { typesOf, validatorOf } from "../../../scripts/json-schema.mjs";

const HERE = new URL("./", import.meta.url);
const BANNER = "// Made from config.schema.json by generate.mjs (npm run generate). Do not edit.\n";
const PAGE = "../../../docs/CONFIGURATION.md";

/** @returns {Promise<Map<string, string>>} text by file name, from this script's folder */
export async function generate() {
  const schema = JSON.parse(await readFile(new URL("config.schema.json", HERE), "utf8"));
  const validator = await validatorOf(stripRequired(schema), {
    banner: BANNER,
    name: "validate-config.js",
    allErrors: true, // all of a person's mistakes at once
    vocabulary: ["x-live"],
  });
  const keys = keysOf(schema);
  const page = await readFile(new URL(PAGE, HERE), "utf8");
  return new Map([
    ["config.generated.ts", await typesOf(requireAll(schema), BANNER)],
    ["config-keys.generated.ts", keysModule(keys)],
    ["validate-config.generated.js", validator],
    ["validate-config.generated.d.ts", VALIDATOR_TYPES],
    [PAGE, page.replace(/(<!-- keys -->\n)[^]*(<!-- end of keys -->)/, `$1${table(keys)}$2`)],
  ]);
}

/** A file may leave out anything: defaults and other sources fill it in. */
function stripRequired(node) {
  return mapObjects(node, (object) => without(object, "required"));
}

/** An effective configuration has everything. */
function requireAll(node) {
  return mapObjects(node, (object) => ({ ...object, required: Object.keys(object.properties) }));
}

function without(object, name) {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

function mapObjects(node, change) {
  if (!node.properties) return node;
  const properties = Object.fromEntries(
    Object.entries(node.properties).map(([name, value]) => [name, mapObjects(value, change)]),
  );
  return change({ ...node, properties });
}

/** Leaves, and objects that may be null before their own leaves. */
function keysOf(node, path = [], optional = false) {
  return Object.entries(node.properties).flatMap(([name, value]) => {
    const here = [...path, name];
    const nullable = value.type?.includes?.("null") || value.enum?.includes(null) || false;
    const children = value.properties ? keysOf(value, here, optional || nullable) : [];
    if (value.properties && !nullable) return children;
    return [
      {
        path: here.join("."),
        environment: `PISTON_${here.map((part) => part.replace(/[A-Z]/g, "_$&").toUpperCase()).join("_")}`,
        type: value.enum ? "enum" : [value.type].flat().find((type) => type !== "null"),
        nullable,
        values: value.enum ? value.enum.filter((one) => one !== null) : [],
        ...(value.default === undefined ? {} : { default: value.default }),
        live: value["x-live"] ?? node["x-live"] ?? false, // what is in an object that may be null goes with it
        description: value.description,
        ...(value.minimum === undefined ? {} : { minimum: value.minimum, maximum: value.maximum }),
      },
      ...children,
    ];
  });
}

function keysModule(keys) {
  const lines = keys.map((key) => `  ${JSON.stringify(without(key, "description"))},`);
  return `${BANNER}import type { ConfigKey } from "./key.ts";

export const CONFIG_KEYS: readonly ConfigKey[] = [
${lines.join("\n")}
];
`;
}

function table(keys) {
  const rows = keys.map((key) => {
    const { path, environment, type, nullable, values, live, description, minimum, maximum } = key;
    const kind =
      type === "enum" ? values.map((value) => `\`${value}\``).join(", ") : type === "array" ? "list" : type;
    const range = minimum === undefined ? "" : ` ${minimum}–${maximum}`;
    const fallback = !("default" in key) ? "required" : `\`${JSON.stringify(key.default)}\``;
    const what = description.replaceAll("|", "\\|");
    return `| \`${path}\`<br>\`${environment}\` | ${kind}${range}${nullable ? " or null" : ""} | ${fallback} | ${live ? "yes" : "no"} | ${what} |`;
  });
  return `| key and variable | value | default | SIGHUP | what it says |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

const VALIDATOR_TYPES = `${BANNER}export interface ConfigFault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

declare const validate: {
  (data: unknown): boolean;
  readonly errors?: readonly ConfigFault[] | null;
};
export default validate;
`;

if (import.meta.filename === process.argv[1]) {
  for (const [name, text] of await generate()) await writeFile(new URL(name, HERE), text);
}
