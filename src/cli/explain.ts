// piston explain: what one packet gets from policies or a bundle, and why, rule by rule.

import { formatTrace } from "../compiler/evaluate.ts";
import { buildPacket } from "../packet/build.ts";
import { PacketTextError, parsePacketText } from "../packet/text.ts";
import { defineCommand, UsageError } from "./command.ts";
import { loadTarget } from "./target.ts";

export default defineCommand({
  summary: "Say what a packet gets, and why, rule by rule",
  positionals: ["[POLICY|BUNDLE]"],
  options: {
    packet: { type: "string", short: "p", value: "TEXT", help: "the packet, in one line" },
    fleet: { type: "string", value: "NAME", help: "which fleet, where the policies have several" },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes:
    "A packet: 'udp 198.51.100.7:53 > 203.0.113.5:4000 len 900', 'tcp [2001:db8::1]:4000 > [2001:db8::2]:443 flags syn'.\n" +
    "udp, tcp, icmp, icmpv6, arp or `proto N`; endpoints of udp and tcp have a port. Then, in any order: len N, ttl N, dscp N,\n" +
    "vlan N[,N], flags NAME,…, type N, code N, fragment first|later, options NAME,…, extensions NAME,…, payload 0xHEX.\n" +
    "It is judged as the first packet that a node sees: limits are full and no source is blocked.",
  async run({ packet, fleet, json }, [named]) {
    if (packet === undefined) throw new UsageError("--packet is missing");
    const target = await loadTarget(named, { fleet, json });
    if (!target) return 1;
    const { verdict, rule, reason, trace } = target.evaluator().explain(frameOf(packet), 0n);
    if (json) {
      const { generation } = target.bundle;
      process.stdout.write(`${JSON.stringify({ verdict, rule, reason, generation, trace })}\n`);
    } else {
      const by = rule === null ? "" : ` by ${rule}`;
      process.stdout.write(`${verdict}${by} (${reason})\n${formatTrace(trace).join("\n")}\n`);
    }
    return 0;
  },
});

function frameOf(text: string): Uint8Array {
  try {
    return buildPacket(parsePacketText(text));
  } catch (error) {
    if (error instanceof PacketTextError) throw new UsageError(`--packet: ${error.message}`);
    throw error;
  }
}
