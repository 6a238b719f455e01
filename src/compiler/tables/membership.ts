// Which sets a value is in, as a class number. A sweep toggles one set at a time; the same membership always gets the
// same class, whichever way the sweep came to it.

/** The membership of no set. */
export const NOWHERE = 0;

export class Memberships {
  readonly #setCount: number;
  /** Sets of each state, ascending. */
  readonly #members: (readonly number[])[] = [[]];
  readonly #states = new Map<string, number>([["", NOWHERE]]);
  /** state × set to state: a sweep over a million edges of few sets takes few different steps. */
  readonly #steps = new Map<number, number>();
  /** State to class: only states that some value is in are classes, numbered as they are first met. */
  readonly #classes = new Map<number, number>();
  readonly #classMembers: (readonly number[])[] = [];

  constructor(setCount: number) {
    this.#setCount = Math.max(1, setCount);
  }

  /** The state after the value's membership in `set` turned round. */
  toggle(state: number, set: number): number {
    const step = state * this.#setCount + set;
    const known = this.#steps.get(step);
    if (known !== undefined) return known;
    const before = this.#members[state]!;
    const after = before.includes(set)
      ? before.filter((member) => member !== set)
      : [...before, set].sort((a, b) => a - b);
    const key = after.join(",");
    let next = this.#states.get(key);
    if (next === undefined) {
      next = this.#members.length;
      this.#members.push(after);
      this.#states.set(key, next);
    }
    this.#steps.set(step, next);
    return next;
  }

  classOf(state: number): number {
    let found = this.#classes.get(state);
    if (found === undefined) {
      found = this.#classMembers.length;
      this.#classes.set(state, found);
      this.#classMembers.push(this.#members[state]!);
    }
    return found;
  }

  /** Sets of each class, by class. */
  get classMembers(): readonly (readonly number[])[] {
    return this.#classMembers;
  }
}
