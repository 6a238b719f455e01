// docs/SEMANTICS.md "Counters" and shadow rules in the kernel: the one counter of every packet, and those besides.

import { afterEach, beforeAll, expect, test } from "vitest";
import { buildPacket } from "../../src/packet/build.ts";
import { describeKernel } from "../support/kernel.ts";
import { from, limit, load, ports, SECOND, ticks, unload, V4 } from "./fixtures.ts";
import { buildObject, byRule } from "./harness.ts";
import type { HandRule } from "./tables.ts";

beforeAll(buildObject);
afterEach(unload);

describeKernel("shadow", () => {
  test("counts and goes on, whatever the rule is; a shadow limit keeps its state and never blocks", () => {
    const filter = load({
      rules: [
        { id: 1n, action: "drop", shadow: true },
        { id: 2n, action: "pass", shadow: true },
        limit({ burstTicks: ticks(1), blockNs: SECOND }, { id: 3n, shadow: true }),
        { id: 4n, action: "drop", fields: { protocol: [[47, 47]] } },
      ],
    });
    for (let i = 0; i < 3; i++) expect(filter.run(from("198.51.100.7"), SECOND)).toEqual(byRule("drop", 4n));
    expect([...filter.map("blocks").keys()]).toEqual([]);
    expect(filter.limitStates().length).toBe(1);
    const of = (packets: number) => ({ packets, bytes: packets * 114 });
    expect(filter.counters()).toEqual({
      "0 decided": of(3),
      "1 decided": of(3),
      "2 conformed": of(1),
      "2 exceeded": of(2),
      "3 decided": of(3),
    });
  });
});

describeKernel("counters", () => {
  test("every packet counts once, by reason or by rule, with the bytes of its frame", () => {
    const filter = load({
      rules: [
        { id: 1n, action: "pass", fields: { destinationPort: [[22, 22]] } },
        { id: 2n, action: "drop", fields: { destinationPort: [[23, 23]] } },
        limit({ burstTicks: ticks(1), blockNs: SECOND }, { id: 3n, fields: { destinationPort: [[24, 24]] } }),
      ],
      managementCount: 1,
    });
    const at = (port: number, times = 1) => {
      for (let i = 0; i < times; i++) filter.run(ports(9, port), SECOND); // 42 bytes
    };
    at(22, 2);
    at(23, 3);
    at(25, 4);
    filter.run(buildPacket({ arp: { sender: V4.source, target: V4.destination } }));
    filter.run(buildPacket({ ipv4: V4, protocol: 6, payloadBytes: 3, vlan: [7] }));
    at(24, 7);
    expect(filter.counters()).toEqual({
      "reason management": { packets: 2, bytes: 84 },
      "0 decided": { packets: 2, bytes: 84 },
      "1 decided": { packets: 3, bytes: 126 },
      "reason default": { packets: 5, bytes: 210 }, // four, and the one that the limit let through,
      "reason arp": { packets: 1, bytes: 42 },
      "reason truncated-l4": { packets: 1, bytes: 41 },
      "2 conformed": { packets: 1, bytes: 42 },
      "2 exceeded": { packets: 1, bytes: 42 },
      "2 blocked": { packets: 5, bytes: 210 },
    });
  });

  test("a packet that goes on past a limit counts for the limit and for what decides", () => {
    const filter = load({ rules: [limit({}, { id: 1n }), { id: 2n, action: "pass" }] });
    filter.run(from("198.51.100.7"), SECOND);
    expect(filter.counters()).toEqual({
      "0 conformed": { packets: 1, bytes: 114 },
      "1 decided": { packets: 1, bytes: 114 },
    });
  });

  test("slots are the agent's: any order, any place, and a rule without one still judges", () => {
    const rules: HandRule[] = [53, 54, 55].map((port, i) => ({
      id: BigInt(i + 1),
      action: "drop",
      fields: { destinationPort: [[port, port]] },
    }));
    const filter = load({ rules }, [2, null, 0]);
    expect([53, 54, 55].map((port) => filter.run(ports(9, port)).rule)).toEqual([1n, 2n, 3n]);
    expect(Object.keys(filter.counters())).toEqual(["0 decided", "2 decided"]);
  });
});
