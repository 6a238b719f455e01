// A seed to the same choices on every machine: sfc32 (Chris Doty-Humphrey's Small Fast Counting generator, 128 bits of
// state). fast-check makes fleets and packets; this one varies millions of them cheaply.

export class Random {
  #a: number;
  #b: number;
  #c = 1;
  #d = 0x9e37_79b9;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.imul(seed ^ (seed >>> 16), 0x45d9_f3b);
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 of them, as an unsigned number. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.bits() / 2 ** 32) * count);
  }

  chance(probability: number): boolean {
    return this.bits() / 2 ** 32 < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: ArrayLike<T>): T {
    return list[this.below(list.length)]!;
  }
}
