// Rules to those that a packet's protocol and destination port leave in question: most fall out there, and captures repeat
// a few of them. It changes nothing of what the rules mean: whoever is left out does not match.

import { type CompiledMatch, holds, type Subject } from "./match.ts";

/** Lists that are remembered: a flood to random ports must not fill the memory with them. */
const REMEMBERED = 4096;

export class Candidates<R extends { readonly match: CompiledMatch }> {
  readonly #rules: readonly R[];
  readonly #lists = new Map<number, readonly R[]>();

  constructor(rules: readonly R[]) {
    this.#rules = rules;
  }

  /** In the order of the rules. */
  of(subject: Subject): readonly R[] {
    const { protocol, destinationPort } = subject.packet.fields;
    const key = (protocol ?? 256) * 2 ** 17 + (destinationPort ?? 2 ** 16);
    let list = this.#lists.get(key);
    if (list) return list;
    list = this.#rules.filter(({ match }) =>
      match.cheapFirst.every(
        (test) => (test.field !== "protocol" && test.field !== "destinationPort") || holds(test, subject),
      ),
    );
    if (this.#lists.size === REMEMBERED) this.#lists.clear();
    this.#lists.set(key, list);
    return list;
  }
}
