// The compiler as one CommonJS file to what it exports, without compiling it: V8 keeps what it has compiled after a run, functions
// that were called first while it ran included. Node's own compile cache has but what it compiles at once; the rest, a tenth of
// the time of a check, would be parsed again each time.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const FILE = join(FOLDER, "compiler.cjs");
/** One for each Node that has made one: V8 takes its own alone. */
const KEPT = `${FILE}.${process.version}-${process.arch}.cache`;
const CRC_BYTES = 4;

// As CommonJS has it, and the import() of a module, which a script has not.
const PARAMETERS = "exports, require, module, __filename, __dirname, PISTON_IMPORT";

const require = createRequire(import.meta.url);

type Compiler = typeof import("../compiler.ts");

function scriptOf(cachedData?: Uint8Array): Script {
  const source = readFileSync(FILE, "utf8");
  const options = { filename: FILE, ...(cachedData && { cachedData }) };
  return new Script(`(function (${PARAMETERS}) {${source}\n})`, options);
}

function exportsOf(script: Script): Compiler {
  const module = { exports: {} };
  const main = script.runInThisContext() as (...values: unknown[]) => void;
  main(module.exports, require, module, FILE, FOLDER, (url: string) => import(url));
  return module.exports as Compiler;
}

/** null where there is none, or another than was written. */
function keptCode(): Uint8Array | null {
  let kept: Buffer;
  try {
    kept = readFileSync(KEPT);
  } catch {
    return null;
  }
  const code = kept.subarray(CRC_BYTES);
  return kept.length > CRC_BYTES && kept.readUInt32LE() === crc32(code) ? code : null;
}

let loaded: Compiler | null = null;

/** Where nothing is kept Node compiles the file, and its own cache helps where there is one. */
export function compiler(): Compiler {
  if (loaded) return loaded;
  const kept = keptCode();
  loaded = kept ? exportsOf(scriptOf(kept)) : (require(FILE) as Compiler);
  return loaded;
}

/** Runs a command, and keeps what V8 has compiled by then for later processes. */
export async function keepCode(args: readonly string[]): Promise<void> {
  const script = scriptOf();
  loaded = exportsOf(script);
  await loaded.run(args);
  const code = script.createCachedData();
  const crc = Buffer.alloc(CRC_BYTES);
  crc.writeUInt32LE(crc32(code));
  writeFileSync(KEPT, Buffer.concat([crc, code]));
}
