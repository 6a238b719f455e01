// What a policy file hands to the vocabulary, as frozen data of its own: a later change by the caller changes nothing.

/**
 * A deep frozen copy of plain objects and arrays. What is frozen already (the vocabulary's own nodes) is taken as it
 * is, so that one backend in two policies stays one value; so is what is not plain data, for the compiler to report.
 */
export function frozen<T>(value: T): T {
  return copy(value, new Map()) as T;
}

function copy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    copies.set(value, items);
    for (const item of value) items.push(copy(item, copies));
    return Object.freeze(items);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const fields: Record<string, unknown> = {};
  copies.set(value, fields);
  for (const [name, field] of Object.entries(value)) fields[name] = copy(field, copies);
  return Object.freeze(fields);
}

/** Options as an untyped caller may have left them out: the vocabulary never throws, the compiler reports. */
export function given<T extends object>(options: T): Partial<T> {
  const value: unknown = options;
  return typeof value === "object" && value !== null ? options : {};
}

/** Options that an untyped caller wrote and nothing reads, beside all that there are: the compiler reports them. */
export interface Strange {
  readonly strange?: { readonly fields: readonly string[]; readonly known: readonly string[] };
}

/** Empty where every option is known, and where a node is spread into the options: it has fields of its own. */
export function strange<T extends object>(options: T, known: readonly (keyof T & string)[]): Strange {
  const written: Partial<T> = given(options);
  if ("kind" in written) return {};
  const fields = Object.entries(written)
    .filter(([name, value]) => value !== undefined && !known.some((one) => one === name))
    .map(([name]) => name);
  return fields.length === 0 ? {} : { strange: Object.freeze({ fields: Object.freeze(fields), known }) };
}
