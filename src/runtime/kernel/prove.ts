// Witnesses to a proof: every packet of the bundle that has an expected verdict is run through the loaded program, in
// the kernel, before the generation may serve. One that gets something else refuses the bundle by its name.

import { PROOF, REASONS, VERDICTS } from "../../bundle/abi.ts";
import type { Manifest, Witness, WitnessStep } from "../../bundle/index.ts";
import type { BpfMap } from "../bpf/index.ts";
import { BundleRefused } from "../errors.ts";
import { clearLimitStates } from "./limit-table.ts";

/** include/uapi/linux/bpf.h, enum xdp_action. */
const XDP_ACTIONS = ["aborted", "drop", "pass", "tx", "redirect"] as const;

export interface Decision {
  readonly verdict: string;
  /** The rule's id; null where none decided. */
  readonly rule: string | null;
  readonly reason: string;
}

export interface ProofInstance {
  /** Runs a packet behind metadata of PROOF.bytes. */
  run(packet: Uint8Array, metadata: Uint8Array, repeat: number): { returnCode: number; metadata: Uint8Array };
  /** Empties limit state and blocks. */
  clearState(): void;
}

/** Empties the state of a proof instance. */
export function clearMaps(limits: BpfMap, blocks: BpfMap): void {
  clearLimitStates(limits);
  const keys = Array.from(blocks.keys()); // first all keys: a deletion would make the walk begin again
  for (const key of keys) blocks.delete(key);
}

/** Returns the number of packets run. Throws BundleRefused at the first witness that fails. */
export function prove(manifest: Manifest, instance: ProofInstance): number {
  const rules = new Map(manifest.rules.map((rule) => [rule.stableId, rule.id]));
  let packets = 0;
  for (const witness of manifest.witnesses) {
    instance.clearState();
    for (const [index, step] of witness.steps.entries()) {
      const got = runStep(step, instance, rules);
      packets += step.repeat;
      if (got.verdict !== step.verdict || got.rule !== step.rule || got.reason !== step.reason)
        throw disproved(witness, index, step, got);
    }
  }
  return packets;
}

function runStep(step: WitnessStep, instance: ProofInstance, rules: ReadonlyMap<string, string>): Decision {
  const metadata = Buffer.alloc(PROOF.bytes);
  metadata.writeBigUInt64LE(BigInt(step.atNs), PROOF.nowNs);
  const result = instance.run(Buffer.from(step.packet, "base64"), metadata, step.repeat);
  return decode(result.returnCode, result.metadata, rules);
}

function decode(returnCode: number, metadata: Uint8Array, rules: ReadonlyMap<string, string>): Decision {
  const action = XDP_ACTIONS[returnCode] ?? `action ${returnCode}`;
  if (metadata.length !== PROOF.bytes || (action !== "pass" && action !== "drop"))
    return { verdict: `XDP ${action}`, rule: null, reason: "none" };
  const view = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const verdict = VERDICTS[view.readUInt32LE(PROOF.verdict)] ?? "unknown";
  const reasonNumber = view.readUInt32LE(PROOF.reason);
  const id = view.readBigUInt64LE(PROOF.ruleId);
  const hex = id.toString(16).padStart(16, "0");
  return {
    // What the program says that it decided and what it returned are two things, and must be one.
    verdict: verdict === action ? verdict : `${verdict}, returned as XDP ${action}`,
    rule: id === 0n ? null : (rules.get(hex) ?? `unknown rule ${hex}`),
    reason: REASONS[reasonNumber] ?? `reason ${reasonNumber}`,
  };
}

function disproved(witness: Witness, index: number, step: WitnessStep, got: Decision): BundleRefused {
  const where = witness.steps.length > 1 ? `, step ${index + 1} of ${witness.steps.length}` : "";
  return new BundleRefused(`witness ${witness.name}`, {
    code: "witness-failed",
    operation: "prove",
    object: `witness ${witness.name}${where}`,
    message: `witness ${witness.name}${where}: expected ${text(step)}, the kernel gives ${text(got)}`,
    help: "compile the bundle and run the agent with the same version; if they are, this is a bug of PistonProtection",
  });
}

function text(decision: Decision): string {
  return `${decision.verdict} by ${decision.rule ?? "no rule"} (${decision.reason})`;
}
