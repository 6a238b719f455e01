import { expect, test } from "vitest";
import type { SectionName } from "./abi.ts";
import { checkDecisions } from "./decision-consistency.ts";
import type { ManifestRule } from "./manifest.generated.ts";

/** Rules 1 to 70: the first is a management flow, the second a limit, the third in shadow. */
const rules = Array.from({ length: 70 }, (_, i) => ({
  policy: i === 0 ? "management" : "p",
  action: i === 0 ? "pass" : i === 1 ? "limit" : "drop",
  shadow: i === 2,
})) as ManifestRule[];

/** Two fields of two and three classes, and both addresses of two. */
const CLASSES = [
  [1, 2],
  [2, 3],
  [14, 2],
  [15, 2],
] as const;

/** 32 classes, 6 entries of the first step, 2 blocks of 4 of the second. */
function good() {
  const factor = Array<number>(16).fill(0);
  factor[1] = 3;
  factor[2] = 1;
  factor[14] = 2;
  factor[15] = 1;
  return {
    decisionCount: 14,
    decisionBase: 32,
    decisionRestBase: 38,
    decisionBlock: 4,
    decisionFactor: factor,
    wordCount: 2,
    entries: Uint16Array.of(...Array<number>(32).fill(9), 0, 1, 2, 0, 1, 2, 4, 0, 0xffff, 70, 0, 4, 5, 6),
  };
}
type Parts = ReturnType<typeof good>;

function check({ entries, ...config }: Parts): void {
  const image = new Uint8Array(entries.buffer);
  checkDecisions(config, new Map(CLASSES), rules, new Map<SectionName, Uint8Array>([["fields", image]]));
}

test("decisions that fit are taken", () => {
  expect(() => check(good())).not.toThrow();
});

const none = { decisionCount: 0, decisionBase: 0, decisionRestBase: 0, decisionBlock: 0 };

test("no decisions are taken", () => {
  expect(() => check({ ...good(), ...none, decisionFactor: Array<number>(16).fill(0) })).not.toThrow();
});

const withFactor = (dimension: number, factor: number) => (parts: Parts) => ({
  ...parts,
  decisionFactor: parts.decisionFactor.with(dimension, factor),
});
const withEntry = (at: number, entry: number) => (parts: Parts) => ({
  ...parts,
  entries: parts.entries.with(at, entry),
});

test.each<[string, (parts: Parts) => Parts, string]>([
  ["a factor of what is not looked up", withFactor(3, 1), "a dimension that is not looked up"],
  ["factors and no decisions", (parts) => ({ ...parts, ...none }), "a dimension that is not looked up"],
  [
    "a place and no decisions",
    (parts) => ({ ...parts, ...none, decisionBase: 32, decisionFactor: Array<number>(16).fill(0) }),
    "they have a place",
  ],
  ["decisions on up to 64 rules", (parts) => ({ ...parts, wordCount: 1 }), "rows of one word"],
  ["a field that reaches beyond its step", withFactor(1, 4), "reaches into the second"],
  [
    "a second step behind the end",
    (parts) => ({ ...parts, decisionRestBase: 47 }),
    "reaches into the second",
  ],
  ["an address that reaches beyond its block", withFactor(14, 3), "beyond their block"],
  ["an end beyond the section", (parts) => ({ ...parts, decisionCount: 15 }), "end beyond it"],
  ["a third block of two", withEntry(33, 3), "block is not there"],
  ["a rule beyond the last", withEntry(41, 71), "names rule 70"],
  ["a management flow", withEntry(41, 1), "names rule 0"],
  ["a limit", withEntry(41, 2), "names rule 1"],
  ["a rule in shadow", withEntry(41, 3), "names rule 2"],
])("%s is refused", (_, change, message) => {
  expect(() => check(change(good()))).toThrow(message);
});
