import { execFileSync } from "node:child_process";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Bounded,
  bounded,
  definitionOf,
  type Labels,
  labelNames,
  METRIC_NAMES,
  type MetricDefinition,
  type MetricNameOf,
} from "./catalogue.ts";
import { MetricRegister } from "./register.ts";

const edge = bounded("fleet", "edge");

/** Registers all of the catalogue with one made-up series each. */
function registerAll(): MetricRegister {
  const register = new MetricRegister();
  for (const name of METRIC_NAMES) {
    const labels = Object.fromEntries(labelNames(name).map((label) => [label, "x"])) as never;
    const type = definitionOf(name).type;
    if (type === "counter") register.counter(name as MetricNameOf<"counter">).inc(labels, 2);
    else if (type === "gauge") register.gauge(name as MetricNameOf<"gauge">).set(labels, 3);
    else register.histogram(name as MetricNameOf<"histogram">).observe(labels, 0.02);
  }
  return register;
}

describe("the metric register", () => {
  it("gives an exposition of the whole catalogue that promtool finds nothing to say about", async () => {
    const text = await registerAll().exposition();
    const output = execFileSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    expect(output).toBe("");
    for (const name of METRIC_NAMES) expect(text).toContain(`# TYPE pistonprotection_${name} `);
  });

  it("knows what nobody registered", () => {
    expect(registerAll().unregistered()).toEqual([]);
    const register = new MetricRegister();
    register.gauge("build_info");
    expect(register.unregistered()).not.toContain("build_info");
    expect(register.unregistered()).toHaveLength(METRIC_NAMES.length - 1);
  });

  it("refuses the same metric twice, by its name", () => {
    const register = new MetricRegister();
    register.gauge("build_info");
    expect(() => register.gauge("build_info")).toThrow("pistonprotection_build_info");
  });

  it("mirrors totals: the newest value stands, and series that went away are gone", async () => {
    const register = new MetricRegister();
    const traffic = register.counter("traffic_packets_total");
    traffic.mirror([
      [{ fleet: edge }, 10],
      [{ fleet: bounded("fleet", "old") }, 4],
    ]);
    traffic.mirror([[{ fleet: edge }, 17]]);
    const lines = (await register.exposition()).split("\n").filter((line) => line && !line.startsWith("#"));
    expect(lines).toEqual(['pistonprotection_traffic_packets_total{fleet="edge"} 17']);
  });

  it("mirrors a metric without labels", async () => {
    const register = new MetricRegister();
    register.counter("process_cpu_seconds_total").mirror([[{}, 1.5]]);
    expect(await register.exposition()).toContain("\npistonprotection_process_cpu_seconds_total 1.5\n");
  });

  it("asks its collectors before each exposition", async () => {
    const register = new MetricRegister();
    const threads = register.gauge("process_threads");
    let reads = 0;
    register.beforeExposition(() => threads.set({}, ++reads));
    await register.exposition();
    expect(await register.exposition()).toContain("pistonprotection_process_threads 2");
  });

  it("types labels by name and value", () => {
    const register = new MetricRegister();
    expectTypeOf<Labels<"reason_packets_total">["verdict"]>().toEqualTypeOf<"pass" | "drop">();
    expectTypeOf<Labels<"rule_packets_total">["rule"]>().toEqualTypeOf<Bounded<"rule">>();
    const traffic = register.counter("traffic_packets_total");
    const reasons = register.counter("reason_packets_total");
    const compileOnly = () => {
      // @ts-expect-error no such metric
      register.counter("traffic_total");
      // @ts-expect-error a gauge is no counter
      register.counter("build_info");
      // @ts-expect-error a label is missing
      traffic.inc({});
      // @ts-expect-error a label too many
      traffic.inc({ fleet: edge, verdict: "pass" });
      // @ts-expect-error no such reason
      reasons.inc({ fleet: edge, reason: "limits", verdict: "drop" });
    };
    expect(compileOnly).toBeTypeOf("function");
  });

  it("takes no label whose values somebody outside can make up, such as a source address", () => {
    const traffic = new MetricRegister().counter("traffic_packets_total");
    const source: string = "198.51.100.7";
    const policy = bounded("policy", "edge-dns");
    const compileOnly = () => {
      // @ts-expect-error any text is no fleet
      traffic.inc({ fleet: source });
      // @ts-expect-error a policy's name is no fleet's
      traffic.inc({ fleet: policy });
      // @ts-expect-error there is no domain of addresses
      bounded("source", source);
      const ofSources = { type: "counter", unit: "packets", help: "Packets by source." } as const;
      // @ts-expect-error nor can the catalogue have such a label
      const definition: MetricDefinition = { ...ofSources, labels: { source: "any source" } };
      return definition;
    };
    expect(compileOnly).toBeTypeOf("function");
  });
});
