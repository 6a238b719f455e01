// A fleet to the traffic that shows it: ordinary packets for each backend, and for each rule the packets that its witness says it
// decides, in numbers that go past every limit. Nothing here is written for the sample policies.

import type { Witness } from "../bundle/index.ts";
import { createEvaluator } from "../compiler/evaluate.ts";
import type { BackendIr, CheckedFleet } from "../ir/nodes.ts";
import { formatAddress, isFault, parsePrefix } from "../ir/prefix.ts";
import { padTo } from "../packet/build.ts";
import { tcp, udp } from "../packet/helpers.ts";

/** Frames that are sent in one go, and what they are for. */
export interface Stream {
  readonly name: string;
  readonly kind: "ordinary" | "attack";
  readonly frames: readonly Uint8Array[];
}

const SOURCES = 32;
/** IEEE 802.3 §4.2.3.3: 64 bytes with the check sequence. */
const WIRE_BYTES_MIN = 60;
/** More than this many packets of one witness are not sent: a limit with a larger burst is not driven over it. */
const REPEAT_MAX = 20_000;
/** Packets of an attack on a rule that has no rate. */
const ATTACK_PACKETS = 200;

/** Ordinary traffic: what the evaluator passes, from many sources, a few packets each. Empty where nothing passes. */
export function ordinaryStream(fleet: CheckedFleet, backend: BackendIr): Stream {
  const frames: Uint8Array[] = [];
  for (const family of [4, 6] as const) {
    const listen = backend.listen
      .map(parsePrefix)
      .find((prefix) => !isFault(prefix) && prefix.family === family);
    if (!listen || isFault(listen)) continue;
    const to = endpoint(family, listen.first, backend.ports[0]![0]);
    let found = 0;
    for (let i = 0; found < SOURCES && i < 8 * SOURCES; i++) {
      const from = endpoint(family, ordinarySource(family, i), 40_000 + i);
      const conversation = backend.protocols.flatMap((protocol) =>
        protocol === "tcp"
          ? [tcp({ from, to, flags: ["syn"] }), tcp({ from, to, flags: ["psh", "ack"], payloadBytes: 120 })]
          : [udp({ from, to, payloadBytes: 64 }), udp({ from, to, payloadBytes: 200 })],
      );
      // A fresh evaluator for each source: whether this source is ordinary does not hang on the others.
      const evaluator = createEvaluator(fleet);
      const passes = conversation.filter((frame) => evaluator.decide(frame, 0n).verdict === "pass");
      if (passes.length === 0) continue;
      frames.push(...passes);
      found++;
    }
  }
  return { name: backend.name, kind: "ordinary", frames };
}

/** What each witness shows, sent over the wire: in numbers that go over its limit, where it has one that can be reached. */
export function witnessStreams(fleet: CheckedFleet, witnesses: readonly Witness[]): readonly Stream[] {
  const limits = new Set(fleet.rules.filter((rule) => rule.action.kind === "limit").map((rule) => rule.id));
  return witnesses.map((witness) => {
    const isLimit = witness.rule !== null && limits.has(witness.rule);
    const single = witness.steps.length === 1 && !isLimit;
    const frames = witness.steps.flatMap((step) => {
      const packet = Uint8Array.from(Buffer.from(step.packet, "base64"));
      const frame = step.verdict === "pass" ? atLeastWireLength(packet) : packet;
      const count = single && step.verdict === "drop" ? ATTACK_PACKETS : Math.min(step.repeat, REPEAT_MAX);
      return Array<Uint8Array>(count).fill(frame);
    });
    return { name: witness.name, kind: "attack", frames } as const;
  });
}

/** No frame is shorter on a wire, and behind the filter the kernel drops some that are: that would not be the filter's loss. */
function atLeastWireLength(frame: Uint8Array): Uint8Array {
  return frame.length < WIRE_BYTES_MIN ? padTo(frame, WIRE_BYTES_MIN) : frame;
}

/** Addresses spread over the unicast space by a multiplicative hash (Knuth): the same ones in each run. */
function ordinarySource(family: 4 | 6, index: number): bigint {
  const mixed = BigInt(Math.imul(index + 1, 0x9e37_79b1) >>> 0);
  if (family === 4) return 0x0100_0000n + (mixed % 0xdeff_ff00n); // 1.0.0.0 to 223.255.255.255
  return (0x2a00n << 112n) | (mixed << 80n) | BigInt(index + 1); // in 2a00::/16, each in a /48 of its own
}

function endpoint(family: 4 | 6, address: bigint, port: number): string {
  const text = formatAddress(family, address);
  return family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}
