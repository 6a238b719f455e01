// A fleet with its policies to the IR: scopes set up, every policy lowered, names within the fleet told apart.

import { fleetNode, policyNode } from "../../ir/factory.ts";
import type { BackendIr, FleetIr, ParseClass, PolicyIr, RuleIr, SetIr, Verdict } from "../../ir/nodes.ts";
import { DEFAULT_PARSE_VERDICTS } from "../../ir/parse-verdicts.ts";
import { suggest } from "../diagnostics/index.ts";
import { type BackendScope, lowerBackend } from "./backends.ts";
import { DuplicateNames } from "./duplicate-names.ts";
import type { Call, Lowering } from "./lowering.ts";
import { PayloadTests } from "./payload.ts";
import { lowerRule, type RuleScope } from "./rules.ts";
import { type SetResults, SetScope } from "./sets.ts";
import {
  fieldsOf,
  fleetNameOf,
  knownOptions,
  listOf,
  type Node,
  nameOf,
  nodeOf,
  numberOf,
  oneOf,
  show,
} from "./untyped.ts";

const MANAGEMENT = "management";
const MEMORY_MOST_BYTES = 64 * 2 ** 30;

/** Null where the fleet itself has a fault; a rule or policy with a fault is left out. All faults are reported. */
export function lowerFleet(node: Node, lowering: Lowering, results: SetResults): FleetIr | null {
  const call = lowering.callAt(node.location);
  const name = fleetNameOf(node["name"], call);
  knownOptions(node, "a fleet", call);
  const own = lowerOwnFields(node, call);

  const sets = new SetScope(lowering, results, node["sets"], `fleet:${name ?? ""}`, call, null);
  const payloads = new PayloadTests();
  const management = lowerAll(
    listOf(node["management"], "management", call),
    "management-flow",
    { policy: MANAGEMENT, sets, backend: null, payloads },
    call,
    lowering,
  );
  const policies = new DuplicateNames<PolicyIr>("policies", lowering);
  const backends = new Backends(lowering);
  const allSets: SetIr[] = [...sets.nodes()];
  const rules: RuleIr[] = [];
  for (const raw of listOf(node["policies"], "policies", call) ?? []) {
    const found = nodeOf(raw, "policy");
    if (found === null) {
      reportForeign(raw, "policies", "policy", call);
      continue;
    }
    const lowered = lowerPolicy(found, sets, backends, payloads, lowering, results);
    if (lowered === null || !policies.add(lowered.policy)) continue;
    allSets.push(...lowered.sets);
    rules.push(...lowered.rules);
  }
  if (name === null || own === null) return null;
  return fleetNode({
    name,
    ...own,
    management,
    rules,
    policies: policies.list,
    backends: backends.list,
    sets: allSets,
    payloadTests: payloads.list,
    location: node.location,
  });
}

function lowerPolicy(
  node: Node,
  outer: SetScope,
  backends: Backends,
  payloads: PayloadTests,
  lowering: Lowering,
  results: SetResults,
): { readonly policy: PolicyIr; readonly rules: readonly RuleIr[]; readonly sets: readonly SetIr[] } | null {
  const call = lowering.callAt(node.location);
  const name = nameOf(node["name"], "a policy", call);
  if (name === MANAGEMENT)
    call.report(call.value(name), {
      code: "bad-name",
      message: "`management` is the name under which a fleet's management flows stand",
      help: "give the policy another name",
    });
  knownOptions(node, "a policy", call);
  const owners = lowerOwners(node["owners"], call);
  const backend = backends.of(node["backend"], call);
  const sets = new SetScope(lowering, results, node["sets"], name ?? "", call, outer);
  const setNodes = sets.nodes();
  const scope = { policy: name ?? "", sets, backend: backend ?? null, payloads };
  const rules = lowerAll(listOf(node["rules"], "rules", call), "rule", scope, call, lowering);
  if (name === null || name === MANAGEMENT || owners === null) return null;
  const policy = policyNode({
    name,
    owners,
    backend: scope.backend?.ir.name ?? null,
    location: node.location,
  });
  // Without its backend's addresses a rule would mean more than its author said.
  return { policy, rules: backend === undefined ? [] : rules, sets: setNodes };
}

function lowerAll(
  list: readonly unknown[] | null,
  kind: "rule" | "management-flow",
  scope: RuleScope,
  call: Call,
  lowering: Lowering,
): readonly RuleIr[] {
  const rules = new DuplicateNames<RuleIr>(
    kind === "rule" ? `policy \`${scope.policy}\`` : "management",
    lowering,
  );
  for (const raw of list ?? []) {
    const node = nodeOf(raw, kind);
    if (node === null) {
      reportForeign(raw, kind === "rule" ? "rules" : "management", kind, call);
      continue;
    }
    const rule = lowerRule(node, scope, lowering);
    if (rule !== null) rules.add(rule);
    else if (typeof node["name"] === "string") rules.claim(node["name"], node.location);
  }
  return rules.list;
}

function reportForeign(value: unknown, property: string, kind: string, call: Call): void {
  const makers: Record<string, string> = {
    rule: "`pass`, `drop`, `limit` or `shadow`",
    policy: "`policy`",
    "management-flow": "`management`",
  };
  call.report(call.property(property), {
    code: "bad-vocabulary",
    message: `\`${property}\` holds ${show(value)}`,
    help: `make each of them with ${makers[kind] ?? kind} of "pistonprotection"`,
  });
}

function lowerOwners(raw: unknown, call: Call): readonly string[] | null {
  const list = listOf(raw, "owners", call);
  if (list === null) return null;
  const owners = list.filter((owner) => typeof owner === "string" && owner.trim() !== "");
  if (owners.length === list.length && owners.length > 0) return owners as string[];
  call.report(call.property("owners"), {
    code: "bad-value",
    message: list.length === 0 ? "the policy has no owner" : "an owner is a name",
    help: 'name who answers for it: `owners: ["team-dns"]`',
  });
  return null;
}

/** Backends of one fleet: each lowered once, and one name for one definition. */
class Backends {
  readonly #lowering: Lowering;
  readonly #scopes = new Map<unknown, BackendScope | undefined>();
  readonly #names: DuplicateNames<BackendIr>;

  constructor(lowering: Lowering) {
    this.#lowering = lowering;
    this.#names = new DuplicateNames("backends", lowering);
  }

  get list(): readonly BackendIr[] {
    return this.#names.list;
  }

  /** null where the policy has no backend, undefined where that backend has a fault. */
  of(raw: unknown, call: Call): BackendScope | null | undefined {
    if (raw === null) return null;
    if (this.#scopes.has(raw)) return this.#scopes.get(raw);
    const node = nodeOf(raw, "backend");
    const scope = node === null ? null : lowerBackend(node, this.#lowering);
    if (node === null)
      call.report(call.property("backend"), {
        code: "bad-vocabulary",
        message: `\`backend\` is ${show(raw)}`,
        help: 'make it with `backend` of "pistonprotection"',
      });
    const isKept = scope !== null && (this.#isKnown(scope.ir) || this.#names.add(scope.ir));
    const result = isKept ? scope : undefined;
    this.#scopes.set(raw, result);
    return result;
  }

  /** The same definition, made in two files, is one backend. */
  #isKnown(ir: BackendIr): boolean {
    const definition = (one: BackendIr) => JSON.stringify({ ...one, location: null });
    return this.list.some((one) => definition(one) === definition(ir));
  }
}

type OwnFields = Pick<
  FleetIr,
  "nodeSelector" | "interfaces" | "attach" | "defaultVerdict" | "parseVerdicts" | "memoryBudgetBytes"
>;

function lowerOwnFields(node: Node, call: Call): OwnFields | null {
  const nodeSelector = lowerSelector(node["nodeSelector"], call);
  const interfaces = lowerInterfaces(node["interfaces"], call);
  const attach = oneOf(node["attach"], ["native", "generic"], "attach", call);
  const defaultVerdict = oneOf(node["defaultVerdict"], ["pass", "drop"], "defaultVerdict", call);
  const parseVerdicts = lowerParseVerdicts(node["parseVerdicts"], call);
  const bytes = node["memoryBudgetBytes"];
  const mebibytes = typeof bytes === "number" ? bytes / 2 ** 20 : bytes; // as the author wrote it
  const bounds = { least: 1, most: MEMORY_MOST_BYTES / 2 ** 20, whole: false, unit: "MiB" };
  const memory = numberOf(mebibytes, "memoryBudgetMiB", bounds, call);
  if (nodeSelector === null || interfaces === null || attach === null) return null;
  if (defaultVerdict === null || parseVerdicts === null || memory === null) return null;
  const memoryBudgetBytes = Math.floor(memory * 2 ** 20);
  return { nodeSelector, interfaces, attach, defaultVerdict, parseVerdicts, memoryBudgetBytes };
}

function lowerSelector(raw: unknown, call: Call): Readonly<Record<string, string>> | null {
  const labels = fieldsOf(raw);
  const entries = Object.entries(labels ?? {});
  if (labels !== null && entries.every((entry): entry is [string, string] => typeof entry[1] === "string"))
    return Object.fromEntries(entries);
  call.report(call.property("nodeSelector"), {
    code: "bad-value",
    message: "`nodeSelector` is not a record of labels",
    help: 'write `nodeSelector: { "pistonprotection.io/fleet": "edge" }`, every value in quotes',
  });
  return null;
}

/** Linux: at most 15 bytes, no slash, no white space (dev_valid_name in net/core/dev.c). */
const INTERFACE = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;

function lowerInterfaces(raw: unknown, call: Call): readonly string[] | null {
  const list = listOf(raw, "interfaces", call);
  if (list === null) return null;
  const wrong = list.filter((name) => typeof name !== "string" || !INTERFACE.test(name));
  for (const name of wrong)
    call.report(call.value(name, { property: "interfaces" }), {
      code: "bad-value",
      message: `${show(name)} is not the name of an interface`,
      help: "a name has 1 to 15 characters, none of them a space, a slash or a colon",
    });
  if (list.length === 0)
    call.report(call.property("interfaces"), {
      code: "bad-value",
      message: "the fleet has no interface",
      help: 'name those that face the traffic: `interfaces: ["eth0"]`',
    });
  return list.length > 0 && wrong.length === 0 ? (list as string[]) : null;
}

function lowerParseVerdicts(raw: unknown, call: Call): FleetIr["parseVerdicts"] | null {
  const verdicts: Record<ParseClass, Verdict> = { ...DEFAULT_PARSE_VERDICTS };
  const classes = Object.keys(DEFAULT_PARSE_VERDICTS) as ParseClass[];
  let isRight = true;
  for (const [name, value] of Object.entries(fieldsOf(raw) ?? {})) {
    if (value === undefined) continue;
    const known = classes.find((one) => one === name);
    if (known === undefined)
      call.report(call.property(name), {
        code: "bad-value",
        message: `there is no parse class \`${name}\``,
        help: suggest(name, classes, "parse classes"),
      });
    const verdict = oneOf(value, ["pass", "drop"], name, call);
    if (known === undefined || verdict === null) isRight = false;
    else verdicts[known] = verdict;
  }
  return isRight ? verdicts : null;
}
