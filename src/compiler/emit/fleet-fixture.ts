// A fleet for the tests of emitters, with one rule of each kind.

import { backendNode, policyNode } from "../../ir/factory.ts";
import type { CheckedFleet } from "../../ir/nodes.ts";
import { fleetOf, limitOf, ruleOf } from "../tables/fleet-fixture.ts";

const LOCATION = { file: "policies/test.policy.ts", line: 1, column: 1 };

export const FLEET: CheckedFleet = fleetOf(
  [
    ruleOf("hygiene/bogons", {}, { alertAbovePps: 5000 }),
    ruleOf("edge-dns/queries", {}, { action: limitOf(), backend: "dns", alertAbovePps: 100 }),
    ruleOf("edge-dns/big", {}, { shadow: true, backend: "dns", alertAbovePps: 10 }),
    ruleOf("edge-dns/allow", {}, { action: { kind: "pass" }, backend: "dns", alertAbovePps: 10 }),
    ruleOf("edge-dns/quiet", {}, { backend: "dns" }),
  ],
  {
    name: "edge",
    interfaces: ["eth0", "eth1.100"],
    nodeSelector: { "pistonprotection.io/fleet": "edge" },
    memoryBudgetBytes: 64 * 2 ** 20,
    policies: [
      policyNode({ name: "hygiene", owners: ["platform"], backend: null, location: LOCATION }),
      policyNode({ name: "edge-dns", owners: ["team-dns", "platform"], backend: "dns", location: LOCATION }),
    ],
    backends: [
      backendNode({
        name: "dns",
        listen: ["203.0.113.53/32"],
        protocols: ["udp"],
        ports: [[53, 53]],
        origins: ["10.53.0.10:53"],
        healthCheck: null,
        passRatio: null,
        location: LOCATION,
      }),
    ],
  },
);
export const FLEETS: readonly CheckedFleet[] = [FLEET];

export const REVISION = `sha256:${"ab".repeat(32)}`;
/** Only cut and named here, never read. Noise, so that it does not compress into one shard. */
export const BUNDLES: ReadonlyMap<string, Uint8Array> = new Map([["edge", noise(1_000_000)]]);

function noise(bytes: number): Uint8Array {
  const result = new Uint8Array(bytes);
  let state = 1;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    result[i] = state >>> 24;
  }
  return result;
}
