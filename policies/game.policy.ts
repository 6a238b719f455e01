// Minecraft: Java edition on TCP 25565, Bedrock edition on UDP 19132. Owner: team-game.

import {
  backend,
  by,
  bytes,
  bytesPerSecond,
  drop,
  limit,
  packets,
  packetsPerSecond,
  pass,
  policy,
  range,
} from "pistonprotection";
import { networks } from "./networks.ts";

export const java = backend("minecraft-java", {
  listen: ["203.0.113.20/32", "2001:db8:20::20/128"],
  protocol: "tcp",
  ports: 25_565,
  origins: ["10.20.0.11:25565", "10.20.0.12:25565"],
  healthCheck: { kind: "tcp", port: 25_565, intervalSeconds: 10, timeoutSeconds: 3, unhealthyThreshold: 3 },
});

export const bedrock = backend("minecraft-bedrock", {
  listen: ["203.0.113.21/32", "2001:db8:20::21/128"],
  protocol: "udp",
  ports: 19_132,
  origins: ["10.20.0.21:19132"],
  healthCheck: { kind: "udp", port: 19_132, intervalSeconds: 10, timeoutSeconds: 3, unhealthyThreshold: 3 },
});

export const gameJava = policy("game-java", {
  owners: ["team-game"],
  backend: java,
  sets: networks,
  rules: [
    // A client opens one connection to play and a few to look at the server list.
    limit(
      "syn-per-source",
      { protocol: "tcp", tcpFlags: { set: ["syn"], clear: ["ack"] } },
      {
        rate: packetsPerSecond(5),
        burst: packets(10),
        key: by.source(),
        blockFor: 60,
      },
    ),
    limit(
      "syn-in-all",
      { protocol: "tcp", tcpFlags: { set: ["syn"], clear: ["ack"] } },
      {
        rate: packetsPerSecond(2_000),
        burst: packets(4_000),
        key: by.rule(),
        alertAbove: packetsPerSecond(100),
      },
    ),
    limit(
      "bytes-per-source",
      { protocol: "tcp" },
      {
        rate: bytesPerSecond(250_000),
        burst: bytes(500_000),
        key: by.source(),
      },
    ),
    pass("players", { protocol: "tcp" }),
  ],
});

export const gameBedrock = policy("game-bedrock", {
  owners: ["team-game"],
  backend: bedrock,
  sets: networks,
  rules: [
    // RakNet's smallest message is an unconnected ping of 33 bytes; nothing shorter than a header and an id is play.
    drop("too-short-for-raknet", { protocol: "udp", payloadBytes: range(0, 0) }),
    drop("above-raknet-mtu", { protocol: "udp", lengthBytes: range(1_493, 65_535) }),
    limit(
      "packets-per-source",
      { protocol: "udp" },
      {
        rate: packetsPerSecond(150),
        burst: packets(300),
        key: by.source(),
      },
    ),
    pass("players", { protocol: "udp" }),
  ],
});
