import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CONFIG,
  DIMENSION_DESTINATION,
  DIMENSION_SOURCE,
  FIELD_DOMAINS,
  RULE,
  type SectionName,
} from "../../bundle/abi.ts";
import { type AddressSet, contains, fromPrefixes } from "../../ir/address-set.ts";
import { FIELD_NAMES } from "../../ir/nodes.ts";
import { type Family, isFault, parseAddress, parsePrefix } from "../../ir/prefix.ts";
import { includes, type Ranges, ranges } from "../../ir/ranges.ts";
import { buildTables, type Tables } from "./build-tables.ts";
import { classify, type DimensionValue, rulesOfClass } from "./decode.ts";
import { fleetOf, limitOf, ruleOf } from "./fleet-fixture.ts";

const SOURCE = DIMENSION_SOURCE;
const DESTINATION = DIMENSION_DESTINATION;

const set = (...texts: string[]): AddressSet =>
  fromPrefixes(
    texts.map((text) => {
      const prefix = parsePrefix(text);
      if (isFault(prefix)) throw new Error(text);
      return prefix;
    }),
  );
const imagesOf = (tables: Tables) =>
  new Map([...tables.sections].map(([name, { bytes }]): [SectionName, Uint8Array] => [name, bytes]));
const address = (text: string): DimensionValue => parseAddress(text)!;

/** Rules that the value leaves in question, by the images. */
function rulesFor(tables: Tables, dimension: number, value: DimensionValue): readonly number[] {
  const images = imagesOf(tables);
  const found = classify(images, dimension, value);
  if (found === null) throw new Error("the dimension is not looked up");
  return rulesOfClass(images, dimension, found);
}

const config32 = (tables: Tables, offset: number) => {
  const { bytes } = tables.sections.get("config")!;
  return new DataView(bytes.buffer).getUint32(offset, true);
};

describe("addresses", () => {
  const tables = buildTables(
    fleetOf([
      ruleOf("p/a", { source: set("10.0.0.0/8", "2001:db8::/32") }),
      ruleOf("p/b", { source: set("10.1.0.0/16", "198.51.100.7/32") }),
      ruleOf("p/c", {}),
    ]),
  );

  test.each([
    ["9.255.255.255", [2]],
    ["10.0.0.0", [0, 2]],
    ["10.0.255.255", [0, 2]],
    ["10.1.0.0", [0, 1, 2]],
    ["10.1.255.255", [0, 1, 2]],
    ["10.2.0.0", [0, 2]],
    ["10.255.255.255", [0, 2]],
    ["11.0.0.0", [2]],
    ["198.51.100.6", [2]],
    ["198.51.100.7", [1, 2]],
    ["198.51.100.8", [2]],
    ["0.0.0.0", [2]],
    ["255.255.255.255", [2]],
    ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", [2]],
    ["2001:db8::", [0, 2]],
    ["2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", [0, 2]],
    ["2001:db9::", [2]],
    ["::", [2]],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", [2]],
  ])("%s leaves rules %j in question", (text, rules) => {
    expect(rulesFor(tables, SOURCE, address(text))).toEqual(rules);
  });

  test("a side that no rule asks about has no table and is not in the mask", () => {
    expect(config32(tables, CONFIG.dimensionMask)).toBe(1 << SOURCE);
    expect([...tables.sections.keys()]).toEqual([
      "config",
      "rules",
      "vectors",
      "source4_root",
      "source4_ranges",
      "source6_root",
      "source6_ranges",
    ]);
  });

  test("only chunks with more than one class have ranges", () => {
    // 198.51.0.0/16 alone: before, at and after 198.51.100.7
    expect(tables.sections.get("source4_ranges")!.bytes.length).toBe(64);
    const root = new DataView(tables.sections.get("source4_root")!.bytes.buffer);
    expect(root.getUint32(4 * 0xc633, true) & 0xfff).toBe(1);
    expect(root.getUint32(4 * 0x0a00, true) & 0xfff).toBe(0);
  });

  test("a family with one class has no table", () => {
    const v6Only = buildTables(fleetOf([ruleOf("p/a", { source: set("2001:db8::/32") })]));
    expect([...v6Only.sections.keys()]).not.toContain("source4_root");
    expect(rulesFor(v6Only, SOURCE, address("192.0.2.1"))).toEqual([]);
    expect(rulesFor(v6Only, SOURCE, address("2001:db8::1"))).toEqual([0]);
  });

  test("all of one family is told from the other without a table", () => {
    const v4 = buildTables(fleetOf([ruleOf("p/a", { destination: set("0.0.0.0/0") })]));
    expect([...v4.sections.keys()]).toEqual(["config", "rules", "vectors"]);
    expect(rulesFor(v4, DESTINATION, address("192.0.2.1"))).toEqual([0]);
    expect(rulesFor(v4, DESTINATION, address("2001:db8::1"))).toEqual([]);
  });

  test("a set of every address tells no rule apart", () => {
    const all = buildTables(fleetOf([ruleOf("p/a", { source: set("0.0.0.0/0", "::/0") })]));
    expect(config32(all, CONFIG.dimensionMask)).toBe(0);
    expect([...all.sections.keys()]).toEqual(["config", "rules"]);
  });

  test("a rule with an empty set is in no row", () => {
    const none = buildTables(fleetOf([ruleOf("p/a", { source: set() })]));
    expect(rulesFor(none, SOURCE, address("192.0.2.1"))).toEqual([]);
  });
});

describe("fields", () => {
  test.each(FIELD_NAMES.map((name, index) => [name, index] as const))(
    "%s: both ends of a range, its neighbours, and a packet without the field",
    (name, index) => {
      const domain = FIELD_DOMAINS[index]!;
      const last = domain - 1;
      const tables = buildTables(
        fleetOf([
          ruleOf("p/low", { fields: { [name]: ranges([[0, 1]]) } }),
          ruleOf("p/high", { fields: { [name]: ranges([[last, last]]) } }),
          ruleOf("p/any", {}),
        ]),
      );
      expect(rulesFor(tables, index, 0)).toEqual([0, 2]);
      expect(rulesFor(tables, index, 1)).toEqual([0, 2]);
      expect(rulesFor(tables, index, last)).toEqual([1, 2]);
      if (domain > 3) expect(rulesFor(tables, index, 2)).toEqual([2]);
      if (domain > 3) expect(rulesFor(tables, index, last - 1)).toEqual([2]);
      expect(rulesFor(tables, index, null)).toEqual([2]);
    },
  );

  test("a packet without the field matches no rule that names all its values", () => {
    const tables = buildTables(
      fleetOf([ruleOf("p/a", { fields: { destinationPort: ranges([[0, 65535]]) } })]),
    );
    expect(rulesFor(tables, 2, 0)).toEqual([0]);
    expect(rulesFor(tables, 2, null)).toEqual([]);
  });

  test("each field begins on a line of 32 labels", () => {
    const tables = buildTables(
      fleetOf([ruleOf("p/a", { fields: { protocol: ranges([[6, 6]]), ttl: ranges([[0, 9]]) } })]),
    );
    expect(config32(tables, CONFIG.fieldBase)).toBe(0);
    expect(config32(tables, CONFIG.fieldBase + 4 * 7)).toBe(288); // 257 rounded up to 32
    expect(tables.sections.get("fields")!.bytes.length).toBe(2 * 288 * 2);
  });
});

describe("rows", () => {
  const manyRules = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      ruleOf(`p/r${i}`, i % 7 === 0 ? {} : { fields: { destinationPort: ranges([[i, i]]) } }),
    );

  test.each([
    [64, 1, 1],
    [65, 2, 3],
    [128, 2, 3],
    [129, 3, 4],
    [4096, 64, 65],
  ])("%i rules have %i words and a stride of %i", (count, words, stride) => {
    const tables = buildTables(fleetOf(manyRules(count)));
    expect(config32(tables, CONFIG.wordCount)).toBe(words);
    expect(config32(tables, CONFIG.rowStride)).toBe(stride);
  });

  test.each([63, 64, 65, 200, 4096])("of %i rules a value leaves its own and the indifferent", (count) => {
    const tables = buildTables(fleetOf(manyRules(count)));
    const indifferent = Array.from({ length: count }, (_, i) => i).filter((i) => i % 7 === 0);
    const last = count - 1;
    const expected = [...new Set([...indifferent, last])].sort((a, b) => a - b);
    expect(rulesFor(tables, 2, last)).toEqual(expected);
    expect(rulesFor(tables, 2, 65535)).toEqual(indifferent);
  });
});

describe("rules", () => {
  const image = (tables: Tables) => new DataView(tables.sections.get("rules")!.bytes.buffer);

  test("a limit's line has its rate and burst in ticks, and ids over fleet, rule and key", () => {
    const tables = buildTables(
      fleetOf([ruleOf("dns/queries", {}, { action: limitOf({ blockForSeconds: 60 }) })]),
    );
    const line = image(tables);
    // printf %s edge/dns/queries | sha256sum | cut -c1-16
    expect(line.getBigUint64(RULE.id, true)).toBe(0x6393abc25427b0c6n);
    // printf %s edge/dns/queries/packets/source/32/64 | sha256sum | cut -c1-16
    expect(line.getBigUint64(RULE.limitId, true)).toBe(0x97f621309b4ff3d1n);
    expect(line.getBigUint64(RULE.limitMultiplier, true)).toBe(16_000_000n << 16n);
    expect(line.getBigUint64(RULE.limitBurstTicks, true)).toBe(800_000_000n);
    expect(line.getBigUint64(RULE.blockNs, true)).toBe(60_000_000_000n);
    expect(
      [RULE.action, RULE.limitUnit, RULE.limitKey, RULE.limitPrefix4, RULE.limitPrefix6].map((at) =>
        line.getUint8(at),
      ),
    ).toEqual([2, 0, 1, 32, 64]);
    expect(config32(tables, CONFIG.limitCount)).toBe(1);
    expect(config32(tables, CONFIG.blockCount)).toBe(1);
  });

  test("a shadow limit never blocks", () => {
    const tables = buildTables(
      fleetOf([ruleOf("dns/queries", {}, { action: limitOf({ blockForSeconds: 60 }), shadow: true })]),
    );
    expect(image(tables).getBigUint64(RULE.blockNs, true)).toBe(0n);
    expect(image(tables).getUint8(RULE.shadow)).toBe(1);
    expect(config32(tables, CONFIG.blockCount)).toBe(0);
  });

  test("management flows stand first and are in the mask", () => {
    const management = [ruleOf("management/ssh", {}, { action: { kind: "pass" } })];
    const tables = buildTables(fleetOf([ruleOf("p/a", {})], { management }));
    expect([image(tables).getUint8(RULE.action), image(tables).getUint8(64 + RULE.action)]).toEqual([0, 1]);
    expect(config32(tables, CONFIG.managementMask)).toBe(1);
  });

  test("parse classes that pass are bits by reason", () => {
    const tables = buildTables(fleetOf([ruleOf("p/a", {})]));
    expect(config32(tables, CONFIG.passReasons)).toBe(1 << 8);
  });
});

// ---- Properties --------------------------------------------------------------------------------------------------------

const MAX = { 4: 2n ** 32n - 1n, 6: 2n ** 128n - 1n } as const;

/** Prefixes crowd around few places, so that sets overlap, touch and nest. */
const prefixArbitrary = fc
  .record({
    family: fc.constantFrom<Family>(4, 6),
    where: fc.oneof(
      fc.constantFrom(0n, 1n, MAX[6]),
      fc.bigInt({ min: 0n, max: MAX[6] }),
      fc.bigInt({ min: 0n, max: 0x3ffffn }),
    ),
    length: fc.nat(128),
  })
  .map(({ family, where, length }) => {
    const bits = family === 4 ? 32 : 128;
    const kept = family === 4 ? length % 33 : length;
    const host = (1n << BigInt(bits - kept)) - 1n;
    const first = where & MAX[family] & ~host;
    return { family, first, last: first | host, length: kept };
  });
const setArbitrary = fc.array(prefixArbitrary, { maxLength: 12 }).map(fromPrefixes);
const setsArbitrary = fc.array(fc.option(setArbitrary), { minLength: 1, maxLength: 90 });

/** Each edge of each set, and the addresses beside it. */
function edgesOf(sets: readonly (AddressSet | null)[], family: Family): bigint[] {
  const edges = [0n, MAX[family]];
  for (const one of sets)
    for (const at of (family === 4 ? one?.v4 : one?.v6) ?? [])
      edges.push(BigInt(at) - 1n, BigInt(at), BigInt(at) + 1n);
  return edges.filter((at) => at >= 0n && at <= MAX[family]);
}

describe("properties", () => {
  test("an address leaves exactly the rules in question whose set contains it", () => {
    fc.assert(
      fc.property(
        setsArbitrary,
        fc.array(fc.bigInt({ min: 0n, max: MAX[6] }), { maxLength: 8 }),
        (sets, random) => {
          const tables = buildTables(fleetOf(sets.map((source, i) => ruleOf(`p/r${i}`, { source }))));
          const images = imagesOf(tables);
          for (const family of [4, 6] as const)
            for (const value of [...edgesOf(sets, family), ...random.map((at) => at & MAX[family])]) {
              const expected = sets.flatMap((one, i) =>
                one === null || contains(one, family, value) ? [i] : [],
              );
              const found = classify(images, SOURCE, { family, value });
              const rules = found === null ? sets.map((_, i) => i) : rulesOfClass(images, SOURCE, found);
              expect(rules).toEqual(expected);
            }
        },
      ),
      { numRuns: 150 },
    );
  });

  const rangesArbitrary = (domain: number) =>
    fc
      .array(fc.tuple(fc.nat(domain - 1), fc.nat(domain - 1)), { minLength: 1, maxLength: 6 })
      .map((pairs) => ranges(pairs.map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)])));

  test.each(FIELD_NAMES.map((name, index) => [name, index] as const))(
    "%s leaves exactly the rules in question whose values include it",
    (name, index) => {
      const domain = FIELD_DOMAINS[index]!;
      fc.assert(
        fc.property(
          fc.array(fc.option(rangesArbitrary(domain)), { minLength: 1, maxLength: 70 }),
          fc.array(fc.nat(domain - 1), { maxLength: 20 }),
          (sets, random) => {
            const rules = sets.map((one, i) => ruleOf(`p/r${i}`, one ? { fields: { [name]: one } } : {}));
            const images = imagesOf(buildTables(fleetOf(rules)));
            const edges = sets.flatMap((one: Ranges | null) =>
              (one ?? []).flatMap(([a, b]) => [a - 1, a, b, b + 1]),
            );
            for (const value of [null, ...edges.filter((at) => at >= 0 && at < domain), ...random]) {
              const expected = sets.flatMap((one, i) =>
                one === null || (value !== null && includes(one, value)) ? [i] : [],
              );
              const found = classify(images, index, value);
              expect(found === null ? sets.map((_, i) => i) : rulesOfClass(images, index, found)).toEqual(
                expected,
              );
            }
          },
        ),
        { numRuns: 40 },
      );
    },
  );
});
