// A list in which every name stands once; the second of a name is reported and left out.

import type { SourceLocation } from "../../policy/types.ts";
import type { Lowering } from "./lowering.ts";

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly location: SourceLocation;
}

export class DuplicateNames<T extends Named> {
  readonly list: T[] = [];
  readonly #where: string;
  readonly #lowering: Lowering;
  readonly #places = new Map<string, SourceLocation>();

  constructor(where: string, lowering: Lowering) {
    this.#where = where;
    this.#lowering = lowering;
  }

  /** False where the name is taken. */
  add(one: T): boolean {
    const isNew = this.claim(one.name, one.location);
    if (isNew) this.list.push(one);
    return isNew;
  }

  /** Takes a name for something that is left out of the list for faults of its own. */
  claim(name: string, location: SourceLocation): boolean {
    const first = this.#places.get(name);
    if (first === undefined) {
      this.#places.set(name, location);
      return true;
    }
    const call = this.#lowering.callAt(location);
    const isSame =
      first.file === location.file && first.line === location.line && first.column === location.column;
    call.report(call.value(name), {
      code: "duplicate-name",
      message: `the name \`${name}\` stands twice in ${this.#where}`,
      help: isSame ? "name it once" : "give one of the two another name: counters and alerts go by it",
      related: isSame ? [] : [{ location: first, message: `\`${name}\` stands here first` }],
    });
    return false;
  }
}
