// A record of the ring buffer to an event: first whether it is one at all, then, for who asks, what it says.

import { ABI_VERSION, REASONS, SAMPLE, SAMPLE_BYTES, VERDICTS } from "../../bundle/abi.ts";
import type { InvalidKind, Pattern, Priority } from "../../metrics/event-labels.ts";
import { addressBytes, emptyHeaders, formatAddress, readHeaders } from "./headers.ts";
import { patternNames } from "./patterns.ts";

/** No frame is longer: BIG TCP, the longest that Linux knows, stays below. */
const FRAME_BYTES_MAX = 1 << 20;
/** A record's clock is the kernel's own: what is later than this comes from no program of ours. */
const CLOCK_AHEAD_MS = 1_000;

/** Why the record at `at` is no event, or null. `view` is of the same bytes; `nowMs` on CLOCK_MONOTONIC. */
export function faultOf(
  view: DataView,
  at: number,
  size: number,
  nowMs: number,
  isKnown: (interfaceIndex: number) => boolean,
): InvalidKind | null {
  if (size !== SAMPLE.bytes) return "size";
  if (view.getUint16(at + SAMPLE.abiVersion, true) !== ABI_VERSION) return "abi";
  const sane =
    view.getUint32(at + SAMPLE.reason, true) < REASONS.length &&
    VERDICTS[view.getUint32(at + SAMPLE.verdict, true)] === "drop" &&
    view.getUint16(at + SAMPLE.shadow, true) <= 1 &&
    timeMsOf(view, at) <= nowMs + CLOCK_AHEAD_MS;
  if (!sane) return "fields";
  const frameBytes = view.getUint32(at + SAMPLE.frameBytes, true);
  const captured = view.getUint32(at + SAMPLE.capturedBytes, true);
  if (frameBytes === 0 || frameBytes > FRAME_BYTES_MAX || captured !== Math.min(SAMPLE_BYTES, frameBytes))
    return "length";
  return isKnown(view.getUint32(at + SAMPLE.interfaceIndex, true)) ? null : "interface";
}

/** On CLOCK_MONOTONIC. */
export function timeMsOf(view: DataView, at: number): number {
  return Number(view.getBigUint64(at + SAMPLE.timeNs, true)) / 1e6;
}

/** 16 hex digits, or null where no rule decided. */
function ruleIdOf(view: DataView, at: number): string | null {
  const id = view.getBigUint64(at + SAMPLE.ruleId, true);
  return id === 0n ? null : id.toString(16).padStart(16, "0");
}

export interface SampleEvent {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly priority: Priority;
  /** `<policy>/<rule>`, or the stable id where the serving generation has no such rule. */
  readonly rule: string | null;
  readonly backend: string | null;
  readonly reason: string;
  readonly verdict: string;
  readonly shadow: boolean;
  readonly interface: string;
  readonly frameBytes: number;
  /** First 12 hex digits of the bundle's digest. */
  readonly generation: string;
  readonly source: string | null;
  readonly destination: string | null;
  /** IP protocol number. */
  readonly protocol: number | null;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly patterns: readonly Pattern[];
  /** What was captured of the frame, hex. */
  readonly frame: string;
}

/** What the worker knows besides the record. */
export interface EventContext {
  readonly priority: Priority;
  /** Bits of PATTERNS. */
  readonly patterns: number;
  readonly rule: { readonly id: string; readonly backend: string | null } | null;
  readonly interface: string;
  /** Milliseconds since 1970 at CLOCK_MONOTONIC 0. */
  readonly clockOriginMs: number;
}

const headers = emptyHeaders();

/** The record at `at` must have no fault. */
export function decodeEvent(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  context: EventContext,
): SampleEvent {
  const captured = view.getUint32(at + SAMPLE.capturedBytes, true);
  const frame = at + SAMPLE.frame;
  const { family, addressesAt, protocol, sourcePort, destinationPort } = readHeaders(
    bytes,
    frame,
    frame + captured,
    headers,
  );
  const address = (offset: number) =>
    family === 0 ? null : formatAddress(bytes, addressesAt + offset, family);
  const digest = Buffer.from(bytes.buffer, bytes.byteOffset + at + SAMPLE.bundleDigest, 8).toString("hex");
  return {
    atMs: context.clockOriginMs + timeMsOf(view, at),
    priority: context.priority,
    rule: context.rule?.id ?? ruleIdOf(view, at),
    backend: context.rule?.backend ?? null,
    reason: REASONS[view.getUint32(at + SAMPLE.reason, true)] ?? "unknown",
    verdict: VERDICTS[view.getUint32(at + SAMPLE.verdict, true)] ?? "unknown",
    shadow: view.getUint16(at + SAMPLE.shadow, true) !== 0,
    interface: context.interface,
    frameBytes: view.getUint32(at + SAMPLE.frameBytes, true),
    generation: digest.slice(0, 12),
    source: address(0),
    destination: family === 0 ? null : address(addressBytes(family)),
    protocol: family === 0 ? null : protocol,
    sourcePort: sourcePort < 0 ? null : sourcePort,
    destinationPort: destinationPort < 0 ? null : destinationPort,
    patterns: patternNames(context.patterns),
    frame: Buffer.from(bytes.buffer, bytes.byteOffset + frame, captured).toString("hex"),
  };
}
