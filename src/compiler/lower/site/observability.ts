// Notifications, alert thresholds, Prometheus, Grafana and logs of a site.

import { secondsOf } from "../../../ir/duration.ts";
import type {
  AlertingIr,
  FluentdIr,
  GrafanaIr,
  NamespacesIr,
  NotificationsIr,
  PagerDutyIr,
  PrometheusIr,
  SourceIr,
  WebhookIr,
} from "../../../ir/site.ts";
import { ALERT_NAMES, ALERTS, type AlertTunings } from "../../../policy/alerting.ts";
import type { DurationText } from "../../../policy/index.ts";
import { suggest } from "../../diagnostics/index.ts";
import { PASS_RATIO } from "../backends.ts";
import { BUCKET, CHANNEL, CHUNK, HOST_PORT, HTTP_URL, HTTPS_URL, REGION, TITLE, WORD } from "./rules.ts";
import { secretOf } from "./secrets.ts";
import type { Section } from "./section.ts";

const NOTIFICATIONS_SECRET = "pistonprotection-notifications";

export function lowerNotifications(section: Section, { platform }: NamespacesIr): NotificationsIr {
  const target = (key: string) => ({ namespace: platform.name, name: NOTIFICATIONS_SECRET, key });
  const slack = section.section("slack");
  const pagerDuty = section.section("pagerDuty");
  const webhook = section.section("webhook");
  const grouping = section.defaults("grouping");
  const result: NotificationsIr = {
    slack:
      slack &&
      Object.freeze({
        critical: slack.text("critical", CHANNEL),
        warning: slack.text("warning", CHANNEL),
        webhookUrl: secretOf(slack, "webhookUrl", target("slack-webhook-url")),
      }),
    pagerDuty: pagerDuty && lowerPagerDuty(pagerDuty, target),
    webhook: webhook && lowerWebhook(webhook, target),
    grouping: Object.freeze({
      wait: grouping.duration("wait", "30s"),
      interval: grouping.duration("interval", "5m"),
      repeat: grouping.duration("repeat", "4h"),
    }),
    location: section.location,
  };
  for (const one of [slack, pagerDuty, webhook, grouping, section]) one?.end();
  return Object.freeze(result);
}

type Target = (key: string) => { namespace: string; name: string; key: string };

function lowerPagerDuty(section: Section, target: Target): PagerDutyIr {
  if (section.has("routingKey") === section.has("serviceKey"))
    section.context.report(section.context.span(section.path), {
      code: "bad-value",
      message: section.has("routingKey")
        ? "`pagerDuty` has both a `routingKey` and a `serviceKey`"
        : "`pagerDuty` has no key",
      help: "write `routingKey` for an Events API v2 integration, or `serviceKey` for one of the type Prometheus",
    });
  return section.has("serviceKey")
    ? { api: "prometheus", key: secretOf(section, "serviceKey", target("pagerduty-service-key")) }
    : { api: "events-v2", key: secretOf(section, "routingKey", target("pagerduty-routing-key")) };
}

const SEVERITIES = ["critical", "warning"] as const;

function lowerWebhook(section: Section, target: Target): WebhookIr {
  const url =
    typeof section.raw("url") === "string"
      ? section.text("url", HTTP_URL)
      : secretOf(section, "url", target("webhook-url"));
  const severities = section.list(
    "severities",
    (raw) => {
      const found = SEVERITIES.find((one) => one === raw) ?? null;
      if (found === null)
        section.check("severities", raw, {
          pattern: /^$/,
          what: "a severity",
          help: 'write "critical" or "warning"',
        });
      return found;
    },
    SEVERITIES,
  );
  return Object.freeze({ url, severities });
}

const THRESHOLD = { least: 0, most: 1e9, whole: false, unit: "" };

/** What the vocabulary lists: every alert with what of it can be tuned. */
function lowerAlerts(section: Section): AlertTunings {
  const tunings = ALERT_NAMES.map((name) => {
    if (section.raw(name) === false) return [name, null];
    const inner = section.defaults(name);
    const defaults: Readonly<Record<string, number | DurationText>> = ALERTS[name];
    const tuning = Object.entries(defaults).map(([key, value]) => [
      key,
      typeof value === "number" ? inner.number(key, THRESHOLD, value) : inner.duration(key, value),
    ]);
    inner.end();
    return [name, Object.freeze(Object.fromEntries(tuning))];
  });
  section.end();
  return Object.freeze(Object.fromEntries(tunings)) as AlertTunings;
}

export function lowerAlerting(section: Section, source: SourceIr): AlertingIr {
  const result: AlertingIr = {
    alerts: lowerAlerts(section.defaults("alerts")),
    backends: section.sections("backends", lowerServiceLevel),
    runbooks: withoutSlash(
      section.text(
        "runbooks",
        HTTPS_URL,
        `${source.repository.replace(/\.git$/, "")}/blob/${source.branch}/docs/runbooks`,
      ),
    ),
    location: section.location,
  };
  section.end();
  return Object.freeze(result);
}

function lowerServiceLevel(name: string, section: Section): AlertingIr["backends"][string] {
  const { backends } = section.context.surroundings;
  if (!backends.includes(name))
    section.context.report(section.context.span(section.path), {
      code: "unknown-backend",
      message: `no policy has a backend \`${name}\``,
      help: suggest(name, backends, "backends"),
    });
  const passRatio = section.number("passRatio", PASS_RATIO);
  section.end();
  return Object.freeze({ passRatio, location: section.location });
}

export function lowerPrometheus(section: Section, { monitoring }: NamespacesIr): PrometheusIr {
  const scrapeInterval = section.duration("scrapeInterval", "15s");
  // Ten of fifteen seconds, as Prometheus' own default stands to its interval.
  const scrapeTimeout = section.duration(
    "scrapeTimeout",
    durationSeconds(scrapeInterval) < 10 ? scrapeInterval : "10s",
  );
  if (durationSeconds(scrapeTimeout) > durationSeconds(scrapeInterval))
    section.fault(
      "scrapeTimeout",
      `a scrape may take ${scrapeTimeout}, and the next begins after ${scrapeInterval}`,
      "make the timeout shorter than the interval",
      "bad-value",
      scrapeTimeout,
    );
  const result: PrometheusIr = {
    operator: section.flag("operator", true),
    labels: section.labels("labels"),
    scrapeInterval,
    scrapeTimeout,
    evaluationInterval: section.duration("evaluationInterval", "15s"),
    alertmanagers: section.texts("alertmanagers", HOST_PORT, [`alertmanager.${monitoring}.svc:9093`]),
    location: section.location,
  };
  section.end();
  return Object.freeze(result);
}

export function lowerGrafana(section: Section): GrafanaIr {
  const result: GrafanaIr = {
    prometheus: section.optionalText("prometheus", WORD),
    loki: section.optionalText("loki", WORD),
    folder: section.text("folder", TITLE, "PistonProtection"),
  };
  section.end();
  return Object.freeze(result);
}

export function lowerFluentd(section: Section): FluentdIr {
  const result: FluentdIr = {
    bucket: section.text("bucket", BUCKET),
    region: section.text("region", REGION),
    path: section.text(
      "path",
      {
        pattern: /^[\w%./-]{1,200}$/,
        what: "a path in the bucket",
        help: "write it with strftime's fields: `logs/%Y/%m/%d/`",
      },
      "logs/%Y/%m/%d/",
    ),
    timekey: section.duration("timekey", "1h"),
    timekeyWait: section.duration("timekeyWait", "10m"),
    chunkLimit: section.text("chunkLimit", CHUNK, "256m"),
    location: section.location,
  };
  section.end();
  return Object.freeze(result);
}

/** Of a duration that may have been reported as wrong. */
function durationSeconds(text: DurationText): number {
  return /^[1-9]\d*[smhd]$/.test(text) ? secondsOf(text) : 0;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
