// Which sets a value is in, as a class number. A sweep toggles one set at a time; the same membership always gets the
// same class, whichever way the sweep came to it.

/** The membership of no set. */
export const NOWHERE = 0;

/** A power of two. */
const RECENT = 4_096;

export class Memberships {
  readonly #setCount: number;
  /** Sets of each state, ascending. */
  readonly #members: (readonly number[])[] = [[]];
  readonly #states = new Map<string, number>([["", NOWHERE]]);
  /** state × set to state: a sweep over a million edges of few sets takes few different steps. */
  readonly #steps = new Map<number, number>();
  /** The steps taken last, by their lowest bits: most steps of a sweep are a few, over and over. */
  readonly #recentSteps = new Float64Array(RECENT).fill(-1);
  readonly #recentStates = new Uint32Array(RECENT);
  /** State to class, -1 for none: only states that some value is in are classes, numbered as they are first met. */
  readonly #classes: number[] = [-1];
  readonly #classMembers: (readonly number[])[] = [];

  constructor(setCount: number) {
    this.#setCount = Math.max(1, setCount);
  }

  /** The state after the value's membership in `set` turned round. */
  toggle(state: number, set: number): number {
    const step = state * this.#setCount + set;
    const place = step % RECENT;
    if (this.#recentSteps[place] === step) return this.#recentStates[place]!;
    const next = this.#steps.get(step) ?? this.#firstStep(state, set, step);
    this.#recentSteps[place] = step;
    this.#recentStates[place] = next;
    return next;
  }

  #firstStep(state: number, set: number, step: number): number {
    const before = this.#members[state]!;
    const after = before.includes(set)
      ? before.filter((member) => member !== set)
      : [...before, set].sort((a, b) => a - b);
    const key = after.join(",");
    let next = this.#states.get(key);
    if (next === undefined) {
      next = this.#members.length;
      this.#members.push(after);
      this.#classes.push(-1);
      this.#states.set(key, next);
    }
    this.#steps.set(step, next);
    return next;
  }

  classOf(state: number): number {
    let found = this.#classes[state]!;
    if (found < 0) {
      found = this.#classMembers.length;
      this.#classes[state] = found;
      this.#classMembers.push(this.#members[state]!);
    }
    return found;
  }

  /** Sets of each class, by class. */
  get classMembers(): readonly (readonly number[])[] {
    return this.#classMembers;
  }
}
