import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkExpression } from "../../../metrics/check-expression.ts";
import { metric, rate } from "../../../metrics/query.ts";
import { fleetOf, ruleOf } from "../../tables/fleet-fixture.ts";
import { FLEETS } from "../fleet-fixture.ts";
import { DEFAULT_SITE } from "../site-fixture.ts";
import { alert, literal } from "./alert.ts";
import { alertGroups, emitAlerts, RULE_FILE } from "./index.ts";

const artifacts = emitAlerts(FLEETS, DEFAULT_SITE);
const textOf = (path: string) =>
  new TextDecoder().decode(artifacts.find((artifact) => artifact.path === path)!.bytes);
const rules = alertGroups(FLEETS).flatMap((group) => group.rules);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "piston-alerts-"));
  writeFileSync(join(directory, "rules.yaml"), textOf(RULE_FILE));
});
afterAll(() => rmSync(directory, { recursive: true }));

function promtool(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, { cwd: directory, encoding: "utf8" });
  return `${error?.message ?? ""}${stdout}${stderr}exit ${status}`;
}

describe("the alert rules", () => {
  it("are found right by promtool, one duplicate name for each rule's own alert included", () => {
    const output = promtool("check", "rules", "rules.yaml");
    // 5 critical, 4 warnings, 1 for the fleet, 3 for the rules of the fixture that ask for one and drop.
    expect(output).toContain("SUCCESS: 13 rules found");
    expect(output).toContain("exit 0");
    expect(output).not.toContain("duplicate");
  });

  it.each(rules.map((rule) => [rule.alert, rule.expr]))(
    "%s reads only metrics that are emitted: %s",
    (_, expr) => {
      expect(checkExpression(expr).faults).toEqual([]);
    },
  );

  it("are the same in the plain file and for the operator", () => {
    expect(parse(textOf("manifests/monitoring/prometheus-rule.yaml")).spec).toEqual(parse(textOf(RULE_FILE)));
  });

  it("have an alert for each rule that asks for one and can drop", () => {
    const own = rules.filter(({ alert }) => alert === "RuleAboveThreshold");
    expect(own.map(({ labels }) => `${labels["policy"]}/${labels["rule"]}`)).toEqual([
      "hygiene/bogons",
      "edge-dns/queries",
      "edge-dns/big",
    ]);
    expect(own[2]?.annotations["summary"]).toContain("would drop");
  });

  it("keep a template in a rule's name from being one", () => {
    expect(literal("a {{ b }}")).toBe('a {{ "{{" }} b }}');
    const fleet = fleetOf([ruleOf("p/{{ $x }}", {}, { alertAbovePps: 1 })], { name: "edge" });
    const file = new TextDecoder().decode(emitAlerts([fleet], DEFAULT_SITE)[0]!.bytes);
    writeFileSync(join(directory, "odd.yaml"), file);
    expect(promtool("check", "rules", "odd.yaml")).toContain("exit 0");
  });

  it("can name only labels that their expression has", () => {
    const compileOnly = () =>
      alert({
        name: "X",
        expression: rate(metric("traffic_packets_total"), "5m"),
        for: "1m",
        severity: "warning",
        summary: "x",
        // @ts-expect-error traffic has no backend
        description: (t) => t.label("backend"),
      });
    expect(compileOnly).toBeTypeOf("function");
  });
});

/** What promtool expects of one alert at one time. */
interface Case {
  readonly name: string;
  readonly series: Readonly<Record<string, string>>;
  readonly alert: string;
  readonly at: string;
  readonly fires: readonly { readonly labels: Record<string, string>; readonly description: string }[];
}

const TARGET = 'job="pistonprotection-workers/pistonprotection-worker",instance="10.0.0.1:9090"';
const traffic = `pistonprotection_traffic_packets_total{fleet="edge",${TARGET}}`;
const dropped = `pistonprotection_packets_dropped_total{fleet="edge",${TARGET}}`;
const attached = `pistonprotection_interface_attached{fleet="edge",interface="eth0",mode="native",${TARGET}}`;
const queries = (outcome: string) =>
  `pistonprotection_rule_packets_total{fleet="edge",policy="edge-dns",rule="queries",backend="dns",action="limit",mode="enforce",outcome="${outcome}",${TARGET}}`;
const generation = (id: string, instance: string) =>
  `pistonprotection_generation_info{fleet="edge",generation="${id}",bundle_digest="sha256:${id}",revision="r",job="j",instance="${instance}"}`;
const swaps = (result: string) =>
  `pistonprotection_generation_swaps_total{fleet="edge",result="${result}",${TARGET}}`;
const attacks = (instance: string) =>
  `pistonprotection_attacks_detected_total{fleet="edge",backend="dns",job="j",instance="${instance}"}`;

const CASES: readonly Case[] = [
  {
    name: "HighDropRate fires where three quarters are dropped for five minutes",
    series: { [traffic]: "0+6000x20", [dropped]: "0+4500x20" },
    alert: "HighDropRate",
    at: "12m",
    fires: [
      {
        labels: { fleet: "edge", severity: "critical" },
        description:
          "Fleet edge drops 75% of its packets. Look at the reasons and rules on the dashboard: an attack, or a rule that is too wide.",
      },
    ],
  },
  {
    name: "HighDropRate does not fire at exactly one half",
    series: { [traffic]: "0+6000x20", [dropped]: "0+3000x20" },
    alert: "HighDropRate",
    at: "12m",
    fires: [],
  },
  {
    name: "HighAttackVolume adds the nodes up",
    series: { [attacks("a")]: "0+36000x20", [attacks("b")]: "0+36000x20" },
    alert: "HighAttackVolume",
    at: "10m",
    fires: [
      {
        labels: { fleet: "edge", backend: "dns", severity: "critical" },
        description: "Fleet edge drops 1.2k packets/s of attacks on backend dns.",
      },
    ],
  },
  {
    name: "HighAttackVolume does not fire for one of the nodes",
    series: { [attacks("a")]: "0+36000x20" },
    alert: "HighAttackVolume",
    at: "10m",
    fires: [],
  },
  {
    name: "ServiceDown fires for a target of the PodMonitor",
    series: { [`up{${TARGET}}`]: "0x5" },
    alert: "ServiceDown",
    at: "2m",
    fires: [
      {
        labels: {
          job: "pistonprotection-workers/pistonprotection-worker",
          instance: "10.0.0.1:9090",
          severity: "critical",
        },
        description:
          "pistonprotection-workers/pistonprotection-worker on 10.0.0.1:9090 does not answer. Its last generation goes on filtering; new bundles are not taken.",
      },
    ],
  },
  {
    name: "NotFiltering fires where an interface has lost its program",
    series: { [attached]: "1 1 0x10" },
    alert: "NotFiltering",
    at: "4m",
    fires: [
      {
        labels: { fleet: "edge", instance: "10.0.0.1:9090", interface: "eth0", severity: "critical" },
        description: "eth0 of 10.0.0.1:9090 (fleet edge) has no XDP program of PistonProtection attached.",
      },
    ],
  },
  {
    name: "NotFiltering is quiet while it is attached",
    series: { [attached]: "1x10" },
    alert: "NotFiltering",
    at: "4m",
    fires: [],
  },
  {
    name: "BundleRefused fires at once",
    series: { [swaps("refused")]: "0x5 1x20", [swaps("committed")]: "1x25" },
    alert: "BundleRefused",
    at: "7m",
    fires: [
      {
        labels: { fleet: "edge", instance: "10.0.0.1:9090", severity: "warning" },
        description:
          "10.0.0.1:9090 (fleet edge) goes on with its last good generation. Its log and bundle_refused_total name the part that is wrong.",
      },
    ],
  },
  {
    name: "BundleRefused is quiet where bundles are committed",
    series: { [swaps("refused")]: "0x25", [swaps("committed")]: "0x5 1x20" },
    alert: "BundleRefused",
    at: "7m",
    fires: [],
  },
  {
    name: "GenerationDrift waits for a roll-out, and then fires",
    series: { [generation("aa", "a")]: "1x60", [generation("bb", "b")]: "1x60" },
    alert: "GenerationDrift",
    at: "31m",
    fires: [
      {
        labels: { fleet: "edge", severity: "warning" },
        description: "Fleet edge serves 2 generations at once: its roll-out has stopped on the way.",
      },
    ],
  },
  {
    name: "GenerationDrift is quiet where all nodes serve one",
    series: { [generation("aa", "a")]: "1x60", [generation("aa", "b")]: "1x60" },
    alert: "GenerationDrift",
    at: "31m",
    fires: [],
  },
  {
    name: "FleetNotServed fires where nobody reports",
    series: { "up{}": "1x10" },
    alert: "FleetNotServed",
    at: "6m",
    fires: [
      {
        labels: { fleet: "edge", severity: "critical" },
        description:
          "Prometheus has heard of no node that serves fleet edge: no agent runs, or none is scraped.",
      },
    ],
  },
  {
    name: "a rule's own alert counts what its limit drops, and not what it lets on",
    series: { [queries("exceeded")]: "0+7200x10", [queries("conformed")]: "0+600000x10" },
    alert: "RuleAboveThreshold",
    at: "5m",
    fires: [
      {
        labels: { fleet: "edge", policy: "edge-dns", rule: "queries", backend: "dns", severity: "warning" },
        description:
          "Rule edge-dns/queries of fleet edge drops 120 packets/s over all nodes; policies/test.policy.ts line 3 asks for an alert above 100.",
      },
    ],
  },
  {
    name: "a rule's own alert is quiet at its threshold",
    series: { [queries("exceeded")]: "0+6000x10", [queries("conformed")]: "0+600000x10" },
    alert: "RuleAboveThreshold",
    at: "5m",
    fires: [],
  },
];

describe("promtool runs the rules", () => {
  it.each(CASES)("$name", ({ series, alert: alertname, at, fires }) => {
    const annotations = (labels: Record<string, string>, description: string) => {
      const rule = rules.find(
        (each) => each.alert === alertname && (each.labels["rule"] ?? labels["rule"]) === labels["rule"],
      );
      return { summary: rule?.annotations["summary"], description };
    };
    const test = {
      rule_files: ["rules.yaml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: [
            {
              eval_time: at,
              alertname,
              exp_alerts: fires.map(({ labels, description }) => ({
                exp_labels: labels,
                exp_annotations: annotations(labels, description),
              })),
            },
          ],
        },
      ],
    };
    // JSON is YAML.
    writeFileSync(join(directory, "test.yaml"), JSON.stringify(test));
    expect(promtool("test", "rules", "test.yaml")).toContain("exit 0");
  });
});
