// Settings to the way to a record or list that stands in itself, as only JavaScript can make one: whoever follows it does not
// come back.

import { plainFieldsOf } from "../untyped.ts";

/** Names and indices from the settings to where the first cycle closes; null where there is none. */
export function findCycle(settings: unknown): readonly string[] | null {
  const open = new Set<unknown>();
  const done = new Set<unknown>(); // shared is not cyclic, and looked at once
  const search = (value: unknown, path: readonly string[]): readonly string[] | null => {
    const members = Array.isArray(value) ? value : plainFieldsOf(value);
    if (members === null || done.has(value)) return null;
    if (open.has(value)) return path;
    open.add(value);
    for (const [name, member] of Object.entries<unknown>(members)) {
      const found = search(member, [...path, name]);
      if (found) return found;
    }
    open.delete(value);
    done.add(value);
    return null;
  };
  return search(settings, []);
}
