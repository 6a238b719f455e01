// A site as the vocabulary recorded it to one complete IR node for each of its environments.

import type { SiteIr } from "../../../ir/site.ts";
import { tierOf } from "../../../ir/tiers.ts";
import type { Lowering } from "../lowering.ts";
import { fieldsOf, type Node, nodeOf, show } from "../untyped.ts";
import { SiteContext, type Surroundings } from "./context.ts";
import { findCycle } from "./cycle.ts";
import { lowerExtra } from "./extra.ts";
import { lowerImages } from "./images.ts";
import { merged } from "./merge.ts";
import {
  lowerAlerting,
  lowerFluentd,
  lowerGrafana,
  lowerNotifications,
  lowerPrometheus,
} from "./observability.ts";
import {
  lowerBackup,
  lowerCertificates,
  lowerCi,
  lowerDeployments,
  lowerNamespaces,
  lowerNodePool,
  lowerSource,
  TIERS,
} from "./platform.ts";
import { DOMAIN, HTTPS_URL, SITE_NAME } from "./rules.ts";
import { lowerSecrets } from "./secrets.ts";
import { Section } from "./section.ts";
import { lowerWorkloads } from "./workloads.ts";

export type { Surroundings } from "./context.ts";

/** The site itself first, then its further environments by name; empty where one of them has a fault. */
export function lowerSite(raw: unknown, lowering: Lowering, surroundings: Surroundings): readonly SiteIr[] {
  const node = nodeOf(raw, "site");
  if (node === null) {
    lowering.report(lowering.callAt({ file: "<site>", line: 1, column: 1 }).whole(), {
      code: "bad-vocabulary",
      message: `${show(raw)} is not a site`,
      help: 'make it with `site` of "pistonprotection"',
    });
    return [];
  }
  const { environments, ...settings } = fieldsOf(node["options"]) ?? {};
  const context = new SiteContext(node, lowering, surroundings);
  const cycle = findCycle(node["options"]);
  if (cycle) {
    context.report(context.span(cycle), {
      code: "site-cycle",
      message: `\`${cycle.join(".")}\` leads back to a record that it stands in`,
      help: "write the record out, without the reference to itself",
    });
    return [];
  }
  const main = lowerEnvironment(settings, "", context);
  const sites: (SiteIr | null)[] = [main];

  const outer = new Section(environments ?? {}, ["environments"], context);
  for (const name of [...outer.names()].sort()) {
    const overrides = outer.raw(name);
    if (overrides === undefined) continue;
    const environment = outer.check(name, name, SITE_NAME) ?? "unnamed"; // its fault is reported
    if (name === main?.environment)
      outer.fault(
        name,
        `\`${name}\` is what the settings outside \`environments\` describe`,
        "write its settings there, or give those another name with `environment`",
        "duplicate-name",
      );
    const path = ["environments", name];
    const own = new SiteContext(node, lowering, surroundings, { path, raw: overrides });
    for (const field of ["name", "environment", "environments"])
      if (fieldsOf(overrides)?.[field] !== undefined)
        outer.fault(
          name,
          `an environment has no \`${field}\` of its own`,
          "it has the name that it stands under",
        );
    if (fieldsOf(overrides) === null) outer.section(name);
    else
      sites.push(
        lowerEnvironment(
          { ...(merged(settings, overrides) as object), environment },
          `environments/${name}/`,
          own,
        ),
      );
  }
  const whole = sites.filter((one) => one !== null);
  return whole.length === sites.length && !context.hasFault ? whole : [];
}

/** What a directory without `site.ts` has. */
export function undeclaredSite(lowering: Lowering, surroundings: Surroundings): SiteIr {
  const node: Node = Object.freeze({ kind: "site", location: { file: "site.ts", line: 1, column: 1 } });
  const context = new SiteContext(node, lowering, surroundings);
  return Object.freeze({
    ...settingsOf(new Section({ name: "pistonprotection", domain: "invalid.example" }, [], context), ""),
    domain: null,
    isDeclared: false,
  });
}

function lowerEnvironment(settings: unknown, root: string, context: SiteContext): SiteIr | null {
  const site = settingsOf(new Section(settings, [], context), root);
  return context.hasFault ? null : site;
}

function settingsOf(section: Section, root: string): SiteIr {
  const { context } = section;
  const domain = section.text("domain", DOMAIN);
  const traffic = section.section("traffic");
  const expected =
    traffic &&
    Object.freeze({
      peakGbps: traffic.number("peakGbps", { least: 0.001, most: 1_000_000, whole: false, unit: "Gbit/s" }),
      attackRatio: traffic.number("attackRatio", { least: 0, most: 1, whole: false, unit: "" }, 0.3),
    });
  traffic?.end();
  const tier = section.choice("tier", TIERS, expected === null ? "medium" : tierOf(expected.peakGbps));
  const namespaces = lowerNamespaces(section.defaults("namespaces"));
  const pools = section.sections("nodePools", lowerNodePool);
  const source = lowerSource(section.defaults("source"));
  const cluster = section.defaults("cluster");
  const logs = section.defaults("logs");
  const fluentd = logs.section("fluentd");
  const certificates = section.section("certificates");
  const backup = section.section("backup");
  const ci = section.section("ci");
  const site: Omit<SiteIr, "secrets"> = {
    kind: "site",
    isDeclared: true,
    name: section.text("name", SITE_NAME),
    environment: section.text("environment", SITE_NAME, "production"),
    root,
    domain,
    tier,
    traffic: expected,
    images: lowerImages(section.defaults("images")),
    nodePools: pools,
    fleets: lowerDeployments(section.defaults("fleets"), tier, pools),
    namespaces,
    source,
    gitops: Object.freeze({
      engine: section.choice("gitops", ["both", "argo-cd", "flux"], "both"),
      server: cluster.text("server", HTTPS_URL, "https://kubernetes.default.svc"),
    }),
    cilium: section.flag("cilium", false),
    notifications: lowerNotifications(section.defaults("notifications"), namespaces),
    alerting: lowerAlerting(section.defaults("alerting"), source),
    prometheus: lowerPrometheus(section.defaults("prometheus"), namespaces),
    grafana: lowerGrafana(section.defaults("grafana")),
    certificates: certificates && lowerCertificates(certificates, domain),
    backup: backup && lowerBackup(backup, namespaces),
    logs: Object.freeze({ fluentd: fluentd && lowerFluentd(fluentd) }),
    audit: section.flag("audit", false),
    extra: lowerExtra(section.defaults("extra")),
    workloads: lowerWorkloads(section.defaults("workloads"), { tier, pools, namespaces }),
    ci: ci && lowerCi(ci),
    location: context.node.location,
  };
  cluster.end();
  logs.end();
  if (site.backup?.database && site.workloads.postgresql === null)
    section.fault(
      "backup",
      "there is a backup of a database, and the site runs none",
      "add `workloads.postgresql`, or take `backup.database` away",
      "backup-without-database",
    );
  if (site.grafana.loki === null && site.extra.panels.some(({ logs }) => logs !== undefined))
    section.fault(
      "extra",
      "a panel shows logs, and the site has no Loki",
      'write `grafana: { loki: "…" }` with the uid of its data source',
      "logs-without-loki",
    );
  const secrets = lowerSecrets(section.section("secrets"), context);
  section.end();
  return Object.freeze({ ...site, secrets });
}
