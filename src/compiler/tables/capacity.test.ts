import { expect, test } from "vitest";
import { ranges } from "../../ir/ranges.ts";
import { buildTables } from "./build-tables.ts";
import { capacityFaults } from "./capacity.ts";
import { fleetOf, ruleOf } from "./fleet-fixture.ts";

/** Rule b asks for the ports below `end` whose bit b is set: every port is a class of its own. */
const portsByBit = (end: number) =>
  Array.from({ length: 16 }, (_, bit) => {
    const ports = Array.from({ length: end }, (_, port) => port).filter((port) => (port >> bit) & 1);
    return ruleOf(`p/bit${bit}`, {
      fields: { sourcePort: ranges(ports.map((port): [number, number] => [port, port])) },
    });
  });

test("65,535 classes of one dimension fit, 65,536 do not", () => {
  // Below 65,535: the last port is in no set, as port 0 and a packet without ports are.
  expect(capacityFaults(fleetOf(portsByBit(65_535)))).toEqual([]);
  expect(capacityFaults(fleetOf(portsByBit(65_536)))).toEqual([
    { kind: "too-many-classes", dimension: "sourcePort", count: 65_536, most: 65_535 },
  ]);
});

test("4,096 rules fit, 4,097 do not, and management flows are among them", () => {
  const rules = (count: number) => Array.from({ length: count }, (_, i) => ruleOf(`p/r${i}`, {}));
  const management = [ruleOf("management/ssh", {}, { action: { kind: "pass" } })];
  expect(capacityFaults(fleetOf(rules(4096)))).toEqual([]);
  expect(capacityFaults(fleetOf(rules(4095), { management }))).toEqual([]);
  expect(capacityFaults(fleetOf(rules(4096), { management }))).toEqual([
    { kind: "too-many-rules", count: 4097, most: 4096 },
  ]);
});

test("64 management flows fit, 65 do not", () => {
  const management = (count: number) =>
    Array.from({ length: count }, (_, i) => ruleOf(`management/m${i}`, {}, { action: { kind: "pass" } }));
  expect(capacityFaults(fleetOf([], { management: management(64) }))).toEqual([]);
  expect(capacityFaults(fleetOf([], { management: management(65) }))).toEqual([
    { kind: "too-many-management-flows", count: 65, most: 64 },
  ]);
});

test("tables of exactly the budget fit, one byte less does not", () => {
  const rules = [ruleOf("p/a", { fields: { protocol: ranges([[6, 6]]) } })];
  const { memoryBytes } = buildTables(fleetOf(rules));
  // config, rules, fields, vectors: a page of struct bpf_array and a page of entries each
  expect(memoryBytes).toBe(4 * 2 * 4096);
  expect(capacityFaults(fleetOf(rules, { memoryBudgetBytes: memoryBytes }))).toEqual([]);
  expect(capacityFaults(fleetOf(rules, { memoryBudgetBytes: memoryBytes - 1 }))).toEqual([
    { kind: "over-memory-budget", memoryBytes, budgetBytes: memoryBytes - 1 },
  ]);
});

test("2^20 - 1 IPv6 ranges with the same first 16 bits fit, one more does not", () => {
  const chunk = 0x2001n << 112n;
  /** `count` ranges that begin in the chunk: every second address, and the gaps between. */
  const everySecond = (count: number) => {
    const v6: bigint[] = [];
    for (let i = 1n; v6.length < count; i += 2n) v6.push(chunk + i, chunk + i);
    return {
      v4: new Uint32Array(0),
      v6: count % 2 === 0 ? v6 : [...v6.slice(0, -1), chunk + (1n << 112n) - 1n],
    };
  };
  const most = 2 ** 20 - 1;
  expect(capacityFaults(fleetOf([ruleOf("p/a", { source: everySecond(most) })]))).toEqual([]);
  expect(capacityFaults(fleetOf([ruleOf("p/a", { source: everySecond(most + 1) })]))).toEqual([
    { kind: "too-many-ranges", dimension: "source", chunk: 0x2001, count: most + 1, most },
  ]);
});
