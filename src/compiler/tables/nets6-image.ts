// IPv6 prefixes to the image of `*6_nets` (bpf/shared.h). What has no room is left to the caller.

import { LINE_BYTES, NET6_BEGIN_BIT, NET6_HOSTS } from "../../bundle/abi.ts";
import { net6Begin, net6Key, steered, type Word6 } from "./address6-mix.ts";
import { type Exact6Placement, exact6Image } from "./exact6-image.ts";
import { NOWHERE, steer } from "./pilots.ts";

export interface Net6 {
  readonly first: bigint;
  /** 32 to 64. */
  readonly length: number;
  /** null: that of the ranges. */
  readonly label: number | null;
  /** Whether some of its addresses are among the hosts; then it has 64 bits. */
  readonly hasHosts: boolean;
}

const SLOTS = 7;
const STEER = { slots: SLOTS, fills: [0.9, 0.8, 0.65, 0.5], meanGroup: 8 } as const;
const LINE_CELLS = LINE_BYTES / 4;
/** Codes are bytes, and 0 is none. */
const CLASS_END = 255;
const KEY_BITS = [32, 36, 40, 44, 48, 52, 56, 60, 64] as const;
/** One entry in this many may be shorter than the key, or share it with too many, before a longer key is tried. */
const FEW_LEFT = 16;

/** `nets` ascend, and do not overlap. */
export function placeNets6(nets: readonly Net6[]): Exact6Placement {
  const { keyBits, fitting } = chooseKey(nets);
  const keyShift = 64 - keyBits;
  const candidates = fitting.map((index) => {
    const net = nets[index]!;
    return { ...net, index, key: net6Key(net.first, keyShift) };
  });
  const steering = steer(
    Uint32Array.from(candidates, ({ key }) => key.hash),
    STEER,
  );
  const { image, cells, table } = exact6Image(steering);
  const codes = image.subarray(table.pilots);
  const placed = new Uint8Array(nets.length);
  candidates.forEach(({ length, label, hasHosts, index, key }, i) => {
    const bucket = steering.buckets[i]!;
    if (bucket === NOWHERE) return;
    placed[index] = 1;
    const hash = steered(key.hash, steering.pilots[key.hash & table.pilotMask]!);
    const begin = cutTo(net6Begin(hash, key.rest, table.buckets), NET6_BEGIN_BIT + 64 - length);
    const word = { upper: begin.upper, lower: (begin.lower | (hasHosts ? NET6_HOSTS : 0)) >>> 0 };
    insert(cells, codes, bucket, word, label === null ? 0 : label + 1);
  });
  return { ...table, image, keyShift, placed };
}

interface KeyChoice {
  readonly keyBits: number;
  /** Those that are not shorter than the key, and no more of one key than a bucket has slots. */
  readonly fitting: readonly number[];
}

/** The bits that choose the bucket: few, for short prefixes to have them; more where many prefixes share them. */
function chooseKey(nets: readonly Net6[]): KeyChoice {
  let best: KeyChoice | null = null;
  for (const keyBits of KEY_BITS) {
    const fitting = fittingOf(nets, keyBits);
    if (!best || fitting.length > best.fitting.length) best = { keyBits, fitting };
    if ((nets.length - best.fitting.length) * FEW_LEFT <= nets.length) break;
  }
  return best!; // of nine
}

function fittingOf(nets: readonly Net6[], keyBits: number): number[] {
  const shift = BigInt(128 - keyBits);
  const fitting: number[] = [];
  let key = -1n;
  let ofKey = 0;
  nets.forEach(({ first, length, label }, index) => {
    if (length < keyBits || (label ?? 0) >= CLASS_END) return;
    const own = first >> shift;
    ofKey = own === key ? ofKey + 1 : 1;
    key = own;
    if (ofKey <= SLOTS) fitting.push(index);
  });
  return fitting;
}

/** Without the bits below `shift`, 7 to 39, which stands there itself. */
function cutTo({ upper, lower }: Word6, shift: number): Word6 {
  return shift < 32
    ? { upper, lower: ((lower & (-1 << shift)) | shift) >>> 0 }
    : { upper: (upper & (-1 << (shift - 32))) >>> 0, lower: shift };
}

/** Into the last slot that is not above it, and those below that one down. Free slots, which are 0, come first. */
function insert(
  cells: Uint32Array,
  codes: Uint8Array,
  bucket: number,
  { upper, lower }: Word6,
  code: number,
): void {
  const line = bucket * LINE_CELLS;
  let slot = 1;
  for (; slot < SLOTS; slot++) {
    const next = line + 2 * (slot + 1);
    if (cells[next + 1]! > upper || (cells[next + 1] === upper && cells[next]! > lower)) break;
    cells[next - 2] = cells[next]!;
    cells[next - 1] = cells[next + 1]!;
    codes[4 * line + slot] = codes[4 * line + slot + 1]!;
  }
  cells[line + 2 * slot] = lower;
  cells[line + 2 * slot + 1] = upper;
  codes[4 * line + slot] = code;
}
