// The edges of the address sets that rules use, where tables go wrong first: the first and last address of a range, and
// the addresses before and after. One witness for a set, with 16 steps at most: the set's first and last range, of both
// families. The evaluator says what each address gets.

import type { Witness } from "../../bundle/manifest.generated.ts";
import type { AddressSet } from "../../ir/address-set.ts";
import { keyOf } from "../../ir/address-set.ts";
import type { RuleIr } from "../../ir/nodes.ts";
import type { Family } from "../../ir/prefix.ts";
import type { Point } from "../cells/point.ts";
import { FAMILY } from "../checks/matches.ts";
import { type Above, once, pointAt, reach, testable, type WitnessContext } from "./context.ts";
import { START_NS } from "./recorder.ts";

/** Sets of a fleet that are shown; beyond, the rules' own witnesses have to do. */
const SETS_MAX = 256;
/** A set of more ranges is only known by identity: its key would be a text of megabytes. */
const KEYED_RANGES_MAX = 1_024;

type Side = "source" | "destination";

/** Sets that have their witness, by side: two rules that use one set, or equal ones, share it. */
export class ShownSets {
  readonly #seen = new Set<unknown>();
  #count = 0;

  /** True the first time. */
  add(side: Side, set: AddressSet): boolean {
    const ranges = (set.v4.length + set.v6.length) / 2;
    const key = ranges > KEYED_RANGES_MAX ? set : `${side} ${keyOf(set)}`;
    if (this.#count === SETS_MAX || this.#seen.has(key)) return false;
    this.#seen.add(key);
    this.#count++;
    return true;
  }
}

export function setEdges(context: WitnessContext, rule: RuleIr, above: Above, shown: ShownSets): Witness[] {
  return (["source", "destination"] as const).flatMap((side) => {
    const set = rule.match[side];
    if (set === null || !shown.add(side, set)) return [];
    const frames = ([4, 6] as const).flatMap((family) => {
      const cell = reach(context, rule, above, { also: [FAMILY[family]] });
      return cell ? edgeFrames(pointAt(context, cell), side, set) : [];
    });
    if (frames.length === 0) return [];
    // So far apart that one address's limits and blocks are over before the next.
    const { settleNs } = context.recorder;
    const steps = frames.map((frame, index) => once(frame, START_NS + BigInt(index) * settleNs));
    return context.recorder.record({ name: `${rule.id}, edges of its ${side} set`, rule: rule.id, steps });
  });
}

function edgeFrames(point: Point, side: Side, set: AddressSet): Uint8Array[] {
  return edges(set, point.family).flatMap((address) => testable({ ...point, [side]: address }) ?? []);
}

function edges(set: AddressSet, family: Family): bigint[] {
  const list: ArrayLike<number | bigint> = family === 4 ? set.v4 : set.v6;
  if (list.length === 0) return [];
  const end = (1n << (family === 4 ? 32n : 128n)) - 1n;
  const found = new Set<bigint>();
  for (const at of [0, list.length - 2]) {
    const first = BigInt(list[at]!);
    const last = BigInt(list[at + 1]!);
    for (const address of [first - 1n, first, last, last + 1n])
      if (address >= 0n && address <= end) found.add(address);
  }
  return [...found];
}
