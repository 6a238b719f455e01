// Matchers for `expect.extend(pistonMatchers)`: what a decision should have been, and the trace of why it was not.

import { type Decision, formatTrace, type Verdict } from "../compiler/evaluate.ts";
import { type DecideOptions, decide, type PacketInput } from "./simulate.ts";
import type { Subject } from "./subject.ts";

/** What is left out may be anything; `rule: null` means that no rule decided. */
export type ExpectedDecision = Partial<Pick<Decision, "verdict" | "rule" | "reason">>;

/** A row of a table: a packet, judged on empty limits, and what it should get. */
export type Case = readonly [packet: PacketInput, expected: ExpectedDecision, options?: DecideOptions];

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

export const pistonMatchers = Object.freeze({
  /** `expect(decision).toBeDecided({ verdict: "drop", rule: "edge-dns/answers" })` */
  toBeDecided: (received: unknown, expected: ExpectedDecision): MatcherResult =>
    compare("toBeDecided", received, expected),
  /** Passed, by this rule where one is given: `expect(decision).toPass("management/ssh")` */
  toPass: (received: unknown, rule?: string | null): MatcherResult =>
    compare("toPass", received, expectedOf("pass", rule)),
  /** Dropped, by this rule where one is given; null: by the default or for its form. */
  toDrop: (received: unknown, rule?: string | null): MatcherResult =>
    compare("toDrop", received, expectedOf("drop", rule)),
  /** A table of cases: `expect(edge).toDecide([["udp …", { verdict: "drop" }], …])`. Every row that differs is printed. */
  toDecide: (received: unknown, cases: readonly Case[]): MatcherResult => compareAll(received, cases),
});

function compareAll(received: unknown, cases: readonly Case[]): MatcherResult {
  if (typeof received !== "object" || received === null)
    return {
      pass: false,
      message: () => `toDecide wants a fleet or policies; it was given ${String(received)}`,
    };
  const results = cases.map(([packet, expected, options], row) => {
    const { pass, message } = compare("toDecide", decide(received as Subject, packet, options), expected);
    return { pass, text: () => `row ${row + 1}: ${message()}` };
  });
  const pass = results.every((one) => one.pass);
  const shown = results.filter((one) => one.pass === pass);
  return { pass, message: () => shown.map((one) => one.text()).join("\n\n") };
}

function expectedOf(verdict: Verdict, rule: string | null | undefined): ExpectedDecision {
  return rule === undefined ? { verdict } : { verdict, rule };
}

function compare(matcher: string, received: unknown, expected: ExpectedDecision): MatcherResult {
  if (!isDecision(received))
    return {
      pass: false,
      message: () => `${matcher} wants a decision, as decide() returns it; it was given ${String(received)}`,
    };
  const pass = (["verdict", "rule", "reason"] as const).every(
    (key) => expected[key] === undefined || expected[key] === received[key],
  );
  return {
    pass,
    message: () =>
      [
        `expected ${pass ? "anything but " : ""}${describe(expected)}`,
        `     got ${describe(received)}`,
        "",
        ...formatTrace(received.trace).map((line) => `  ${line}`),
      ].join("\n"),
  };
}

function describe({ verdict, rule, reason }: ExpectedDecision): string {
  const by = rule === undefined ? "" : rule === null ? " by no rule" : ` by ${rule}`;
  return `${verdict ?? "any verdict"}${by}${reason === undefined ? "" : `, reason ${reason}`}`;
}

function isDecision(value: unknown): value is Decision {
  return typeof value === "object" && value !== null && "verdict" in value && "trace" in value;
}

declare module "vitest" {
  interface Matchers<R extends void | Promise<void>, T> {
    toBeDecided(expected: ExpectedDecision): R;
    toPass(rule?: string | null): R;
    toDrop(rule?: string | null): R;
    toDecide(cases: readonly Case[]): R;
  }
}
