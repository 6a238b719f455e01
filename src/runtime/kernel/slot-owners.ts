// Pinned generations to who owns their counter slots.

import { type PinnedGeneration, slotOwners } from "./generation.ts";
import { type GenerationKey, generationName } from "./journal.ts";
import { ownerKey } from "./slots.ts";

/** The current generation and the previous one. */
const GENERATIONS_KEPT = 2;

/** A generation's rules never change, so each is read once: opening one takes half a millisecond of a swap. */
export class SlotOwners {
  readonly #open: (key: GenerationKey) => PinnedGeneration | null;
  readonly #known = new Map<string, readonly string[]>();

  constructor(open: (key: GenerationKey) => PinnedGeneration | null) {
    this.#open = open;
  }

  /** Keys of the owners, of all those generations together. One that is not there has none. */
  of(keys: readonly (GenerationKey | null)[]): ReadonlySet<string> {
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
