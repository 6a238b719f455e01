// Two fleets of one name that differ in every rule, and the packets that tell them apart. What both drop, they drop by rules
// with different numbers, and what both pass likewise: a packet judged by the tables of one and the rules of the other would get a
// verdict that neither gives.

import { udp } from "../../src/packet/helpers.ts";
import { by, drop, fleet, limit, packets, packetsPerSecond, pass, policy } from "../../src/policy/index.ts";

export const FLEET_NAME = "swap-test";

const owners = ["tests"];

const first = policy("first", {
  owners,
  rules: [
    drop("a0", { source: "198.51.100.0/28" }), // bit 0 drops here, and passes in the second
    pass("a1", { source: "198.51.100.16/28" }),
    drop("a2", { source: "198.51.100.32/28" }), // only the first drops this
    pass("a3", { source: "198.51.100.48/28" }), // only the first passes this
    limit(
      "a4",
      { source: "203.0.113.0/24" },
      { rate: packetsPerSecond(1_000_000), burst: packets(1_000_000), key: by.source() },
    ),
    drop("a5", { protocol: "udp", destinationPort: 7 }),
  ],
});

const second = policy("second", {
  owners,
  rules: [
    pass("b0", { source: "198.51.100.16/28" }),
    drop("b1", { source: "198.51.100.0/28" }),
    pass("b2", { source: "198.51.100.32/28" }),
    drop("b3", { source: "198.51.100.48/28" }),
    drop("b4", { protocol: "udp", destinationPort: 7 }),
    limit(
      "b5",
      { source: "203.0.113.0/24" },
      { rate: packetsPerSecond(2_000_000), burst: packets(900_000), key: by.source() },
    ),
  ],
});

const common = { interfaces: ["eth0"], management: [] } as const;
/** Defaults differ too: the default belongs to the generation. */
export const firstFleet = fleet(FLEET_NAME, { ...common, defaultVerdict: "drop", policies: [first] });
export const secondFleet = fleet(FLEET_NAME, { ...common, defaultVerdict: "pass", policies: [second] });

export type Expected = "both pass" | "both drop" | "only first passes" | "only second passes";

/** A kind of packet: where it comes from, and what becomes of it. */
export const KINDS: readonly {
  readonly expected: Expected;
  readonly source: string;
  readonly port: number;
}[] = [
  { expected: "both drop", source: "198.51.100.3", port: 4000 },
  { expected: "both pass", source: "198.51.100.19", port: 4000 },
  { expected: "only second passes", source: "198.51.100.35", port: 4000 },
  { expected: "only first passes", source: "198.51.100.51", port: 4000 },
  { expected: "both drop", source: "192.0.2.9", port: 7 },
  { expected: "only second passes", source: "192.0.2.9", port: 8 },
];

const PAYLOAD_AT = 14 + 20 + 8;
const TEMPLATES = KINDS.map(({ source, port }, kind) => {
  const payload = new Uint8Array(64);
  new DataView(payload.buffer).setUint32(0, 0x5049_5354); // "PIST": other frames of the namespace are not ours
  new DataView(payload.buffer).setUint32(4, kind);
  const frame = udp({ from: `${source}:40000`, to: `203.0.113.9:${port}`, payload });
  // RFC 768: zero says that there is no checksum, so that a number alone makes it another frame.
  new DataView(frame.buffer, frame.byteOffset).setUint16(14 + 20 + 6, 0);
  return frame;
});

/** A frame of a kind, with its kind and a number in its payload. */
export function numberedFrame(kind: number, sequence: number): Uint8Array {
  const frame = TEMPLATES[kind]!.slice();
  new DataView(frame.buffer).setUint32(PAYLOAD_AT + 8, sequence);
  return frame;
}

/** Kind and number of a frame, or null where it is none of ours. */
export function readNumber(frame: Uint8Array): { kind: number; sequence: number } | null {
  const at = PAYLOAD_AT;
  if (frame.length < at + 12) return null;
  const view = new DataView(frame.buffer, frame.byteOffset);
  if (view.getUint32(at) !== 0x5049_5354) return null;
  return { kind: view.getUint32(at + 4), sequence: view.getUint32(at + 8) };
}
