// What a row of the bench is, what it gives, and how large it is run.

import type { Inputs } from "./inputs.ts";

/** `atMost` and `atLeast` are bounds of DESIGN §9, in the figure's unit. */
export interface Target {
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Figure {
  readonly what: string;
  readonly value: number;
  /** `ns`, `ms`, `MiB`, `×`, … */
  readonly unit: string;
  readonly target: Target | null;
  /** null where there is no target. */
  readonly reached: boolean | null;
}

export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What was left out, and why, a line each. */
  readonly missing: readonly string[];
  /** Wall time of the whole row. */
  readonly seconds: number;
}

/** How often each program of a row is timed, in turn with the others, and about how long. */
export interface Rounds {
  readonly count: number;
  readonly ms: number;
}

export interface Scale {
  /** Prefixes of the large sets: 1,000,000 where the figures are those of DESIGN §9. */
  readonly manyPrefixes: number;
  /** 100,000. */
  readonly somePrefixes: number;
  /** Addresses that a feeder walks through; a power of two. */
  readonly sources: number;
  /** Rules of the large rule set: 4,096. */
  readonly rules: number;
  /** For programs whose memory is in the caches after some microseconds. */
  readonly rounds: Rounds;
  /** For programs that go through megabytes: filling the caches again is not to be what is timed. */
  readonly longRounds: Rounds;
  /** How often something that takes long (a swap, a command) is done. */
  readonly repeats: number;
  /** Commits under traffic. */
  readonly swaps: number;
  /** Packets of the capture that is replayed. */
  readonly replayPackets: number;
  /** How long an idle agent is watched. */
  readonly idleMs: number;
}

export const FULL: Scale = {
  manyPrefixes: 1_000_000,
  somePrefixes: 100_000,
  sources: 2 ** 20,
  rules: 4096,
  rounds: { count: 15, ms: 25 },
  longRounds: { count: 7, ms: 200 },
  repeats: 5,
  swaps: 100,
  replayPackets: 500_000,
  idleMs: 20_000,
};

/** For the tests: every row runs, and no figure means anything. */
export const TINY: Scale = {
  manyPrefixes: 2000,
  somePrefixes: 1000,
  sources: 2 ** 10,
  rules: 128,
  rounds: { count: 2, ms: 1 },
  longRounds: { count: 2, ms: 1 },
  repeats: 1,
  swaps: 2,
  replayPackets: 1000,
  idleMs: 100,
};

export interface BenchContext {
  readonly scale: Scale;
  /** A folder of this run's own, removed at its end. */
  readonly folder: string;
  readonly inputs: Inputs;
  /** Says what goes on, for people. */
  readonly progress: (text: string) => void;
}

export interface Row {
  readonly name: string;
  readonly title: string;
  run(context: BenchContext): Promise<{ figures: readonly Figure[]; missing?: readonly string[] }>;
}

/** A figure, and whether it is within its target. */
export function figure(what: string, value: number, unit: string, target: Target | null = null): Figure {
  const reached = target && value <= (target.atMost ?? Infinity) && value >= (target.atLeast ?? -Infinity);
  return { what, value, unit, target, reached };
}
