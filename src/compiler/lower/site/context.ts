// What all sections of one environment share: the way from a field to its place, the faults so far, the secrets so far.

import type { SecretIr } from "../../../ir/site.ts";
import type { Span } from "../../diagnostics/index.ts";
import type { Fault, Lowering } from "../lowering.ts";
import { fieldsOf, type Node } from "../untyped.ts";

/** What the policies around the site have. */
export interface Surroundings {
  readonly fleets: readonly string[];
  readonly backends: readonly string[];
}

export class SiteContext {
  readonly lowering: Lowering;
  readonly node: Node;
  readonly surroundings: Surroundings;
  /** Every reference to the store and to Secrets of the cluster. */
  readonly secrets: SecretIr[] = [];
  hasFault = false;
  readonly #overrides: { readonly path: readonly string[]; readonly raw: unknown } | null;

  constructor(
    node: Node,
    lowering: Lowering,
    surroundings: Surroundings,
    overrides: { readonly path: readonly string[]; readonly raw: unknown } | null = null,
  ) {
    this.node = node;
    this.lowering = lowering;
    this.surroundings = surroundings;
    this.#overrides = overrides;
  }

  /** Of a field by its path in the settings, or of `value` in it: in the environment's overrides where those have it. */
  span(path: readonly string[], value?: unknown): Span {
    const { locator } = this.lowering;
    const overrides = this.#overrides;
    const isOverridden = overrides !== null && path.length > 0 && holds(overrides.raw, path);
    return locator.path(this.node.location, isOverridden ? [...overrides.path, ...path] : path, value);
  }

  report(span: Span, fault: Fault): void {
    this.hasFault = true;
    this.lowering.report(span, fault);
  }
}

function holds(raw: unknown, path: readonly string[]): boolean {
  let at: unknown = raw;
  for (const name of path) {
    const fields = fieldsOf(at);
    if (fields === null || !(name in fields)) return false;
    at = fields[name];
  }
  return true;
}
