import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkExpression } from "../../../metrics/check-expression.ts";
import { metric, rate } from "../../../metrics/query.ts";
import { ALERT_NAMES } from "../../../policy/alerting.ts";
import { fleetOf, ruleOf } from "../../tables/fleet-fixture.ts";
import { FLEETS } from "../fleet-fixture.ts";
import { DEFAULT_SITE, siteOf } from "../site-fixture.ts";
import { alert, literal } from "./alert.ts";
import { alertGroups, emitAlerts, RULE_FILE, SERVICE_LEVEL_FILE } from "./index.ts";
import { gauge } from "./signal.ts";

const artifacts = emitAlerts(FLEETS, DEFAULT_SITE);
const textOf = (path: string) =>
  new TextDecoder().decode(artifacts.find((artifact) => artifact.path === path)!.bytes);
const groups = alertGroups(FLEETS, DEFAULT_SITE);
const alerts = groups.flatMap((group) => group.alerts);
const recordings = groups.flatMap((group) => group.recordings);
const recorded = new Map(recordings.map(({ record, expression }) => [record, expression.labels]));

describe("the alert rules", () => {
  it("are all that have a name, where a fleet has rules and backends that ask for them", () => {
    expect([...new Set(alerts.map(({ rule }) => rule.alert))].sort()).toEqual([...ALERT_NAMES].sort());
  });

  it.each([
    ...alerts.map(({ rule }) => [rule.alert, rule.expr] as const),
    ...recordings.map(({ record, expression }) => [record, expression.text] as const),
  ])("%s reads only metrics that are emitted: %s", (_, expr) => {
    expect(checkExpression(expr, recorded).faults).toEqual([]);
  });

  it("are the same in the plain files and for the operator", () => {
    const plain = [RULE_FILE, SERVICE_LEVEL_FILE].flatMap((path) => parse(textOf(path)).groups);
    expect(parse(textOf("manifests/monitoring/prometheus-rule.yaml")).spec).toEqual({ groups: plain });
  });

  it("carry what routes them: severity, namespace, and the team where they name a backend or a rule", () => {
    for (const { rule, expected } of alerts) {
      expect(expected.labels).toMatchObject({
        namespace: "pistonprotection",
        severity: expect.stringMatching(/^(critical|warning)$/),
      });
      expect(rule.annotations["runbook_url"]).toMatch(/^https:\/\/.*\/docs\/runbooks\/[A-Za-z]+\.md$/);
    }
    const team = (name: string) => alerts.find(({ rule }) => rule.alert === name)?.expected.labels["team"];
    expect([team("HighAttackVolume"), team("BackendDegraded"), team("PassRatioBurn1h")]).toEqual([
      "team-dns",
      "team-dns",
      "team-dns",
    ]);
  });

  it("have an alert for each rule that asks for one and can drop", () => {
    const own = alerts.map(({ rule }) => rule).filter((rule) => rule.alert === "RuleAboveThreshold");
    expect(own.map(({ labels }) => `${labels["policy"]}/${labels["rule"]}`)).toEqual([
      "hygiene/bogons",
      "edge-dns/queries",
      "edge-dns/big",
    ]);
    expect(own[2]?.annotations["summary"]).toContain("would drop");
  });

  it("leave out what a site turns off, and take its threshold, window and waiting time", () => {
    const site = siteOf({
      alerting: {
        alerts: { ServiceDown: false, HighAttackVolume: { threshold: 50, window: "10s", for: "3s" } },
      },
    });
    const names = alertGroups(FLEETS, site).flatMap((group) => group.alerts);
    expect(names.some(({ rule }) => rule.alert === "ServiceDown")).toBe(false);
    expect(names.find(({ rule }) => rule.alert === "HighAttackVolume")?.rule).toMatchObject({
      expr: "sum by (fleet, backend) (rate(pistonprotection_attacks_detected_total[10s])) > 50",
      for: "3s",
    });
  });

  it("keep a template in a rule's name from being one", () => {
    expect(literal("a {{ b }}")).toBe('a {{ "{{" }} b }}');
    const fleet = fleetOf([ruleOf("p/{{ $x }}", {}, { alertAbovePps: 1 })], { name: "edge" });
    const own = alertGroups([fleet], DEFAULT_SITE)
      .flatMap((group) => group.alerts)
      .find(({ rule }) => rule.alert === "RuleAboveThreshold");
    expect(own?.rule.labels["rule"]).toBe('{{ "{{" }} $x }}');
    expect(own?.expected.labels["rule"]).toBe("{{ $x }}");
  });

  it("can name only labels that their expression has", () => {
    const compileOnly = () =>
      alert(
        {
          name: "HighDropRate",
          expression: rate(metric("traffic_packets_total"), "5m"),
          for: "1m",
          severity: "warning",
          summary: "x",
          // @ts-expect-error traffic has no backend
          description: (t) => t.label("backend"),
          proof: { signals: [], value: 1, windows: [] },
        },
        { runbooks: "", namespace: "" },
      );
    expect(compileOnly).toBeTypeOf("function");
  });

  it("can be tested only with series that the catalogue has", () => {
    const compileOnly = () =>
      // @ts-expect-error no such metric
      gauge("nobody_emits_this", {}, { quiet: 0, firing: 1 });
    expect(compileOnly).toBeTypeOf("function");
  });
});
