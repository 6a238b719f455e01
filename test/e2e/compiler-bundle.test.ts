// `piston check` and `piston synth` as one file: that it is the same program, and that bin/piston runs it only while it is.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundleCompiler, COMPILER_MAIN } from "../../src/bench/compiler-bundle.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DROP_ALL = 'rules: [drop("all", { source: not("operators") }), ';
const ALERT = `extra: { alerts: [{ name: "Mine", severity: "warning", summary: "s", expression: "sum(rate(nothing[5m])) > 1" }] },`;
type Edit = readonly [file: string, old: string, replacement: string];

const folder = mkdtempSync(join(tmpdir(), "piston-compiler-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each<readonly [how: string, policies: string | null]>([
  ["", null],
  [" whose code was kept", join(ROOT, "policies")],
])("the compiler's commands as one file%s", (_, policies) => {
  const bundle = join(folder, policies === null ? "bundle" : "kept");
  const main = join(bundle, COMPILER_MAIN);
  const keptCode = () =>
    readdirSync(dirname(main))
      .filter((name) => name.endsWith(".cache"))
      .map((name) => join(dirname(main), name));
  beforeAll(() => bundleCompiler(bundle, policies));

  it(policies === null ? "keeps no code" : "keeps code", () => {
    expect(keptCode()).toHaveLength(policies === null ? 0 : 1);
  });

  async function run(program: string, args: readonly string[]) {
    const known = process.env["NODE_COMPILE_CACHE"] ?? join(ROOT, "node_modules/.cache/piston");
    const cache = program === main ? join(folder, "cache") : known;
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
    });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { status, stdout, stderr };
  }
  const ofSources = (args: readonly string[]) => run(join(ROOT, "src/cli/main.ts"), args);

  it("writes the committed dist/", async () => {
    const { stderr } = await run(main, [
      "synth",
      "--check",
      join(ROOT, "policies"),
      "-o",
      join(ROOT, "dist"),
    ]);
    expect(stderr).toMatch(/^\S+: \d+ files, up to date \(/);
  });

  /** The sample's policies with texts in place of others. */
  function edited(edits: readonly Edit[]): void {
    const policies = join(folder, "policies");
    rmSync(policies, { recursive: true, force: true });
    cpSync(join(ROOT, "policies"), policies, { recursive: true });
    for (const [file, old, replacement] of edits) {
      const source = readFileSync(join(policies, file), "utf8");
      expect(source).toContain(old);
      writeFileSync(join(policies, file), source.replace(old, replacement));
    }
  }

  // All that refuse: the loader and lowering, whose faults are told together; a check; the judge of the output.
  it.each<readonly [why: string, args: readonly string[], edits: readonly Edit[], codes: readonly string[]]>([
    [
      "the site throws and a set is not known",
      ["check", "--json"],
      [
        ["site.ts", "export ", 'throw new Error("boom");\nexport '],
        ["hygiene.policy.ts", '"bogons"', '"bogonz"'],
      ],
      ["boom", "unknown-set"],
    ],
    [
      "no packet gets to a rule",
      ["synth"],
      [["closing.policy.ts", "rules: [", DROP_ALL]],
      ["unreachable-rule"],
    ],
    ["a query names no metric", ["check"], [["site.ts", "gitops:", `${ALERT} gitops:`]], ["unknown-metric"]],
  ])("refuses with the same words where %s", async (_, args, edits, codes) => {
    edited(edits);
    const [bundled, sources] = await Promise.all([run(main, args), ofSources(args)]);
    expect(bundled).toEqual(sources);
    for (const code of codes) expect(bundled.stdout + bundled.stderr).toContain(code);
    expect(bundled.status).toBe(1);
  });

  it("takes policies that import both entries of the package", async () => {
    const imports =
      'import { udp } from "pistonprotection/testing";\nudp({ from: "192.0.2.1:1", to: "192.0.2.2:2" });\nexport ';
    edited([["web.policy.ts", "export ", imports]]);
    expect(await run(main, ["check"])).toMatchObject({ status: 0, stderr: "" });
  });

  if (policies !== null)
    it("passes over code that is damaged", async () => {
      const [kept] = keptCode() as [string];
      const whole = readFileSync(kept);
      try {
        for (const damaged of [
          whole.with(whole.length >> 1, 255 - whole[whole.length >> 1]!),
          whole.subarray(0, -1),
          "",
          Buffer.from([0, 0, 0, 0]),
        ]) {
          writeFileSync(kept, damaged);
          expect(await run(main, ["check", join(ROOT, "policies")])).toMatchObject({ status: 0, stderr: "" });
        }
      } finally {
        writeFileSync(kept, whole);
      }
    });

  it("says the same of a wrong option", async () => {
    const [bundled, sources] = await Promise.all([
      run(main, ["check", "--jsonn"]),
      ofSources(["check", "--jsonn"]),
    ]);
    expect(bundled).toEqual(sources);
    expect(bundled.status).toBe(2);
  });
});

describe("bin/piston runs", () => {
  const root = join(folder, "checkout");
  const one = join(root, "build/compiler-bundle", COMPILER_MAIN);
  const packages = join(root, "node_modules/.package-lock.json");
  const module = join(root, "src/ir/nodes.ts");

  /** A checkout whose programs say what they are, and whose one file has just been made. */
  beforeEach(async () => {
    rmSync(root, { recursive: true, force: true });
    for (const path of ["bin", "src/cli", "src/ir", "build/cli", "build/compiler-bundle/cli/compiler"])
      mkdirSync(join(root, path), { recursive: true });
    copyFileSync(join(ROOT, "bin/piston"), join(root, "bin/piston"));
    mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
    symlinkSync(join(ROOT, "node_modules/.bin/node"), join(root, "node_modules/.bin/node"));
    const program = (path: string, says: string) => writeFileSync(path, `console.log("${says}");\n`);
    program(join(root, "src/cli/main.ts"), "sources");
    program(join(root, "build/cli/main.js"), "build");
    writeFileSync(join(root, "package.json"), '{ "type": "module" }');
    writeFileSync(module, "");
    writeFileSync(packages, "{}");
    await after(packages, () => program(one, "one file"));
  });

  /** The clock of a file system goes in steps of some milliseconds. */
  const after = (path: string, change: () => void, changed = one) => {
    const before = statSync(path).ctimeMs;
    return until(
      () => {
        change();
        return statSync(changed).ctimeMs > before;
      },
      () => `a time after that of ${path}`,
    );
  };
  const piston = (command: string) =>
    spawnSync(join(root, "bin/piston"), [command], { encoding: "utf8" }).stdout.trim();

  it("it for check and synth while nothing has changed, and the sources for the rest", () => {
    expect(["check", "synth", "test", "explain"].map(piston)).toEqual([
      "one file",
      "one file",
      "sources",
      "sources",
    ]);
  });

  it.each<readonly [what: string, change: () => void, changed: string]>([
    ["changed", () => writeFileSync(module, "1;"), module],
    ["added", () => writeFileSync(join(root, "src/ir/new.ts"), ""), join(root, "src/ir/new.ts")],
    ["put in place with an old time", () => utimesSync(module, 0, 0), module],
  ])("the sources once one of them is %s", async (_, change, changed) => {
    await after(one, change, changed);
    expect(piston("check")).toBe("sources");
  });

  it("the sources once one of them is gone", async () => {
    const other = join(root, "src/ir/other.ts");
    writeFileSync(other, "");
    await after(other, () => writeFileSync(one, 'console.log("one file");'));
    expect(piston("check")).toBe("one file");
    // Only the folder can tell.
    const remove = () => {
      writeFileSync(other, "");
      rmSync(other);
    };
    await after(one, remove, dirname(other));
    expect(piston("check")).toBe("sources");
  });

  it("the sources once other packages are installed, or where it cannot be told", async () => {
    await after(one, () => writeFileSync(packages, "{}"), packages);
    expect(piston("check")).toBe("sources");
    await after(packages, () => writeFileSync(one, 'console.log("one file");'));
    expect(piston("check")).toBe("one file");
    rmSync(packages);
    expect(piston("check")).toBe("sources");
  });

  it("it in a package, which has no sources; and the rest of the build", () => {
    rmSync(join(root, "src"), { recursive: true });
    expect(["check", "test"].map(piston)).toEqual(["one file", "build"]);
    rmSync(one);
    expect(piston("check")).toBe("build");
  });

  it.each([
    ["v22.23.1", 127, "", "piston: Node.js 24 or newer is needed, "],
    ["v24.0.0", 0, "ran", ""],
  ])("the node of PATH in a package, or says that it is too old: %s", (version, status, stdout, stderr) => {
    rmSync(join(root, "node_modules"), { recursive: true });
    const node = join(root, "bin/node");
    writeFileSync(node, `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || printf ran\n`, {
      mode: 0o755,
    });
    const run = spawnSync(join(root, "bin/piston"), ["test"], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${dirname(node)}:${process.env["PATH"]}` },
    });
    const said = stderr && `${stderr}${node} is ${version}\n`;
    expect(run).toMatchObject({ status, stdout, stderr: said });
  });
});
