import { describe, expect, it } from "vitest";
import { PROOF } from "../../bundle/abi.ts";
import type { Manifest, Witness } from "../../bundle/index.ts";
import { BundleRefused } from "../errors.ts";
import { type ProofInstance, prove } from "./prove.ts";

const XDP_DROP = 1;
const XDP_PASS = 2;
const VERDICT_DROP = 0;
const VERDICT_PASS = 1;
const REASON_DEFAULT = 0;
const REASON_RULE = 1;

const step = {
  packet: "AAAAAAAAAAAAAAAAAAA=",
  atNs: "18446744073709551615",
  repeat: 1,
  verdict: "drop",
  rule: "p/bogons",
  reason: "rule",
} as const;

function manifest(...witnesses: Witness[]): Manifest {
  return {
    formatVersion: 1,
    abiVersion: 2,
    fleet: { name: "edge", interfaces: [], attach: "native", defaultVerdict: "pass" },
    revision: "",
    memoryBytes: 0,
    sections: [],
    rules: [
      {
        index: 0,
        id: "p/bogons",
        stableId: "fedcba9876543210",
        policy: "p",
        name: "bogons",
        action: "drop",
        shadow: false,
        backend: null,
        location: { file: "f", line: 1, column: 1 },
        limit: null,
      },
    ],
    policies: [],
    backends: [],
    sets: [],
    witnesses,
  };
}

/** A program that decides always the same; the kernel tests have real ones. */
function instance(
  returnCode: number,
  verdict: number,
  ruleId: bigint,
  reason: number,
): ProofInstance & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    run(packet, metadata, repeat) {
      const view = Buffer.from(metadata);
      calls.push(`${packet.length} bytes at ${view.readBigUInt64LE(PROOF.nowNs)}, ${repeat}×`);
      view.writeBigUInt64LE(ruleId, PROOF.ruleId);
      view.writeUInt32LE(reason, PROOF.reason);
      view.writeUInt32LE(verdict, PROOF.verdict);
      return { returnCode, metadata: view };
    },
    clearState: () => calls.push("clear"),
  };
}

function refusal(kernel: ProofInstance, ...witnesses: Witness[]): BundleRefused {
  try {
    prove(manifest(...witnesses), kernel);
  } catch (error) {
    if (error instanceof BundleRefused) return error;
    throw error;
  }
  throw new Error("was proven");
}

describe("proving a bundle", () => {
  it("runs every step of every witness, and empties the state before each witness", () => {
    const kernel = instance(XDP_DROP, VERDICT_DROP, 0xfedcba9876543210n, REASON_RULE);
    const two: Witness = {
      name: "b",
      rule: null,
      steps: [
        { ...step, atNs: "1", repeat: 400 },
        { ...step, atNs: "2" },
      ],
    };
    expect(prove(manifest({ name: "a", rule: null, steps: [step] }, two), kernel)).toBe(402);
    expect(kernel.calls).toEqual([
      "clear",
      "14 bytes at 18446744073709551615, 1×",
      "clear",
      "14 bytes at 1, 400×",
      "14 bytes at 2, 1×",
    ]);
  });

  it("refuses another verdict, rule or reason, and gives both", () => {
    const witness: Witness = { name: "p/bogons", rule: "p/bogons", steps: [step, step] };
    const cases: [ProofInstance, string][] = [
      [instance(XDP_PASS, VERDICT_PASS, 0n, REASON_DEFAULT), "pass by no rule (default)"],
      [instance(XDP_DROP, VERDICT_DROP, 7n, REASON_RULE), "drop by unknown rule 0000000000000007 (rule)"],
      [instance(XDP_DROP, VERDICT_DROP, 0xfedcba9876543210n, 3), "drop by p/bogons (block)"],
    ];
    for (const [kernel, got] of cases) {
      const error = refusal(kernel, witness);
      expect(error.part).toBe("witness p/bogons");
      expect(error.code).toBe("witness-failed");
      expect(error.message).toBe(
        `witness p/bogons, step 1 of 2: expected drop by p/bogons (rule), the kernel gives ${got}`,
      );
    }
  });

  it("refuses a program that returns another thing than it says that it decided", () => {
    const witness: Witness = { name: "w", rule: null, steps: [step] };
    const lying = instance(XDP_PASS, VERDICT_DROP, 0xfedcba9876543210n, REASON_RULE);
    expect(refusal(lying, witness).message).toContain("gives drop, returned as XDP pass by p/bogons");
    expect(refusal(instance(0, VERDICT_DROP, 0n, 0), witness).message).toContain("gives XDP aborted");
    expect(refusal(instance(3, VERDICT_DROP, 0n, 0), witness).message).toContain("gives XDP tx");
  });

  it("refuses a program that leaves other metadata than a proof", () => {
    const witness: Witness = { name: "w", rule: null, steps: [step] };
    const right = instance(XDP_DROP, VERDICT_DROP, 0xfedcba9876543210n, REASON_RULE);
    for (const bytes of [0, PROOF.bytes - 1]) {
      const short: ProofInstance = {
        ...right,
        run: (...call) => ({
          returnCode: XDP_DROP,
          metadata: right.run(...call).metadata.subarray(0, bytes),
        }),
      };
      expect(refusal(short, witness).message).toContain("gives XDP drop by no rule (none)");
    }
  });
});
