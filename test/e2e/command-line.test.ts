// The command line as a person runs it: `piston` in a process of its own.

import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { pistonHere } from "../support/piston.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PISTON = join(ROOT, "bin/piston");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "piston-cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function piston(args: readonly string[], cwd = folder) {
  const { status, stdout, stderr } = spawnSync(PISTON, args, { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Six mistakes, none of which hides another. */
const SIX_MISTAKES = `import { by, drop, fleet, limit, management, packets, packetsPerSecond, pass, policy, prefixes } from "pistonprotection";

const networks = {
  operators: prefixes("192.0.2.0/28"),
  bogons: prefixes("10.0.0.1/8"),
  broken: prefixes("300.1.2.3"),
};
const edge = policy("edge", {
  owners: ["tests"],
  sets: networks,
  rules: [
    drop("typo", { source: "bogonz" }),
    drop("twice", { source: "198.51.100.0/24" }),
    drop("twice", { source: "203.0.113.0/24" }),
    drop("too-high", { protocol: "udp", sourcePort: 70000 }),
    limit("mixed", { protocol: "udp" }, { rate: packetsPerSecond(10), burst: { kind: "amount", unit: "bytes", count: 9 }, key: by.source() }),
  ],
});
export default fleet("edge", {
  interfaces: ["eth0"], defaultVerdict: "pass", sets: networks,
  management: [management("ssh", { source: "operators", protocol: "tcp", destinationPort: 22 })],
  policies: [edge],
});
`;

describe("piston check and synth on a policy with six different mistakes", () => {
  const expected = [
    { line: 5, code: "non-canonical-prefix", text: '"10.0.0.1/8"' },
    { line: 6, code: "bad-prefix", text: '"300.1.2.3"' },
    { line: 12, code: "unknown-set", text: '"bogonz"' },
    { line: 14, code: "duplicate-name", text: '"twice"' },
    { line: 15, code: "bad-value", text: "70000" },
    { line: 16, code: "unit-mismatch", text: null },
  ];

  beforeEach(() => {
    mkdirSync(join(folder, "policies"));
    writeFileSync(join(folder, "policies", "edge.policy.ts"), SIX_MISTAKES);
  });

  it("reports all six in one run, each with file, line, column, code and help", () => {
    const { status, stdout } = piston(["check", "--json"]);
    expect(status).toBe(1);
    const found = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const errors = found.filter(({ severity }) => severity === "error");
    expect(errors.map(({ location, code }) => ({ line: location.line, code }))).toEqual(
      expected.map(({ line, code }) => ({ line, code })),
    );
    const lines = SIX_MISTAKES.split("\n");
    for (const [i, { location, help }] of errors.entries()) {
      expect(location.file).toBe("policies/edge.policy.ts");
      expect(help).not.toBe("");
      const { line, text } = expected[i]!;
      if (text !== null)
        expect(lines[line - 1]!.slice(location.column - 1)).toMatch(
          new RegExp(`^${text.replaceAll(".", "\\.")}`),
        );
    }
  });

  it("prints them for people with a caret and help, exits 1, and writes nothing", () => {
    const { status, stderr, stdout } = piston(["synth"]);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    for (const { line, code } of expected)
      expect(stderr).toMatch(new RegExp(`edge\\.policy\\.ts:${line}:\\d+ +error +${code}\n`));
    expect(stderr).toContain("did you mean `bogons`");
    expect(stderr.match(/^ +help: /gm)).toHaveLength(6);
    expect(stderr.match(/\^/g)?.length).toBeGreaterThanOrEqual(6);
    expect(existsSync(join(folder, "dist"))).toBe(false);
  });
});

describe("piston check on a policy file that is a program of its own", () => {
  const checked = (statement: string) => {
    mkdirSync(join(folder, "policies"));
    writeFileSync(
      join(folder, "policies/edge.policy.ts"),
      `import { drop, fleet, policy } from "pistonprotection";
${statement}
const p = policy("p", { owners: ["t"], rules: [drop("a", { source: "192.0.2.0/24" })] });
export default fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [p] });
`,
    );
    return piston(["check", "--json"]);
  };
  const ENDED = "piston: the process ended while policies were loaded\n  help: ";

  it("is not held up by what it left running", () => {
    expect(checked("setInterval(() => {}, 60_000);")).toMatchObject({ status: 0, stderr: "" });
  });
  it("does not take its words for the command's", () => {
    expect(checked('console.log("hi");')).toEqual({ status: 0, stdout: "", stderr: "hi\n" });
  });
  it("does not succeed where it ends the process, or waits for ever", () => {
    expect(checked("process.exit(0);")).toMatchObject({ status: 1, stderr: expect.stringContaining(ENDED) });
    rmSync(join(folder, "policies"), { recursive: true });
    const waiting = checked("await new Promise(() => {});");
    expect(waiting).toMatchObject({ status: 1, stderr: expect.stringContaining(ENDED) });
  });
});

describe("synthesis of the sample policies", () => {
  const clone = mkdtempSync(join(tmpdir(), "piston-clone-"));
  afterAll(() => rmSync(clone, { recursive: true, force: true }));

  it("gives the committed dist/ in another directory too, by piston synth and by cdk8s synth", () => {
    // What a second clone would hold, uncommitted work of this tree included.
    for (const name of ["bin", "cdk8s.yaml", "package.json", "policies", "src", "bpf", "tsconfig.json"])
      cpSync(join(ROOT, name), join(clone, name), { recursive: true, verbatimSymlinks: true });
    symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
    const same = () =>
      execFileSync("diff", ["-r", join(ROOT, "dist"), join(clone, "dist")], { encoding: "utf8" });

    mkdirSync(join(clone, "docs"));
    const first = spawnSync(join(clone, "bin/piston"), ["synth"], {
      cwd: join(clone, "docs"),
      encoding: "utf8",
    });
    expect(first.stderr).toContain("written");
    expect(first.status).toBe(0);
    expect(same()).toBe("");

    rmSync(join(clone, "dist"), { recursive: true });
    const env = {
      ...process.env,
      CDK8S_CHECK_UPGRADE: "false",
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
    };
    const second = spawnSync(join(ROOT, "node_modules/.bin/cdk8s"), ["synth"], {
      cwd: clone,
      encoding: "utf8",
      env,
    });
    expect(`${second.stdout}${second.stderr}`).toContain("dist");
    expect(second.status).toBe(0);
    expect(same()).toBe("");
  });
});

describe("piston", () => {
  it("prints help for every command, and exits 0", async () => {
    const overview = piston(["--help"]);
    expect(overview.status).toBe(0);
    const names = [...overview.stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)].map((match) => match[1]!);
    expect(names).toContain("node");
    expect(piston(["node", "--help"])).toEqual(await pistonHere("node", "--help"));
    for (const name of names) {
      const { status, stdout } = await pistonHere(name, "--help");
      expect(stdout, name).toMatch(/^Usage: piston /m);
      expect(status, name).toBe(0);
    }
  });

  it("exits 2 where it is called wrongly, and says how to mend it", () => {
    expect(piston(["chekc"])).toMatchObject({ status: 2, stderr: expect.stringContaining("piston --help") });
    expect(piston(["check", "--jsno"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--jsno"),
    });
    expect(piston(["sign"])).toMatchObject({ status: 2, stderr: expect.stringContaining("missing BUNDLE") });
    const packet = ["explain", join(ROOT, "policies"), "--packet", "udp 192.0.2.1 > 192.0.2.2:53"];
    expect(piston(packet)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/\n {6}\^\n {2}help: piston explain --help tells more\n$/),
    });
  });

  it("says in one line that its output finds no room, and exits 1", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(PISTON, ["sign", "--help"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect([status, stderr]).toEqual([
      1,
      "piston: cannot write to standard output: ENOSPC: no space left on device, write\n",
    ]);
  });

  it("says in one line where a file cannot be written, and exits 1", () => {
    expect(piston(["synth", join(ROOT, "policies"), "-o", "/proc/dist"])).toEqual({
      status: 1,
      stdout: "",
      stderr: "piston: ENOENT: no such file or directory, mkdir '/proc/dist'\n",
    });
    expect(piston(["keygen", "-o", "/proc/release"]).stderr).toBe(
      "piston: ENOENT: no such file or directory, open '/proc/release.key'\n",
    );
  });

  it("keeps a signature that stands beside its bundle, and does not take it for output", () => {
    const made = piston(["synth", join(ROOT, "policies"), "-o", "dist"]);
    expect(made.status).toBe(0);
    const signature = join(folder, "dist/bundles/edge.bundle.sig");
    writeFileSync(signature, "{}");
    expect(piston(["synth", join(ROOT, "policies"), "-o", "dist", "--check"]).status).toBe(0);
    expect(piston(["synth", join(ROOT, "policies"), "-o", "dist"]).status).toBe(0);
    expect(existsSync(signature)).toBe(true);
  });

  it("looks for pins where PISTON_BUNDLE_PIN_PATH says, and before that where --pin-path does", () => {
    const env = { ...process.env, PISTON_BUNDLE_PIN_PATH: join(folder, "pins") };
    const status = (...args: string[]) =>
      spawnSync(PISTON, ["status", ...args], { cwd: folder, encoding: "utf8", env }).stderr;
    expect(status()).toContain(`no fleet is pinned under ${join(folder, "pins")}\n`);
    expect(status("--pin-path", folder)).toContain(`no fleet is pinned under ${folder}\n`);
  });

  it("explains a packet by the line of a policy", () => {
    const { status, stdout } = piston([
      "explain",
      join(ROOT, "policies"),
      "--packet",
      "udp 8.8.8.8:123 > 203.0.113.53:4000 len 468",
      "--json",
    ]);
    expect(status).toBe(0);
    const explained = JSON.parse(stdout);
    expect(explained).toMatchObject({ verdict: "drop", rule: "hygiene/amplified-answers", reason: "rule" });
    expect(explained.generation).toMatch(/^[0-9a-f]{12}$/);
    expect(JSON.stringify(explained.trace)).toContain("policies/hygiene.policy.ts");
  });

  it("signs what keygen's key signs, and verifies it; a changed bundle is refused by name", () => {
    const bundle = join(folder, "edge.bundle");
    cpSync(join(ROOT, "dist/bundles/edge.bundle"), bundle);
    expect(piston(["keygen", "--output", "release"]).status).toBe(0);
    expect(piston(["keygen", "--output", "release"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("never overwritten"),
    });
    expect(piston(["sign", bundle, "--key", "release.key"]).status).toBe(0);
    expect(piston(["verify", bundle, "--trust", "release.pub", "--json"]).status).toBe(0);
    expect(piston(["keygen", "--output", "other"]).status).toBe(0);
    expect(piston(["verify", bundle, "--trust", "other.pub"])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/signature/),
    });
    writeFileSync(bundle, "no bundle");
    expect(piston(["verify", bundle, "--trust", "release.pub"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("header"),
    });
  });
});
