// IPv6 hosts to the image of an exact table (bpf/shared.h). What has no room is left to the caller.

import { HOST6_CLASS_BITS, LINE_BYTES } from "../../bundle/abi.ts";
import { host6Key, host6Word, steered } from "./address6-mix.ts";
import { type Exact6Placement, exact6Image } from "./exact6-image.ts";
import { NOWHERE, steer } from "./pilots.ts";

export interface Host6 {
  readonly first: bigint;
  readonly label: number;
}

/** Pilots of hosts are read for few packets. */
const STEER = { slots: 4, fills: [0.9, 0.75, 0.5], meanGroup: 4 } as const;
const LOW_32 = 0xffff_ffffn;

export function placeHosts6(hosts: readonly Host6[]): Exact6Placement {
  const keys = hosts.map(({ first }) => host6Key(first));
  const hashes = Uint32Array.from(keys, ({ hash }) => hash);
  const steering = steer(hashes, STEER);
  const { image, cells, table } = exact6Image(steering);
  const placed = new Uint8Array(hosts.length);
  const filled = new Uint8Array(table.buckets);
  hosts.forEach(({ first, label }, i) => {
    const bucket = steering.buckets[i]!;
    if (bucket === NOWHERE || label + 1 >= 2 ** HOST6_CLASS_BITS) return;
    const hash = steered(keys[i]!.hash, steering.pilots[keys[i]!.hash & table.pilotMask]!);
    const { upper, lower } = host6Word(hash, keys[i]!.rest, table.buckets);
    const at = (bucket * LINE_BYTES) / 4 + 4 * filled[bucket]!++;
    cells[at] = lower | (label + 1);
    cells[at + 1] = upper;
    cells[at + 2] = Number(first & LOW_32);
    cells[at + 3] = Number((first >> 32n) & LOW_32);
    placed[i] = 1;
  });
  return { ...table, image, keyShift: 0, placed };
}
