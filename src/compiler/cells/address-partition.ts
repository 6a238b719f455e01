// Address sets to classes: a class is all addresses that are in exactly the same sets. One sweep over the edges of all
// sets in address order. Where only one set has edges for a while, the sweep jumps: such a run shows two classes only,
// so a feed of a million prefixes costs a few binary searches.

import { strict as assert } from "node:assert";
import { type AddressSet, contains } from "../../ir/address-set.ts";
import { rangesBegun } from "../../ir/pairs.ts";
import type { Family } from "../../ir/prefix.ts";
import { emptyMask, fullMask, type Mask, setBit } from "./mask.ts";

export interface AddressPartition {
  readonly size: number;
  readonly all: Mask;
  /** The class of the best landmark. */
  readonly preferred: number;
  /** One range of addresses in the class, the one to take examples from. */
  sample(index: number): { readonly first: bigint; readonly last: bigint; readonly preferred: bigint };
  /** The classes that make up `set`, which must be one of the sets that the partition was made for. */
  maskOf(set: AddressSet): Mask;
}

interface Class {
  readonly signature: Uint32Array;
  /** -1 until a range of it was seen: a signature between two edges at one address stands for no address. */
  index: number;
  first: bigint;
  last: bigint;
  preferred: bigint;
}

/** `landmarks`: addresses that make good examples, best first; a class that holds one shows it. */
export function partitionAddresses(
  all: Iterable<AddressSet>,
  family: Family,
  landmarks: readonly bigint[],
): AddressPartition {
  const sets = [...new Set(all)];
  const classes =
    family === 4
      ? sweep<number>(
          sets.map((set) => set.v4),
          0,
          1,
          2 ** 32,
        )
      : sweep<bigint>(
          sets.map((set) => set.v6),
          0n,
          1n,
          1n << 128n,
        );
  let preferred = 0;
  for (const landmark of landmarks.toReversed())
    preferred = preferLandmark(classes, sets, family, landmark).index;

  const seen = [...classes.values()].filter((entry) => entry.index >= 0).sort((a, b) => a.index - b.index);
  const masks = sets.map(() => emptyMask(seen.length));
  for (const entry of seen)
    for (let word = 0; word < entry.signature.length; word++)
      for (let bits = entry.signature[word]!; bits !== 0; bits &= bits - 1)
        setBit(masks[word * 32 + 31 - Math.clz32(bits & -bits)]!, entry.index);
  const maskBySet = new Map(sets.map((set, index) => [set, masks[index]!]));
  return {
    size: seen.length,
    all: fullMask(seen.length),
    preferred,
    sample: (index) => seen[index]!,
    maskOf(set) {
      const mask = maskBySet.get(set);
      assert(mask, "a partition is asked for the sets that it was made for");
      return mask;
    },
  };
}

function sweep<N extends number | bigint>(
  lists: readonly ArrayLike<N>[],
  zero: N,
  one: N,
  end: N,
): Map<string, Class> {
  const plus = (a: N, b: N) => ((a as number) + (b as number)) as N; // both are of the one type N
  const edge = (set: number, position: number): N => {
    const list = lists[set]!;
    return position % 2 === 0 ? list[position]! : plus(list[position]!, one);
  };
  const classes = new Map<string, Class>();
  const moves = new Map<number, Class>();
  const numbers = new Map<Class, number>();
  let seenCount = 0;

  const classOf = (signature: Uint32Array): Class => {
    const key = signature.join();
    let found = classes.get(key);
    if (!found) {
      found = { signature, index: -1, first: 0n, last: 0n, preferred: 0n };
      classes.set(key, found);
      numbers.set(found, numbers.size);
    }
    return found;
  };
  const toggle = (from: Class, set: number): Class => {
    const move = numbers.get(from)! * lists.length + set;
    let to = moves.get(move);
    if (!to) {
      const signature = from.signature.slice();
      signature[set >>> 5] = signature[set >>> 5]! ^ (1 << (set & 31));
      to = classOf(signature);
      moves.set(move, to);
    }
    return to;
  };
  const see = (entry: Class, first: N, next: N) => {
    if (entry.index >= 0 || first >= next) return;
    entry.index = seenCount++;
    entry.first = entry.preferred = BigInt(first);
    entry.last = BigInt(next) - 1n;
  };

  const positions = new Uint32Array(lists.length);
  const heap = new EdgeHeap<N>();
  for (let set = 0; set < lists.length; set++) if (lists[set]!.length > 0) heap.push(edge(set, 0), set);

  let current = classOf(emptyMask(lists.length));
  let at = zero;
  while (heap.size > 0) {
    const set = heap.topSet();
    const length = lists[set]!.length;
    const here = heap.topEdge();
    see(current, at, here);
    at = here;
    current = toggle(current, set);
    let position = positions[set]! + 1;
    const other = heap.secondEdge() ?? end;
    // The set's edges from `position` to before `until` stand alone: the classes alternate between two.
    if (position + 4 < length && edge(set, position + 3) < other) {
      see(current, at, edge(set, position));
      see(toggle(current, set), edge(set, position), edge(set, position + 1));
      let low = position;
      let high = length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (edge(set, middle) < other) low = middle + 1;
        else high = middle;
      }
      if ((low - position) % 2 === 1) current = toggle(current, set);
      position = low;
      at = edge(set, low - 1);
    }
    positions[set] = position;
    if (position < length) heap.replaceTop(edge(set, position));
    else heap.pop();
  }
  see(current, at, end);
  return classes;
}

/** Least edge first. */
class EdgeHeap<N extends number | bigint> {
  readonly #edges: N[] = [];
  readonly #sets: number[] = [];

  get size(): number {
    return this.#edges.length;
  }
  topEdge(): N {
    return this.#edges[0]!;
  }
  topSet(): number {
    return this.#sets[0]!;
  }
  /** The least edge but one; undefined where there is one edge only. */
  secondEdge(): N | undefined {
    const left = this.#edges[1];
    const right = this.#edges[2];
    return right !== undefined && left !== undefined && right < left ? right : left;
  }
  push(edge: N, set: number): void {
    this.#edges.push(edge);
    this.#sets.push(set);
    for (let child = this.#edges.length - 1; child > 0; ) {
      const parent = (child - 1) >>> 1;
      if (this.#edges[parent]! <= this.#edges[child]!) return;
      this.#swap(parent, child);
      child = parent;
    }
  }
  pop(): void {
    this.#swap(0, this.#edges.length - 1);
    this.#edges.pop();
    this.#sets.pop();
    this.#sink();
  }
  /** The next edge of the set whose edge was the least. */
  replaceTop(edge: N): void {
    this.#edges[0] = edge;
    this.#sink();
  }
  #sink(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let least = parent;
      if (left < this.#edges.length && this.#edges[left]! < this.#edges[least]!) least = left;
      if (right < this.#edges.length && this.#edges[right]! < this.#edges[least]!) least = right;
      if (least === parent) return;
      this.#swap(parent, least);
      parent = least;
    }
  }
  #swap(a: number, b: number): void {
    const edge = this.#edges[a]!;
    const set = this.#sets[a]!;
    this.#edges[a] = this.#edges[b]!;
    this.#sets[a] = this.#sets[b]!;
    this.#edges[b] = edge;
    this.#sets[b] = set;
  }
}

function preferLandmark(
  classes: ReadonlyMap<string, Class>,
  sets: readonly AddressSet[],
  family: Family,
  landmark: bigint,
): Class {
  const signature = emptyMask(sets.length);
  let first = 0n;
  let last = (1n << (family === 4 ? 32n : 128n)) - 1n;
  for (const [index, set] of sets.entries()) {
    if (contains(set, family, landmark)) setBit(signature, index);
    const [from, to] = surroundings(family === 4 ? set.v4 : set.v6, landmark);
    if (from !== null && from > first) first = from;
    if (to !== null && to < last) last = to;
  }
  const entry = classes.get(signature.join());
  assert(entry && entry.index >= 0, "the sweep meets the class of every address");
  entry.first = first;
  entry.last = last;
  entry.preferred = landmark;
  return entry;
}

/** The range or gap of a sorted list of first, last pairs that holds `value`. */
function surroundings(pairs: ArrayLike<number | bigint>, value: bigint): [bigint | null, bigint | null] {
  const next = 2 * rangesBegun(pairs, value);
  const at = next - 2;
  if (at >= 0 && value <= pairs[at + 1]!) return [BigInt(pairs[at]!), BigInt(pairs[at + 1]!)];
  return [
    at >= 0 ? BigInt(pairs[at + 1]!) + 1n : null,
    next < pairs.length ? BigInt(pairs[next]!) - 1n : null,
  ];
}
