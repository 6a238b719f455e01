import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AlertmanagerConfig } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1/AlertmanagerConfig";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ALERT_NAMES } from "../../../policy/alerting.ts";
import { existingSecret } from "../../../policy/index.ts";
import { siteOf } from "../site-fixture.ts";
import { emitAlertmanager } from "./index.ts";
import { INHIBITIONS } from "./notifications.ts";

const DIST = fileURLToPath(new URL("../../../../dist/", import.meta.url));
const CONFIGURATION = join(DIST, "alertmanager/alertmanager.yml");

function amtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("amtool", args, { encoding: "utf8" });
  return { status, output: stdout + stderr };
}
const route = (labels: Readonly<Record<string, string>>, receiver: string) =>
  amtool(
    "config",
    "routes",
    "test",
    `--config.file=${CONFIGURATION}`,
    `--verify.receivers=${receiver}`,
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  );

interface RouteCase {
  readonly labels: Readonly<Record<string, string>>;
  readonly receiver: string;
}
const cases = parse(readFileSync(join(DIST, "alertmanager/routes.test.yaml"), "utf8")) as RouteCase[];

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert?: string;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  }[];
}
const rules = readdirSync(join(DIST, "alerts"))
  .filter((name) => name.endsWith(".rules.yaml"))
  .flatMap((name) => (parse(readFileSync(join(DIST, "alerts", name), "utf8")) as RuleFile).groups)
  .flatMap((group) => group.rules)
  .filter(({ alert }) => alert !== undefined);

describe("the Alertmanager configuration in dist/", () => {
  it("is found right by amtool, that of every environment", () => {
    const environments = readdirSync(join(DIST, "environments"));
    const files = ["", ...environments.map((name) => `environments/${name}/`)].map((root) =>
      join(DIST, root, "alertmanager/alertmanager.yml"),
    );
    const { status, output } = amtool("check-config", ...files);
    expect(output).not.toContain("FAILED");
    expect(status).toBe(0);
  });

  it.each(cases)("leads $labels to $receiver", ({ labels, receiver }) => {
    expect(route(labels, receiver)).toMatchObject({ status: 0 });
  });

  it("does not lead what is critical to the other receiver", () => {
    expect(route({ severity: "critical" }, "warning")).toMatchObject({ status: 1 });
  });

  it("leads each alert of dist/ to the receiver of its severity", () => {
    // Labels that are templates are filled in by then; routes do not look at them.
    const shown = new Map(
      rules.map(({ alert = "", labels = {} }) => [`${alert} ${labels["severity"]}`, { alert, labels }]),
    );
    for (const { alert, labels } of shown.values()) {
      const severity = labels["severity"] ?? "";
      expect(route({ alertname: alert, severity }, severity)).toMatchObject({ status: 0 });
    }
  });

  it("holds no secret, and names files for all that it needs", () => {
    const text = readFileSync(CONFIGURATION, "utf8");
    expect(text).not.toMatch(/hooks\.slack\.com|\b(api_url|routing_key|service_key|url):/);
    expect(text).toContain("api_url_file: /etc/alertmanager/secrets/pistonprotection-notifications/");
    expect(text).toContain("service_key_file: /etc/alertmanager/secrets/pistonprotection-notifications/");
  });
});

describe("inhibitions", () => {
  it("name only alerts that there are", () => {
    for (const { name, operator, value } of INHIBITIONS.flatMap(({ source, target }) => [
      ...source,
      ...target,
    ])) {
      if (name !== "alertname") continue;
      const pattern = new RegExp(`^(?:${value})$`);
      const alternatives = operator === "=" ? [value] : value.split("|");
      expect(ALERT_NAMES.some((alert) => pattern.test(alert))).toBe(true);
      for (const one of alternatives)
        expect(ALERT_NAMES.some((alert) => new RegExp(`^(?:${one})$`).test(alert))).toBe(true);
    }
  });

  it("never let an alert mute itself", () => {
    // Alertmanager does not inhibit what both sides match, but then the rule says nothing: none of ours does that.
    for (const { source, target } of INHIBITIONS) expect(source).not.toEqual(target);
  });
});

describe("the AlertmanagerConfig", () => {
  const textOf = (site: ReturnType<typeof siteOf>, path: string) =>
    new TextDecoder().decode(emitAlertmanager(site).find((artifact) => artifact.path === path)!.bytes);
  const site = siteOf({
    notifications: {
      slack: { critical: "#c", warning: "#w", webhookUrl: existingSecret("notify", "slack") },
      pagerDuty: { routingKey: existingSecret("notify", "pagerduty") },
      webhook: { url: existingSecret("notify", "url"), severities: ["warning"] },
    },
  });

  it("is one, with secrets by name and key", () => {
    const object = parse(textOf(site, "manifests/monitoring/alertmanager-config.yaml"));
    new AlertmanagerConfig(object).validate();
    const [critical, warning] = object.spec.receivers;
    expect(critical).toMatchObject({
      name: "critical",
      slackConfigs: [{ channel: "#c", apiURL: { name: "notify", key: "slack" } }],
      pagerdutyConfigs: [{ routingKey: { name: "notify", key: "pagerduty" } }],
    });
    expect(critical.webhookConfigs).toBeUndefined();
    expect(warning.pagerdutyConfigs).toBeUndefined();
    expect(warning.webhookConfigs).toEqual([
      { urlSecret: { name: "notify", key: "url" }, sendResolved: true },
    ]);
  });

  it("is left out where there is no operator, and says nothing where nobody is to be told", () => {
    const quiet = siteOf({ prometheus: { operator: false } });
    expect(emitAlertmanager(quiet).map(({ path }) => path)).toEqual([
      "alertmanager/alertmanager.yml",
      "alertmanager/routes.test.yaml",
    ]);
    expect(parse(textOf(quiet, "alertmanager/alertmanager.yml")).receivers).toEqual([
      { name: "critical" },
      { name: "warning" },
    ]);
  });
});
