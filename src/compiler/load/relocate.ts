// Values of the vocabulary, whose places have absolute paths, to the same values with the paths that diagnostics show:
// what is compiled must not depend on where the checkout stands.

import type { Site } from "../../policy/site.ts";
import type { FeedSet, Fleet } from "../../policy/types.ts";

export interface Relocated {
  readonly fleets: readonly Fleet[];
  readonly site: Site | null;
  /** Every feed that one of them names. */
  readonly feeds: readonly FeedSet[];
  /** Every file that a place in a fleet names, as it was before. */
  readonly files: ReadonlySet<string>;
}

/** Frozen copies; what was one value in two places stays one. `show` turns an absolute path into the path to show. */
export function relocate(
  fleets: readonly Fleet[],
  show: (path: string) => string,
  site: Site | null = null,
): Relocated {
  const copies = new Map<object, unknown>();
  const feeds: FeedSet[] = [];
  const files = new Set<string>();

  const copy = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const known = copies.get(value);
    if (known !== undefined) return known;
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      copies.set(value, items);
      for (const item of value) items.push(copy(item));
      return Object.freeze(items);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    const fields: Record<string, unknown> = {};
    copies.set(value, fields);
    for (const [name, field] of Object.entries(value)) fields[name] = copy(field);
    if (typeof fields["file"] === "string" && typeof fields["line"] === "number") {
      files.add(fields["file"]);
      fields["file"] = show(fields["file"]);
    }
    if (isFeed(fields)) feeds.push(fields);
    return Object.freeze(fields);
  };
  const ofFleets = fleets.map((fleet) => copy(fleet) as Fleet);
  return { fleets: ofFleets, feeds, files: new Set(files), site: copy(site) as Site | null };
}

function isFeed(value: object): value is FeedSet {
  return "kind" in value && value.kind === "feed-set" && "path" in value && typeof value.path === "string";
}
