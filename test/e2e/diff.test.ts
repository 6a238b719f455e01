// `piston diff` in a repository of its own: what a change of the policies changes, against a revision and against a directory.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PISTON = fileURLToPath(new URL("../../bin/piston", import.meta.url));

/** `rate`: a second. `rules`: above those that every version has. */
function policyText(rate: number, rules = ""): string {
  return `import { by, drop, fleet, limit, management, packets, packetsPerSecond, pass, policy, prefixes } from "pistonprotection";
import { operators } from "../networks.ts";

const edge = policy("edge", {
  owners: ["tests"],
  sets: { bad: prefixes("192.0.2.0/24") },
  rules: [
    ${rules}
    drop("listed", { source: "bad" }),
    limit("rate", { protocol: "udp" }, { rate: packetsPerSecond(${rate}), burst: packets(200), key: by.source() }),
    pass("dns", { protocol: "udp", destinationPort: 53 }),
  ],
});
export default fleet("edge", {
  interfaces: ["eth0"], defaultVerdict: "drop", sets: { operators },
  management: [management("ssh", { source: "operators", protocol: "tcp", destinationPort: 22 })],
  policies: [edge],
});
`;
}

const NTP = 'drop("ntp", { protocol: "udp", sourcePort: 123 }),';

/** The words of tables, without their lines and spaces. */
function cellsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) => /[^─\s]/.test(line));
  return lines.map((line) => line.trim().split(/ {2,}/));
}

describe("piston diff", () => {
  let folder: string;
  /** The system's folder for temporary files, for this test alone. */
  let temporary: string;

  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  const write = (text: string) => writeFileSync(join(folder, "policies/edge.policy.ts"), text);
  const piston = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(PISTON, ["diff", ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, TMPDIR: temporary },
    });
    return { status, stdout, stderr };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "piston-test-diff-"));
    temporary = mkdtempSync(join(tmpdir(), "piston-test-diff-tmp-"));
    mkdirSync(join(folder, "policies"));
    writeFileSync(
      join(folder, "networks.ts"),
      'import { prefixes } from "pistonprotection";\nexport const operators = prefixes("198.51.100.0/28");\n',
    );
    write(policyText(100));
    git("init", "--quiet", "--initial-branch=main");
    git("add", ".");
    git("commit", "--quiet", "--message=first");
  });
  afterEach(() => {
    expect(readdirSync(temporary).filter((name) => name.startsWith("piston-diff-"))).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
    rmSync(temporary, { recursive: true, force: true });
  });

  it("says that nothing changes, and what does since the last commit", () => {
    const commit = git("rev-parse", "--short", "HEAD");
    expect(piston("--check")).toEqual({
      status: 0,
      stdout: `fleet edge, against HEAD (${commit}): every packet gets what it got\n`,
      stderr: "",
    });
    write(policyText(50, NTP));
    expect(cellsOf(piston().stdout)).toEqual([
      [`fleet edge, against HEAD (${commit})`],
      ["rule", "what", "line"],
      ["+", "edge/ntp", "drop", "policies/edge.policy.ts:8"],
      ["~", "edge/rate", "rate 100 packets/s -> 50 packets/s", "policies/edge.policy.ts:10"],
      ["before", "after", "for instance"],
      ["pass by edge/dns", "drop by edge/ntp", "udp 198.51.100.7:123 > 203.0.113.5:53 len 28"],
    ]);
    expect(piston("--check").status).toBe(1);
  });

  it("answers as one JSON document, with every pair of rules and a packet that `piston explain` takes", () => {
    write(policyText(100, NTP));
    const { status, stdout } = piston("--json", "--since", "main");
    expect(status).toBe(0);
    const [fleet] = JSON.parse(stdout).fleets;
    expect(fleet).toMatchObject({
      fleet: "edge",
      status: "compared",
      settings: [],
      rules: [{ change: "added", rule: "edge/ntp", location: { file: "policies/edge.policy.ts", line: 8 } }],
      traffic: [{ from: { verdict: "pass", rule: "edge/dns" }, to: { verdict: "drop", rule: "edge/ntp" } }],
      limits: [],
      unsettled: 0,
    });
    const { packet } = fleet.traffic[0];
    const explained = spawnSync(PISTON, ["explain", "--packet", packet, "--json"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(JSON.parse(explained.stdout)).toMatchObject({ verdict: "drop", rule: "edge/ntp" });
  });

  it("compares a merge with its first parent, in a clone that has no more than the two", () => {
    git("switch", "--quiet", "--create", "change");
    write(policyText(100, NTP));
    git("commit", "--quiet", "--all", "--message=second");
    git("switch", "--quiet", "main");
    git("merge", "--quiet", "--no-ff", "--message=merge", "change");
    const clone = join(temporary, "clone");
    execFileSync("git", ["clone", "--quiet", "--depth=2", `file://${folder}`, clone], { stdio: "pipe" });
    const { stdout } = spawnSync(PISTON, ["diff", "--since", "HEAD^1"], { cwd: clone, encoding: "utf8" });
    expect(stdout).toContain("drop by edge/ntp");
  });

  it("compares directories, and fleets that are only in one of them", () => {
    const other = join(folder, "other/policies");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(folder, "other/networks.ts"), 'export { operators } from "../networks.ts";\n');
    writeFileSync(join(other, "edge.policy.ts"), policyText(100).replaceAll('fleet("edge"', 'fleet("core"'));
    const { status, stdout } = piston("policies", "--against", "other/policies");
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: "fleet core is gone, against other/policies\n\nfleet edge is new, against other/policies\n",
    });
    expect(piston("--against", "other/policies", "--fleet", "nope").stderr).toBe(
      'piston: there is no fleet "nope"\n  help: one of: core, edge\n',
    );
  });

  it.each([
    [["--since", "nope"], 1, 'there is no revision "nope"\n  help: name a commit, a branch or a tag'],
    [["--since=--output=x"], 1, 'there is no revision "--output=x"'],
    [["--since", "main", "--against", "policies"], 2, "--since and --against exclude each other"],
    [["--against", "edge.bundle"], 1, "edge.bundle: a bundle has tables, and no sets to compare"],
    [["--against", "nowhere"], 1, "nowhere: no such file or directory"],
  ])("refuses %j in plain words", (args, status, message) => {
    const result = piston(...args);
    expect(result.status).toBe(status);
    expect(result.stderr).toContain(`piston: ${message}`);
  });

  it("says so where there is no repository, and where the policies are not in the revision", () => {
    git("rm", "-r", "--quiet", "--cached", "policies");
    git("commit", "--quiet", "--message=without");
    expect(piston().stderr).toContain("piston: policies is not in HEAD\n  help: name a later revision");
    rmSync(join(folder, ".git"), { recursive: true });
    expect(piston().stderr).toMatch(
      /^piston: .*policies: fatal: not a git repository.*\n {2}help: .*--against DIR/,
    );
  });

  it("prints the faults of a version that does not compile, and says which one it is", () => {
    write(policyText(100, 'drop("typo", { source: "bda" }),'));
    expect(piston().stderr).toContain("unknown-set");
    git("commit", "--quiet", "--all", "--message=broken");
    write(policyText(100));
    const { status, stderr } = piston();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^piston: the policies of HEAD \([0-9a-f]+\) have faults\n/);
    expect(stderr).toContain("unknown-set");
  });
});
