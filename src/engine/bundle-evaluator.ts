// A bundle to an evaluator: rules, limits and places from the manifest, membership from the tables, each packet classified
// as the XDP program does it. For bundles whose policies are not at hand.

import { FIRST_PARSE_REASON, REASONS, SECTION_NAMES, VERDICTS } from "../bundle/abi.ts";
import { type Bundle, type Config, decodeConfig, type ManifestRule } from "../bundle/index.ts";
import type { CompiledMatch, MatchTest, Subject } from "../compiler/evaluate/match.ts";
import { createEvaluator, type Evaluator } from "../compiler/evaluate.ts";
import { classify } from "../compiler/tables/index.ts";
import { matchNode, ruleNode } from "../ir/factory.ts";
import { type ActionIr, FIELD_NAMES, type FleetIr, type ParseClass, type RuleIr } from "../ir/nodes.ts";
import type { PayloadTest } from "../ir/payload.ts";

type Images = Parameters<typeof classify>[0];

/** Address look-ups that are remembered: captures come in flows. */
const REMEMBERED = 65_536;

export function evaluatorOfBundle(bundle: Bundle): Evaluator {
  const images = imagesOf(bundle);
  const config = decodeConfig(images);
  const dimensions = [...FIELD_NAMES, "source" as const, "destination" as const].flatMap((name, index) =>
    (config.dimensionMask >>> index) & 1 ? [new Dimension(name, index, images, config)] : [],
  );
  return createEvaluator(fleetOf(bundle, config), (_, index) => matchOf(dimensions, index));
}

function imagesOf(bundle: Bundle): Images {
  return new Map(
    SECTION_NAMES.flatMap((name) => {
      const image = bundle.section(name);
      return image ? [[name, image] as const] : [];
    }),
  );
}

// ---- The fleet, without its matches ------------------------------------------------------------------------------------

function fleetOf({ manifest }: Bundle, config: Config): FleetIr {
  const { name, interfaces, attach, defaultVerdict } = manifest.fleet;
  const rules = manifest.rules.map(ruleOf);
  const location = { file: `${name}.bundle`, line: 1, column: 1 };
  const isManagement = (rule: RuleIr) => rule.policy === "management";
  const classes = REASONS.slice(FIRST_PARSE_REASON) as ParseClass[];
  const verdictOf = (parseClass: ParseClass) =>
    VERDICTS[Number((config.passReasons >> BigInt(REASONS.indexOf(parseClass))) & 1n)]!;
  return {
    kind: "fleet",
    name,
    nodeSelector: {},
    interfaces,
    attach,
    defaultVerdict,
    parseVerdicts: Object.fromEntries(
      classes.map((one) => [one, verdictOf(one)]),
    ) as FleetIr["parseVerdicts"],
    memoryBudgetBytes: manifest.memoryBytes,
    management: rules.filter(isManagement),
    rules: rules.filter((rule) => !isManagement(rule)),
    policies: [],
    backends: [],
    sets: [],
    payloadTests: payloadTestsOf(config),
    location,
  };
}

function payloadTestsOf({ payloadTests, payloadTestCount }: Config): PayloadTest[] {
  const bytesOf = (value: bigint, count: number) =>
    Array.from({ length: count }, (_, i) => Number((value >> BigInt(56 - 8 * i)) & 0xffn));
  return payloadTests.slice(0, payloadTestCount).map(({ offset, bytes, mask, value }) => ({
    offset,
    mask: bytesOf(mask, bytes),
    value: bytesOf(value, bytes),
  }));
}

function ruleOf(rule: ManifestRule): RuleIr {
  const { id, name, policy, backend, shadow, location } = rule;
  return ruleNode({
    id,
    name,
    policy,
    backend,
    shadow,
    location,
    alertAbovePps: null,
    action: actionOf(rule),
    match: matchNode({ source: null, destination: null, fields: {}, terms: [] }),
  });
}

function actionOf({ action, limit }: ManifestRule): ActionIr {
  if (action !== "limit") return { kind: action };
  if (!limit) throw new TypeError("the reader refuses a bundle whose limit has no rate");
  return { kind: "limit", ...limit };
}

// ---- Membership by the tables ------------------------------------------------------------------------------------------

/** All dimensions that the rule asks about; a rule whose rows are all set in a dimension does not ask. */
function matchOf(dimensions: readonly Dimension[], rule: number): CompiledMatch {
  const tests = dimensions
    .filter((dimension) => dimension.asks(rule))
    .map(
      (dimension): MatchTest => ({
        field: dimension.name,
        text: dimension.name,
        isMember: (subject) => dimension.holds(rule, subject),
      }),
    );
  return { inOrder: tests, cheapFirst: tests };
}

class Dimension {
  readonly name: MatchTest["field"];
  readonly #index: number;
  readonly #images: Images;
  readonly #vectors: Uint32Array;
  readonly #base: number;
  readonly #stride: number;
  /** Bits that are set in every row. */
  readonly #always: Uint32Array;
  readonly #rows = new Map<number | bigint | null, number>();
  #subject: Subject | null = null;
  #row = 0;

  constructor(name: MatchTest["field"], index: number, images: Images, config: Config) {
    const vectors = images.get("vectors");
    if (!vectors) throw new TypeError("the reader refuses a bundle without rows");
    this.name = name;
    this.#index = index;
    this.#images = images;
    this.#vectors = new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length / 4);
    this.#base = config.rowBase[index]!;
    this.#stride = config.rowStride;
    this.#always = this.#intersection(config);
  }

  asks(rule: number): boolean {
    return ((this.#always[rule >>> 5]! >>> (rule & 31)) & 1) === 0;
  }

  holds(rule: number, subject: Subject): boolean {
    if (this.#subject !== subject) {
      this.#row = this.#rowOf(subject);
      this.#subject = subject;
    }
    return ((this.#vectors[this.#row + (rule >>> 5)]! >>> (rule & 31)) & 1) === 1;
  }

  /** Index in `vectors` of the row's first word of rules, in 32-bit halves. */
  #at(classIndex: number): number {
    return 2 * (this.#base + classIndex * this.#stride + (this.#stride > 1 ? 1 : 0));
  }

  #rowOf(subject: Subject): number {
    const { packet } = subject;
    const value =
      this.name === "source" || this.name === "destination" ? subject[this.name] : packet.fields[this.name];
    // An IPv4 address is a number and an IPv6 address a bigint: one is never taken for the other.
    const known = this.#rows.get(value);
    if (known !== undefined) return known;
    const looked =
      this.name === "source" || this.name === "destination"
        ? { family: packet.family, value: packet[this.name] }
        : packet.fields[this.name];
    const row = this.#at(classify(this.#images, this.#index, looked) ?? 0);
    if (this.#rows.size === REMEMBERED) this.#rows.clear();
    this.#rows.set(value, row);
    return row;
  }

  /**
   * Of all rows up to the next dimension's. After the last dimension's rows the table is filled up to its line with
   * zero: then every rule seems to ask, and its test is made for nothing.
   */
  #intersection({ rowBase, wordCount }: Config): Uint32Array {
    const next = rowBase.filter((base) => base > this.#base).sort((a, b) => a - b)[0];
    const end = next ?? this.#vectors.length / 2;
    const always = new Uint32Array(2 * wordCount).fill(0xffff_ffff);
    const rows = Math.floor((end - this.#base) / this.#stride);
    for (let row = 0; row < rows; row++) {
      const at = this.#at(row);
      for (let half = 0; half < always.length; half++)
        always[half] = (always[half]! & this.#vectors[at + half]!) >>> 0;
    }
    return always;
  }
}
