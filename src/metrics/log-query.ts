// LogQL from typed parts: a stream selector can name only labels that collectors give (log-labels.ts).

import type { LogLabel } from "./log-labels.ts";

export type LogSelector = { readonly [L in LogLabel]?: string | readonly string[] };

/** Streams, and what is done with their lines: `|= "error"`, `| json | latency_ms > 500`. A list is any of its values. */
export function logs(selector: LogSelector, pipeline = ""): string {
  const matchers = Object.entries(selector).map(([label, value]) =>
    typeof value === "string"
      ? `${label}=${JSON.stringify(value)}`
      : `${label}=~${JSON.stringify(value.join("|"))}`,
  );
  return [`{${matchers.join(", ")}}`, pipeline].filter(Boolean).join(" ");
}
