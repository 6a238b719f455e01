// Settings and what an environment says otherwise to that environment's settings.

import { plainFieldsOf } from "../untyped.ts";

/**
 * Ends: cycle.ts has found no record in itself. Records are merged field by field; lists, single values and what the vocabulary made are replaced, and null takes away. A
 * record of another `kind` replaces the one that it overrides: a Vault store has nothing of an AWS store.
 */
export function merged(base: unknown, overrides: unknown): unknown {
  if (overrides === undefined) return base;
  const theirs = plainFields(overrides);
  const ours = plainFields(base);
  if (theirs === null) return overrides;
  if (ours === null || (theirs["kind"] !== undefined && theirs["kind"] !== ours["kind"]))
    return withoutNulls(theirs);
  const result: Record<string, unknown> = { ...ours };
  for (const [name, value] of Object.entries(theirs))
    if (value === null) delete result[name];
    else result[name] = merged(ours[name], value);
  return result;
}

function withoutNulls(fields: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** A record that the author wrote; null for lists, and for what the vocabulary made. */
function plainFields(value: unknown): Readonly<Record<string, unknown>> | null {
  const fields = plainFieldsOf(value);
  return fields === null || "location" in fields ? null : fields;
}
