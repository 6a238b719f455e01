// Faults of what is emitted to diagnostics: at the literal of the policy or the site that is wrong, else at its call.

import type { SourceLocation } from "../../ir/nodes.ts";
import { diagnostic, Locator } from "../diagnostics/index.ts";
import type { Diagnostic, Severity } from "../types.ts";

export interface Fault {
  readonly code: string;
  readonly severity?: Severity;
  readonly message: string;
  readonly help: string;
  /** The call that asked for what is wrong; the site's where it is null. */
  readonly location?: SourceLocation | null;
  /** What is wrong as the author may have written it: a literal, or the name of a property. */
  readonly mark?: { readonly value?: unknown; readonly property?: string };
}

export class Report {
  readonly #locator: Locator;
  readonly #place: SourceLocation;
  readonly #found = new Map<string, Diagnostic>();

  /** `place`: what is marked where nothing better is known. */
  constructor(sources: ReadonlyMap<string, string>, place: SourceLocation) {
    this.#locator = new Locator(sources);
    this.#place = place;
  }

  add({ code, severity = "error", message, help, location, mark = {} }: Fault): void {
    const call = location ?? this.#place;
    const { value, property } = mark;
    const span =
      value !== undefined
        ? this.#locator.literal(call, value, property === undefined ? {} : { property })
        : property !== undefined
          ? this.#locator.property(call, property)
          : this.#locator.call(call);
    // One fault may stand in several files: the environments repeat what they do not change.
    const key = `${code}\n${message}`;
    if (!this.#found.has(key)) this.#found.set(key, diagnostic({ code, severity, message, help, ...span }));
  }

  get diagnostics(): readonly Diagnostic[] {
    return [...this.#found.values()];
  }
}
