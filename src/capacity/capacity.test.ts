import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tierOf } from "../ir/tiers.ts";
import { coreRateOf } from "./bench.ts";
import { estimateResources } from "./estimate.ts";
import { DOCUMENTED_CORE, planCapacity } from "./plan.ts";

describe("the operations guide's calculation", () => {
  // Made by running the guide's own capacity-calculator.py, Python 3.11: gateway replicas, CPU, memory; worker nodes, CPU,
  // memory; database CPU, memory, storage.
  it.each([
    [
      [25, 0.3, 100, 500],
      [5, 30_000, 19_200],
      [2, 20_000, 6400],
      [2000, 2548, 70],
    ],
    [
      [0.4, 0, 0, 0],
      [3, 500, 768],
      [2, 500, 256],
      [1000, 2048, 20],
    ],
    [
      [1, 1, 1, 1],
      [3, 1501, 768],
      [2, 1500, 256],
      [1010, 2053, 20.5],
    ],
    [
      [47.3, 0.13, 7, 333],
      [9, 39_722, 36_326],
      [4, 29_799, 12_108],
      [1070, 2083, 23.5],
    ],
    [
      [100, 0.9, 2500, 4096],
      [20, 713_440, 76_800],
      [10, 140_000, 25_600],
      [26_000, 14_548, 1270],
    ],
    [
      [14.9, 0.05, 12, 28],
      [3, 8424, 11_443],
      [2, 8195, 3814],
      [1120, 2108, 26],
    ],
    [
      [29.9, 0.25, 1, 0],
      [5, 22_425, 22_963],
      [2, 22_425, 7654],
      [1010, 2053, 20.5],
    ],
    [
      [30, 0.25, 1, 0],
      [6, 22_500, 23_040],
      [3, 22_500, 7680],
      [1010, 2053, 20.5],
    ],
  ] as const)("of %j", ([trafficGbps, attackRatio, backends, rules], gateway, worker, database) => {
    const found = estimateResources({ trafficGbps, attackRatio, backends, rules });
    expect(Object.values(found.gateway)).toEqual(gateway);
    expect(Object.values(found.worker)).toEqual(worker);
    expect(Object.values(found.database)).toEqual(database);
  });

  it.each([
    [0.99, "low"],
    [1, "medium"],
    [10, "medium"],
    [10.1, "high"],
    [40, "high"],
    [40.1, "very-high"],
  ])("has its own table of resources: %d Gbit/s is %s", (gbps, tier) => {
    expect(tierOf(gbps)).toBe(tier);
  });
});

describe("the plan", () => {
  const node = { cores: 4, linkGbps: 25 };
  const frames = { attackBytes: 60, otherBytes: 512 };
  const demand = { trafficGbps: 10, attackRatio: 1, backends: 1, rules: 1 };
  const core = { packetsPerSecond: 1_000_000, from: "a test" };

  it("knows that 10 Gbit/s of smallest frames are 14.88 million packets each second", () => {
    expect(planCapacity(demand, [], core, node, frames).packetsPerSecond).toEqual({
      attack: 14_880_952,
      other: 0,
      all: 14_880_952,
    });
  });

  it("needs as many nodes as packets, links or the guide ask for, whichever is most", () => {
    // 14.88 Mpps / (4 × 1 Mpps × 0.7) = 5.3; 10 / (25 × 0.7) = 0.57; the guide has 2.
    expect(planCapacity(demand, [], core, node, frames).nodes).toEqual({
      forPackets: 6,
      forLinks: 1,
      guide: 2,
      needed: 6,
    });
    const fast = { ...core, packetsPerSecond: 100_000_000 };
    expect(planCapacity(demand, [], fast, node, frames).nodes.needed).toBe(2);
    expect(planCapacity(demand, [], fast, { ...node, linkGbps: 1 }, frames).nodes).toMatchObject({
      forLinks: 15,
      needed: 15,
    });
  });

  it("takes a core's rate from the bench, end to end first", () => {
    const row = (name: string, what: string, value: number) => ({
      name,
      figures: [{ what, value, unit: "?" }],
    });
    const bench = (...rows: object[]) => ({ machine: { cpu: "Test CPU" }, rows });
    expect(
      coreRateOf(bench(row("decision", "mixed packets", 77), row("end-to-end", "piston", 2.5)), "b.json"),
    ).toEqual({
      packetsPerSecond: 2_500_000,
      from: "b.json (Test CPU), row end-to-end",
    });
    expect(coreRateOf(bench(row("decision", "mixed packets", 77)), "b.json")?.packetsPerSecond).toBe(
      1e9 / 100,
    );
    expect(coreRateOf(bench(row("rules", "8 rules", 77)), "b.json")).toBeNull();
    expect(coreRateOf("text", "b.json")).toBeNull();
  });

  it("assumes what docs/PERFORMANCE.md says, where nothing was measured", () => {
    const text = readFileSync(new URL("../../docs/PERFORMANCE.md", import.meta.url), "utf8");
    const mpps = DOCUMENTED_CORE.packetsPerSecond / 1e6;
    expect(text).toContain(`| ${mpps} Mpps; `);
  });
});
