// Debian's Prometheus and Alertmanager, started with what the compiler emits, on a running agent under attack.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { LabNode } from "../../src/lab/lab-node.ts";
import { Monitoring } from "../../src/lab/monitoring.ts";
import { definitionOf, fullName } from "../../src/metrics/catalogue.ts";
import { checkExpression } from "../../src/metrics/check-expression.ts";
import {
  ATTACKED_BACKEND,
  ATTACKED_FLEET,
  attack,
  attackedFleet,
  outputOf,
  play,
} from "../support/attacked-fleet.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { until } from "../support/until.ts";
import { type Message, Webhook } from "../support/webhook.ts";

/** Of an agent with TLS alone; test/kernel/agent-tls.test.ts reads it there. */
const NEEDS_TLS = ["certificate_expiry_seconds"];

const RULES = fileURLToPath(new URL("../../dist/alerts/", import.meta.url));

describeKernel("a Prometheus and an Alertmanager with the generated configuration", () => {
  let node: LabNode;
  let monitoring: Monitoring;
  let webhook: Webhook;
  let traffic: NodeJS.Timeout;
  let isUnderAttack = false;

  beforeAll(async () => {
    node = new LabNode("piston-test-prom", ATTACKED_FLEET);
    node.publish(await bundleOf(attackedFleet));
    // A sink, so that the metrics of sinks are there.
    await node.startAgent(["--set", "sinks.jsonLog=true"]).event("generation-committed");

    // The timings of a site for production, scaled; nothing else differs from what `piston synth` writes.
    webhook = new Webhook();
    const site = {
      notifications: {
        webhook: { url: await webhook.listen() },
        grouping: { wait: "1s", interval: "1s", repeat: "1h" },
      },
      alerting: { alerts: { HighAttackVolume: { threshold: 100, window: "5s", for: "3s" } } },
    } as const;
    const timings = { scrapeInterval: "1s", evaluationInterval: "1s" } as const;
    monitoring = new Monitoring();
    monitoring.write(await outputOf(site));
    const alertmanager = new URL(await monitoring.startAlertmanager()).host;
    monitoring.write(await outputOf({ ...site, prometheus: { ...timings, alertmanagers: [alertmanager] } }));
    await monitoring.addAgent(node.agent.metricsSocket);
    await monitoring.startPrometheus();
    // 50 packets of players and, in an attack, 1,000 others each second.
    traffic = setInterval(() => {
      node.send(play);
      if (isUnderAttack) node.send(attack);
    }, 100);
  });

  afterAll(async () => {
    clearInterval(traffic);
    await monitoring?.close();
    webhook?.close();
    await node?.close();
  });

  const told = (status: Message["status"]) =>
    until(
      async () =>
        webhook.messages.find(
          (message) =>
            message.status === status &&
            message.alerts.some(({ labels }) => labels["alertname"] === "HighAttackVolume"),
        ) ?? null,
      () => `${monitoring.describe()}\n${JSON.stringify(webhook.messages)}`,
    );
  const firingFor = async (alert: string) =>
    (await monitoring.alerts()).filter(({ labels }) => labels["alertname"] === alert);
  const states = async (state: string) =>
    monitoring.query(`count_over_time(ALERTS{alertname="HighAttackVolume", alertstate="${state}"}[5m])`);

  it("scrapes the agent, and has every recording", async () => {
    await until(
      async () => {
        const targets = await monitoring.targets();
        return targets.length === 1 && targets[0]?.health === "up" ? targets : null;
      },
      () => monitoring.describe(),
    );
    const recorded = [
      "fleet:pistonprotection_traffic_packets:rate5m",
      "fleet:pistonprotection_pass:ratio_rate5m",
      "rule:pistonprotection_packets_dropped:rate5m",
      "backend:pistonprotection_attacks_detected:rate5m",
      "backend:pistonprotection_loss:ratio_rate3d",
    ];
    await until(
      async () => {
        const names = await monitoring.metricNames();
        return recorded.every((name) => names.includes(name)) ? names : null;
      },
      () => monitoring.describe(),
    );
    expect(await firingFor("HighAttackVolume")).toEqual([]);
  });

  it("sees an attack: the alert is pending, fires, and reaches the receiver of its severity", async () => {
    isUnderAttack = true;
    const message = await told("firing");
    expect(message.receiver).toBe("critical");
    expect(message.alerts.find(({ labels }) => labels["alertname"] === "HighAttackVolume")).toMatchObject({
      status: "firing",
      labels: {
        fleet: ATTACKED_FLEET,
        backend: ATTACKED_BACKEND,
        severity: "critical",
        team: "team-game",
        namespace: "pistonprotection",
      },
      annotations: { runbook_url: expect.stringMatching(/\/docs\/runbooks\/HighAttackVolume\.md$/) },
    });
    expect(await states("pending")).toHaveLength(1);
    expect(await states("firing")).toHaveLength(1);
  });

  it("sees its end: the alert resolves, and the receiver hears of it", async () => {
    isUnderAttack = false;
    const message = await told("resolved");
    expect(message.receiver).toBe("critical");
    expect(await firingFor("HighAttackVolume")).toEqual([]);
  });

  it("finds in /metrics of the agent every metric that a rule of dist/ reads", async () => {
    const groups = readdirSync(RULES)
      .filter((name) => name.endsWith(".rules.yaml"))
      .flatMap((name) => (parse(readFileSync(join(RULES, name), "utf8")) as RuleFile).groups);
    const rules = groups.flatMap((group) => group.rules);
    const names = new Set(rules.flatMap(({ expr }) => checkExpression(expr).metrics));
    expect(names.size).toBeGreaterThan(10);
    const { body } = await node.agent.metrics();
    const missing = [...names].filter((name) => {
      const series = `${fullName(name)}${definitionOf(name).type === "histogram" ? "_bucket" : ""}`;
      return !new RegExp(`^${series}[{ ]`, "m").test(body);
    });
    expect(missing).toEqual(NEEDS_TLS);
  });
});

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}
