// The most frequent keys of a stream in bounded memory: space-saving (Metwally, Agrawal, El Abbadi 2005). A key that
// comes when all slots are taken takes over the least one's, count included, and remembers it as its error: the true count
// is between count - error and count, and every key with more than total / slots of the stream is among them.

export interface Top {
  readonly key: string;
  /** Since counting began, faded. Not below the truth. */
  readonly count: number;
  /** By how much it may be above it. */
  readonly error: number;
}

/** Slots for each key that is asked for: they make the error small. */
const SLOTS_PER_KEY = 8;
const SLOTS_LEAST = 64;

export class TopK<K> {
  readonly #slots: number;
  readonly #slotOf = new Map<K, number>();
  readonly #keys: K[] = [];
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;

  constructor(size: number) {
    this.#slots = Math.max(SLOTS_LEAST, size * SLOTS_PER_KEY);
    this.#counts = new Float64Array(this.#slots);
    this.#errors = new Float64Array(this.#slots);
  }

  add(key: K): void {
    const known = this.#slotOf.get(key);
    if (known !== undefined) {
      this.#counts[known]!++;
      return;
    }
    if (this.#keys.length < this.#slots) {
      const slot = this.#keys.push(key) - 1;
      this.#slotOf.set(key, slot);
      this.#counts[slot] = 1;
      this.#errors[slot] = 0;
      return;
    }
    const least = this.#least();
    this.#slotOf.delete(this.#keys[least]!);
    this.#slotOf.set(key, least);
    this.#keys[least] = key;
    this.#errors[least] = this.#counts[least]!;
    this.#counts[least]!++;
  }

  #least(): number {
    let least = 0;
    for (let slot = 1; slot < this.#slots; slot++)
      if (this.#counts[slot]! < this.#counts[least]!) least = slot;
    return least;
  }

  /** Halves every count: what is long ago weighs less. */
  fade(): void {
    for (let slot = 0; slot < this.#keys.length; slot++) {
      this.#counts[slot] = Math.floor(this.#counts[slot]! / 2);
      this.#errors[slot] = Math.floor(this.#errors[slot]! / 2);
    }
  }

  /** Highest count first; none that is certain to be nothing but error. */
  top(size: number, name: (key: K) => string): Top[] {
    return this.#keys
      .map((key, slot) => ({ key, count: this.#counts[slot]!, error: this.#errors[slot]! }))
      .filter(({ count, error }) => count > error)
      .sort((a, b) => b.count - a.count)
      .slice(0, size)
      .map(({ key, count, error }) => ({ key: name(key), count, error }));
  }
}
