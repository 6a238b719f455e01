// A seed to fleets and packets, one pair of both after the other, until something disagrees or the time is over. Run
// number n of a seed is the same on every machine, whatever came before it.

import fc from "fast-check";
import type { ProgramObject } from "../../src/runtime/kernel/generation.ts";
import { compare, lowerFleet } from "./compare.ts";
import { edgesOf } from "./edges.ts";
import { fleets } from "./fleets.ts";
import { sequence, shapes } from "./packets.ts";
import { Random } from "./random.ts";
import { type Sequence, shrink } from "./shrink.ts";

/** Packets of a fleet that fast-check makes; the sequence repeats and varies them. */
const SHAPES = 48;

export interface FuzzOptions {
  readonly seed: number;
  readonly object: ProgramObject;
  /** Runs and milliseconds after which it ends. */
  readonly runs?: number;
  readonly timeoutMs?: number;
  /** Packet/fleet pairs after which it ends. */
  readonly pairs?: number;
  /** Packets of each fleet. */
  readonly packets?: number;
  /** Comparisons that shrinking what was found may take. */
  readonly shrinkTries?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** Fleets. */
  runs: number;
  /** Packets, each judged by both. */
  packets: number;
  /** Rules that were generated, and those that lowering kept. */
  rulesMade: number;
  rulesKept: number;
  /** Witnesses that the kernel confirmed, of the fleets that pass every check. */
  witnesses: number;
  /** Packets by reason. */
  readonly reasons: Map<string, number>;
}

export interface Finding {
  readonly seed: number;
  readonly run: number;
  readonly disagreement: string;
  /** As small as shrinking made it. */
  readonly sequence: Sequence;
}

export interface FuzzResult extends Progress {
  readonly finding: Finding | null;
}

export function fuzz(options: FuzzOptions): FuzzResult {
  const { seed, object, runs = Infinity, timeoutMs = Infinity, pairs = Infinity, packets = 2048 } = options;
  const progress: Progress = {
    runs: 0,
    packets: 0,
    rulesMade: 0,
    rulesKept: 0,
    witnesses: 0,
    reasons: new Map(),
  };
  const end = performance.now() + timeoutMs;
  for (let run = 0; run < runs && progress.packets < pairs && performance.now() < end; run++) {
    const made = makeRun(seed, run, packets);
    if (made === null) continue;
    const { sequence } = made;
    let disagreement: string | null;
    let step: number | null = null;
    try {
      const compared = compare(made.ir, sequence.steps, object);
      ({ disagreement, step } = compared);
      progress.runs++;
      progress.packets += compared.packets;
      progress.rulesMade += sequence.fleet.policies.reduce((sum, { rules }) => sum + rules.length, 0);
      progress.rulesKept += made.ir.rules.length;
      progress.witnesses += compared.witnessesProven;
      for (const [reason, count] of compared.reasons)
        progress.reasons.set(reason, (progress.reasons.get(reason) ?? 0) + count);
    } catch (error) {
      disagreement = `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
    if (disagreement !== null) {
      const kind = kindOf(disagreement);
      const disagrees = (smaller: Sequence) => {
        const text = disagreementOf(smaller, object);
        return text !== null && kindOf(text) === kind;
      };
      const small = shrink(sequence, step, disagrees, options.shrinkTries);
      const last = disagreementOf(small, object) ?? disagreement;
      return { ...progress, finding: { seed, run, disagreement: last, sequence: small } };
    }
    options.onProgress?.(progress);
  }
  return { ...progress, finding: null };
}

/** Null where both agree. An exception on the way is a finding as well: no policy and no packet may cause one. */
export function disagreementOf({ fleet, steps }: Sequence, object: ProgramObject): string | null {
  const ir = lowerFleet(fleet);
  if (ir === null) return null;
  try {
    return compare(ir, steps, object).disagreement;
  } catch (error) {
    return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

/** Shrinking stays with the fault that was found: a packet, a counter, or an error. */
function kindOf(disagreement: string): string {
  return disagreement.split(/[ :]/, 1)[0]!;
}

function makeRun(seed: number, run: number, packets: number) {
  const own = Math.imul(seed, 0x9e37_79b1) ^ Math.imul(run + 1, 0x85eb_ca6b);
  const random = new Random(own);
  const [fleet] = fc.sample(fleets, { seed: own, numRuns: 1 });
  const ir = fleet && lowerFleet(fleet);
  if (!fleet || !ir) return null;
  const edges = edgesOf(ir, random);
  const bases = fc.sample(shapes(edges), { seed: own, numRuns: SHAPES });
  return { ir, sequence: { fleet, steps: sequence(bases, edges, packets, random) } };
}
