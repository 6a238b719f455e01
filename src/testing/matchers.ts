// Matchers for `expect.extend(pistonMatchers)`: what a decision should have been, and the trace of why it was not.

import { type Decision, formatTrace, type Verdict } from "../compiler/evaluate.ts";

/** What is left out may be anything; `rule: null` means that no rule decided. */
export type ExpectedDecision = Partial<Pick<Decision, "verdict" | "rule" | "reason">>;

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
});

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
  }
}
