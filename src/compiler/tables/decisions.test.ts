import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONFIG, DIMENSION_DESTINATION, DIMENSION_SOURCE, type SectionName } from "../../bundle/abi.ts";
import { contains, fromPrefixes } from "../../ir/address-set.ts";
import type { FleetIr, RuleIr } from "../../ir/nodes.ts";
import { isFault, parseAddress, parsePrefix } from "../../ir/prefix.ts";
import { includes, ranges } from "../../ir/ranges.ts";
import { buildTables } from "./build-tables.ts";
import { classify, type DimensionValue, decisionOf } from "./decode.ts";
import { fleetOf, limitOf, ruleOf } from "./fleet-fixture.ts";

const SOURCE_PORT = 1;
const DESTINATION_PORT = 2;

function imagesOf(rules: readonly RuleIr[], over: Partial<FleetIr> = {}) {
  const { sections } = buildTables(fleetOf(rules, over));
  return new Map([...sections].map(([name, { bytes }]): [SectionName, Uint8Array] => [name, bytes]));
}

function decisionCount(images: ReadonlyMap<SectionName, Uint8Array>): number {
  const { buffer } = images.get("config")!;
  return new DataView(buffer).getUint32(CONFIG.decisionCount, true);
}

/** By the classes of the values; a dimension that is not looked up is left out. */
function decide(
  images: ReadonlyMap<SectionName, Uint8Array>,
  values: readonly (readonly [number, DimensionValue])[],
) {
  const classes = values.flatMap(([dimension, value]) => {
    const found = classify(images, dimension, value);
    return found === null ? [] : [[dimension, found] as const];
  });
  return decisionOf(images, new Map(classes));
}

const set = (text: string) => {
  const prefix = parsePrefix(text);
  if (isFault(prefix)) throw new Error(text);
  return fromPrefixes([prefix]);
};
const address = (text: string) => {
  const found = parseAddress(text);
  if (!found) throw new Error(text);
  return found;
};
const port = (at: number, over: Partial<RuleIr> = {}) =>
  ruleOf(`p/to-${at}`, { fields: { destinationPort: ranges([[at, at]]) } }, over);
const ports = (count: number, over: Partial<RuleIr> = {}) =>
  Array.from({ length: count }, (_, i) => port(i, over));

describe("decisions are there", () => {
  test.each([
    [64, false],
    [65, true],
    [4096, true],
  ])("for %i rules: %s", (count, expected) => {
    expect(decisionCount(imagesOf(ports(count))) > 0).toBe(expected);
  });

  // (n + 1) (m + 1) combinations of ports, each of which leaves other rules: one entry each in both steps, less one for no rule.
  test.each([
    [127, 255, 65_535],
    [127, 256, 0],
  ])("for %i source and %i destination ports, with %i entries", (sources, destinations, entries) => {
    const rules = Array.from({ length: sources }, (_, i) =>
      ruleOf(`p/from-${i}`, { fields: { sourcePort: ranges([[i, i]]) } }),
    );
    const images = imagesOf([...rules, ...ports(destinations)]);
    expect(decisionCount(images)).toBe(entries);
  });

  test.each([
    [100, true],
    [101, false],
  ])("unless most combinations are left to the rows: %i of 200", (limits, expected) => {
    const rules = ports(200).map((rule, i) => (i < limits ? { ...rule, action: limitOf() } : rule));
    expect(decisionCount(imagesOf(rules)) > 0).toBe(expected);
  });
});

describe("a decision is", () => {
  const rest = ports(70).map((rule, i) => ({ ...rule, id: `p/rest-${i}` }));

  test("the topmost rule that matches, or none", () => {
    const images = imagesOf(ports(70));
    expect([0, 1, 69, 70, null].map((value) => decide(images, [[DESTINATION_PORT, value]]))).toEqual([
      0,
      1,
      69,
      null,
      null,
    ]);
  });

  test.each([
    ["a limit", { action: limitOf() }],
    ["in shadow", { shadow: true }],
  ] as const)("left to the rows where that rule is %s", (_, over) => {
    const images = imagesOf([port(7, over), ...rest]);
    expect(decide(images, [[DESTINATION_PORT, 7]])).toBe("rows");
    expect(decide(images, [[DESTINATION_PORT, 6]])).toBe(7);
  });

  test("left to the rows where that rule is a management flow", () => {
    const flow = { ...port(7, { action: { kind: "pass" } }), id: "management/ssh", policy: "management" };
    const images = imagesOf(rest, { management: [flow] });
    expect(decide(images, [[DESTINATION_PORT, 7]])).toBe("rows");
    expect(decide(images, [[DESTINATION_PORT, 6]])).toBe(7);
  });

  test("a rule above a limit, which then is not asked", () => {
    const images = imagesOf([port(7), { ...port(7, { action: limitOf() }), id: "p/limited" }, ...rest]);
    expect(decide(images, [[DESTINATION_PORT, 7]])).toBe(0);
  });
});

test("every combination has the decision of the topmost rule that matches", () => {
  const prefixes = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32"];
  const addresses = ["9.255.255.255", "10.0.0.1", "10.1.2.3", "192.0.2.9", "2001:db8::1", "::1"];
  const rule = fc.record({
    source: fc.option(fc.constantFrom(...prefixes)),
    destination: fc.option(fc.constantFrom(...prefixes)),
    from: fc.option(fc.nat(3)),
    to: fc.option(fc.nat(5)),
    kind: fc.constantFrom("pass", "drop", "drop", "limit", "shadow"),
  });
  let decided = 0;
  fc.assert(
    fc.property(fc.array(rule, { minLength: 65, maxLength: 90 }), (list) => {
      const rules = list.map(({ source, destination, from, to, kind }, i) =>
        ruleOf(
          `p/r${i}`,
          {
            source: source === null ? null : set(source),
            destination: destination === null ? null : set(destination),
            fields: {
              ...(from === null ? {} : { sourcePort: ranges([[from, from]]) }),
              ...(to === null ? {} : { destinationPort: ranges([[to, 5]]) }),
            },
          },
          {
            action: kind === "limit" ? limitOf() : { kind: kind === "pass" ? "pass" : "drop" },
            shadow: kind === "shadow",
          },
        ),
      );
      const images = imagesOf(rules);
      if (decisionCount(images) === 0) return;
      decided++;
      for (const source of addresses)
        for (const destination of addresses)
          for (const from of [0, 3, 4, null])
            for (const to of [0, 2, 5, 6, null]) {
              const [a, b] = [address(source), address(destination)];
              const index = rules.findIndex(
                ({ match }) =>
                  (!match.source || contains(match.source, a.family, a.value)) &&
                  (!match.destination || contains(match.destination, b.family, b.value)) &&
                  (!match.fields.sourcePort || (from !== null && includes(match.fields.sourcePort, from))) &&
                  (!match.fields.destinationPort ||
                    (to !== null && includes(match.fields.destinationPort, to))),
              );
              const top = rules[index];
              const expected = !top ? null : top.shadow || top.action.kind === "limit" ? "rows" : index;
              const found = decide(images, [
                [SOURCE_PORT, from],
                [DESTINATION_PORT, to],
                [DIMENSION_SOURCE, a],
                [DIMENSION_DESTINATION, b],
              ]);
              expect([source, destination, from, to, found]).toEqual([
                source,
                destination,
                from,
                to,
                expected,
              ]);
            }
    }),
    { numRuns: 40 },
  );
  expect(decided).toBeGreaterThan(5);
});
