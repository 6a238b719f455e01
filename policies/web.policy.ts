// HTTPS, over TCP and as HTTP/3 over UDP. Owner: team-web.

import { backend, by, drop, limit, packets, packetsPerSecond, pass, policy, range } from "pistonprotection";
import { networks } from "./networks.ts";

export const web = backend("https", {
  listen: ["203.0.113.80/31", "2001:db8:80::/64"],
  protocol: ["tcp", "udp"],
  ports: 443,
  origins: ["10.80.0.10:443", "10.80.0.11:443"],
  healthCheck: {
    kind: "https",
    port: 443,
    path: "/healthz",
    intervalSeconds: 10,
    timeoutSeconds: 3,
    unhealthyThreshold: 3,
  },
});

export const edgeWeb = policy("edge-web", {
  owners: ["team-web"],
  backend: web,
  sets: networks,
  rules: [
    limit(
      "syn-per-source",
      { protocol: "tcp", tcpFlags: { set: ["syn"], clear: ["ack"] } },
      {
        rate: packetsPerSecond(50),
        burst: packets(100),
        key: by.source(),
      },
    ),
    // A client's first flight is padded to 1,200 bytes at least (RFC 9000 §14.1); its later packets may be short, so only limit them.
    limit(
      "short-quic",
      { protocol: "udp", payloadBytes: range(0, 1_199) },
      {
        rate: packetsPerSecond(500),
        burst: packets(1_000),
        key: by.source(),
      },
    ),
    drop("quic-from-low-ports", { protocol: "udp", sourcePort: range(0, 1_023) }),
    pass("clients", { protocol: ["tcp", "udp"] }),
  ],
});
