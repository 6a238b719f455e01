// Every alert by name, and what of it a site may change: thresholds, waiting times, windows. The defaults are those of the
// operations guide where it has the alert.

import type { DurationText } from "./site-types.ts";

/** A threshold of 0.8 is 80 %. `for`: how long the condition must hold. `window`: over which rates are taken. */
export const ALERTS = {
  // ---- Critical
  /** Packets of attacks dropped each second, by fleet and backend: above the threshold. */
  HighAttackVolume: { threshold: 1000, window: "5m", for: "2m" },
  ServiceDown: { for: "1m" },
  AllBackendsUnhealthy: { for: "1m" },
  /** Share of a fleet's packets that is dropped: above. */
  HighDropRate: { threshold: 0.5, window: "5m", for: "5m" },
  NotFiltering: { for: "1m" },
  FleetNotServed: { for: "5m" },
  ComponentFailed: { for: "2m" },
  SecurityCheckFailed: { for: "1m" },
  KernelDrift: { for: "1m" },

  // ---- Warning
  /** Seconds that the slowest hundredth of the requests to an agent takes: above. */
  ElevatedLatency: { threshold: 0.5, window: "5m", for: "5m" },
  /** Share of a backend's origins that is healthy: below. */
  BackendDegraded: { threshold: 0.5, for: "5m" },
  /** Fill of a map: above. */
  EBPFMapNearCapacity: { threshold: 0.8, for: "10m" },
  /** Of the agent's limit: above. */
  HighMemoryUsage: { threshold: 0.8, for: "5m" },
  /** Of the agent's share of a core: above. */
  HighCpuUsage: { threshold: 0.8, for: "5m" },
  /** Seconds that a certificate has left: below. */
  CertificateExpiringSoon: { threshold: 604_800 },
  /** Errors for each event that an agent keeps: above. */
  HighErrorRate: { threshold: 0.05, window: "5m", for: "5m" },
  /** Share of the events that an agent has taken from the kernel and does not keep: above. */
  HighEventDropRate: { threshold: 0.01, window: "5m", for: "5m" },
  /** Level of what is kept of the events, 0 to 3: above. */
  EventsDegraded: { threshold: 0, for: "10m" },
  CircuitBreakerOpen: { for: "5m" },
  /** Restarts within the window: above. */
  EventWorkerRestarting: { threshold: 1, window: "15m" },
  BundleRefused: { window: "15m" },
  GenerationDrift: { for: "30m" },
  GenerationBehind: { for: "15m" },
  ConfigurationInvalid: { for: "1m" },
  ComponentDegraded: { for: "10m" },
  /** The threshold is the rule's own `alertAbove`. */
  RuleAboveThreshold: { window: "1m", for: "1m" },

  // ---- How fast the loss that a backend's service level allows is used up, looked at over so long. The first two are
  // critical. Windows, factors and waiting times belong together: there is nothing to tune.
  PassRatioBurn1h: {},
  PassRatioBurn6h: {},
  PassRatioBurn1d: {},
  PassRatioBurn3d: {},
} as const satisfies Readonly<Record<string, AlertTuning>>;

interface AlertTuning {
  readonly threshold?: number;
  readonly window?: DurationText;
  readonly for?: DurationText;
}

export type AlertName = keyof typeof ALERTS;
export const ALERT_NAMES = Object.keys(ALERTS) as AlertName[];

type Widened<V> = V extends number ? number : DurationText;
/** What one alert has to be tuned, complete. */
export type TuningOf<N extends AlertName> = {
  readonly [K in keyof (typeof ALERTS)[N]]: Widened<(typeof ALERTS)[N][K]>;
};
/** Complete: what a site does not change has its default. null: off. */
export type AlertTunings = { readonly [N in AlertName]: TuningOf<N> | null };
/** What a site changes; false turns the alert off. */
export type AlertOverrides = { readonly [N in AlertName]?: Partial<TuningOf<N>> | false };
