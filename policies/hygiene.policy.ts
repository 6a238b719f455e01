// What no service of the site ever wants: spoofed and hostile sources, reflected floods, broken TCP. Owner: platform team.

import {
  by,
  drop,
  limit,
  not,
  packets,
  packetsPerSecond,
  pass,
  policy,
  range,
  shadow,
} from "pistonprotection";
import { networks } from "./networks.ts";

export const hygiene = policy("hygiene", {
  owners: ["team-platform"],
  sets: networks,
  rules: [
    drop("spoofed-sources", { source: "bogons" }),
    drop("threat-sources", { source: "hostile" }, { alertAbove: packetsPerSecond(1_000) }),

    // Answers that nobody here asked for: the services below answer from these ports, and never ask from them.
    drop("amplified-answers", {
      protocol: "udp",
      // QOTD, CharGEN, TFTP, portmapper, NTP, NetBIOS, SNMP, CLDAP, SSDP, WS-Discovery, memcached
      sourcePort: [17, 19, 69, 111, 123, range(137, 138), 161, 389, 1900, 3702, 11211],
    }),
    drop("large-dns-answers", { protocol: "udp", sourcePort: 53, lengthBytes: range(513, 65_535) }),

    // Operators are left out, so that nothing here can lock them out (the compiler proves it).
    drop("null-scan", {
      source: not("operators"),
      protocol: "tcp",
      tcpFlags: { clear: ["fin", "syn", "rst", "psh", "ack", "urg"] },
    }),
    drop("syn-and-fin", { source: not("operators"), protocol: "tcp", tcpFlags: { set: ["syn", "fin"] } }),

    limit(
      "pings",
      { protocol: "icmp", icmp: { type: 8 } },
      {
        rate: packetsPerSecond(10),
        burst: packets(20),
        key: by.source(),
      },
    ),

    pass("pings-within-the-rate", { protocol: "icmp", icmp: { type: 8 } }),

    // Watched before it is enforced: how much would be lost if later fragments were dropped?
    shadow(drop("later-fragments", { fragment: "later" })),
  ],
});
