import { describe, expect, it } from "vitest";
import { checkExpression } from "./check-expression.ts";
import {
  absent,
  age,
  anyOf,
  compare,
  countBy,
  divide,
  increase,
  labelValues,
  matching,
  metric,
  not,
  quantile,
  rate,
  sumBy,
  times,
  up,
} from "./query.ts";

const dropped = rate(metric("packets_dropped_total"), "5m");
const traffic = rate(metric("traffic_packets_total"), "5m");

describe("a query", () => {
  it.each([
    [metric("build_info"), "pistonprotection_build_info"],
    [
      metric("reason_packets_total", { reason: "limit", verdict: not("pass") }),
      'pistonprotection_reason_packets_total{reason="limit", verdict!="pass"}',
    ],
    [
      metric("rule_packets_total", { outcome: anyOf("exceeded", "blocked"), fleet: matching("$fleet") }),
      'pistonprotection_rule_packets_total{outcome=~"exceeded|blocked", fleet=~"$fleet"}',
    ],
    [
      metric("traffic_packets_total", { fleet: 'a"b\\c' }),
      'pistonprotection_traffic_packets_total{fleet="a\\"b\\\\c"}',
    ],
    [
      times(divide(dropped, traffic), 100),
      "(rate(pistonprotection_packets_dropped_total[5m]) / rate(pistonprotection_traffic_packets_total[5m])) * 100",
    ],
    [
      compare(sumBy(["fleet"], dropped), ">", 10),
      "sum by (fleet) (rate(pistonprotection_packets_dropped_total[5m])) > 10",
    ],
    [sumBy([], dropped), "sum(rate(pistonprotection_packets_dropped_total[5m]))"],
    [
      countBy(["fleet"], countBy(["fleet", "generation"], metric("generation_info"))),
      "count by (fleet) (count by (fleet, generation) (pistonprotection_generation_info))",
    ],
    [
      quantile(0.99, "swap_duration_seconds", { fleet: "edge" }, "1h", ["fleet"]),
      'histogram_quantile(0.99, sum by (le, fleet) (rate(pistonprotection_swap_duration_seconds_bucket{fleet="edge"}[1h])))',
    ],
    [
      absent(metric("generation_info", { fleet: "edge" })),
      'absent(pistonprotection_generation_info{fleet="edge"})',
    ],
    [
      age(metric("generation_committed_timestamp_seconds")),
      "time() - pistonprotection_generation_committed_timestamp_seconds",
    ],
    [increase(metric("samples_total"), "1h"), "increase(pistonprotection_samples_total[1h])"],
    [compare(up("piston.*"), "==", 0), 'up{job=~"piston.*"} == 0'],
  ])("%# reads as PromQL and passes the check", (query, text) => {
    expect(query.text).toBe(text);
    expect(checkExpression(query.text).faults).toEqual([]);
  });

  it("lists a label's values for a dashboard", () => {
    expect(labelValues("generation_info", "fleet")).toBe(
      "label_values(pistonprotection_generation_info, fleet)",
    );
  });

  it("does not compile with what the catalogue does not have", () => {
    const compileOnly = () => {
      // @ts-expect-error no such metric
      metric("drops_total");
      // @ts-expect-error no such label
      metric("traffic_packets_total", { verdict: "pass" });
      // @ts-expect-error no such value
      metric("reason_packets_total", { verdict: "reject" });
      // @ts-expect-error no such value in a list
      metric("rule_packets_total", { outcome: anyOf("exceeded", "denied") });
      // @ts-expect-error a gauge has no rate
      rate(metric("component_health"), "5m");
      // @ts-expect-error a histogram has no series of its own name
      metric("swap_duration_seconds");
      // @ts-expect-error grouped by a label that is not there
      sumBy(["rule"], traffic);
      // @ts-expect-error grouped away before
      sumBy(["instance"], sumBy(["fleet"], traffic));
      // @ts-expect-error no duration
      rate(metric("samples_total"), "5 minutes");
    };
    expect(compileOnly).toBeTypeOf("function");
  });

  it("does not divide vectors of unlike labels", () => {
    // @ts-expect-error one has a label that the other lacks
    expect(() => divide(sumBy(["fleet"], dropped), traffic)).toThrow("division of unlike vectors");
    // @ts-expect-error the other way round
    expect(() => divide(traffic, sumBy(["fleet"], dropped))).toThrow("division of unlike vectors");
  });
});

describe("the check of an expression", () => {
  it.each([
    ["rate(pistonprotection_traffic_packets_total[5m)", "syntax error at 46: )"],
    ["pistonprotection_drops_total", "metric not in the catalogue: pistonprotection_drops_total"],
    ["node_load1", "metric not in the catalogue: node_load1"],
    [
      "pistonprotection_swap_duration_seconds",
      "metric not in the catalogue: pistonprotection_swap_duration_seconds",
    ],
    ["pistonprotection_build_info_count", "metric not in the catalogue: pistonprotection_build_info_count"],
    ['pistonprotection_build_info{fleet="edge"}', "build_info has no label fleet"],
    [
      'pistonprotection_reason_packets_total{reason="limits"}',
      "reason_packets_total: no reason matches limits",
    ],
    ['pistonprotection_reason_packets_total{reason=~"lim"}', "reason_packets_total: no reason matches lim"],
    [
      "sum by (rule) (pistonprotection_traffic_packets_total)",
      "grouped by rule, which no metric of the expression has",
    ],
  ])("refuses %s", (expression, fault) => {
    expect(checkExpression(expression).faults).toContain(fault);
  });

  it("takes the queries of the operations guide as they stand", () => {
    for (const expression of [
      "rate(pistonprotection_traffic_bytes_total[5m])",
      "rate(pistonprotection_attacks_detected_total[5m]) > 1000",
      'up{job=~"pistonprotection.*"} == 0',
      "rate(pistonprotection_packets_dropped_total[5m]) /\nrate(pistonprotection_traffic_packets_total[5m]) > 0.5",
      "pistonprotection_ebpf_map_entries / pistonprotection_ebpf_map_max_entries * 100",
    ])
      expect(checkExpression(expression).faults).toEqual([]);
  });

  it("names the metrics that it reads", () => {
    expect(
      checkExpression("pistonprotection_ebpf_map_entries / pistonprotection_ebpf_map_max_entries").metrics,
    ).toEqual(["ebpf_map_entries", "ebpf_map_max_entries"]);
  });
});
