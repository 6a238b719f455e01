// Named sets to addresses: names resolved, unions and differences computed, cycles found.

import {
  type AddressSet,
  difference,
  EMPTY,
  formatPrefix,
  fromPrefixes,
  union,
} from "../../ir/address-set.ts";
import { setNode } from "../../ir/factory.ts";
import type { SetIr } from "../../ir/nodes.ts";
import type { Prefix } from "../../ir/prefix.ts";
import type { FeedSet } from "../../policy/types.ts";
import { suggest } from "../diagnostics/index.ts";
import { feedPath } from "../load/feed-path.ts";
import { Feeds } from "./feeds.ts";
import type { Call, Lowering } from "./lowering.ts";
import { looksLikePrefix, prefixOf } from "./prefixes.ts";
import { fieldsOf, knownOptions, type Node, nameOf, nodeOf, show } from "./untyped.ts";

export interface ResolvedSet {
  readonly addresses: AddressSet;
  /** A feed is part of it: that it is empty today says nothing about tomorrow. */
  readonly fed: boolean;
}

const SET_KINDS = ["literal-set", "feed-set", "union-set", "difference-set"] as const;

/** What the scopes of one compilation share: feeds read once, one result for one node. */
export class SetResults {
  readonly feeds: Feeds;
  readonly #literals = new Map<string, ResolvedSet>();
  readonly #leaves = new Map<Node, ResolvedSet | null>();
  readonly #combined = new Map<Node, { readonly from: readonly AddressSet[]; readonly result: AddressSet }>();

  constructor(lowering: Lowering) {
    this.feeds = new Feeds(lowering);
  }

  /** One set for one prefix, wherever it stands: what is made of it is then the same set too. */
  literal(prefix: Prefix): ResolvedSet {
    const text = formatPrefix(prefix);
    const known = this.#literals.get(text);
    if (known !== undefined) return known;
    const resolved = { addresses: fromPrefixes([prefix]), fed: false };
    this.#literals.set(text, resolved);
    return resolved;
  }

  leaf(node: Node, compute: () => ResolvedSet | null): ResolvedSet | null {
    const known = this.#leaves.get(node);
    if (known !== undefined) return known;
    const result = compute();
    this.#leaves.set(node, result);
    return result;
  }

  /** A union of names may stand in several scopes; where it is made of the same sets it is one set. */
  combined(node: Node, from: readonly AddressSet[], compute: () => AddressSet): AddressSet {
    const known = this.#combined.get(node);
    if (known?.from.length === from.length && known.from.every((set, i) => set === from[i]))
      return known.result;
    const result = compute();
    this.#combined.set(node, { from, result });
    return result;
  }
}

/** The `sets` of one policy or fleet; names that it does not have are looked for in `outer`. */
export class SetScope {
  readonly #lowering: Lowering;
  readonly #results: SetResults;
  readonly #scope: string;
  readonly #nodes = new Map<string, Node>();
  readonly #resolved = new Map<string, ResolvedSet | null>();
  readonly #open: string[] = [];
  readonly #outer: SetScope | null;
  /** Names whose set cannot be used and was reported: naming them is no further fault. */
  readonly #faulty = new Set<string>();

  constructor(
    lowering: Lowering,
    results: SetResults,
    sets: unknown,
    scope: string,
    owner: Call,
    outer: SetScope | null,
  ) {
    this.#lowering = lowering;
    this.#results = results;
    this.#scope = scope;
    this.#outer = outer;
    const record = fieldsOf(sets);
    if (record === null)
      owner.report(owner.property("sets"), {
        code: "bad-vocabulary",
        message: `\`sets\` is ${show(sets)}, not a record of sets`,
        help: 'write `sets: { bogons: prefixes("10.0.0.0/8") }`',
      });
    for (const [name, value] of Object.entries(record ?? {})) {
      const node = nodeOf(value, ...SET_KINDS);
      if (node === null) {
        owner.report(owner.property(name), {
          code: "bad-vocabulary",
          message: `the set \`${name}\` is ${show(value)}`,
          help: "make it with `prefixes`, `feed`, `countries`, `asns`, `union` or `difference`",
        });
        this.#faulty.add(name);
      } else if (nameOf(name, "a set", this.#callOfEntry(name, node, owner)) === null) this.#faulty.add(name);
      else this.#nodes.set(name, node);
    }
  }

  /**
   * Every set of this scope that is right, resolved; faults are reported, used or not. A set that the outer scope has
   * as well (policies of one site share a record) stands there alone.
   */
  nodes(): readonly SetIr[] {
    const list: SetIr[] = [];
    for (const [name, node] of this.#nodes) {
      const resolved = this.#resolveName(name);
      if (resolved === null || this.#outer?.has(name, resolved.addresses)) continue;
      const feed = node["kind"] === "feed-set" ? feedPath(node as unknown as FeedSet) : null;
      list.push(setNode({ name, scope: this.#scope, ...resolved, feed, location: node.location }));
    }
    return list;
  }

  /** A set name or a prefix literal as a match writes it. Null where it is neither, which is then reported. */
  member(text: unknown, call: Call, property: string): ResolvedSet | null {
    if (typeof text !== "string") {
      call.report(call.property(property), {
        code: "bad-value",
        message: `\`${property}\` names ${show(text)}`,
        help: "write the name of a set in quotes, or an address or prefix",
      });
      return null;
    }
    if (looksLikePrefix(text)) {
      const prefix = prefixOf(text, call, { property });
      return prefix && this.#results.literal(prefix);
    }
    const found = this.#find(text);
    if (found === undefined) this.#reportUnknown(text, call, property);
    return found ?? null;
  }

  /** Is it this very set that the name means here? */
  has(name: string, addresses: AddressSet): boolean {
    return this.#find(name)?.addresses === addresses;
  }

  /** undefined: there is no such name; null: it has a fault. */
  #find(name: string): ResolvedSet | null | undefined {
    if (this.#faulty.has(name)) return null;
    return this.#nodes.has(name)
      ? this.#resolveName(name)
      : this.#outer === null
        ? undefined
        : this.#outer.#find(name);
  }

  #resolveName(name: string): ResolvedSet | null {
    const known = this.#resolved.get(name);
    if (known !== undefined) return known;
    const node = this.#nodes.get(name)!;
    this.#open.push(name);
    const result = this.#resolveNode(node);
    this.#open.pop();
    this.#resolved.set(name, result);
    return result;
  }

  #resolveNode(node: Node): ResolvedSet | null {
    const call = this.#lowering.callAt(node.location);
    switch (node["kind"]) {
      case "literal-set":
        return this.#results.leaf(node, () => literalSet(node["prefixes"], call));
      case "feed-set":
        return this.#results.leaf(node, () => {
          const addresses = this.#results.feeds.addressesOf(node);
          return addresses && { addresses, fed: true };
        });
      case "union-set": {
        knownOptions(node, "the record of guards", call);
        const members = this.#members(node["members"], call);
        return members && this.#combine(node, members, unionOf);
      }
      default: {
        const members = this.#members([node["from"], ...arrayOf(node["without"])], call);
        return (
          members &&
          this.#combine(node, members, ([from, ...rest]) => difference(from ?? EMPTY, unionOf(rest)))
        );
      }
    }
  }

  #combine(
    node: Node,
    members: readonly ResolvedSet[],
    compute: (sets: readonly AddressSet[]) => AddressSet,
  ): ResolvedSet {
    const sets = members.map((member) => member.addresses);
    return {
      addresses: this.#results.combined(node, sets, () => compute(sets)),
      fed: members.some((member) => member.fed),
    };
  }

  /** All members, each looked at although one before it has a fault. */
  #members(list: unknown, call: Call): readonly ResolvedSet[] | null {
    const members = arrayOf(list).map((member) => this.#setMember(member, call));
    if (members.length === 0) {
      call.report(call.whole(), {
        code: "bad-value",
        message: "a union of nothing",
        help: "name the sets that it is made of",
      });
      return null;
    }
    return members.every((member) => member !== null) ? members : null;
  }

  #setMember(member: unknown, call: Call): ResolvedSet | null {
    const node = nodeOf(member, ...SET_KINDS);
    if (node && fieldsOf(node["guards"])?.["maxChangePercent"] !== undefined) {
      call.report(call.property("maxChangePercent"), {
        code: "bad-value",
        message: "a feed without a name has no size in the last build to compare with",
        help: "give the feed a name of its own in `sets`, and name that here",
      });
      return null;
    }
    if (node) return this.#resolveNode(node);
    if (typeof member !== "string") {
      call.report(call.whole(), {
        code: "bad-vocabulary",
        message: `${show(member)} is not a set`,
        help: "give the name of a set, or one made with `prefixes`, `feed`, `union` or `difference`",
      });
      return null;
    }
    if (looksLikePrefix(member)) {
      const prefix = prefixOf(member, call);
      return prefix && this.#results.literal(prefix);
    }
    const start = this.#open.indexOf(member);
    if (start >= 0) {
      const way = [...this.#open.slice(start), member].map((name) => `\`${name}\``);
      call.report(call.value(member), {
        code: "set-cycle",
        message: `the set \`${member}\` is made of itself: ${way.join(" → ")}`,
        help: "take one of these names out of its set",
        related: this.#open.slice(start, -1).map((name) => ({
          location: this.#nodes.get(name)!.location,
          message: `\`${name}\` is made here`,
        })),
      });
      return null;
    }
    const found = this.#find(member);
    if (found === undefined) this.#reportUnknown(member, call);
    return found ?? null;
  }

  #reportUnknown(name: string, call: Call, property?: string): void {
    call.report(call.value(name, property === undefined ? {} : { property }), {
      code: "unknown-set",
      message: `there is no set \`${name}\``,
      help: suggest(name, this.#names(), "sets"),
    });
  }

  #names(): string[] {
    const outer = this.#outer === null ? [] : this.#outer.#names();
    return [...new Set([...this.#nodes.keys(), ...outer])];
  }

  /** A record's key stands before the call that makes the value; where it is not in the owner, the value is marked. */
  #callOfEntry(name: string, node: Node, owner: Call): Call {
    const inOwner = owner.property(name);
    const isThere = inOwner.location !== owner.location;
    const span = isThere ? inOwner : this.#lowering.callAt(node.location).whole();
    return { ...owner, value: () => span };
  }
}

/** Of one set that very set: its tables are then shared. */
export function unionOf([first = EMPTY, ...rest]: readonly AddressSet[]): AddressSet {
  return rest.reduce(union, first);
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function literalSet(list: unknown, call: Call): ResolvedSet | null {
  const seen = new Map<unknown, number>();
  const prefixes: (Prefix | null)[] = arrayOf(list).map((text) => {
    const occurrence = seen.get(text) ?? 0;
    seen.set(text, occurrence + 1);
    return prefixOf(text, call, { occurrence });
  });
  return prefixes.every((prefix) => prefix !== null)
    ? { addresses: fromPrefixes(prefixes), fed: false }
    : null;
}
