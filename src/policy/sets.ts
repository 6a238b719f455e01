// Named sets of addresses: literals, feed files, unions and differences. Data only; the compiler reads and resolves.

import { frozen, given, strange } from "./frozen.ts";
import { calledFrom } from "./place.ts";
import type {
  CountryCode,
  DifferenceSet,
  FeedGuards,
  FeedSet,
  ListGuards,
  LiteralSet,
  OneOrMore,
  PrefixLiteral,
  SetNode,
  SourceLocation,
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
 * node. `maxChangePercent` bounds what the feed may gain or lose against the bundle in `dist/`. `sha256` (64 lower-case hex digits) pins the file's bytes.
 * Diagnostics: `feed-missing`, `feed-guard`, `bad-feed-line`, `bad-prefix`.
 */
export function feed(path: string, guards: FeedGuards): FeedSet {
  return Object.freeze({ kind: "feed-set", path, guards: frozen(guards), location: calledFrom(feed) });
}

/**
 * The addresses of countries, from a folder of lists: `countries("feeds/country", ["DE", "FR"])` reads `de/ipv4.txt`,
 * `de/ipv6.txt`, `fr/ipv4.txt` and `fr/ipv6.txt` below it, each a file as `feed` takes. The IPv6 list may be missing.
 * Diagnostics: as for `feed`.
 */
export function countries(
  folder: string,
  codes: OneOrMore<CountryCode>,
  guards: ListGuards = {},
): UnionSet<never> {
  const folders = [codes].flat().map((code) => nameOf(code).toLowerCase());
  return lists(folder, folders, guards, calledFrom(countries));
}

/**
 * The addresses that autonomous systems announce, from a folder of lists: `asns("feeds/asn", [64500])` reads
 * `64500/ipv4.txt` and `64500/ipv6.txt` below it. The IPv6 list may be missing. Diagnostics: as for `feed`.
 */
export function asns(folder: string, numbers: OneOrMore<number>, guards: ListGuards = {}): UnionSet<never> {
  return lists(folder, [numbers].flat().map(nameOf), guards, calledFrom(asns));
}

/** Never throws: of what is neither, the compiler says that there is no such file. */
function nameOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** `us` alone has 40,000 prefixes. */
const LIST_ENTRIES_MOST = 200_000;

function lists(
  folder: string,
  names: readonly string[],
  guards: ListGuards,
  location: SourceLocation,
): UnionSet<never> {
  const { minEntries = 1, maxEntries = LIST_ENTRIES_MOST } = given(guards);
  const list = (path: string, more: Pick<FeedSet, "guards" | "mayMiss">) =>
    Object.freeze({
      kind: "feed-set",
      path: `${nameOf(folder)}/${path}`,
      location,
      ...frozen(more),
    } as const);
  return Object.freeze({
    kind: "union-set",
    members: Object.freeze(
      names.flatMap((name) => [
        list(`${name}/ipv4.txt`, { guards: { minEntries, maxEntries } }),
        list(`${name}/ipv6.txt`, { guards: { minEntries: 0, maxEntries }, mayMiss: true }),
      ]),
    ),
    ...strange(guards, ["minEntries", "maxEntries"]),
    location,
  });
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
