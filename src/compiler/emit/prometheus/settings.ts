// What a site decides about Prometheus' own configuration, complete.

import type { Duration } from "../../../metrics/query.ts";

export interface PrometheusSettings {
  readonly scrapeInterval: Duration;
  readonly scrapeTimeout: Duration;
  readonly evaluationInterval: Duration;
  /** `host:port` */
  readonly alertmanagers: readonly string[];
}

export const DEFAULT_PROMETHEUS: PrometheusSettings = Object.freeze({
  scrapeInterval: "15s",
  scrapeTimeout: "10s",
  evaluationInterval: "15s",
  alertmanagers: ["alertmanager.monitoring.svc:9093"],
});
