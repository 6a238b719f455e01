// piston replay and piston explain on the sample policies and on their bundle.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type WrittenPacket, writePcap, writePcapng } from "../../src/capture/capture-fixture.ts";
import { tcp, udp } from "../../src/packet/index.ts";
import { describeKernel } from "../support/kernel.ts";
import { pistonHere } from "../support/piston.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const POLICIES = join(ROOT, "policies");
const BUNDLE = join(ROOT, "dist/bundles/edge.bundle");

const folder = mkdtempSync(join(tmpdir(), "piston-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** In a process of its own: once for each way of ending. */
function pistonApart(...args: string[]) {
  return spawnSync(join(ROOT, "bin/piston"), args, { cwd: ROOT, encoding: "utf8" });
}

const query = udp({ from: "1.2.3.4:40000", to: "203.0.113.53:53", payloadBytes: 40 });
const spoofed = udp({ from: "10.0.0.1:40000", to: "203.0.113.53:53", payloadBytes: 40 });
const unknown = tcp({ from: "1.2.3.4:40000", to: "203.0.113.99:81" });
const at = (bytes: Uint8Array, ms: number): WrittenPacket => ({ bytes, timeNs: BigInt(ms) * 1_000_000n });
// 210 queries at once: burst 200 at 100 a second, so the last ten are above the rate.
const packets = [
  ...Array.from({ length: 210 }, () => at(query, 1000)),
  at(spoofed, 1001),
  at(unknown, 1002),
  at(query.subarray(0, 9), 1003),
];

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const CAPTURE = write("queries.pcap", writePcap(packets));
const NG = write("queries.pcapng", writePcapng(packets, { littleEndian: false }));

describe("piston replay", () => {
  it("prints one line for each packet and then the summary, the same for pcap and pcapng, policies and bundle", async () => {
    const { status, stdout, stderr } = pistonApart(
      "replay",
      POLICIES,
      CAPTURE,
      "--engine",
      "model",
      "--json",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(packets.length + 1);
    expect(lines[0]).toBe('{"index":0,"verdict":"pass","rule":"edge-dns/queries","reason":"rule"}');
    expect(lines[199]).toBe('{"index":199,"verdict":"pass","rule":"edge-dns/queries","reason":"rule"}');
    expect(lines[200]).toBe(
      '{"index":200,"verdict":"drop","rule":"edge-dns/queries-per-source","reason":"limit"}',
    );
    expect(lines[210]).toBe(
      '{"index":210,"verdict":"drop","rule":"hygiene/spoofed-sources","reason":"rule"}',
    );
    expect(lines[212]).toBe('{"index":212,"verdict":"drop","rule":null,"reason":"truncated-ethernet"}');
    expect(JSON.parse(lines[213]!)).toMatchObject({
      summary: {
        packets: 213,
        passed: 200,
        dropped: 13,
        fleet: "edge",
        topDroppedSources: [
          { source: "1.2.3.4", packets: 11 },
          { source: "10.0.0.1", packets: 1 },
        ],
        capture: { format: "pcap", durationSeconds: 0.003, cutPackets: 0, damageCount: 0 },
      },
    });
    const ng = (await pistonHere("replay", POLICIES, NG, "--json")).stdout.trimEnd().split("\n");
    expect(ng.slice(0, -1)).toEqual(lines.slice(0, -1));
    const bundle = (await pistonHere("replay", BUNDLE, CAPTURE, "--json")).stdout.trimEnd().split("\n");
    expect(bundle).toEqual(lines);
  });

  it("prints tables for people: verdicts by rule with its line, and the sources that were dropped most", async () => {
    const { status, stdout } = await pistonHere("replay", POLICIES, CAPTURE);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^fleet edge, generation [0-9a-f]{12}: 213 packets over 0\.003 s, 200 passed, 13 dropped\n/,
    );
    expect(stdout).toMatch(/^ +200 .* pass +edge-dns\/queries +rule +policies\/dns\.policy\.ts:\d+$/m);
    expect(stdout).toMatch(/^ +11 +\d+ {2}1\.2\.3\.4$/m);
  });

  it("names damage with its offset, and judges what stands before it", async () => {
    const path = write("cut.pcap", writePcap(packets).subarray(0, -1));
    const { status, stdout } = await pistonHere("replay", POLICIES, path, "--json");
    const { summary } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    expect([status, summary.packets]).toEqual([0, 212]);
    expect(summary.capture.damages).toEqual([
      {
        offset: 24 + 211 * (16 + query.length) + 16 + unknown.length,
        message: "the last record is cut: 8 of 9 bytes",
      },
    ]);
    expect((await pistonHere("replay", POLICIES, path)).stdout).toMatch(
      /^warning: at byte \d+: the last record is cut/m,
    );
  });

  it("compares two policies on the same packets", async () => {
    const policy = write(
      "open.policy.ts",
      'import { fleet, policy, pass } from "pistonprotection";\n' +
        'export default fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [policy("all", { owners: ["t"], rules: [pass("all", {})] })] });\n',
    );
    const { status, stdout, stderr } = await pistonHere(
      "replay",
      BUNDLE,
      CAPTURE,
      "--against",
      policy,
      "--json",
    );
    expect([status, stderr]).toEqual([0, ""]);
    const lines = stdout.trimEnd().split("\n");
    expect(JSON.parse(lines[200]!)).toEqual({
      index: 200,
      verdict: "drop",
      rule: "edge-dns/queries-per-source",
      reason: "limit",
      against: { verdict: "pass", rule: "all/all", reason: "rule" },
    });
    const { against } = JSON.parse(lines.at(-1)!).summary;
    expect(against.changed).toBe(12); // the runt is dropped by both
    expect(against.changes[0]).toMatchObject({ from: { rule: "edge-dns/queries-per-source" }, packets: 10 });
    const report = (await pistonHere("replay", BUNDLE, CAPTURE, "--against", policy)).stdout;
    expect(report).toContain("12 packets of 213 change their verdict");
    // A limit's drops and its blocks are rows of their own, so each says which it is.
    expect(report).toMatch(/^ +10 .* drop by edge-dns\/queries-per-source \(limit\) +pass by all\/all$/m);
  });

  it("refuses what it cannot judge in one line and a way out", async () => {
    const cooked = write("cooked.pcap", writePcap(packets, { linkType: 113 }));
    const text = write("text.pcap", Buffer.from("not a capture"));
    const refused = async (...args: string[]) => {
      const { status, stdout, stderr } = await pistonHere("replay", ...args);
      expect([status, stdout]).toEqual([1, ""]);
      return stderr;
    };
    expect(pistonApart("replay", POLICIES, text)).toMatchObject({
      status: 1,
      stdout: "",
      stderr: await refused(POLICIES, text),
    });
    expect(await refused(POLICIES, cooked)).toMatch(
      /^piston: pcap: link type 113, Linux cooked capture .*\n {2}help: /,
    );
    expect(await refused(POLICIES, text)).toMatch(/^piston: the file is neither pcap nor pcapng\n {2}help: /);
    expect(await refused(POLICIES, join(folder, "none.pcap"))).toMatch(
      /none\.pcap: no such file\n {2}help: /,
    );
    expect(await refused(join(folder, "none.bundle"), CAPTURE)).toMatch(/none\.bundle/);
    expect(await refused(CAPTURE, POLICIES)).toMatch(/\.pcap: this is no policy file\n {2}help: /);
    expect((await pistonHere("replay", POLICIES, CAPTURE, "--engine", "both")).status).toBe(2);
  });
});

describeKernel("piston replay --engine kernel", () => {
  it("prints the lines that the model prints", async () => {
    for (const [capture, piston] of [
      [CAPTURE, pistonApart],
      [NG, pistonHere],
    ] as const) {
      const kernel = await piston("replay", POLICIES, capture, "--engine", "kernel", "--json");
      expect([kernel.status, kernel.stderr]).toEqual([0, ""]);
      const model = await pistonHere("replay", POLICIES, capture, "--engine", "model", "--json");
      expect(kernel.stdout).toBe(model.stdout);
    }
  });
});

describe("piston explain", () => {
  it("explains by a bundle alone: its rules with their source lines", async () => {
    const packet = "udp 10.0.0.1:40000 > 203.0.113.53:53 len 68";
    const decisions = [];
    for (const from of [POLICIES, BUNDLE]) {
      const { status, stdout, stderr } = await pistonHere("explain", from, "--packet", packet, "--json");
      expect([status, stderr]).toEqual([0, ""]);
      decisions.push(JSON.parse(stdout));
    }
    for (const { verdict, rule, reason, trace } of decisions) {
      expect({ verdict, rule, reason }).toEqual({
        verdict: "drop",
        rule: "hygiene/spoofed-sources",
        reason: "rule",
      });
      const step = trace.find((one: { rule?: string }) => one.rule === "hygiene/spoofed-sources");
      expect(step).toMatchObject({ failed: null, location: { file: "policies/hygiene.policy.ts" } });
    }
    expect(decisions[0].generation).toBe(decisions[1].generation);
    expect(decisions[0].trace.map((step: { rule?: string }) => step.rule)).toEqual(
      decisions[1].trace.map((step: { rule?: string }) => step.rule),
    );
  });
});
