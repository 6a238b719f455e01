// A checked fleet to the bytes of its bundle. The same fleet, revision and witnesses give the same bytes.

import { strict as assert } from "node:assert";
import type { ManifestRule, Witness } from "../../../bundle/manifest.generated.ts";
import { readBundle } from "../../../bundle/read-bundle.ts";
import type { ManifestHead } from "../../../bundle/write-bundle.ts";
import { writeBundle } from "../../../bundle/write-bundle.ts";
import type { CheckedFleet, RuleIr } from "../../../ir/nodes.ts";
import { buildTables, rulesOf, stableId, type Tables } from "../../tables/index.ts";

export interface BundleInput {
  /** `sha256:<hex>` of the policy sources and feeds. */
  readonly revision: string;
  readonly witnesses: readonly Witness[];
}

/** Path below `dist/`. */
export function bundlePath(fleet: Pick<CheckedFleet, "name">): string {
  return `bundles/${fleet.name}.bundle`;
}

export function emitBundle(fleet: CheckedFleet, input: BundleInput): Uint8Array {
  const tables = buildTables(fleet);
  const bytes = writeBundle({ manifest: manifestOf(fleet, tables, input), sections: tables.sections });
  // The agent's own reader: a bundle that it would refuse never leaves the compiler.
  const { manifest } = readBundle(bytes);
  assert.equal(manifest.memoryBytes, tables.memoryBytes);
  return bytes;
}

function manifestOf(fleet: CheckedFleet, tables: Tables, input: BundleInput): ManifestHead {
  const { name, interfaces, attach, defaultVerdict } = fleet;
  return {
    fleet: { name, interfaces, attach, defaultVerdict },
    revision: input.revision,
    rules: rulesOf(fleet).map((rule, index) => describeRule(fleet, rule, index)),
    policies: fleet.policies.map(({ name, owners, backend }) => ({ name, owners, backend })),
    backends: fleet.backends.map(({ name, listen, protocols, origins, healthCheck }) => ({
      name,
      listen,
      protocols,
      origins,
      healthCheck,
    })),
    sets: fleet.sets.map(({ name, scope, feed }, i) => ({ name, scope, ...tables.setSizes[i]!, feed })),
    witnesses: input.witnesses,
  };
}

function describeRule(fleet: CheckedFleet, rule: RuleIr, index: number): ManifestRule {
  const { action, location } = rule;
  return {
    index,
    id: rule.id,
    stableId: stableId(fleet, rule),
    policy: rule.policy,
    name: rule.name,
    action: action.kind,
    shadow: rule.shadow,
    backend: rule.backend,
    location: { file: location.file, line: location.line, column: location.column },
    limit: action.kind === "limit" ? describeLimit(action) : null,
  };
}

function describeLimit(limit: Extract<RuleIr["action"], { kind: "limit" }>) {
  const { unit, ratePerSecond, burst, key, prefix4, prefix6, blockForSeconds } = limit;
  return { unit, ratePerSecond, burst, key, prefix4, prefix6, blockForSeconds };
}
