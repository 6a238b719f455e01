// Programs to nanoseconds a run. The programs of one comparison are timed in turn, round by round, so that whatever else
// the machine does meets all of them; a cost is the difference to the program that only drops, within its round.

import { strict as assert } from "node:assert";
import type { BpfProgram } from "../runtime/bpf/index.ts";
import type { Rounds } from "./types.ts";

export interface Timed {
  readonly program: BpfProgram;
  readonly packet: Uint8Array;
  /** Runs before each timing: what the timing is to find as it left it. */
  readonly before?: () => void;
}

/** Runs of the first timing, which warms the caches and shows how many runs fill a round. */
const FIRST_RUNS = 20_000;

/**
 * Nanoseconds a run of each program, one for each round. The kernel gives whole nanoseconds, rounded down.
 */
export function timeInTurn<N extends string>(
  programs: Readonly<Record<N, Timed>>,
  rounds: Rounds,
): Readonly<Record<N, readonly number[]>> {
  const names = Object.keys(programs) as N[];
  const runs = {} as Record<N, number>;
  const times = {} as Record<N, number[]>;
  for (const name of names) {
    const first = Math.max(1, timeOnce(programs[name], FIRST_RUNS));
    runs[name] = Math.ceil((rounds.ms * 1e6) / first);
    times[name] = [];
  }
  for (let round = 0; round < rounds.count; round++)
    for (const name of names) times[name].push(timeOnce(programs[name], runs[name]));
  return times;
}

function timeOnce({ program, packet, before }: Timed, repeat: number): number {
  before?.();
  const { returnCode, durationNs } = program.measure(packet, { repeat });
  assert.notEqual(returnCode, 0, "XDP_ABORTED: the program did not do what it is timed for");
  return durationNs;
}

/** The mean of the middle half: a median that has more digits than the whole numbers that it is made of. */
export function middle(values: readonly number[]): number {
  assert(values.length > 0);
  const sorted = values.toSorted((a, b) => a - b);
  const cut = Math.floor(sorted.length / 4);
  const half = sorted.slice(cut, sorted.length - cut);
  return half.reduce((sum, value) => sum + value, 0) / half.length;
}

/** What `times` cost over `base`, round by round. */
export function costOver(base: readonly number[], times: readonly number[]): number {
  assert.equal(base.length, times.length);
  return middle(times.map((time, round) => time - base[round]!));
}
