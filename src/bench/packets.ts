// The frames that are timed: the least that Ethernet carries.

import { udp } from "../packet/helpers.ts";

/** 60 bytes; a feeder overwrites addresses and ports. */
export const FRAME4: Uint8Array = udp({
  from: "198.18.0.1:40000",
  to: "203.0.113.9:27015",
  payloadBytes: 18,
});

export const FRAME6: Uint8Array = udp({
  from: "[2001:db8::1]:40000",
  to: "[2001:db8:1::9]:27015",
  payloadBytes: 4,
});

/** One entry of the feeders tuple_*: host order. */
export interface Tuple {
  readonly source: number;
  readonly destination: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export function tupleFeed(tuples: readonly Tuple[]): Uint8Array {
  const bytes = new Uint8Array(16 * tuples.length);
  const view = new DataView(bytes.buffer);
  tuples.forEach(({ source, destination, sourcePort, destinationPort }, i) => {
    view.setUint32(16 * i, source);
    view.setUint32(16 * i + 4, destination);
    view.setUint16(16 * i + 8, sourcePort);
    view.setUint16(16 * i + 10, destinationPort);
  });
  return bytes;
}
