// Rules: what becomes of the packets that a match picks. Evaluated top to bottom; docs/SEMANTICS.md §4.
//
// Wherever a match names a port, TCP flags or an ICMP type, it names the protocol too, even in a policy whose backend
// already says it: `drop(…)` is type-checked before it knows which policy it will stand in.

import { frozen, given, strange } from "./frozen.ts";
import { calledFrom } from "./place.ts";
import type {
  Amount,
  DropRule,
  LimitKey,
  LimitKeyName,
  LimitRule,
  Match,
  PassRule,
  Rate,
  Rule,
  SourceLocation,
  Unit,
} from "./types.ts";

/** What `drop` and `limit` may say besides the match. */
export interface RuleOptions {
  /** Alert where the rule drops (or in shadow would drop) more packets a second than this. */
  readonly alertAbove?: Rate<"packets">;
}

/** What `limit` says besides the match. Rate and burst have the same unit. */
export type LimitRuleOptions<U extends Unit> = RuleOptions & {
  readonly rate: Rate<U>;
  /** What may come at once after a pause, in the rate's unit. At the rate it must refill within 7 days. */
  readonly burst: Amount<NoInfer<U>>;
} & (
    | {
        readonly key: LimitKey<"source">;
        /** Seconds, 1 to 604,800: drop everything from the source of a packet above the rate for so long. */
        readonly blockFor?: number;
      }
    | {
        readonly key: LimitKey<Exclude<LimitKeyName, "source">>;
        /** Only a limit by source knows whom to block. */
        readonly blockFor?: never;
      }
  );

/**
 * Lets every matching packet through; ends evaluation. `name` is `[a-z][a-z0-9-]*`, at most 63 characters, unique in
 * the policy. An empty match picks every packet (in a policy with a backend: every packet for the backend).
 */
export function pass<const N extends string = never>(
  name: string,
  match: Match<N>,
  /** Nothing that it drops could be counted: diagnostic `alert-without-drop`. */
  options: { readonly alertAbove?: never } = {},
): PassRule<NoInfer<N>> {
  return Object.freeze({
    ...ruleBase(name, match, options, calledFrom(pass)),
    ...strange(options, ["alertAbove"]),
    action: "pass",
  });
}

/** Drops every matching packet; ends evaluation. `name` and `match` as for `pass`. */
export function drop<const N extends string = never>(
  name: string,
  match: Match<N>,
  options: RuleOptions = {},
): DropRule<NoInfer<N>> {
  return Object.freeze({
    ...ruleBase(name, match, options, calledFrom(drop)),
    ...strange(options, ["alertAbove"]),
    action: "drop",
  });
}

/**
 * Drops what is above a rate, and lets the rest go on to the next rule, so that limits stack. A token bucket for each
 * value of the key. `name` and `match` as for `pass`.
 * Diagnostics: `unit-mismatch`, `block-without-source`, `bad-value`.
 */
export function limit<U extends Unit, const N extends string = never>(
  name: string,
  match: Match<N>,
  options: LimitRuleOptions<U>,
): LimitRule<NoInfer<N>> {
  const { rate, burst, key, blockFor = null } = given(options);
  return Object.freeze({
    ...ruleBase(name, match, options, calledFrom(limit)),
    ...strange(options, ["rate", "burst", "key", "blockFor", "alertAbove"]),
    action: "limit",
    // An untyped caller may have left these out: the compiler reports it.
    limit: Object.freeze({ rate, burst, key, blockForSeconds: blockFor }) as LimitRule["limit"],
  });
}

/** The same rule, only counting and sampling what it would have done. A shadow limit never blocks a source. */
export function shadow<R extends Rule>(rule: R): R {
  const counting: R = { ...rule, shadow: true };
  return Object.freeze(counting);
}

function ruleBase<N extends string>(
  name: string,
  match: Match<N>,
  options: Partial<RuleOptions>,
  location: SourceLocation,
) {
  const { alertAbove = null } = given(options);
  return { kind: "rule", name, match: frozen(match), shadow: false, alertAbove, location } as const;
}
