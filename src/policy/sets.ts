// Named sets of addresses: literals, feed files, unions and differences. Data only; the compiler reads and resolves.

import { frozen } from "./frozen.ts";
import { calledFrom } from "./place.ts";
import type {
  DifferenceSet,
  FeedGuards,
  FeedSet,
  LiteralSet,
  PrefixLiteral,
  SetNode,
  UnionSet,
} from "./types.ts";

/**
 * A set of literal addresses and CIDR prefixes of both families: `prefixes("192.0.2.0/24", "2001:db8::1")`.
 * Diagnostics: `bad-prefix`, `non-canonical-prefix` (host bits set).
 */
export function prefixes(...list: readonly PrefixLiteral[]): LiteralSet {
  return Object.freeze({ kind: "literal-set", prefixes: frozen(list), location: calledFrom(prefixes) });
}

/**
 * A set read from a text file when the policies are compiled: one address or CIDR prefix a line, `#` comments, further
 * columns after white space, comma, tab or semicolon ignored.
 *
 * `path` is relative to the policy file that calls this. `minEntries` and `maxEntries` bound the lines with an entry,
 * both inclusive: a truncated download, or one that blocks half the Internet, fails the build instead of reaching a
 * node. `sha256` (64 lower-case hex digits) pins the file's bytes.
 * Diagnostics: `feed-missing`, `feed-guard`, `bad-feed-line`, `bad-prefix`.
 */
export function feed(path: string, guards: FeedGuards): FeedSet {
  return Object.freeze({ kind: "feed-set", path, guards: frozen(guards), location: calledFrom(feed) });
}

/**
 * Every address that is in one of the members. A name refers to a set of the same `sets` record.
 * Diagnostics: `unknown-set`, `set-cycle`.
 */
export function union<const N extends string = never>(...members: readonly (N | SetNode<N>)[]): UnionSet<N> {
  return Object.freeze({ kind: "union-set", members: frozen(members), location: calledFrom(union) });
}

/**
 * Every address of `from` that is in none of `without`. Names as in `union`.
 * Diagnostics: `unknown-set`, `set-cycle`.
 */
export function difference<const N extends string = never>(
  from: N | SetNode<N>,
  ...without: readonly (N | SetNode<N>)[]
): DifferenceSet<N> {
  return Object.freeze({
    kind: "difference-set",
    from: frozen(from),
    without: frozen(without),
    location: calledFrom(difference),
  });
}
