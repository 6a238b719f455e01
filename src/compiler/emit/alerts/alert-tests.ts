// An alert to what `promtool test rules` runs: three cases, each a run of time in which its series are quiet, then fire,
// then are quiet again.
//
//   fires, and resolves      quiet | firing for longer than window and `for` | quiet
//   quiet below              quiet all the time, one part in a hundred below the threshold
//   too short                quiet | firing for a little less than `for` | quiet
//
// Where there is a `for`, the first case also looks just before it is over. Without one there is no third case, nor where a
// condition holds for a whole window however short its cause.
//
// A rate needs its window to follow. Quiet and firing lie as far to either side of the threshold, so a condition begins
// when half of its window is firing and ends when half of it is quiet again. Where an alert looks back over a long and a short
// window, the long one begins it and the short one ends it; the quiet time before is then as short as the short one, and the
// condition begins when there is as much of firing as of quiet.

import { secondsOf } from "../../../ir/duration.ts";
import type { Alert } from "./alert.ts";
import { durationOf } from "./duration.ts";
import type { Signal } from "./signal.ts";

/** Seconds between two scrapes and evaluations: the longest that leaves four to each window and `for`. */
const STEPS = [1800, 900, 300, 120, 60, 30, 15, 5, 1] as const;
/** Where nothing asks for less. */
const LONGEST_SPAN_SECONDS = 480;

/** What rules of the same group record and other rules read is there in the next step. */
const SLACK_STEPS = 2;
/** Instant vectors go on for so long after a series has ended without a marker; windows of recorded sums add as much. */
const LOOK_BACK_SECONDS = 300;

export interface TestGroup {
  readonly name: string;
  readonly interval: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test: readonly {
    readonly eval_time: string;
    readonly alertname: string;
    readonly exp_alerts: readonly {
      readonly exp_labels: Readonly<Record<string, string>>;
      readonly exp_annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

interface Phase {
  readonly state: "quiet" | "firing";
  readonly steps: number;
}

export function stepOf({ rule, proof }: Alert): number {
  const spans = [...proof.windows, ...(rule.for === undefined ? [] : [rule.for])]
    .map(secondsOf)
    .filter((seconds) => seconds > 0);
  const shortest = spans.length > 0 ? Math.min(...spans) : LONGEST_SPAN_SECONDS;
  return STEPS.find((step) => step * 4 <= shortest) ?? 1;
}

export function testsOf(alert: Alert): TestGroup[] {
  const { rule, proof, expected } = alert;
  const step = stepOf(alert);
  const windows = proof.windows.map((window) => secondsOf(window));
  const longest = Math.max(0, ...windows);
  const shortest = Math.min(longest, ...windows);
  const wait = rule.for === undefined ? 0 : secondsOf(rule.for);
  const steps = (seconds: number) => Math.ceil(seconds / step);

  // Phases begin one step after the end of the phase before: its last sample is the first one's ground.
  const quiet: Phase = { state: "quiet", steps: steps(shortest + LOOK_BACK_SECONDS) + SLACK_STEPS };
  const surely = steps(longest) + steps(wait) + SLACK_STEPS;
  const fires = quiet.steps + surely;
  /** Steps of firing before the condition holds, at the least. */
  const begins = proof.isSudden === true ? 0 : Math.min(quiet.steps, Math.floor(longest / 2 / step));

  const group = (
    title: string,
    phases: readonly Phase[],
    at: readonly (readonly [number, boolean])[],
  ): TestGroup => ({
    name: `${titleOf(alert)}: ${title}`,
    interval: durationOf(step),
    input_series: proof.signals.map((signal) => ({
      series: seriesText(signal),
      values: valuesOf(signal, phases, step),
    })),
    alert_rule_test: at.map(([steps, isFiring]) => ({
      eval_time: durationOf(steps * step),
      alertname: rule.alert,
      exp_alerts: isFiring ? [{ exp_labels: expected.labels, exp_annotations: expected.annotations }] : [],
    })),
  });

  const groups = [
    group(
      "fires, and resolves",
      [quiet, { state: "firing", steps: surely }, quiet],
      [
        [quiet.steps, false],
        ...(wait > 0 ? [[quiet.steps + begins + steps(wait) - 1, false] as const] : []),
        [fires, true],
        [fires + quiet.steps, false],
      ],
    ),
    group(
      "is quiet just below",
      [quiet, { state: "quiet", steps: steps(wait) + SLACK_STEPS }],
      [[quiet.steps + steps(wait) + SLACK_STEPS, false]],
    ),
  ];
  if (wait === 0 || proof.isSudden === true) return groups;
  const brief: Phase = { state: "firing", steps: begins - steps(shortest / 2) + steps(wait) - 3 };
  // A wait of a few steps is no longer than a scrape or two: there is nothing shorter to show.
  if (brief.steps < 1) return groups;
  const end = quiet.steps + brief.steps;
  return [
    ...groups,
    group(
      "is quiet where it is too short",
      [quiet, brief, quiet],
      [
        [end, false],
        [end + steps(shortest / 2), false],
        [end + steps(shortest / 2) + 1, false],
        [end + quiet.steps, false],
      ],
    ),
  ];
}

/** Alerts of one name are told apart by what they say of themselves. */
function titleOf({ rule }: Alert): string {
  const own = Object.entries(rule.labels).filter(
    ([name]) => !["severity", "namespace", "team"].includes(name),
  );
  return [rule.alert, ...own.map(([name, value]) => `${name} ${value}`)].join(", ");
}

function seriesText({ name, labels }: Signal): string {
  const matchers = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${matchers.join(",")}}`;
}

/** promtool's notation: `a+bxn` is n + 1 samples, `_xn` are n missing ones, `stale` ends a series as a lost target does. */
export function valuesOf(signal: Signal, phases: readonly Phase[], stepSeconds: number): string {
  const parts: string[] = [];
  let total = 0;
  let present = false;
  for (const [i, phase] of phases.entries()) {
    // The sample at time 0 comes before the first step.
    const samples = phase.steps + (i === 0 ? 1 : 0);
    const level = signal[phase.state];
    if (level === null) {
      parts.push(present ? (samples > 1 ? `stale _x${samples - 1}` : "stale") : `_x${samples}`);
      present = false;
    } else if (signal.kind === "gauge") {
      parts.push(`${plain(level)}x${samples - 1}`);
      present = true;
    } else {
      const gain = plain(level * stepSeconds);
      const first = i === 0 ? 0 : total + gain;
      parts.push(`${plain(first)}+${gain}x${samples - 1}`);
      total = plain(first + gain * (samples - 1));
      present = true;
    }
  }
  return parts.join(" ");
}

/** Without the tail of binary fractions, so that the file reads well. */
function plain(value: number): number {
  return Number(value.toPrecision(12));
}
