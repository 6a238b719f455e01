// Authoritative DNS on UDP and TCP 53. Owner: team-dns.

import {
  backend,
  by,
  drop,
  limit,
  packets,
  packetsPerSecond,
  pass,
  policy,
  range,
  shadow,
} from "pistonprotection";
import { networks } from "./networks.ts";

export const dns = backend("authoritative-dns", {
  listen: ["203.0.113.53/32", "2001:db8:53::53/128"],
  protocol: ["udp", "tcp"],
  ports: 53,
  origins: ["10.53.0.10:53", "10.53.0.11:53"],
  healthCheck: { kind: "udp", port: 53, intervalSeconds: 5, timeoutSeconds: 2, unhealthyThreshold: 3 },
  serviceLevel: { passRatio: 0.999 },
});

export const edgeDns = policy("edge-dns", {
  owners: ["team-dns"],
  backend: dns,
  sets: networks,
  rules: [
    pass("secondaries", { source: "partners", protocol: ["udp", "tcp"] }),
    // A header of 12 bytes and a root question of 5 are the least that a query holds (RFC 1035 §4.1).
    drop("shorter-than-a-query", { protocol: "udp", payloadBytes: range(0, 16) }),
    shadow(drop("longer-than-512", { protocol: "udp", payloadBytes: range(513, 65_507) })),
    limit(
      "queries-per-source",
      { protocol: "udp" },
      {
        rate: packetsPerSecond(100),
        burst: packets(200),
        key: by.source(),
        alertAbove: packetsPerSecond(500),
      },
    ),
    limit(
      "connections-per-source",
      { protocol: "tcp", tcpFlags: { set: ["syn"], clear: ["ack"] } },
      {
        rate: packetsPerSecond(10),
        burst: packets(20),
        key: by.source(),
      },
    ),
    pass("queries", { protocol: ["udp", "tcp"] }),
  ],
});
