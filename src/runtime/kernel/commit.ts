// Puts a pinned generation in charge. The order makes every instant safe to die in: the generation is pinned whole before
// the journal names it as target; the journal names it before the first link moves; a link moves in one step of the
// kernel; the journal calls it current when all have; what nobody needs goes last.

import { RuntimeFault } from "../errors.ts";
import { openGeneration, type PinnedGeneration, sweepGenerations } from "./generation.ts";
import { abandoned, committed, type GenerationKey, generationName, type Journal } from "./journal.ts";
import { closeLinks, detachOthers, moveLinks, type Placement, pinnedLinks } from "./links.ts";
import type { FleetState } from "./state.ts";

/**
 * Moves the links to the generation and makes it current. Where that fails everything is as it was. What nobody needs any
 * more stays until sweep(), so that a swap does not wait for it. `placement` null: the links that there are; else links of
 * other interfaces are taken off. `held`: what the journal shall hold from now on.
 */
export function commitGeneration(
  state: FleetState,
  generation: PinnedGeneration,
  placement: Placement | null,
  held: string | null,
): Journal {
  const before = state.readJournal();
  const target = state.writeJournal({ ...before, target: generation.key, held });
  try {
    moveLinks(state.layout, placement, generation.program);
  } catch (error) {
    state.writeJournal({ ...before, target: null });
    throw error;
  }
  const after = state.writeJournal(committed(target, generation.key, Date.now()));
  if (placement) detachOthers(state.layout, placement.interfaces);
  return after;
}

/** The previous generation takes over, and the one that it replaces is held: the bundle path does not bring it back. */
export function rollBack(state: FleetState): Journal {
  const journal = state.readJournal();
  const previous = journal.previous && openGeneration(state.layout, generationName(journal.previous));
  if (!previous || !journal.current) {
    throw new RuntimeFault({
      code: "no-previous",
      operation: "roll back",
      object: state.layout.root,
      message: "there is no previous generation to roll back to",
      help: "put an earlier bundle at the bundle path",
    });
  }
  try {
    const after = commitGeneration(state, previous, null, journal.current.bundle);
    sweep(state, after);
    return after;
  } finally {
    previous.close();
  }
}

/** Removes generations that are neither current nor previous, and tables that neither uses. */
export function sweep(state: FleetState, journal: Journal): void {
  const keep = [journal.current, journal.previous, journal.target].map((key) => openKey(state, key));
  try {
    sweepGenerations(state.layout, keep);
  } finally {
    for (const generation of keep) generation?.close();
  }
}

function openKey(state: FleetState, key: GenerationKey | null): PinnedGeneration | null {
  return key && openGeneration(state.layout, generationName(key));
}

export interface Recovery {
  readonly journal: Journal;
  /** What serves, or served before its interfaces went away. The caller closes it. */
  readonly serving: PinnedGeneration | null;
  /** Links that an interrupted commit had left behind were moved on to its target. */
  readonly rolledForward: boolean;
}

/**
 * Makes one whole of what an earlier agent left. The truth is what the links run: where some of them had reached the
 * journal's target, the others follow; where none had, the target is given up.
 */
export function recover(state: FleetState): Recovery {
  let journal = state.readJournal();
  const links = pinnedLinks(state.layout);
  closeLinks(links);
  const running = new Set(links.map((link) => link.programId));

  const target = openKey(state, journal.target);
  if (journal.target) {
    if (target && running.has(target.programId)) {
      const lagging = running.size > 1;
      if (lagging) moveLinks(state.layout, null, target.program);
      journal = state.writeJournal(committed(journal, target.key, Date.now()));
      sweep(state, journal);
      return { journal, serving: target, rolledForward: lagging };
    }
    target?.close();
    journal = state.writeJournal(abandoned(journal));
  }

  const serving = openRunning(state, journal, running);
  if (serving) {
    if (running.size > 1) moveLinks(state.layout, null, serving.program);
    if (serving.key.bundle !== journal.current?.bundle || serving.key.object !== journal.current.object)
      journal = state.writeJournal(committed(journal, serving.key, Date.now()));
  }
  sweep(state, journal);
  return { journal, serving, rolledForward: running.size > 1 };
}

/** The journal's current generation where it runs or nothing does; else another pinned one that runs. */
function openRunning(
  state: FleetState,
  journal: Journal,
  running: ReadonlySet<number>,
): PinnedGeneration | null {
  const current = openKey(state, journal.current);
  if (current && (running.size === 0 || running.has(current.programId))) return current;
  const previous = openKey(state, journal.previous);
  if (previous && running.has(previous.programId)) {
    current?.close();
    return previous;
  }
  previous?.close();
  current?.close();
  return null;
}
