// A packet as a capture file holds it, before it is a frame.

import type { Framing } from "./link-type.ts";

/** One object for all packets of a capture: whoever keeps one copies it. The bytes stand in the reader's window. */
export interface CaptureRecord {
  framing: Framing;
  /** Index in reader.bytes. */
  start: number;
  capturedBytes: number;
  /** Length on the wire; more than was captured where the capture was made with a snap length. */
  originalBytes: number;
  /** Nanoseconds since 1970, or of whatever the capture's clock counts from. */
  timeNs: bigint;
}

/** libpcap's MAXIMUM_SNAPLEN: a longer packet is a damaged length. */
export const CAPTURED_BYTES_MAX = 262_144;
