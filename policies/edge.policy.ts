// The edge fleet: the nodes that face the Internet, and the order in which the teams' policies stand. Owner: platform team.

import { fleet, management } from "pistonprotection";
import { closing } from "./closing.policy.ts";
import { edgeDns } from "./dns.policy.ts";
import { gameBedrock, gameJava } from "./game.policy.ts";
import { hygiene } from "./hygiene.policy.ts";
import { networks } from "./networks.ts";
import { edgeWeb } from "./web.policy.ts";

export default fleet("edge", {
  nodeSelector: { "pistonprotection.io/fleet": "edge" },
  interfaces: ["eth0"],
  attach: "native",
  // What a node itself asks for must come back: only the services' addresses are closed, by the last policy.
  defaultVerdict: "pass",
  sets: networks,
  management: [
    management("ssh", { source: "operators", protocol: "tcp", destinationPort: 22 }),
    management("kubelet", { source: "operators", protocol: "tcp", destinationPort: 10_250 }),
  ],
  policies: [hygiene, gameJava, gameBedrock, edgeDns, edgeWeb, closing],
});
