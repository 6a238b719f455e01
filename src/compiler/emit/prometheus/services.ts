// The site's own services that show metrics, and the ServiceMonitors by which the operator scrapes them.

import type { IServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels } from "../kubernetes.ts";

/** Names of their Services, which have the label `app` of the same value and a port named `metrics`. */
export function scrapedServices({ workloads }: SiteIr): string[] {
  return (["gateway", "auth", "metrics"] as const)
    .filter((name) => workloads[name] !== null)
    .map((name) => `pistonprotection-${name}`);
}

/** The job of a target is the name of its Service. */
export function serviceMonitors(site: SiteIr): IServiceMonitor[] {
  const { prometheus, namespaces } = site;
  return scrapedServices(site).map((app) => ({
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: {
      name: app,
      namespace: namespaces.platform.name,
      labels: { ...commonLabels("monitoring"), ...prometheus.labels },
    },
    spec: {
      selector: { matchLabels: { app } },
      endpoints: [
        {
          port: "metrics",
          path: "/metrics",
          interval: prometheus.scrapeInterval,
          scrapeTimeout: prometheus.scrapeTimeout,
        },
      ],
    },
  }));
}
