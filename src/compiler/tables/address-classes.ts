// Address sets to a partition of each family's address space: ascending segments, each with its class. One sweep over
// all edges of all sets; neighbours of the same class are one segment.

import type { AddressSet } from "../../ir/address-set.ts";
import { radixSort } from "../../ir/radix-sort.ts";
import { type Memberships, NOWHERE } from "./membership.ts";

/** One past the last address. */
export const END_4 = 2 ** 32;
export const END_6 = 1n << 128n;

export interface Segments<N> {
  /** First address of each segment; the first segment begins at 0. */
  readonly firsts: N;
  readonly classes: Uint32Array;
}

export function sweep4(sets: readonly AddressSet[], memberships: Memberships): Segments<Uint32Array> {
  const count = sets.reduce((sum, set) => sum + set.v4.length, 0);
  const addresses = new Uint32Array(count);
  const setOfEdge = new Uint32Array(count);
  let filled = 0;
  sets.forEach(({ v4 }, index) => {
    for (let i = 0; i < v4.length; i++) {
      const at = v4[i]! + (i & 1); // odd: the last address, so the edge is the one after
      if (at === END_4) continue;
      addresses[filled] = at;
      setOfEdge[filled++] = index;
    }
  });
  const edges = radixSort(addresses.subarray(0, filled), setOfEdge.subarray(0, filled));
  const firsts = new Uint32Array(filled + 1);
  const classes = new Uint32Array(filled + 1);
  let length = 0;
  let state = NOWHERE;
  let at = 0;
  for (let i = 0; ; ) {
    while (i < filled && edges.keys[i] === at) state = memberships.toggle(state, edges.values[i++]!);
    const label = memberships.classOf(state);
    if (length === 0 || classes[length - 1] !== label) {
      firsts[length] = at;
      classes[length++] = label;
    }
    if (i === filled) break;
    at = edges.keys[i]!;
  }
  return { firsts: firsts.slice(0, length), classes: classes.slice(0, length) };
}

export function sweep6(sets: readonly AddressSet[], memberships: Memberships): Segments<readonly bigint[]> {
  const edges: { readonly at: bigint; readonly set: number }[] = [];
  sets.forEach(({ v6 }, set) => {
    for (let i = 0; i < v6.length; i++) {
      const at = i % 2 === 0 ? v6[i]! : v6[i]! + 1n;
      if (at < END_6) edges.push({ at, set });
    }
  });
  // Each set's edges are a sorted run, and the sort merges runs: for few sets it is close to one pass.
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const firsts: bigint[] = [];
  const classes: number[] = [];
  let state = NOWHERE;
  let at = 0n;
  const close = () => {
    const label = memberships.classOf(state);
    if (classes.at(-1) === label) return;
    firsts.push(at);
    classes.push(label);
  };
  for (const edge of edges) {
    if (edge.at !== at) {
      close();
      at = edge.at;
    }
    state = memberships.toggle(state, edge.set);
  }
  close();
  return { firsts, classes: Uint32Array.from(classes) };
}
