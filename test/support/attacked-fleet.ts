// A fleet with a protected service that is attacked, its site with every timing in seconds, and the frames of the attack:
// what the tests with a real Prometheus share.

import {
  backend,
  by,
  drop,
  fleet,
  limit,
  packets,
  packetsPerSecond,
  pass,
  policy,
  site,
} from "pistonprotection";
import { compile } from "../../src/compiler/compile.ts";
import { inputOfFleets } from "../../src/compiler/load/index.ts";
import type { Artifact } from "../../src/compiler/types.ts";
import { type FrameBatch, frameBatch } from "../../src/lab/packet-socket.ts";
import { udp } from "../../src/packet/helpers.ts";
import type { SiteOptions } from "../../src/policy/site.ts";

export const ATTACKED_FLEET = "attacked";
export const ATTACKED_BACKEND = "game";

const service = backend(ATTACKED_BACKEND, {
  listen: ["203.0.113.9/32"],
  protocol: "udp",
  ports: 4000,
  // Nobody listens there: it is found unhealthy at once.
  origins: ["127.0.0.1:9"],
  healthCheck: { kind: "tcp", port: 9, intervalSeconds: 1, timeoutSeconds: 1, unhealthyThreshold: 1 },
});

const defence = policy("defence", {
  owners: ["team-game"],
  backend: service,
  rules: [
    drop("known-bad", { source: "198.51.100.0/24" }),
    limit(
      "per-source",
      {},
      {
        rate: packetsPerSecond(100),
        burst: packets(100),
        key: by.source(),
        alertAbove: packetsPerSecond(50),
      },
    ),
    pass("players", { protocol: "udp" }),
  ],
});

export const attackedFleet = fleet(ATTACKED_FLEET, {
  interfaces: ["eth0"],
  defaultVerdict: "pass",
  management: [],
  policies: [defence],
});

/** Everything of `dist/` for the fleet and a site of these settings. Throws where a diagnostic is an error. */
export async function outputOf(options: Partial<SiteOptions>): Promise<readonly Artifact[]> {
  const around = site({ name: "lab", domain: "example.com", ...options });
  const input = await inputOfFleets([attackedFleet], { root: process.cwd(), site: around });
  const { artifacts, diagnostics } = compile(input);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
  return artifacts;
}

const to = "203.0.113.9:4000";
const frames = (source: string, count: number) =>
  Array.from({ length: count }, (_, i) => udp({ from: `${source}:${40_000 + i}`, to }));

/** `known-bad` drops these. */
export const attack: FrameBatch = frameBatch(frames("198.51.100.7", 100));
/** These pass. */
export const play: FrameBatch = frameBatch(frames("192.0.2.9", 5));
