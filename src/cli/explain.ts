// piston explain: what one packet gets from a fleet's policies, and why, rule by rule.

import { readBundle } from "../bundle/format.ts";
import { createEvaluator, formatTrace } from "../compiler/evaluate.ts";
import { buildPacket } from "../packet/build.ts";
import { PacketTextError, parsePacketText } from "../packet/text.ts";
import { CommandError, defineCommand, UsageError } from "./command.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";

export default defineCommand({
  summary: "Say what a packet gets, and why, rule by rule",
  positionals: ["[POLICIES]"],
  options: {
    packet: { type: "string", short: "p", value: "TEXT", help: "the packet, in one line" },
    fleet: { type: "string", value: "NAME", help: "which fleet, where the policies have several" },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes:
    "A packet: 'udp 198.51.100.7:53 > 203.0.113.5:4000 len 900', 'tcp [2001:db8::1]:4000 > [2001:db8::2]:443 flags syn'.\n" +
    "It is judged as the first packet that a node sees: limits are full and no source is blocked.",
  async run({ packet, fleet: name, json }, [named]) {
    if (packet === undefined) throw new UsageError("--packet is missing");
    const compiled = await compilePolicies(findPolicies(named));
    if (hasErrors(compiled)) {
      printDiagnostics(compiled, json);
      return 1;
    }
    const { fleets, artifacts } = compiled.result;
    const names = fleets.map((fleet) => fleet.name).join(", ");
    const fleet =
      name === undefined && fleets.length === 1 ? fleets[0] : fleets.find((one) => one.name === name);
    if (!fleet)
      throw new CommandError(
        name === undefined ? "the policies have several fleets" : `there is no fleet ${JSON.stringify(name)}`,
        `give --fleet, one of: ${names}`,
      );
    const bundle = artifacts.find((artifact) => artifact.path === `bundles/${fleet.name}.bundle`);
    const { verdict, rule, reason, trace } = createEvaluator(fleet).explain(frameOf(packet), 0n);
    if (json) {
      const generation = bundle ? readBundle(bundle.bytes).generation : null;
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
