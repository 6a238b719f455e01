import { describe, expect, it } from "vitest";
import type { NodeStatus } from "../runtime/operate.ts";
import { statusScreen } from "./status-screen.ts";

const NOW = Date.parse("2026-11-22T04:30:00.000Z");
const ok = { state: "ok", reason: null, errors: 0, lastError: null, lastErrorAt: null } as const;
const digest = (start: string) => `sha256:${start.padEnd(64, "0")}`;

const QUIET: NodeStatus = {
  status: "ok",
  fleet: "edge",
  generation: "0123456789ab",
  bundleDigest: digest("0123456789ab"),
  revision: digest("5eed"),
  previous: { generation: "ba9876543210", bundleDigest: digest("ba9876543210") },
  held: null,
  interfaces: [{ name: "eth0", mode: "native", attached: true, programId: 71 }],
  lastSwap: {
    at: "2026-11-22T03:00:00.000Z",
    generation: "0123456789ab",
    previous: "ba9876543210",
    durationMs: null,
  },
  refused: null,
  components: { bundle: ok, program: ok, interfaces: ok, events: ok },
  degradationLevel: 0,
  lastEventAt: null,
  config: null,
  backends: [],
  drift: {
    state: "in-sync",
    reason: null,
    checkedAt: "2026-11-22T04:29:30.000Z",
    kernelDigest: digest("0123456789ab"),
    servingDigest: digest("0123456789ab"),
    wanted: { bundleDigest: digest("0123456789ab"), reason: null },
    programs: [],
    findings: [],
  },
  agent: { pid: 4711 },
  stats: {
    fleet: "edge",
    generation: "0123456789ab",
    at: "2026-11-22T04:30:00.000Z",
    windowSeconds: 2,
    rates: {
      packetsPerSecond: 12,
      bytesPerSecond: 1_500,
      droppedPacketsPerSecond: 0,
      droppedBytesPerSecond: 0,
    },
    totals: { packets: 9_000, bytes: 1_000_000, droppedPackets: 0, droppedBytes: 0 },
    top_rules: [],
    top_attack_sources: [],
    top_attacked_backends: [],
  },
};

const ATTACKED: NodeStatus = {
  ...QUIET,
  status: "degraded",
  interfaces: [...QUIET.interfaces, { name: "eth1", mode: "native", attached: false, programId: null }],
  refused: {
    at: "2026-11-22T04:10:00.000Z",
    bundleDigest: null,
    part: "section rules",
    code: "bad-digest",
    message: "section rules: its digest is not the manifest's",
    help: "copy the bundle again",
  },
  components: {
    ...QUIET.components,
    bundle: {
      ...ok,
      state: "degraded",
      reason: "the newest bundle is not served: bad-digest, section rules",
    },
    interfaces: { ...ok, state: "degraded", reason: "not attached: eth1" },
    events: { ...ok, state: "degraded", reason: "degradation level 2 (minimal)" },
  },
  degradationLevel: 2,
  drift: { ...QUIET.drift!, state: "behind", reason: "the bundle path's bundle is refused" },
  backends: [
    {
      backend: "dns",
      status: "degraded",
      healthyOrigins: 1,
      totalOrigins: 2,
      origins: [
        { origin: "10.0.0.10:53", state: "healthy", reason: null, checkedAt: null },
        { origin: "10.0.0.11:53", state: "unhealthy", reason: "no answer", checkedAt: null },
      ],
    },
  ],
  stats: {
    ...QUIET.stats!,
    rates: {
      packetsPerSecond: 1_250_000,
      bytesPerSecond: 812_000_000,
      droppedPacketsPerSecond: 1_150_000,
      droppedBytesPerSecond: 800_000_000,
    },
    totals: { packets: 98_765_432, bytes: 9e10, droppedPackets: 90_000_000, droppedBytes: 8e10 },
    top_rules: [
      {
        rule: "edge-dns/amplified-answers",
        action: "drop",
        mode: "enforce",
        packetsPerSecond: 1_100_000,
        droppedPerSecond: 1_100_000,
        packets: 80_000_000,
        dropped: 80_000_000,
      },
      {
        rule: "edge-dns/queries",
        action: "limit",
        mode: "enforce",
        packetsPerSecond: 60_000,
        droppedPerSecond: 50_000,
        packets: 12_000_000,
        dropped: 9_999,
      },
      {
        rule: "web/trial",
        action: "drop",
        mode: "shadow",
        packetsPerSecond: 3,
        droppedPerSecond: 0,
        packets: 44,
        dropped: 0,
      },
    ],
    top_attack_sources: [
      { source: "198.51.100.7", samples: 1_234.4, error: 0 },
      { source: "2001:db8:53::1", samples: 12, error: 1 },
    ],
    top_attacked_backends: [
      { backend: "dns", packetsPerSecond: 1_150_000, packets: 89_000_000, samples: 1_246.2, error: 1 },
      { backend: "none", packetsPerSecond: 0, packets: 3, samples: null, error: null },
    ],
  },
};

const screen = (
  report: NodeStatus,
  columns: number | null = null,
  rows: number | null = null,
  colour = false,
) => statusScreen(report, { columns, rows, colour, nowMs: NOW });

describe("the status screen", () => {
  it("shows a node under attack, with what is wrong and how to mend it", () => {
    expect(`\n${screen(ATTACKED, 80, 50).join("\n")}\n`).toBe(`
edge  degraded  generation 0123456789ab  agent 4711

bundle     sha256:0123456789ab0000000000000000000000000000000000000000000000000…
revision   sha256:5eed000000000000000000000000000000000000000000000000000000000…
serves     since 2026-11-22T03:00:00.000Z (1 h 30 m)
previous   ba9876543210

interface  eth0  native, program 71
interface  eth1  NOT ATTACHED: its packets are not filtered

packets/s  1.25 M   dropped/s  1.15 M (92 %)   bytes/s  812 M
packets    98.8 M   dropped  90.0 M   degradation  2 minimal   drift  behind

refused    section rules: its digest is not the manifest's (2026-11-22T04:10:00…
           help: copy the bundle again
interfaces degraded: not attached: eth1
events     degraded: degradation level 2 (minimal)
backend    dns degraded: 10.0.0.11:53 no answer

rule                        action         packets/s  dropped/s  dropped
edge-dns/amplified-answers  drop              1.10 M     1.10 M   80.0 M
edge-dns/queries            limit             60.0 k     50.0 k    9,999
web/trial                   drop (shadow)          3          0        0

source          samples not passed, lately
198.51.100.7                         1,234
2001:db8:53::1                          12

attacked backend  dropped/s  dropped  samples  origins
dns                  1.15 M   89.0 M    1,246      1/2
(no backend)              0        3        –        –

bundle degraded  program ok  interfaces degraded  events degraded
`);
  });

  it("shows a quiet node in a pipe: nothing is cut", () => {
    expect(screen(QUIET)).toEqual([
      "edge  ok  generation 0123456789ab  agent 4711",
      "",
      `bundle     ${QUIET.bundleDigest}`,
      `revision   ${QUIET.revision}`,
      "serves     since 2026-11-22T03:00:00.000Z (1 h 30 m)",
      "previous   ba9876543210",
      "",
      "interface  eth0  native, program 71",
      "",
      "packets/s  12   dropped/s  0 (0 %)   bytes/s  1,500",
      "packets    9,000   dropped  0   degradation  0 normal   drift  in-sync",
      "",
      "bundle ok  program ok  interfaces ok  events ok",
    ]);
  });

  it.each([
    [80, 24],
    [40, 10],
    [20, 5],
    [8, 1],
    [200, 60],
  ])("fits into %i columns and %i rows, the most urgent first", (columns, rows) => {
    for (const report of [QUIET, ATTACKED]) {
      const lines = screen(report, columns, rows);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      expect(lines[0]).toMatch(/^edge/);
    }
    const urgent = screen(ATTACKED, columns, rows).join("\n");
    if (columns >= 40) expect(urgent).toContain("NOT ATTACHED");
    if (rows >= 5) expect(urgent).toContain("packets/s");
  });

  it("says that packets are not filtered, and that no agent runs", () => {
    const nothing: NodeStatus = {
      ...QUIET,
      generation: null,
      bundleDigest: null,
      revision: null,
      agent: null,
    };
    expect(screen(nothing)[0]).toBe("edge  ok  NO GENERATION: packets are not filtered  no agent runs");
  });

  it("has no rates where there is nothing to compare with, and takes totals for the share", () => {
    const stats = {
      ...ATTACKED.stats!,
      windowSeconds: 0,
      totals: { ...ATTACKED.stats!.totals, packets: 1e8 },
    };
    const lines = screen({ ...ATTACKED, stats });
    expect(lines).toContain("packets/s  –   dropped/s  – (90 %)   bytes/s  –");
  });

  it("colours states, and lets no text from elsewhere steer the terminal", () => {
    const reason = "bad\u001b[2Jthing\nnext";
    const report: NodeStatus = { ...QUIET, components: { config: { ...ok, state: "degraded", reason } } };
    const lines = screen(report, 80, 24, true);
    expect(lines.join("\n")).toContain("\u001b[33mdegraded\u001b[0m: bad [2Jthing next");
    expect(screen(report, 80, 24).join("")).not.toContain("\u001b");
  });
});
