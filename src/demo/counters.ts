// The agent's /metrics text to packets by rule and reason: the demo reads what Prometheus would read.

import { type CounterKey, counterId } from "./expect.ts";

/** Values of `pistonprotection_rule_packets_total` and `…_reason_packets_total`, by counterId(). */
export function readCounters(exposition: string): Map<string, { key: CounterKey; packets: number }> {
  const counters = new Map<string, { key: CounterKey; packets: number }>();
  for (const line of exposition.split("\n")) {
    const match = /^pistonprotection_(rule|reason)_packets_total\{(.*)\} (\S+)$/.exec(line);
    if (!match) continue;
    const labels = Object.fromEntries(
      [...match[2]!.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((m) => [m[1], m[2]]),
    );
    const key: CounterKey =
      match[1] === "rule"
        ? { rule: `${labels.policy}/${labels.rule}`, outcome: labels.outcome ?? "", verdict: null }
        : { rule: null, outcome: labels.reason ?? "", verdict: labels.verdict ?? "" };
    counters.set(counterId(key), { key, packets: Number(match[3]) });
  }
  return counters;
}
