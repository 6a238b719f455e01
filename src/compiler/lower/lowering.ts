// What all passes of one lowering share: the input, the diagnostics so far, and the way from a value to its place.

import type { SourceLocation } from "../../policy/types.ts";
import { type DiagnosticParts, diagnostic, Locator, type Span } from "../diagnostics/index.ts";
import type { Wanted } from "../diagnostics/locate.ts";
import type { CompileInput, Diagnostic } from "../types.ts";

export type Fault = Omit<DiagnosticParts, "location" | "spanLength">;

export class Lowering {
  readonly input: CompileInput;
  readonly locator: Locator;
  readonly #diagnostics = new Map<string, Diagnostic>();

  constructor(input: CompileInput) {
    this.input = input;
    this.locator = new Locator(input.sources);
  }

  /** Once for each place and message: a set that three policies share is faulty once. */
  report(span: Span, fault: Fault): void {
    const { location, spanLength } = span;
    const key = `${fault.code} ${location.file}:${location.line}:${location.column} ${fault.message}`;
    if (!this.#diagnostics.has(key))
      this.#diagnostics.set(key, diagnostic({ ...fault, location, spanLength }));
  }

  get diagnostics(): readonly Diagnostic[] {
    return [...this.#diagnostics.values()];
  }

  /** A maker of spans for the values of one vocabulary call. */
  callAt(location: SourceLocation): Call {
    const { locator } = this;
    return {
      location,
      whole: () => locator.call(location),
      value: (value, wanted) => locator.literal(location, value, wanted),
      property: (name) => locator.property(location, name),
      report: (span, fault) => this.report(span, fault),
    };
  }
}

/** One call of the vocabulary in a policy file, as the place of faults. */
export interface Call {
  readonly location: SourceLocation;
  whole(): Span;
  value(value: unknown, wanted?: Wanted): Span;
  property(name: string): Span;
  report(span: Span, fault: Fault): void;
}
