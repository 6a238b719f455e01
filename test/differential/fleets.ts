// Random fleets, as the vocabulary records them: plain data, so that one that finds something is kept as JSON. Prefixes,
// ports and lengths come from small pools, so that sets nest, rules overlap, and packets hit their edges.

import fc from "fast-check";
import { IPV4_OPTIONS, IPV6_EXTENSIONS } from "../../src/bundle/abi.ts";
import { PARSE_CLASSES } from "../../src/ir/parse-verdicts.ts";
import type {
  AddressMatch,
  Backend,
  Fleet,
  LimitOptions,
  Match,
  Negatable,
  NumberMatch,
  NumberRange,
  PayloadMatch,
  Policy,
  Rule,
  SetNode,
  SourceLocation,
} from "../../src/policy/types.ts";
import { dense, many, many6, prefixes } from "./prefix-lists.ts";

const SET_NAMES = ["s0", "s1", "s2", "s3", "s4", "s5"] as const;

let line = 0;
/** Everything of a random fleet has a place of its own. */
const here = (): SourceLocation => ({ file: "fuzz.policy.ts", line: ++line, column: 1 });

const verdicts = fc.constantFrom("pass" as const, "drop" as const);
const rarely = <T>(value: fc.Arbitrary<T>, outOf = 4): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: outOf - 1 }).map((one) => one);
const sometimes = <T>(value: fc.Arbitrary<T>, percent: number): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
    { weight: percent, arbitrary: value },
  );

/** Named sets: literals at first, then unions and differences of them. A difference may leave nothing: lowering says so. */
const sets: fc.Arbitrary<Record<string, SetNode>> = fc
  .record({
    literals: fc.tuple(
      fc.array(prefixes, { minLength: 1, maxLength: 4 }),
      fc.array(prefixes, { minLength: 1, maxLength: 12, size: "max" }),
      fc.oneof(
        { weight: 36, arbitrary: fc.array(prefixes, { minLength: 1, maxLength: 60, size: "max" }) },
        { weight: 4, arbitrary: dense },
        { weight: 2, arbitrary: many },
        { weight: 5, arbitrary: many6 },
      ),
    ),
    union: fc.subarray(["s0", "s1", "s2"], { minLength: 1 }),
    without: fc.subarray(["s1", "s2"], { minLength: 1 }),
    last: fc.constantFrom("s3", "s4", "s0"),
  })
  .map(({ literals, union, without, last }) => ({
    s0: { kind: "literal-set", prefixes: literals[0], location: here() },
    s1: { kind: "literal-set", prefixes: literals[1], location: here() },
    s2: { kind: "literal-set", prefixes: literals[2], location: here() },
    s3: { kind: "union-set", members: union, location: here() },
    s4: { kind: "difference-set", from: "s0", without, location: here() },
    s5: {
      kind: "union-set",
      members: [last, { kind: "literal-set", prefixes: literals[0].slice(0, 1), location: here() }],
      location: here(),
    },
  }));

const negatable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Negatable<T>> =>
  fc
    .tuple(fc.integer({ min: 0, max: 3 }), value)
    .map(([turn, value]) => (turn === 0 ? { kind: "not", value } : value));
const addressMatch = negatable(
  fc.array(fc.oneof(fc.constantFrom(...SET_NAMES), prefixes), { minLength: 1, maxLength: 3 }),
) as fc.Arbitrary<AddressMatch<string>>;

// ---- Fields --------------------------------------------------------------------------------------------------------

/** Values, ranges and lists of both, of a pool and its neighbours, in 0 to `last`. */
function numbers(pool: readonly number[], last: number): fc.Arbitrary<NumberMatch> {
  const value = fc
    .tuple(fc.constantFrom(...pool), fc.integer({ min: -1, max: 1 }))
    .map(([value, offset]) => Math.min(last, Math.max(0, value + offset)));
  const range = fc
    .tuple(value, value)
    .map(([a, b]): NumberRange => ({ kind: "range", first: Math.min(a, b), last: Math.max(a, b) }));
  const one = fc.oneof(value, range);
  return negatable(fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 4 })));
}

export const PORTS = [0, 53, 67, 68, 80, 443, 546, 547, 1023, 1024, 4000, 32_768, 65_535];
export const L3_LENGTHS = [20, 28, 29, 40, 48, 60, 68, 100, 128, 512, 576, 1280, 1500];
/** Bytes of payloads: few, so that tests meet packets that they match. */
export const PAYLOAD_ALPHABET = [0, 0x54, 0xff];
/** Tests that exclude, include and overlap each other. */
const PAYLOADS: readonly PayloadMatch[] = [
  { offset: 0, value: "0x54" },
  { offset: 0, value: "0xff" },
  { offset: 0, value: "0x54ff" },
  { offset: 0, value: "0x5454ff00" },
  { offset: 1, value: "0x54" },
  { offset: 1, value: "0x00", mask: "0x80" },
  { offset: 1, value: "0x80", mask: "0x80" },
  { offset: 2, value: "0x0004", mask: "0x000f" },
  { offset: 3, value: "0xff" },
  { offset: 7, value: "0x5400000000000054", mask: "0xff000000000000ff" },
  { offset: 40, value: "0xff" },
];
const common = {
  source: sometimes(addressMatch, 30),
  destination: sometimes(addressMatch, 25),
  lengthBytes: sometimes(numbers(L3_LENGTHS, 65_535), 10),
  payloadBytes: sometimes(numbers([0, 1, 8, 12, 20, 100, 472, 1400], 65_535), 8),
  ttl: sometimes(numbers([0, 1, 63, 64, 128, 254, 255], 255), 6),
  dscp: sometimes(numbers([0, 10, 46, 63], 63), 6),
  fragment: sometimes(
    negatable(fc.subarray(["none", "first", "later"] as const, { minLength: 1, maxLength: 2 })),
    8,
  ),
  vlan: sometimes(numbers([0, 1, 7, 100, 4094, 4095], 4095), 6),
  ipv4Options: sometimes(
    negatable(fc.subarray(["any", ...IPV4_OPTIONS.slice(1)] as const, { minLength: 1, maxLength: 2 })),
    4,
  ),
  ipv6Extensions: sometimes(
    negatable(fc.subarray(["any", ...IPV6_EXTENSIONS] as const, { minLength: 1, maxLength: 2 })),
    4,
  ),
  payload: sometimes(negatable(fc.subarray([...PAYLOADS], { minLength: 1, maxLength: 2 })), 6),
};
const ipv4Options = negatable(
  fc.subarray(
    [
      "any",
      "record-route",
      "timestamp",
      "loose-source-route",
      "strict-source-route",
      "router-alert",
      "malformed",
      "other",
    ] as const,
    { minLength: 1, maxLength: 3 },
  ),
);
const ipv6Extensions = negatable(
  fc.subarray(
    [
      "any",
      "hop-by-hop",
      "routing",
      "fragment",
      "destination-options",
      "authentication",
      "mobility",
      "hip",
      "shim6",
    ] as const,
    { minLength: 1, maxLength: 3 },
  ),
);
/** One of them: they are of different IP versions. */
const headerSets = fc.oneof(
  { weight: 16, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: ipv4Options.map((ipv4Options) => ({ ipv4Options })) },
  { weight: 1, arbitrary: ipv6Extensions.map((ipv6Extensions) => ({ ipv6Extensions })) },
);
const ports = {
  sourcePort: sometimes(numbers(PORTS, 65_535), 20),
  destinationPort: sometimes(numbers(PORTS, 65_535), 35),
};
const flags = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"] as const;
const tcpFlags = negatable(
  fc
    .tuple(fc.subarray([...flags], { maxLength: 3 }), fc.subarray([...flags], { maxLength: 3 }))
    .map(([set, clear]) => ({ set, clear: clear.filter((flag) => !set.includes(flag)) }))
    .filter(({ set, clear }) => set.length + clear.length > 0),
);
const icmp = negatable(
  fc.array(
    fc.record(
      { type: fc.constantFrom(0, 3, 8, 128, 133, 135, 137, 138, 255), code: fc.constantFrom(0, 1, 255) },
      { requiredKeys: ["type"] },
    ),
    { minLength: 1, maxLength: 3 },
  ),
);
const protocolNumbers = negatable(
  fc.array(fc.constantFrom(0, 1, 6, 17, 44, 47, 50, 58, 59, 255, "tcp" as const, "icmpv6" as const), {
    minLength: 1,
    maxLength: 3,
  }),
);
const conjunctions = fc.oneof(
  fc.record({ ...common, ...ports, protocol: fc.constant("tcp"), tcpFlags: sometimes(tcpFlags, 40) }),
  fc.record({ ...common, ...ports, protocol: fc.constant("udp") }),
  fc.record({ ...common, ...ports, protocol: fc.constant(["tcp", "udp"]) }),
  fc.record({ ...common, protocol: fc.constantFrom("icmp", "icmpv6"), icmp: sometimes(icmp, 60) }),
  fc.record({ ...common, protocol: rarely(protocolNumbers, 2) }),
  fc.record(common),
);
const matches = fc
  .tuple(conjunctions, headerSets)
  .map(([fields, headers]) => ({ ...fields, ...headers })) as fc.Arbitrary<Match>;

// ---- Rules, policies, fleets -----------------------------------------------------------------------------------------

/** Rates and bursts within the bounds of the vocabulary: a burst refills within 7 days. */
const rates = fc.oneof(
  fc.record({
    unit: fc.constant("packets" as const),
    perSecond: fc.constantFrom(1 / 3600, 0.5, 1, 3, 100, 1000, 7777, 1e6, 1e9),
    count: fc.constantFrom(1, 2, 3, 7, 50),
  }),
  fc.record({
    unit: fc.constant("bytes" as const),
    perSecond: fc.constantFrom(1000, 1500, 123_457, 1e6, 2 ** 40),
    count: fc.constantFrom(1, 27, 28, 40, 60, 100, 1500, 9000),
  }),
);
const keys = fc.oneof(
  fc.constantFrom("rule" as const, "source-port" as const, "destination-port" as const).map((name) => ({
    kind: "limit-key" as const,
    name,
    prefix4: 0,
    prefix6: 0,
  })),
  fc.record({
    kind: fc.constant("limit-key" as const),
    name: fc.constantFrom("source" as const, "source" as const, "destination" as const),
    prefix4: fc.constantFrom(32, 32, 31, 24, 8, 1, 0),
    prefix6: fc.constantFrom(64, 128, 127, 96, 65, 63, 48, 32, 1, 0),
  }),
);
const limits: fc.Arbitrary<LimitOptions> = fc
  .record({ rate: rates, key: keys, blockForSeconds: fc.constantFrom(null, null, 1, 60) })
  .map(({ rate: { unit, perSecond, count }, key, blockForSeconds }) => ({
    rate: { kind: "rate", unit, perSecond },
    burst: { kind: "amount", unit, count },
    key,
    blockForSeconds: key.name === "source" ? blockForSeconds : null,
  }));

type NamelessRule = Rule extends infer R ? (R extends Rule ? Omit<R, "name" | "location"> : never) : never;
const isShadow = (outOf: number, shadows: number) =>
  fc.integer({ min: 1, max: outOf }).map((n) => n <= shadows);
function rulesOf(parts: {
  readonly match: fc.Arbitrary<Match>;
  readonly shadow: fc.Arbitrary<boolean>;
  readonly action: fc.Arbitrary<"pass" | "drop" | LimitOptions>;
}): fc.Arbitrary<NamelessRule> {
  return fc.record(parts).map(({ match, shadow, action }) => {
    const base = { kind: "rule", match, shadow, alertAbove: null } as const;
    return typeof action === "string" ? { ...base, action } : { ...base, action: "limit", limit: action };
  });
}
const nameless = rulesOf({
  match: matches,
  shadow: isShadow(6, 1),
  action: fc.oneof(verdicts, limits, limits),
});
/** Rules that most packets match and few end: a packet goes through dozens of them. */
const wide = rulesOf({
  match: fc.oneof(
    fc.constant<Match>({}),
    fc.record({ source: addressMatch }),
    fc.record({
      ttl: fc.constantFrom<NumberMatch>({ kind: "not", value: 64 }, { kind: "range", first: 1, last: 255 }),
    }),
  ),
  shadow: isShadow(8, 7),
  action: fc.oneof({ weight: 1, arbitrary: verdicts }, { weight: 6, arbitrary: limits }),
});

/** Rules over few dimensions, and of few values: so few combinations that the compiler writes down which rule decides each. */
const services = rulesOf({
  match: fc.record({
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    source: sometimes(fc.constantFrom(...SET_NAMES), 20),
    destination: sometimes(fc.constantFrom(...SET_NAMES), 40),
    destinationPort: sometimes(numbers(PORTS, 65_535), 80),
  }) as fc.Arbitrary<Match>,
  shadow: isShadow(20, 1),
  action: fc.oneof({ weight: 6, arbitrary: verdicts }, { weight: 1, arbitrary: limits }),
});

/** Around every edge of the bit vectors, some less what lowering refuses: none, a few, one word, two, three, and many. */
const ruleLists = fc.oneof(
  ...(
    [
      [1, nameless, 0, 0],
      [8, nameless, 1, 6],
      [5, nameless, 7, 30],
      [3, nameless, 62, 80],
      [2, nameless, 127, 145],
      [1, nameless, 200, 320],
      [2, wide, 20, 70],
      [3, services, 62, 140],
    ] as const
  ).map(([weight, rules, minLength, maxLength]) => ({
    weight,
    arbitrary: fc.array(rules, { minLength, maxLength, size: "max" }),
  })),
);

const backends: fc.Arbitrary<Omit<Backend, "name" | "location">> = fc.record({
  kind: fc.constant("backend" as const),
  listen: fc.array(prefixes, { minLength: 1, maxLength: 3 }),
  protocol: fc.constantFrom("tcp" as const, "udp" as const, ["tcp", "udp"] as const),
  ports: fc.constantFrom(53, [53, 443], { kind: "range", first: 1, last: 1024 } as const),
  origins: fc.constant(["10.9.9.9:53"]),
  healthCheck: fc.constant(null),
  serviceLevel: fc.constant(null),
});

export const fleets: fc.Arbitrary<Fleet> = fc
  .record({
    defaultVerdict: verdicts,
    parseVerdicts: fc.record(Object.fromEntries(PARSE_CLASSES.map((name) => [name, verdicts])), {
      requiredKeys: [],
    }),
    // Without a flow the program looks for blocks before it classifies: two ways through it.
    management: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Match[]>([]) },
      { weight: 2, arbitrary: fc.array(matches, { minLength: 1, maxLength: 3 }) },
    ),
    sets,
    rules: ruleLists,
    cuts: fc.tuple(fc.nat(100), fc.nat(100)),
    backend: sometimes(backends, 30),
  })
  .map(({ defaultVerdict, parseVerdicts, management, sets, rules, cuts, backend }): Fleet => {
    const named = rules.map((rule, index): Rule => ({ ...rule, name: `r${index}`, location: here() }));
    const edges = cuts.map((cut) => Math.round((cut * named.length) / 100)).sort((a, b) => a - b);
    const bounds = [0, ...edges, named.length];
    const policies = bounds.slice(1).map(
      (end, index): Policy => ({
        kind: "policy",
        name: `p${index}`,
        owners: ["fuzz"],
        backend: backend && index === 1 ? { ...backend, name: "b", location: here() } : null,
        sets,
        rules: named.slice(bounds[index], end),
        location: here(),
      }),
    );
    return {
      kind: "fleet",
      name: "fuzz",
      nodeSelector: {},
      interfaces: ["eth0"],
      attach: "native",
      defaultVerdict,
      parseVerdicts,
      memoryBudgetBytes: 2 ** 30,
      management: management.map((match, index) => ({
        kind: "management-flow",
        name: `m${index}`,
        match,
        location: here(),
      })),
      sets,
      policies,
      location: here(),
    };
  });
