import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { inputOfFleets, loadPolicies } from "./index.ts";
import { expectFaults, type Tree, withTree, writeTree } from "./tree-fixture.ts";

const EMPTY_FLEET =
  'fleet("NAME", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [] })';
const fleetText = (name: string) => EMPTY_FLEET.replace("NAME", name);
const IMPORT = 'import { fleet, policy, prefixes, feed, pass } from "pistonprotection";\n';

const load = (tree: Tree) => withTree(tree, (directory) => loadPolicies(directory));

describe("files", () => {
  test("are found in all directories but hidden ones and node_modules, whatever their ending", async () => {
    const text = (name: string) => `${IMPORT}export default ${fleetText(name)};`;
    const { fleets, diagnostics } = await load({
      "b.policy.js": text("b"),
      "a/z.policy.ts": text("z"),
      "a/y.policy.mjs": text("y"),
      "c.policy.mts": text("c"),
      "c.policy.test.ts": "throw new Error('a test is no policy');",
      "helper.ts": "throw new Error('nobody imports it');",
      "node_modules/x/x.policy.js": "throw new Error('somebody else’s');",
      ".hidden/h.policy.ts": "throw new Error('hidden');",
    });
    expect(diagnostics).toEqual([]);
    expect(fleets.map((fleet) => fleet.name)).toEqual(["y", "z", "b", "c"]);
  });

  test("may be given one by one", async () => {
    await withTree(
      { "a.policy.ts": `${IMPORT}export default ${fleetText("a")};`, "b.policy.ts": "throw 1;" },
      async (directory) => {
        const { fleets, root, diagnostics } = await loadPolicies(join(directory, "a.policy.ts"));
        expect(diagnostics).toEqual([]);
        expect(root).toBe(dirname(directory));
        expect(fleets[0]?.location).toEqual({ file: "policies/a.policy.ts", line: 2, column: 16 });
      },
    );
  });

  test("export fleets in order of export name, and one fleet under two names is one", async () => {
    const { fleets } = await load({
      "a.policy.ts": `${IMPORT}export const b = ${fleetText("b")};\nexport const a = ${fleetText("a")};\nexport default b;`,
      "b.policy.ts": 'export { a as again } from "./a.policy.ts";',
    });
    expect(fleets.map((fleet) => fleet.name)).toEqual(["a", "b"]);
  });

  test("that were imported are the sources, helpers and JSON too, by path from the directory's parent", async () => {
    const { sources } = await load({
      "a.policy.ts": `${IMPORT}import { name } from "./lib/names.ts";\nexport default ${EMPTY_FLEET.replace('"NAME"', "name")};`,
      "lib/names.ts":
        'import data from "./data.json" with { type: "json" };\nexport const name: string = data.name;',
      "lib/data.json": '{ "name": "edge" }',
      "unused.ts": "export {};",
    });
    expect([...sources.keys()].sort()).toEqual([
      "policies/a.policy.ts",
      "policies/lib/data.json",
      "policies/lib/names.ts",
    ]);
    expect(sources.get("policies/lib/data.json")).toBe('{ "name": "edge" }');
  });
});

describe("a second load in one process", () => {
  test("sees an edit of a policy and of a file that it imports", async () => {
    const text = (name: string) =>
      `${IMPORT}import { suffix } from "./suffix.ts";\nexport default ${EMPTY_FLEET.replace('"NAME"', `"${name}" + suffix`)};`;
    await withTree(
      { "a.policy.ts": text("one"), "suffix.ts": 'export const suffix = "-x";' },
      async (directory) => {
        const names = async () => (await loadPolicies(directory)).fleets.map((fleet) => fleet.name);
        expect(await names()).toEqual(["one-x"]);
        await writeTree(directory, { "suffix.ts": 'export const suffix = "-y";' });
        expect(await names()).toEqual(["one-y"]);
        await writeTree(directory, { "a.policy.ts": text("two") });
        expect(await names()).toEqual(["two-y"]);
      },
    );
  });

  test("may run beside the first", async () => {
    const tree = (name: string) => ({
      "a.policy.ts": `${IMPORT}await null;\nexport default ${fleetText(name)};`,
    });
    const all = await Promise.all(["a", "b", "c"].map((name) => load(tree(name))));
    expect(all.map(({ fleets }) => fleets.map((fleet) => fleet.name))).toEqual([["a"], ["b"], ["c"]]);
  });
});

describe("the revision", () => {
  const tree = {
    "a.policy.ts": `${IMPORT}export default fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [],
      sets: { threats: feed("feeds/threats.txt", { minEntries: 1, maxEntries: 9 }) } });`,
    "feeds/threats.txt": "198.51.100.7\n",
  };

  test("is the same wherever the directory stands", async () => {
    const [a, b] = [await load(tree), await load(tree)];
    expect(a.root).not.toBe(b.root);
    expect(a.revision).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(b.revision).toBe(a.revision);
  });

  test("changes with a byte of a source and with a byte of a feed", async () => {
    const revisions = [
      tree,
      { ...tree, "a.policy.ts": `${tree["a.policy.ts"]} ` },
      { ...tree, "feeds/threats.txt": "198.51.100.8\n" },
      { "a.policy.ts": tree["a.policy.ts"] },
    ].map(async (one) => (await load(one)).revision);
    expect(new Set(await Promise.all(revisions)).size).toBe(4);
  });
});

describe("feeds", () => {
  test("are read from beside the file that names them", async () => {
    const { feeds } = await load({
      "teams/a.policy.ts": `${IMPORT}export default fleet("edge", { sets: { x: feed("../feeds/x.txt", {}), y: feed("y.txt", {}) } });`,
      "feeds/x.txt": "198.51.100.7\n",
    });
    expect([...feeds.keys()]).toEqual(["policies/feeds/x.txt", "policies/teams/y.txt"]);
    expect(feeds.get("policies/feeds/x.txt")).toEqual({
      kind: "bytes",
      bytes: Buffer.from("198.51.100.7\n"),
    });
    expect(feeds.get("policies/teams/y.txt")).toEqual({ kind: "missing", message: "there is no such file" });
  });

  test("are read from another directory where the policies are a copy without them", async () => {
    const text = `${IMPORT}export default fleet("edge", { sets: { x: feed("feeds/x.txt", {}) } });`;
    await withTree({ "feeds/x.txt": "192.0.2.1\n" }, (feedRoot) =>
      withTree({ "a.policy.ts": text }, async (directory) => {
        const { feeds } = await loadPolicies(directory, { feedRoot });
        expect(feeds.get("policies/feeds/x.txt")?.kind).toBe("bytes");
      }),
    );
  });
});

describe("faults", () => {
  const HELP_THROWS = "mend what throws, or catch it; nothing of this file was checked";
  const HELP_SYNTAX = "mend the syntax; nothing of this file was checked";
  const failed = (message: string, help: string) => ({ code: "policy-load-failed", message, help });

  test("of every file are reported in one run, each at its place, and the sound files are loaded", async () => {
    await expectFaults(
      {
        "a.policy.ts": `${IMPORT}export default ${fleetText("edge")};`,
        "enum.policy.ts": "const a = 1;\n  «enum Kind { A }»\n",
        "export.policy.ts": 'import { «nothing» } from "./helper.ts";\n',
        "file.policy.ts": 'export const a = 1;\nimport x from «"./nowhere.ts"»;\n',
        "helper.ts": "export {};",
        "javascript.policy.js": "const a = 1;\nconst b = (2«;»\n",
        "number.policy.ts": "«t»hrow 5;",
        "syntax.policy.ts": "const a: number = «;»\n",
        "throws.policy.ts": 'const a = 1;\n  throw «n»ew Error("boom");\n',
        "type.policy.ts": "const a = 1;\nconsole.log(«n»ope.x);\n",
      },
      [
        failed(
          "the file does not load: SyntaxError: TypeScript enum is not supported in strip-only mode",
          "types are stripped, not compiled: write an enum as a constant object, and no namespaces or parameter properties",
        ),
        failed(
          "the file does not load: SyntaxError: The requested module './helper.ts' does not provide an export named 'nothing'",
          "export it there, or import a name that is there",
        ),
        failed(
          "cannot find `./nowhere.ts`",
          "name the file with its ending (`./networks.ts`), and install what is imported by package name",
        ),
        failed("the file does not load: SyntaxError: Expected ',', got ';'", HELP_SYNTAX),
        failed("the file does not load: it throws 5", HELP_THROWS),
        failed("the file does not load: SyntaxError: Expression expected", HELP_SYNTAX),
        failed("the file does not load: Error: boom", HELP_THROWS),
        failed("the file does not load: ReferenceError: nope is not defined", HELP_THROWS),
      ],
    );
  });

  test("of a file that two policies import are reported once, in that file", async () => {
    await expectFaults(
      {
        "a.policy.ts": 'import "./helper.ts";',
        "b.policy.ts": 'import "./helper.ts";',
        "helper.ts": 'throw «n»ew Error("boom");',
      },
      [failed("the file does not load: Error: boom", HELP_THROWS)],
    );
  });

  test("leave open whether a fleet runs a policy", async () => {
    await expectFaults(
      {
        "a.policy.ts": 'import { edge } from «"./nowhere.ts"»;',
        "b.policy.ts": `${IMPORT}export const edge = policy("edge", { owners: ["x"], rules: [pass("all", {})] });`,
      },
      [
        failed(
          "cannot find `./nowhere.ts`",
          "name the file with its ending (`./networks.ts`), and install what is imported by package name",
        ),
      ],
    );
  });

  test("a directory without a fleet is one", async () => {
    const { diagnostics } = await load({ "a.policy.ts": "export {};" });
    expect(diagnostics).toMatchObject([
      {
        code: "no-fleet",
        message: "no policy file under `policies` exports a fleet",
        help: "write `export default fleet(…)` in a file that ends in `.policy.ts`",
        location: { file: "policies", line: 1, column: 1 },
      },
    ]);
  });

  test("a fleet that is only promised is none", async () => {
    const text = 'export default (async () => ({ kind: "fleet", location: {} }))();';
    const { diagnostics } = await load({ "a.policy.ts": text });
    expect(diagnostics).toMatchObject([
      {
        code: "no-fleet",
        help: "`policies/a.policy.ts` exports a promise: write `export default await …` there",
      },
    ]);
  });

  test("a directory that is not there is one", async () => {
    const { diagnostics, fleets } = await loadPolicies("/nowhere/policies");
    expect(fleets).toEqual([]);
    expect(diagnostics).toMatchObject([
      { code: "policy-load-failed", message: "there is no file or directory `/nowhere/policies`" },
    ]);
  });

  test("a policy that no fleet runs is a warning", async () => {
    await expectFaults(
      {
        "a.policy.ts": `${IMPORT}const used = policy("used", { owners: ["x"], rules: [pass("all", {})] });
export const lost = policy(«"lost"», { owners: ["x"], rules: [] });
export { used };
export default fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [used] });`,
      },
      [
        {
          code: "policy-not-in-fleet",
          severity: "warning",
          message: "no fleet runs the policy that is exported as `lost`",
          help: "add it to the `policies` of a fleet, or do not export it",
        },
      ],
    );
  });
});

test("paths are those of the real directory where it is given through a link", async () => {
  await withTree({ "a.policy.ts": `${IMPORT}export default ${fleetText("a")};` }, async (directory) => {
    await symlink(directory, `${directory}-link`);
    const { fleets, root } = await loadPolicies(`${directory}-link`);
    expect(root).toBe(dirname(directory));
    expect(fleets[0]?.location.file).toBe("policies/a.policy.ts");
  });
});

test("fleets that are at hand already become an input with the sources that their places name", async () => {
  const { fleet } = await import("../../policy/index.ts");
  const here = fileURLToPath(import.meta.url);
  const made = fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [] });
  const input = await inputOfFleets([made], { root: dirname(here) });
  expect(input.fleets[0]?.location.file).toBe("load.test.ts");
  expect(input.sources.get("load.test.ts")).toContain("expect(input.sources");
});

test("a plain Node process loads a tree without a package.json, and prints no warning", async () => {
  await withTree({ "a.policy.ts": `${IMPORT}export default ${fleetText("a")};` }, async (directory) => {
    const module = new URL("./index.ts", import.meta.url).href;
    const script = `const { loadPolicies } = await import(${JSON.stringify(module)});
      const { fleets } = await loadPolicies(${JSON.stringify(directory)});
      console.log(JSON.stringify(fleets[0].location));`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      "--input-type=module",
      "-e",
      script,
    ]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ file: "policies/a.policy.ts", line: 2, column: 16 });
  });
});
