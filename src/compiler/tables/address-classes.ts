// Address sets to a partition of each family's address space: ascending segments, each with its class. One sweep over
// all edges of all sets; neighbours of the same class are one segment.

import type { AddressSet } from "../../ir/address-set.ts";
import { type Memberships, NOWHERE } from "./membership.ts";

const END_4 = 2 ** 32;
const END_6 = 1n << 128n;

export interface Segments<N> {
  /** First address of each segment; the first segment begins at 0. */
  readonly firsts: N;
  readonly classes: Uint32Array;
}

export function sweep4(sets: readonly AddressSet[], memberships: Memberships): Segments<Uint32Array> {
  // One double holds an edge and its set: 32 bits of address, up to 21 of set. Typed arrays sort without a callback.
  const count = sets.reduce((sum, set) => sum + set.v4.length, 0);
  const edges = new Float64Array(count);
  let filled = 0;
  sets.forEach(({ v4 }, index) => {
    for (let i = 0; i < v4.length; i++) {
      const at = v4[i]! + (i & 1); // odd: the last address, so the edge is the one after
      if (at < END_4) edges[filled++] = at * sets.length + index;
    }
  });
  const sorted = edges.subarray(0, filled).sort();
  const firsts = new Uint32Array(filled + 1);
  const classes = new Uint32Array(filled + 1);
  let length = 0;
  let state = NOWHERE;
  for (let i = 0, at = 0; ; ) {
    let next = END_4;
    for (; i < filled; i++) {
      const edge = sorted[i]!;
      const address = Math.floor(edge / sets.length);
      if (address !== at) {
        next = address;
        break;
      }
      state = memberships.toggle(state, edge - address * sets.length);
    }
    const label = memberships.classOf(state);
    if (length === 0 || classes[length - 1] !== label) {
      firsts[length] = at;
      classes[length++] = label;
    }
    if (next === END_4) break;
    at = next;
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
