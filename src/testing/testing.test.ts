import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { writePcap } from "../capture/capture-fixture.ts";
import {
  backend,
  by,
  countries,
  drop,
  feed,
  fleet,
  limit,
  management,
  packets,
  packetsPerSecond,
  pass,
  policy,
  prefixes,
  range,
} from "../policy/index.ts";
import { CaptureError, decide, FaultyPolicyError, pistonMatchers, simulate, tcp, udp } from "./index.ts";

expect.extend(pistonMatchers);

const directory = mkdtempSync(join(tmpdir(), "piston-testing-"));
afterAll(() => rmSync(directory, { recursive: true }));
const feedFile = join(directory, "deny.txt");
writeFileSync(feedFile, "# addresses\n192.0.2.1 3\n192.0.2.128/25\n");

const dns = backend("dns", {
  listen: ["203.0.113.53/32", "2001:db8:53::53/128"],
  protocol: ["udp", "tcp"],
  ports: 53,
  origins: ["10.53.0.10:53"],
});
const edgeDns = policy("edge-dns", {
  owners: ["team-dns"],
  backend: dns,
  sets: { partners: prefixes("198.51.100.240/28") },
  rules: [
    pass("secondaries", { source: "partners" }),
    drop("shorter-than-a-query", { protocol: "udp", payloadBytes: range(0, 16) }),
    limit(
      "queries-per-source",
      { protocol: "udp" },
      { rate: packetsPerSecond(100), burst: packets(2), key: by.source(), blockFor: 1 },
    ),
    pass("queries", {}),
  ],
});
const hygiene = policy("hygiene", {
  owners: ["platform"],
  sets: {
    denied: feed(relative(dirname(import.meta.filename), feedFile), { minEntries: 1, maxEntries: 10 }),
  },
  rules: [drop("denied", { source: "denied" })],
});
const edge = fleet("edge", {
  interfaces: ["eth0"],
  defaultVerdict: "drop",
  management: [management("ssh", { source: "192.0.2.1/32", protocol: "tcp", destinationPort: 22 })],
  policies: [hygiene, edgeDns],
});

const QUERY = udp({ from: "198.51.100.7:4000", to: "203.0.113.53:53", payloadBytes: 30 });

describe("decide", () => {
  test("takes a frame, a line or a spec", () => {
    const line = "udp 198.51.100.7:4000 > 203.0.113.53:53 len 58";
    const spec = {
      ipv4: { source: "198.51.100.7", destination: "203.0.113.53" },
      udp: { sourcePort: 4000, destinationPort: 53 },
      lengthBytes: 58,
    };
    for (const packet of [QUERY, line, spec])
      expect(decide(edge, packet)).toBeDecided({ verdict: "pass", rule: "edge-dns/queries", reason: "rule" });
  });

  test("takes a fleet with management flows, feeds and a default", () => {
    const ssh = { from: "192.0.2.1:50000", to: "203.0.113.1:22" };
    expect(decide(edge, tcp(ssh))).toPass("management/ssh");
    expect(decide(edge, tcp({ ...ssh, to: "203.0.113.1:23" }))).toDrop("hygiene/denied");
    expect(decide(edge, tcp({ ...ssh, from: "192.0.2.127:50000" }))).toDrop(null);
    expect(decide(edge, tcp({ ...ssh, from: "192.0.2.128:50000" }))).toDrop("hygiene/denied");
  });

  test("takes a country without an IPv6 list", () => {
    mkdirSync(join(directory, "de"));
    writeFileSync(join(directory, "de/ipv4.txt"), "192.0.2.0/24\n");
    const folder = relative(dirname(import.meta.filename), directory);
    const sets = { germany: countries(folder, "DE") };
    const foreign = policy("foreign", { owners: ["t"], sets, rules: [drop("de", { source: "germany" })] });
    expect(decide(foreign, "udp 192.0.2.9:1 > 203.0.113.53:53")).toDrop("foreign/de");
    expect(decide(foreign, "udp [2001:db8::9]:1 > [2001:db8::53]:53")).toPass(null);
  });

  test("takes one policy or several, and passes what none decides", () => {
    expect(decide(edgeDns, udp({ from: "198.51.100.7:1", to: "203.0.113.53:53", payloadBytes: 16 }))).toDrop(
      "edge-dns/shorter-than-a-query",
    );
    expect(decide(edgeDns, "udp 192.0.2.1:1 > 203.0.113.53:54")).toBeDecided({
      verdict: "pass",
      reason: "default",
    });
    expect(decide([edgeDns, hygiene], "udp 192.0.2.1:1 > 203.0.113.53:54")).toDrop("hygiene/denied");
    expect(decide([edgeDns, hygiene], "udp 198.51.100.240:1 > 203.0.113.53:53")).toPass(
      "edge-dns/secondaries",
    );
  });

  test("forgets: each call starts on empty limits", () => {
    for (let i = 0; i < 5; i++) expect(decide(edge, QUERY)).toPass();
  });
});

describe("simulate", () => {
  test("keeps limits and blocks from packet to packet, in the time that is given", () => {
    const site = simulate(edge);
    const verdicts = (at: number) =>
      site.repeat(QUERY, { count: 3, atMs: at }).map(({ verdict, reason }) => `${verdict} ${reason}`);
    expect(verdicts(0)).toEqual(["pass rule", "pass rule", "drop limit"]);
    expect(site.decide(QUERY, { atMs: 999.999_999 })).toBeDecided({ verdict: "drop", reason: "block" });
    expect(verdicts(1000)).toEqual(["pass rule", "pass rule", "drop limit"]);
    expect(site.counters().rules.get("edge-dns/queries-per-source")).toMatchObject({
      conformed: { packets: 4 },
      exceeded: { packets: 2 },
      blocked: { packets: 1 },
    });
  });
  test("a steady stream at the rate passes, one packet in a thousand faster does not", () => {
    const passed = (everyMs: number) =>
      simulate(edge)
        .repeat(QUERY, { count: 2000, everyMs })
        .filter(({ verdict }) => verdict === "pass").length;
    expect(passed(10)).toBe(2000);
    expect(passed(9.99)).toBeLessThan(2000);
  });
  test("an operator's block holds until its time", () => {
    const site = simulate(edge);
    site.block("198.51.100.7", { untilMs: 5 });
    expect(site.decide(QUERY, { atMs: 4.999_999 })).toBeDecided({
      verdict: "drop",
      rule: null,
      reason: "block",
    });
    expect(site.decide(QUERY, { atMs: 5 })).toPass();
    expect(site.unblock("198.51.100.7")).toBe(true);
  });
});

/** Number of the line of this file where the text stands first. */
function lineOf(text: string): number {
  const lines = readFileSync(import.meta.filename, "utf8").split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe("a capture", () => {
  const packets = [QUERY, QUERY, QUERY].map((bytes, i) => ({ bytes, timeNs: BigInt(i) * 1_000_000n }));

  test("is judged packet by packet at its times, from its path or its bytes", () => {
    const path = join(directory, "queries.pcap");
    writeFileSync(path, writePcap(packets));
    for (const capture of [path, writePcap(packets)]) {
      const replayed = simulate(edge).replay(capture);
      expect(replayed.map(({ index, atMs, verdict, rule }) => [index, atMs, verdict, rule])).toEqual([
        [0, 0, "pass", "edge-dns/queries"],
        [1, 1, "pass", "edge-dns/queries"],
        [2, 2, "drop", "edge-dns/queries-per-source"],
      ]);
      expect(replayed[2]!.frame).toEqual(QUERY);
    }
  });
  test("that is none is refused", () => {
    expect(() => simulate(edge).replay(new Uint8Array(3))).toThrow(CaptureError);
    expect(() => simulate(edge).replay(join(directory, "none.pcap"))).toThrow(/no such file/);
  });
});

describe("matchers", () => {
  const failure = (assertion: () => void): string => {
    try {
      assertion();
    } catch (error) {
      if (error instanceof Error) return error.message;
    }
    return "it did not fail";
  };

  test("a failure prints what was expected, what came, and the trace with source lines", () => {
    const message = failure(() => expect(decide(edgeDns, QUERY)).toDrop("edge-dns/shorter-than-a-query"));
    const lines = message.split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "expected drop by edge-dns/shorter-than-a-query",
      "     got pass by edge-dns/queries, reason rule",
      "",
      "  packet: udp 198.51.100.7:4000 > 203.0.113.53:53 len 58",
      `  edge-dns/secondaries (src/testing/testing.test.ts:${lineOf('pass("secondaries"')}): no match, source in partners: the packet has 198.51.100.7`,
    ]);
    expect(lines).toHaveLength(8);
  });
  test("each of verdict, rule and reason is compared where it is given", () => {
    const decision = decide(edge, "udp 192.0.2.1:1 > 203.0.113.53:53");
    expect(decision).toBeDecided({});
    expect(decision).not.toBeDecided({ verdict: "pass" });
    expect(decision).not.toBeDecided({ rule: null });
    expect(decision).not.toBeDecided({ verdict: "drop", rule: "hygiene/denied", reason: "limit" });
    expect(decision).not.toPass();
    expect(decision).not.toDrop("edge-dns/queries");
    expect(failure(() => expect(decision).not.toDrop())).toMatch(
      /^expected anything but drop\n {5}got drop by hygiene\/denied, reason rule/,
    );
    expect(failure(() => expect(decision).toDrop(null))).toMatch(/^expected drop by no rule\n/);
  });
  test("a table of cases prints every row that differs", () => {
    const line = "udp 198.51.100.7:4000 > 203.0.113.53:53 len 58";
    expect(edge).toDecide([
      [QUERY, { verdict: "pass", rule: "edge-dns/queries" }],
      [line, { verdict: "pass" }],
      ["udp 192.0.2.1:1 > 203.0.113.53:53", { verdict: "drop", rule: "hygiene/denied" }, { atMs: 5 }],
    ]);
    const message = failure(() =>
      expect(edge).toDecide([
        [line, { verdict: "drop" }],
        [line, { verdict: "pass" }],
        [line, { reason: "default" }],
      ]),
    );
    expect(message).toMatch(/^row 1: expected drop\n/);
    expect(message).not.toContain("row 2");
    expect(message).toContain("row 3: expected any verdict, reason default");
  });
  test("what is no decision fails in words", () => {
    expect(failure(() => expect("drop").toDrop())).toBe(
      "toDrop wants a decision, as decide() returns it; it was given drop",
    );
    for (const half of [null, { verdict: "drop" }, { trace: [] }])
      expect(failure(() => expect(half).toDrop())).toContain("toDrop wants a decision");
    for (const none of [null, "edge"])
      expect(failure(() => expect(none).toDecide([]))).toBe(
        `toDecide wants a fleet or policies; it was given ${none}`,
      );
  });

  test("a row's engine is its own, else that of PISTON_ENGINE, which is one of two", () => {
    const before = process.env.PISTON_ENGINE;
    process.env.PISTON_ENGINE = "sieve";
    try {
      expect(() => decide(edge, QUERY)).toThrow('PISTON_ENGINE is model or kernel, not "sieve"');
      expect(() => simulate(edge)).toThrow('PISTON_ENGINE is model or kernel, not "sieve"');
      expect(edge).toDecide([[QUERY, { verdict: "pass" }, { engine: "model" }]]);
      process.env.PISTON_ENGINE = "";
      expect(decide(edge, QUERY)).toPass();
    } finally {
      if (before === undefined) delete process.env.PISTON_ENGINE;
      else process.env.PISTON_ENGINE = before;
    }
  });
});

test("policies with faults are refused with the diagnostics that check prints", () => {
  const faulty = policy("faulty", {
    owners: ["team"],
    sets: { friends: prefixes("198.51.100.7/24") },
    rules: [drop("friends", { source: "friends" })],
  });
  expect(() => decide(faulty, QUERY)).toThrow(FaultyPolicyError);
  expect(() => decide(faulty, QUERY)).toThrow(
    /src\/testing\/testing\.test\.ts:\d+:\d+ {2}error {2}host-bits|198\.51\.100\.0\/24/,
  );
});
