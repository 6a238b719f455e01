// Records of the program's ring buffer to a count and debug log lines. The program limits their rate for each CPU, so
// this can be simple.

import { REASONS, SAMPLE, VERDICTS } from "../../bundle/abi.ts";
import { type BpfMap, interfaceName, RingBuffer } from "../bpf/index.ts";
import type { Logger } from "../log.ts";

export interface Sample {
  readonly ruleId: string | null;
  readonly reason: string;
  readonly verdict: string;
  readonly shadow: boolean;
  readonly interfaceIndex: number;
  readonly frameBytes: number;
  /** First 8 bytes of the bundle's digest, hex. */
  readonly bundleDigest: string;
  /** The frame's first bytes, as many as were captured. */
  readonly frame: Uint8Array;
}

export function decodeSample(record: Uint8Array): Sample {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const id = bytes.readBigUInt64LE(SAMPLE.ruleId);
  const captured = bytes.readUInt32LE(SAMPLE.capturedBytes);
  return {
    ruleId: id === 0n ? null : id.toString(16).padStart(16, "0"),
    reason: REASONS[bytes.readUInt32LE(SAMPLE.reason)] ?? "unknown",
    verdict: VERDICTS[bytes.readUInt32LE(SAMPLE.verdict)] ?? "unknown",
    shadow: bytes.readUInt32LE(SAMPLE.shadow) !== 0,
    interfaceIndex: bytes.readUInt32LE(SAMPLE.interfaceIndex),
    frameBytes: bytes.readUInt32LE(SAMPLE.frameBytes),
    bundleDigest: bytes.toString("hex", SAMPLE.bundleDigest, SAMPLE.bundleDigest + 8),
    frame: bytes.subarray(SAMPLE.frame, SAMPLE.frame + captured),
  };
}

export interface SampleReader {
  readonly count: number;
  close(): void;
}

/** `ruleName` gives the rule of a stable id. The event loop does not wait for it. */
export function readSamples(
  map: BpfMap,
  logger: Logger,
  ruleName: (stableId: string) => string | null,
): SampleReader {
  let count = 0;
  const ring = RingBuffer.open(map, (record) => {
    count++;
    if (!logger.isLevelEnabled("debug")) return;
    const sample = decodeSample(record);
    logger.debug(
      {
        event: "sample",
        rule: sample.ruleId && (ruleName(sample.ruleId) ?? sample.ruleId),
        reason: sample.reason,
        verdict: sample.verdict,
        shadow: sample.shadow,
        interface: interfaceName(sample.interfaceIndex) ?? String(sample.interfaceIndex),
        frameBytes: sample.frameBytes,
        frame: Buffer.from(sample.frame).toString("hex"),
      },
      "packet not passed",
    );
  }).unref();
  return {
    get count() {
      return count;
    },
    close: () => ring.close(),
  };
}
