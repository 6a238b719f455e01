import { describe, expect, it } from "vitest";
import { decodeSample } from "./samples.ts";

/** struct sample, written field by field as bpf/shared.h has it. */
function record(ruleId: bigint, capturedBytes: number): Uint8Array {
  const bytes = Buffer.alloc(144);
  bytes.writeBigUInt64LE(123n, 0); // time_ns
  bytes.writeBigUInt64LE(ruleId, 8);
  bytes.writeUInt32LE(2, 16); // REASON_LIMIT
  bytes.writeUInt32LE(0, 20); // VERDICT_DROP
  bytes.writeUInt32LE(1, 24); // shadow
  bytes.writeUInt32LE(9, 28); // interface_index
  bytes.writeUInt32LE(1500, 32); // frame_bytes
  bytes.writeUInt32LE(capturedBytes, 36);
  bytes.write("0011223344556677", 40, "hex");
  bytes.fill(0xee, 48);
  return bytes;
}

describe("a sample", () => {
  it("is read as the program writes it", () => {
    expect(decodeSample(record(0xabcn, 96))).toEqual({
      ruleId: "0000000000000abc",
      reason: "limit",
      verdict: "drop",
      shadow: true,
      interfaceIndex: 9,
      frameBytes: 1500,
      bundleDigest: "0011223344556677",
      frame: Buffer.alloc(96, 0xee),
    });
  });

  it("has as much of the frame as was captured, and no rule where none decided", () => {
    expect(decodeSample(record(0n, 60))).toMatchObject({ ruleId: null, frame: Buffer.alloc(60, 0xee) });
    expect(decodeSample(record(0n, 0)).frame).toHaveLength(0);
  });
});
