// The last word: whatever reaches a service's address and is not for the service. Owner: platform team.

import { drop, not, policy } from "pistonprotection";
import { networks } from "./networks.ts";

export const closing = policy("closing", {
  owners: ["team-platform"],
  sets: networks,
  rules: [drop("not-a-service", { source: not("operators"), destination: "services" })],
});
