// A partition of the IPv6 addresses to the images of its tables. A small set is ranges alone; in a larger one single
// addresses and prefixes of 32 to 64 bits whose class differs from their surroundings stand in exact tables, for they
// crowd in few chunks, and a search there has many steps.

import {
  ADDRESS6_RANGE,
  HOSTS6_MARKED,
  LINE_BYTES,
  ROOT_ENTRIES,
  ROOT6_STEP_BITS,
} from "../../bundle/abi.ts";
import { END_6, type Segments } from "./address-classes.ts";
import type { Exact6Image } from "./exact6-image.ts";
import { placeHosts6 } from "./hosts6-image.ts";
import { type Net6, placeNets6 } from "./nets6-image.ts";

export interface Address6Images {
  /** null where there are no ranges, and `rest` is the class of all that is in no exact table. */
  readonly root: Uint8Array | null;
  readonly rest: number | null;
  readonly ranges: Uint8Array | null;
  readonly hosts: Exact6Image | null;
  readonly nets: Exact6Image | null;
}

type Segments6 = Segments<readonly bigint[]>;

/** A segment that is a prefix. */
interface Prefix6 {
  readonly first: bigint;
  readonly length: number;
  readonly label: number;
}

const RANGE_WORDS = ADDRESS6_RANGE.bytes / 8;
const LINE_RANGES = LINE_BYTES / ADDRESS6_RANGE.bytes;
const NET_BITS = 64;

/** 64 KiB of ranges. */
const RANGES_ALONE = 2 ** 11;

/** An exact table costs one more line for each packet. It must save this part of the ranges. */
const WORTH = 1 / 8;

/** Where one segment in this many would be left to the ranges, hosts that nets do not mark may leave fewer. */
const FEW_LEFT = 16;

/** `alone`: up to so many segments get no exact tables. For tests of small sets. */
export function images6(segments: Segments6, alone = RANGES_ALONE): Address6Images {
  if (segments.firsts.length <= alone) return { ...ranges6Images(segments), hosts: null, nets: null };
  const singles = prefixesOf(segments).filter(({ length }) => length === 128);
  if (!isWorth(singles, segments)) return withNets(segments, segments);
  const { placed, ...hosts } = placeHosts6(singles);
  const inTable = singles.filter((_, i) => placed[i] === 1);
  const marked = withMarkedHosts(segments, hosts, inTable);
  if (leftOf(marked) * FEW_LEFT <= segments.firsts.length) return marked;
  const unmarked = { ...withNets(segments, without(segments, inTable)), hosts };
  return leftOf(unmarked) < leftOf(marked) ? unmarked : marked;
}

function leftOf({ ranges }: Address6Images): number {
  return (ranges?.length ?? 0) / ADDRESS6_RANGE.bytes;
}

/** `from` without prefixes that nets has. `all` is what they are to be worth it for. */
function withNets(all: Segments6, from: Segments6): Address6Images {
  const prefixes = prefixesOf(from).filter(isNet);
  if (!isWorth(prefixes, all)) return { ...ranges6Images(from), hosts: null, nets: null };
  const { placed, ...nets } = placeNets6(prefixes.map((prefix) => ({ ...prefix, hasHosts: false })));
  const rest = without(
    from,
    prefixes.filter((_, i) => placed[i] === 1),
  );
  return { ...ranges6Images(rest), hosts: null, nets };
}

/**
 * Nets that say which /64s have hosts, so that only their addresses are looked for among the hosts. A shorter prefix that has
 * hosts is left to the ranges, for slots of nets do not overlap.
 */
function withMarkedHosts(
  segments: Segments6,
  hosts: Exact6Image,
  inTable: readonly Prefix6[],
): Address6Images {
  const from = without(segments, inTable);
  const nets = markedNets(
    prefixesOf(from).filter(isNet),
    inTable.map(({ first }) => first >> 64n),
  );
  const { placed, ...image } = placeNets6(nets);
  const marked = new Set<bigint>();
  nets.forEach(({ first, hasHosts }, i) => {
    if (hasHosts && placed[i] === 1) marked.add(first >> 64n);
  });
  const found = inTable.filter(({ first }) => marked.has(first >> 64n));
  const taken = nets.filter((net, i): net is Net6 & Prefix6 => placed[i] === 1 && net.label !== null);
  const rest = without(without(segments, found), taken);
  return { ...ranges6Images(rest), hosts: { ...hosts, keyShift: HOSTS6_MARKED }, nets: image };
}

/** Both ascend. `sites`: the /64 of each host. */
function markedNets(prefixes: readonly Prefix6[], sites: readonly bigint[]): Net6[] {
  const nets: Net6[] = [];
  let at = 0;
  const mark = (end: bigint) => {
    for (; at < sites.length && sites[at]! < end; at++)
      if (sites[at] !== sites[at - 1])
        nets.push({ first: sites[at]! << 64n, length: NET_BITS, label: null, hasHosts: true });
  };
  for (const prefix of prefixes) {
    mark(prefix.first >> 64n);
    const end = (prefix.first + (1n << BigInt(128 - prefix.length))) >> 64n;
    const hasHosts = at < sites.length && sites[at]! < end;
    if (!hasHosts || prefix.length === NET_BITS) {
      nets.push({ ...prefix, hasHosts });
      while (at < sites.length && sites[at]! < end) at++;
    }
  }
  mark(END_6 >> 64n);
  return nets;
}

function isNet({ length }: Prefix6): boolean {
  return length >= 32 && length <= NET_BITS;
}

/** Each takes its own segment out, and most often the one behind it. */
function isWorth(prefixes: readonly Prefix6[], { firsts }: Segments6): boolean {
  return prefixes.length > 0 && 2 * prefixes.length >= firsts.length * WORTH;
}

function prefixesOf({ firsts, classes }: Segments6): Prefix6[] {
  const prefixes: Prefix6[] = [];
  firsts.forEach((first, i) => {
    const size = (firsts[i + 1] ?? END_6) - first;
    if ((size & (size - 1n)) !== 0n || (first & (size - 1n)) !== 0n) return;
    prefixes.push({ first, length: 129 - size.toString(2).length, label: classes[i]! });
  });
  return prefixes;
}

/**
 * What is left where each prefix takes the class of what stands before it; neighbours of one class join. The prefixes are some
 * of the segments, in the same order.
 */
function without({ firsts, classes }: Segments6, prefixes: readonly Prefix6[]): Segments6 {
  const left: bigint[] = [];
  const labels: number[] = [];
  let next = 0;
  firsts.forEach((first, i) => {
    if (first === prefixes[next]?.first) {
      next++;
      if (left.length > 0) return;
    }
    if (labels.at(-1) === classes[i]) return;
    left.push(first);
    labels.push(classes[i]!);
  });
  return { firsts: left, classes: Uint32Array.from(labels) };
}

function ranges6Images({ firsts, classes }: Segments6): Pick<Address6Images, "root" | "rest" | "ranges"> {
  if (firsts.length === 1) return { root: null, rest: classes[0]!, ranges: null };
  const root = new Uint32Array(ROOT_ENTRIES);
  const count = firsts.length;
  // Of each range: the chunk that it begins in, and the first chunk that it may have the first address of.
  const chunks = Uint32Array.from(firsts, (first) => Number(first >> 112n));
  const wholeFrom = chunks.map((chunk, i) => (firsts[i] === BigInt(chunk) << 112n ? chunk : chunk + 1));
  let room = 0;
  let range = 0; // the one that has the chunk's first address
  for (let chunk = 0; chunk < ROOT_ENTRIES; chunk++) {
    while (range + 1 < count && wholeFrom[range + 1]! <= chunk) range++;
    let last = range;
    while (last + 1 < count && chunks[last + 1]! <= chunk) last++;
    if (last === range) {
      root[chunk] = (classes[range]! << ROOT6_STEP_BITS) >>> 0;
      continue;
    }
    const steps = 32 - Math.clz32(last - range);
    const from = Math.max(0, last + 1 - 2 ** steps);
    root[chunk] = ((from << ROOT6_STEP_BITS) | steps) >>> 0;
    room = Math.max(room, from + 2 ** steps);
    range = last;
  }
  const images = { root: new Uint8Array(root.buffer), rest: null };
  if (room === 0) return { ...images, ranges: null };
  const slots = Math.ceil(Math.max(room, count) / LINE_RANGES) * LINE_RANGES;
  const ranges = new BigUint64Array(slots * RANGE_WORDS);
  for (let i = 0; i < slots; i++) {
    const own = Math.min(i, count - 1);
    ranges[i * RANGE_WORDS] = firsts[own]! >> 64n;
    ranges[i * RANGE_WORDS + 1] = BigInt.asUintN(64, firsts[own]!);
    ranges[i * RANGE_WORDS + 2] = BigInt(classes[own]!);
  }
  return { ...images, ranges: new Uint8Array(ranges.buffer) };
}
