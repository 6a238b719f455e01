// Counters of the XDP program to rows of the metric catalogue. The counters outlive generations, and so do the slots'
// owners: totals by reason and backend go over all slots that ever were, so they only grow, while series of single rules
// are those of the generation that serves.

import {
  CONFIG,
  COUNTER_KINDS,
  FIRST_PARSE_REASON,
  REASONS,
  type Reason,
  VERDICTS,
} from "../../bundle/abi.ts";
import type { Manifest } from "../../bundle/index.ts";
import { bounded, NO_BACKEND } from "../../metrics/catalogue.ts";
import type { Row } from "../../metrics/register.ts";
import type { Counts } from "./counters.ts";
import { type Count, freshLedger, passedOf, type ReasonLedger } from "./reason-ledger.ts";
import { decodeOwner, type SlotOwner } from "./slots.ts";

const NOTHING: Count = { packets: 0, bytes: 0 };

export interface AccountingInput {
  readonly fleet: string;
  readonly counts: Counts;
  /** The slot directory: owner key to slot. */
  readonly directory: ReadonlyMap<string, number>;
  readonly manifest: Manifest;
  /** struct config of the serving generation. */
  readonly config: Uint8Array;
  /** Slots of the manifest's rules. */
  readonly slots: Uint32Array;
  /** null: no reason's verdict has ever changed. */
  readonly ledger: ReasonLedger | null;
}

type Verdict = (typeof VERDICTS)[number];
export interface Accounts {
  readonly reasons: readonly { readonly reason: Reason; readonly verdict: Verdict; readonly count: Count }[];
  readonly rules: readonly {
    readonly labels: Row<"rule_packets_total">[0];
    readonly count: Count;
  }[];
  readonly attacks: ReadonlyMap<string, number>;
  readonly traffic: Count;
  readonly dropped: Count;
}

export function account(input: AccountingInput): Accounts {
  const reasons = new Map<string, { reason: Reason; verdict: Verdict; count: Count }>();
  const attacks = new Map<string, number>([[NO_BACKEND, 0]]);
  const addReason = (reason: Reason, verdict: Verdict, count: Count) => {
    const key = `${reason} ${verdict}`;
    reasons.set(key, { reason, verdict, count: plus(reasons.get(key)?.count ?? NOTHING, count) });
  };
  const addAttack = (backend: string | null, count: Count) => {
    const name = backend ?? NO_BACKEND;
    attacks.set(name, (attacks.get(name) ?? 0) + count.packets);
  };

  const passMask = passMaskOf(input.config);
  const ledger = input.ledger ?? freshLedger(passMask);
  for (const [index, reason] of REASONS.entries()) {
    if (reason === "rule") {
      for (const verdict of VERDICTS) addReason(reason, verdict, NOTHING);
      continue;
    }
    const total = input.counts.reasons[index] ?? NOTHING;
    const passed = passedOf(ledger, index, total);
    const dropped = { packets: total.packets - passed.packets, bytes: total.bytes - passed.bytes };
    const passes = ((passMask >> BigInt(index)) & 1n) === 1n;
    if (passes || passed.packets > 0) addReason(reason, "pass", passed);
    if (!passes || dropped.packets > 0) addReason(reason, "drop", dropped);
  }
  addAttack(null, input.counts.reasons[REASONS.indexOf("block")] ?? NOTHING); // blocks by an operator
  for (const backend of input.manifest.backends) addAttack(backend.name, NOTHING);
  for (const [key, slot] of input.directory) {
    const owner = decodeOwner(Buffer.from(key, "latin1"));
    const [decided, exceeded, , blocked] = slotCounts(input.counts, slot);
    addReason("block", "drop", blocked);
    addAttack(owner.backend, blocked);
    if (owner.management || owner.shadow) continue; // management flows count by their own reason as well
    const [reason, verdict, count] = outcome(owner, decided, exceeded);
    addReason(reason, verdict, count);
    if (verdict === "drop") addAttack(owner.backend, count);
  }

  const rows = [...reasons.values()];
  return {
    reasons: rows,
    rules: ruleRows(input),
    attacks,
    traffic: sum(rows.map((row) => row.count)),
    dropped: sum(rows.filter((row) => row.verdict === "drop").map((row) => row.count)),
  };
}

function outcome(owner: SlotOwner, decided: Count, exceeded: Count): [Reason, Verdict, Count] {
  switch (owner.action) {
    case "pass":
      return ["rule", "pass", decided];
    case "drop":
      return ["rule", "drop", decided];
    case "limit":
      return ["limit", "drop", exceeded];
  }
}

/** Reasons that a generation passes, by its struct config: bit r for reason r. */
export function passMaskOf(config: Uint8Array): bigint {
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  const defaultPasses = VERDICTS[view.getUint32(CONFIG.defaultVerdict, true)] === "pass";
  const passReasons = view.getBigUint64(CONFIG.passReasons, true);
  return REASONS.reduce((mask, reason, index) => {
    const passes =
      index >= FIRST_PARSE_REASON
        ? ((passReasons >> BigInt(index)) & 1n) === 1n
        : reason === "default"
          ? defaultPasses
          : reason !== "limit" && reason !== "block";
    return passes ? mask | (1n << BigInt(index)) : mask;
  }, 0n);
}

function ruleRows(input: AccountingInput): Accounts["rules"] {
  return input.manifest.rules.flatMap((rule, index) => {
    const counts = slotCounts(input.counts, input.slots[index]!);
    const labels = {
      fleet: bounded("fleet", input.fleet),
      policy: bounded("policy", rule.policy),
      rule: bounded("rule", rule.name),
      backend: bounded("backend", rule.backend ?? NO_BACKEND),
      action: rule.action,
      mode: rule.shadow ? "shadow" : "enforce",
    } as const;
    const blocks = !rule.shadow && (rule.limit?.blockForSeconds ?? 0) > 0;
    return COUNTER_KINDS.flatMap((kind, at) => {
      const own = rule.action === "limit" ? kind === "exceeded" || kind === "conformed" : kind === "decided";
      return own || (kind === "blocked" && blocks)
        ? [{ labels: { ...labels, outcome: kind }, count: counts[at]! }]
        : [];
    });
  });
}

function slotCounts(counts: Counts, slot: number): [Count, Count, Count, Count] {
  return [0, 1, 2, 3].map((kind) => counts.slots[slot]?.[kind] ?? NOTHING) as [Count, Count, Count, Count];
}

function plus(a: Count, b: Count): Count {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

function sum(counts: readonly Count[]): Count {
  return counts.reduce(plus, NOTHING);
}
