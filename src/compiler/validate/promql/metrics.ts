// The metrics that an expression may name, with the labels that their series have: the catalogue's, the rules' own
// recordings, and the few that others emit.

import { catalogueName, definitionOf, METRIC_NAMES, PREFIX } from "../../../metrics/catalogue.ts";
import { queryableLabels, TARGET_LABELS } from "../../../metrics/query.ts";

export interface KnownMetric {
  readonly labels: ReadonlySet<string>;
  /** Values of a label where they are known. */
  valuesOf(label: string): readonly string[] | null;
}

/** Prometheus' own, and those of kube-state-metrics and cert-manager that a site's rules ask for. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  up: [],
  scrape_duration_seconds: [],
  scrape_samples_scraped: [],
  ALERTS: ["alertname", "alertstate", "severity", "fleet", "backend", "policy", "rule"],
  certmanager_certificate_expiration_timestamp_seconds: ["name", "namespace", "issuer_name", "issuer_kind"],
};

export class Metrics {
  readonly #remembered = new Map<string, unknown>();
  readonly #recorded = new Map<string, KnownMetric>();
  /** Labels that the scrape configuration adds to every series. */
  readonly #target: readonly string[];

  constructor(target: readonly string[] = []) {
    this.#target = [...TARGET_LABELS, ...target];
  }

  record(name: string, labels: Iterable<string>): void {
    const next = known([...labels]);
    const before = this.#recorded.get(name);
    if (
      before &&
      before.labels.size === next.labels.size &&
      [...next.labels].every((label) => before.labels.has(label))
    )
      return;
    this.#recorded.set(name, next);
    this.#remembered.clear();
  }

  /** What was said of an expression: dashboards and environments ask the same again and again. */
  remember<T>(text: string, find: () => T): T {
    if (!this.#remembered.has(text)) this.#remembered.set(text, find());
    return this.#remembered.get(text) as T;
  }

  find(name: string): KnownMetric | null {
    const recorded = this.#recorded.get(name);
    if (recorded) return recorded;
    const others = OTHERS[name];
    if (others) return known([...others, ...this.#target]);
    const metric = catalogueName(name);
    if (metric === null) return null;
    const { labels } = definitionOf(metric);
    const all = queryableLabels(metric).filter((label) => label !== "le" || name.endsWith("_bucket"));
    return {
      labels: new Set([...all, ...this.#target]),
      valuesOf: (label) => {
        const values = labels[label];
        return Array.isArray(values) ? values : null;
      },
    };
  }

  get names(): string[] {
    const own = METRIC_NAMES.flatMap((name) =>
      definitionOf(name).type === "histogram"
        ? ["bucket", "sum", "count"].map((part) => `${PREFIX}${name}_${part}`)
        : [`${PREFIX}${name}`],
    );
    return [...own, ...this.#recorded.keys(), ...Object.keys(OTHERS)];
  }
}

function known(labels: readonly string[]): KnownMetric {
  return { labels: new Set(labels), valuesOf: () => null };
}
