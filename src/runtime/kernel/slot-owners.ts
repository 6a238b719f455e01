// Pinned generations to who owns their counter slots, and a bundle's rules to slots beside these.

import type { Bundle } from "../../bundle/index.ts";
import { RuntimeFault } from "../errors.ts";
import { type PinnedGeneration, slotOwners } from "./generation.ts";
import { type GenerationKey, generationName, type Journal } from "./journal.ts";
import { ownerKey } from "./slots.ts";
import type { FleetState } from "./state.ts";

/** The current generation and the previous one. */
const GENERATIONS_KEPT = 2;

/** A generation's rules never change, so each is read once: opening one takes half a millisecond of a swap. */
export class SlotOwners {
  readonly #state: FleetState;
  readonly #open: (key: GenerationKey) => PinnedGeneration | null;
  readonly #known = new Map<string, readonly string[]>();

  constructor(state: FleetState, open: (key: GenerationKey) => PinnedGeneration | null) {
    this.#state = state;
    this.#open = open;
  }

  /** Counter slots of the bundle's rules. Those of the current and the previous generation stay theirs. */
  slotsFor(bundle: Bundle, { current, previous }: Journal): Uint32Array {
    const owners = slotOwners(bundle.manifest);
    const slots = this.#state.assignSlots(owners, this.#of([current, previous]));
    if (slots) return slots;
    // Two generations of 4,096 rules each take all slots, so a third one can not have its own beside them.
    const fewer = this.#state.assignSlots(owners, this.#of([current]));
    if (fewer) return fewer;
    throw new RuntimeFault({
      code: "no-slots",
      operation: "build",
      object: `generation ${bundle.generation}`,
      message: `the counter table has no room for ${owners.length} rules beside those that serve`,
      help: "split the fleet's policies",
    });
  }

  /** Keys of the owners, of all those generations together. One that is not there has none. */
  #of(keys: readonly (GenerationKey | null)[]): ReadonlySet<string> {
    return new Set(keys.flatMap((key) => (key ? this.#ofGeneration(key) : [])));
  }

  #ofGeneration(key: GenerationKey): readonly string[] {
    const name = generationName(key);
    const known = this.#known.get(name);
    if (known) return known;
    const generation = this.#open(key);
    if (!generation) return [];
    const owners = slotOwners(generation.manifest).map(ownerKey);
    generation.close();
    this.#known.set(name, owners);
    const [oldest] = this.#known.keys();
    if (this.#known.size > GENERATIONS_KEPT && oldest !== undefined) this.#known.delete(oldest);
    return owners;
  }
}
