// Decisions and the classes that each dimension can give to nothing, or a BundleError: every index that the program could
// compute from them stays inside its step, and what it finds is a rule that decides.

import { DECISION_ROWS, FIELD_COUNT, type SectionName } from "./abi.ts";
import { inconsistent as fault } from "./bundle-error.ts";
import type { ManifestRule } from "./manifest.generated.ts";

export interface DecisionNumbers {
  readonly decisionCount: number;
  readonly decisionBase: number;
  readonly decisionRestBase: number;
  readonly decisionBlock: number;
  /** By dimension. */
  readonly decisionFactor: readonly number[];
  readonly wordCount: number;
}

/** `classes`: of each dimension that is looked up, by dimension. */
export function checkDecisions(
  config: DecisionNumbers,
  classes: ReadonlyMap<number, number>,
  rules: readonly ManifestRule[],
  images: ReadonlyMap<SectionName, Uint8Array>,
): void {
  const { decisionCount, decisionBase, decisionRestBase, decisionBlock, decisionFactor, wordCount } = config;
  const wrong = (what: string) => fault("section config", `decisions: ${what}`);
  if (
    decisionFactor.some(
      (factor, dimension) => factor !== 0 && (decisionCount === 0 || !classes.has(dimension)),
    )
  )
    throw wrong("a factor of a dimension that is not looked up");
  if (decisionCount === 0) {
    if ((decisionBase | decisionRestBase | decisionBlock) !== 0)
      throw wrong("there are none, and they have a place");
    return;
  }
  if (wordCount === 1) throw wrong("rows of one word have none");
  /** The greatest index that the classes of these dimensions lead to. */
  const greatest = (isField: boolean) =>
    [...classes].reduce(
      (sum, [dimension, count]) =>
        dimension < FIELD_COUNT === isField ? sum + (count - 1) * decisionFactor[dimension]! : sum,
      0,
    );
  const end = decisionBase + decisionCount;
  if (decisionBase + greatest(true) >= decisionRestBase || decisionRestBase > end)
    throw wrong("the first step reaches into the second");
  if (greatest(false) >= decisionBlock) throw wrong("addresses reach beyond their block");
  const image = images.get("fields");
  if (!image || 2 * end > image.length) throw fault("section fields", "decisions end beyond it");
  const entries = new Uint16Array(image.buffer, image.byteOffset, image.length / 2);
  const blocks = entries
    .subarray(decisionBase, decisionRestBase)
    .reduce((most, one) => Math.max(most, one), 0);
  if (decisionRestBase + blocks * decisionBlock > end)
    throw fault("section fields", "a decision's block is not there");
  for (const decision of entries.subarray(decisionRestBase, end)) {
    if (decision === 0 || decision === DECISION_ROWS) continue;
    const rule = rules[decision - 1];
    if (!rule || rule.action === "limit" || rule.shadow || rule.policy === "management")
      throw fault("section fields", `a decision names rule ${decision - 1}, which does not decide alone`);
  }
}
