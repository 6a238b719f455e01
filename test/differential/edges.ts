// The IR of a fleet to the values at which its rules change their mind: just outside and just inside every range of
// every field and set, and the times that its limits and blocks take. Where two implementations differ, it is there.

import { limitParameters } from "../../src/ir/limit.ts";
import { FIELD_DOMAIN, FIELD_NAMES, type FieldName, type FleetIr } from "../../src/ir/nodes.ts";
import type { Random } from "./random.ts";

export interface Edges {
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
  readonly fields: Readonly<Record<FieldName, readonly number[]>>;
  /** In nanoseconds. */
  readonly waits: readonly bigint[];
}

/** A list is cut to so many, at random: a packet needs a hit, not all of them. */
const MOST = 200;

const LAST_6 = (1n << 128n) - 1n;
const LANDMARKS_6 = [0x2001_0db8n << 96n, (0xfe80n << 112n) | 1n, (0xffffn << 32n) | 0x0a00_0001n];

export function edgesOf(fleet: FleetIr, random: Random): Edges {
  const v4 = new Set<number>([0x0a00_0001, 0xc633_6407]);
  const v6 = new Set<bigint>(LANDMARKS_6);
  const fields = Object.fromEntries(
    FIELD_NAMES.map((name) => [name, new Set([0, FIELD_DOMAIN[name] - 1])]),
  ) as Record<FieldName, Set<number>>;
  const waits = new Set<bigint>([0n, 1n, 999n, 1_000_000n, 1_000_000_000n]);

  const ranges4 = new Set<Uint32Array>();
  const ranges6 = new Set<readonly bigint[]>();
  for (const { match, action } of [...fleet.management, ...fleet.rules]) {
    for (const side of [match.source, match.destination]) {
      if (!side) continue;
      ranges4.add(side.v4);
      ranges6.add(side.v6);
    }
    for (const name of FIELD_NAMES)
      for (const [first, last] of match.fields[name] ?? [])
        for (const value of [first - 1, first, last, last + 1])
          if (value >= 0 && value < FIELD_DOMAIN[name]) fields[name].add(value);
    if (action.kind !== "limit") continue;
    const { multiplier, burstTicks, blockNs } = limitParameters(action);
    for (const ns of [multiplier >> 20n, burstTicks >> 4n, blockNs])
      for (const wait of [ns - 1n, ns, ns + 1n, ns / 2n]) if (wait >= 0n) waits.add(wait);
  }
  for (const pairs of ranges4)
    pairs.forEach((value, index) => v4.add(value).add((index % 2 === 0 ? value - 1 : value + 1) >>> 0));
  for (const pairs of ranges6)
    pairs.forEach((value, index) => v6.add(value).add((index % 2 === 0 ? value - 1n : value + 1n) & LAST_6));
  return {
    v4: some(v4, random),
    v6: some(v6, random),
    fields: Object.fromEntries(
      FIELD_NAMES.map((name) => [name, some(fields[name], random)]),
    ) as unknown as Edges["fields"],
    waits: [...waits],
  };
}

function some<T>(values: ReadonlySet<T>, random: Random): T[] {
  const list = [...values];
  while (list.length > MOST) {
    const at = random.below(list.length);
    list[at] = list.at(-1)!;
    list.pop();
  }
  return list;
}
