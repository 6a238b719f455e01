// The thresholds of the site's alerts, as a panel shows them: where it turns red, an alert begins to wait.

import type { Threshold } from "@grafana/grafana-foundation-sdk/dashboard";
import type { SiteIr } from "../../../ir/site.ts";
import { redAbove, redBelow } from "./panel.ts";

type Thresholded =
  | "HighAttackVolume"
  | "HighDropRate"
  | "ElevatedLatency"
  | "BackendDegraded"
  | "CertificateExpiringSoon"
  | "EBPFMapNearCapacity"
  | "HighErrorRate"
  | "HighMemoryUsage";

/** Nothing where the site has turned the alert off. */
export function ofAlert(site: SiteIr, name: Thresholded): { readonly thresholds?: readonly Threshold[] } {
  const tuning = site.alerting.alerts[name];
  if (tuning === null) return {};
  const isBelow = name === "BackendDegraded" || name === "CertificateExpiringSoon";
  return { thresholds: isBelow ? redBelow(tuning.threshold) : redAbove(tuning.threshold) };
}
