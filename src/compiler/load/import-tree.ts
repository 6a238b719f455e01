// Policy modules to their exports, in this process, and the text of every file that they pulled in.
//
// Node keeps a module for ever under its URL. So each load is a generation: every file of the tree is imported as
// `file:///…?generation=N`, its own imports too, and an edited file is read again by the next load. The modules of old
// generations stay in memory (some kilobytes a file), which a command never notices and `--watch` may over days.

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** This copy's own package entries, source or build, so that policies anywhere on disk need no install. */
const OWN_EXTENSION = extname(fileURLToPath(import.meta.url));
const OWN_ENTRIES: ReadonlyMap<string, string> = new Map([
  ["pistonprotection", new URL(`../../policy/index${OWN_EXTENSION}`, import.meta.url).href],
  ["pistonprotection/testing", new URL(`../../testing/index${OWN_EXTENSION}`, import.meta.url).href],
]);

// Policies are ES modules whatever the nearest package.json says; without this Node guesses, warns, and parses twice.
const FORMATS: ReadonlyMap<string, string> = new Map([
  [".ts", "module-typescript"],
  [".mts", "module-typescript"],
  [".js", "module"],
  [".mjs", "module"],
]);

/** What an import could not find, and where it stood. */
export interface Unresolved {
  readonly specifier: string;
  /** Absolute path. */
  readonly importer: string;
}

export interface ImportTree {
  /** Imports one file of the tree; rejects with whatever the module throws. */
  import(path: string): Promise<Readonly<Record<string, unknown>>>;
  /** Bytes of every file that was imported so far, by absolute path; nothing of node_modules or of this package. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
  /** Failed look-ups by the error that they ended in. */
  readonly unresolved: ReadonlyMap<unknown, Unresolved>;
  /** No import of this tree works afterwards. */
  close(): void;
}

let generations = 0;

/**
 * Opens a tree of its own generation. `asTypeScript` reads .js as TypeScript: a syntax error then has a place, which
 * V8 does not give for modules.
 */
export function openImportTree({ asTypeScript = false } = {}): ImportTree {
  const generation = String(++generations);
  const sources = new Map<string, Uint8Array>();
  const unresolved = new Map<unknown, Unresolved>();
  const inTree = (url: string | undefined): url is string =>
    url !== undefined &&
    url.startsWith("file:") &&
    new URL(url).searchParams.get("generation") === generation;

  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!inTree(context.parentURL)) return next(specifier, context);
      const own = OWN_ENTRIES.get(specifier);
      if (own !== undefined) return { url: own, shortCircuit: true };
      try {
        const found = next(specifier, context);
        return found.url.startsWith("file:") && !found.url.includes("/node_modules/")
          ? { ...found, url: withGeneration(found.url, generation) }
          : found;
      } catch (error) {
        unresolved.set(error, { specifier, importer: fileURLToPath(context.parentURL) });
        throw error;
      }
    },
    load(url, context, next) {
      if (!inTree(url)) return next(url, context);
      const path = fileURLToPath(url);
      const format = asTypeScript ? "module-typescript" : FORMATS.get(extname(path));
      const loaded = next(url, format === undefined ? context : { ...context, format });
      const bytes = loaded.source ?? readFileSync(path);
      sources.set(path, typeof bytes === "string" ? Buffer.from(bytes) : new Uint8Array(bytes as Uint8Array));
      return loaded;
    },
  });
  return {
    import: async (path) => (await nativeImport())(withGeneration(pathToFileURL(path).href, generation)),
    sources,
    unresolved,
    close: () => hooks.deregister(),
  };
}

function withGeneration(url: string, generation: string): string {
  const tagged = new URL(url);
  tagged.searchParams.set("generation", generation);
  return tagged.href;
}

type Import = (url: string) => Promise<Readonly<Record<string, unknown>>>;

/** Given to the compiler's one file, which is a script, and has no import() (src/cli/compiler-bundle/code.ts). */
declare const PISTON_IMPORT: Import | undefined;

/** Node's own import(): a test runner rewrites the one in this file to its own loader, which knows no hooks. */
async function nativeImport(): Promise<Import> {
  if (typeof PISTON_IMPORT !== "undefined") return PISTON_IMPORT;
  const source = encodeURIComponent("export default (url) => import(url);");
  const module = (await import(`data:text/javascript,${source}`)) as { default: Import };
  return module.default;
}
