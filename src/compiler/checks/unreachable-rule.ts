// A rule that decides nothing: rules above it, or what is always passed, take every packet that it matches; or there is
// no such packet. Shadow rules and limits let packets go on, so they cover nothing.

import { isEmpty } from "../../ir/address-set.ts";
import type { FleetIr, RuleIr, SetIr } from "../../ir/nodes.ts";
import { findPacket, Region } from "../cells/region.ts";
import type { Diagnostic } from "../types.ts";
import type { CheckContext } from "./context.ts";
import { ALWAYS_PASSED } from "./matches.ts";
import { decides, list, nameRule, place, ruleDiagnostic, tooHard } from "./report.ts";

/** A rule, or the name of what is always passed. */
type Owner = RuleIr | string;

export function unreachableRule(context: CheckContext): Diagnostic[] {
  const { fleet, space } = context;
  const diagnostics: Diagnostic[] = [];
  const above = new Region<Owner>(space);
  for (const { name, match } of ALWAYS_PASSED) above.add(match, name);

  const management = new Set(fleet.management);
  for (const rule of [...fleet.management, ...fleet.rules]) {
    const result = findPacket(space, [rule.match], [above], context.proofBudget());
    if (result.kind === "too-hard")
      diagnostics.push(tooHard(rule, `whether \`${rule.name}\` can ever match`));
    // Management flows may overlap: each is a promise of its own. Only one that no packet has is a fault.
    if (result.kind === "covered" && (result.by.size === 0 || !management.has(rule)))
      diagnostics.push(...describe(fleet, rule, needed(context, rule, result.by)));
    if (decides(rule)) above.add(rule.match, rule);
  }
  return diagnostics;
}

/** More are not tried one by one. */
const MINIMISED_OWNERS_MAX = 16;

/** A proof may use more than it needs: leaves out, from the last one up, what the others cover without it. In order. */
function needed({ fleet, space, proofBudget }: CheckContext, rule: RuleIr, by: ReadonlySet<Owner>): Owner[] {
  const positions = new Map<Owner, number>(
    [...ALWAYS_PASSED.map(({ name }) => name), ...fleet.management, ...fleet.rules].map((owner, at) => [
      owner,
      at,
    ]),
  );
  let owners = [...by].sort((a, b) => positions.get(a)! - positions.get(b)!);
  if (owners.length > MINIMISED_OWNERS_MAX) return owners;
  for (const owner of owners.toReversed()) {
    const others = owners.filter((other) => other !== owner);
    const region = new Region<Owner>(space);
    for (const other of others)
      if (typeof other !== "string") region.add(other.match, other);
      else for (const { name, match } of ALWAYS_PASSED) if (name === other) region.add(match, name);
    if (findPacket(space, [rule.match], [region], proofBudget()).kind === "covered") owners = others;
  }
  return owners;
}

function describe(fleet: FleetIr, rule: RuleIr, by: readonly Owner[]): Diagnostic[] {
  const rules = by.filter((owner) => typeof owner !== "string");
  // What a feed holds changes without anybody editing a policy: that must not stop a build.
  const feeds = [rule, ...rules].flatMap((named) => setsOf(fleet, named)).filter((set) => set.fed);
  const severity = feeds.length > 0 ? "warning" : "error";
  const note =
    feeds.length > 0
      ? `; a warning only, because ${feeds[0]!.feed === null ? "the feeds of" : "feed"} \`${feeds[0]!.name}\` may change`
      : "";

  if (by.length === 0) {
    if (feeds.length > 0) return []; // lowering has told it: `empty-match`
    const empty = (["source", "destination"] as const).find(
      (side) => rule.match[side] && isEmpty(rule.match[side]),
    );
    const terms = rule.match.terms
      .filter((term) => !empty || term.field === empty)
      .map((term) => `\`${term.text}\``);
    return [
      ruleDiagnostic(
        rule,
        "unreachable-rule",
        severity,
        empty
          ? `\`${rule.name}\` can never match: ${list(terms, 8)} holds no address`
          : `\`${rule.name}\` can never match: no packet has ${list(terms, 8)} together`,
        empty
          ? "put an address into the set, or remove the rule"
          : "remove one of these conditions, or the rule",
      ),
    ];
  }

  const names = by.map((owner) => (typeof owner === "string" ? owner : nameRule(owner, rule.location)));
  const covers = by.length === 1 ? "covers all of it" : "cover all of it together";
  const flows = rules.filter((other) => fleet.management.includes(other));
  if (flows.length === rules.length)
    return [
      ruleDiagnostic(
        rule,
        "unreachable-rule",
        severity,
        `\`${rule.name}\` can never match: ${list(names)} ${by.length === 1 ? "takes" : "take"} all of it, and always passes${note}`,
        flows.length > 0
          ? `remove \`${rule.name}\`, or narrow the management flow \`${flows[0]!.name}\` (${place(flows[0]!.location, rule.location)})`
          : `remove \`${rule.name}\`: these packets pass before any rule`,
        related(rules),
      ),
    ];

  const inOrder = rules.filter((other) => !fleet.management.includes(other));
  const top = inOrder[0]!;
  const widest = inOrder.at(-1)!;
  const set = setsOf(fleet, widest)[0];
  const narrow = set
    ? `narrow \`${set.name}\` (${set.location.file.split("/").at(-1)}:${set.location.line})`
    : `narrow \`${widest.name}\``;
  return [
    ruleDiagnostic(
      rule,
      "unreachable-rule",
      severity,
      `\`${rule.name}\` can never match: ${list(names)} ${covers}${note}`,
      `move \`${rule.name}\` above ${place(top.location, rule.location)}, or ${narrow}`,
      related(rules),
    ),
  ];
}

function related(rules: readonly RuleIr[]): Diagnostic["related"] {
  return rules.map((rule) => ({ location: rule.location, message: `\`${rule.name}\` is here` }));
}

/** Named sets that a rule's match names, as far as its terms show. A policy's own set hides the fleet's. */
function setsOf(fleet: FleetIr, rule: RuleIr): SetIr[] {
  const words = new Set(
    rule.match.terms
      .filter((term) => term.field === "source" || term.field === "destination")
      .flatMap((term) => term.text.split(/[\s,()]+/)),
  );
  const visible = fleet.sets.filter(
    (set) => words.has(set.name) && (set.scope === rule.policy || set.scope === `fleet:${fleet.name}`),
  );
  return visible.filter(
    (set) => set.scope === rule.policy || !visible.some((own) => own !== set && own.name === set.name),
  );
}
