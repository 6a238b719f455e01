import { describe, expect, test } from "vitest";
import type { MatchIr } from "../../ir/nodes.ts";
import { ranges } from "../../ir/ranges.ts";
import { arp } from "../../packet/helpers.ts";
import { createEvaluator } from "../evaluate.ts";
import { ANY, addresses, fleet, frame, limit, MS, rule, SECOND } from "./fixture.ts";
import { formatTrace } from "./trace.ts";

describe("the trace", () => {
  const bogons: MatchIr = {
    ...ANY,
    source: addresses("10.0.0.0/8"),
    terms: [{ field: "source", text: "source in bogons" }],
  };
  const dns: MatchIr = {
    ...ANY,
    destination: addresses("203.0.113.5/32"),
    fields: { protocol: ranges([[17, 17]]), destinationPort: ranges([[53, 53]]) },
    terms: [
      { field: "protocol", text: "protocol udp" },
      { field: "destinationPort", text: "destinationPort 53" },
      { field: "destination", text: "destination in dns" },
    ],
  };
  const rules = [
    rule("bogons", "drop", bogons, true),
    rule("queries", limit({ burst: 1, blockForSeconds: 1 }), dns),
    rule("answers", "drop", { ...dns, fields: { sourcePort: ranges([[53, 53]]) }, terms: [] }),
  ].map((one, index) => ({ ...one, location: { ...one.location, line: 10 + index } }));
  const explainer = () => createEvaluator(fleet(rules));

  test("names each rule, what it asked for first in vain, and what the packet has", () => {
    const decision = explainer().explain(frame("tcp 198.51.100.7:80 > 203.0.113.5:53"), 0n);
    expect(formatTrace(decision.trace)).toEqual([
      "packet: tcp 198.51.100.7:80 > 203.0.113.5:53 len 40 flags ack",
      "site/bogons (policies/site.policy.ts:10): no match, source in bogons: the packet has 198.51.100.7",
      "site/queries (policies/site.policy.ts:11): no match, protocol udp: the packet has tcp",
      "site/answers (policies/site.policy.ts:12): no match, sourcePort: the packet has 80",
      "no rule decided: the fleet's default, pass",
    ]);
    expect(decision.trace[2]).toMatchObject({
      matched: [],
      failed: { term: "protocol udp", packetHas: "tcp" },
    });
  });

  test("shows terms that held before, in the author's order, and fields that the packet lacks", () => {
    const decision = explainer().explain(frame("udp 198.51.100.7 > 203.0.113.5 fragment later"), 0n);
    expect(decision.trace[2]).toMatchObject({
      matched: ["protocol udp"],
      failed: { term: "destinationPort 53", packetHas: null },
    });
    expect(formatTrace(decision.trace)[2]).toMatch(/: no match, destinationPort 53: the packet has none$/);
  });

  test("shows limits before and after, blocks, and shadow", () => {
    const { explain } = explainer();
    const query = frame("udp 10.0.0.7:5000 > 203.0.113.5:53");
    const lines = [0n, 0n, 250n * MS].map((at) => formatTrace(explain(query, at + SECOND).trace));
    expect(lines[0]).toEqual([
      "packet: udp 10.0.0.7:5000 > 203.0.113.5:53 len 28",
      "site/bogons (policies/site.policy.ts:10): matches, in shadow, goes on, would drop",
      "site/queries (policies/site.policy.ts:11): matches, within the limit, goes on: source 10.0.0.7/32 asks for 1 of 1 free packets (burst 1), 0 left",
      "site/answers (policies/site.policy.ts:12): no match, sourcePort: the packet has 5000",
      "no rule decided: the fleet's default, pass",
    ]);
    expect(lines[1]?.slice(2)).toEqual([
      "site/queries (policies/site.policy.ts:11): matches, drop, above the limit: source 10.0.0.7/32 asks for 1 of 0 free packets (burst 1), blocks the source until 2000000000 ns",
    ]);
    expect(lines[2]?.slice(1)).toEqual(["block: 10.0.0.7 is blocked by site/queries for 750 ms more"]);
  });

  test("does not say that a limit in shadow blocks", () => {
    const action = limit({ burst: 1, blockForSeconds: 1 });
    const { explain } = createEvaluator(fleet([rule("queries", action, ANY, true)]));
    const query = frame("udp 10.0.0.7:5000 > 203.0.113.5:53");
    explain(query, SECOND);
    const { trace } = explain(query, SECOND);
    expect(trace[1]).toMatchObject({ rule: "site/queries", limit: { exceeded: true, blockedUntilNs: null } });
    expect(formatTrace(trace)[1]).toMatch(/in shadow, goes on, would drop, above the limit: .* \(burst 1\)$/);
  });

  test("counts the free units of a rate that is no whole number of ticks as the limit does", () => {
    const { explain } = createEvaluator(fleet([rule("queries", limit({ ratePerSecond: 3, burst: 3 }), ANY)]));
    const query = frame("udp 10.0.0.7:5000 > 203.0.113.5:53");
    const free = Array.from({ length: 4 }, () => explain(query, SECOND).trace[1]).map((step) =>
      step?.kind === "rule" ? [step.limit?.freeBefore, step.limit?.freeAfter, step.limit?.exceeded] : null,
    );
    expect(free).toEqual([
      [3, 2, false],
      [2, 1, false],
      [1, 0, false],
      [0, 0, true],
    ]);
  });

  test("is JSON, with 64-bit figures as text", () => {
    const { explain } = explainer();
    const step = explain(frame("udp 10.0.0.7:5000 > 203.0.113.5:53"), SECOND).trace[2];
    expect(JSON.parse(JSON.stringify(step))).toEqual({
      kind: "rule",
      rule: "site/queries",
      management: false,
      action: "limit",
      shadow: false,
      location: { file: "policies/site.policy.ts", line: 11, column: 3 },
      matched: ["protocol udp", "destinationPort 53", "destination in dns"],
      failed: null,
      limit: {
        key: "source 10.0.0.7/32",
        unit: "packets",
        units: 1,
        exceeded: false,
        freeBefore: 1,
        freeAfter: 0,
        burst: 1,
        tatBefore: "0",
        tatAfter: "16016000000",
        blockedUntilNs: null,
      },
    });
  });

  test("is empty, and the decision the same, where it was not asked for", () => {
    const quick = explainer();
    const slow = explainer();
    for (const at of [0n, 1n, SECOND, SECOND + 1n, 3n * SECOND])
      for (const packet of [
        frame("udp 10.0.0.7:53 > 203.0.113.5:53"),
        arp({ from: "10.0.0.1", to: "10.0.0.2" }),
      ])
        expect(quick.decide(packet, at)).toEqual({ ...slow.explain(packet, at), trace: [] });
    expect(quick.counters()).toEqual(slow.counters());
  });

  test("says why a packet was judged before any rule", () => {
    const lines = (packet: Uint8Array) => formatTrace(explainer().explain(packet, 0n).trace);
    expect(lines(arp({ from: "10.0.0.1", to: "10.0.0.2" }))).toEqual([
      "packet: arp, 42 bytes",
      "always passed: arp",
    ]);
    expect(lines(Uint8Array.of(1))).toEqual(["packet: truncated-ethernet, 1 bytes: 01"]);
  });
});
