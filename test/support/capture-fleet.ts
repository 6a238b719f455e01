// A fleet in which captures meet every kind of decision: limits by each key, blocks, shadow, VLANs, fragments, sets of both
// families, declared parse classes and a management flow.

import {
  by,
  bytes,
  bytesPerSecond,
  difference,
  drop,
  fleet,
  limit,
  management,
  not,
  packets,
  packetsPerSecond,
  pass,
  policy,
  prefixes,
  range,
  shadow,
} from "pistonprotection";

const owners = ["tests"];
const denied = prefixes("198.51.100.0/24", "2001:db8:bad::/48");
const partners = prefixes("198.51.100.128/25", "2001:db8:bad:1::/64");

const edge = policy("edge", {
  owners,
  sets: { denied, partners, guilty: difference("denied", "partners") },
  rules: [
    drop("denied", { source: "guilty" }),
    shadow(drop("would-drop", { protocol: "tcp", tcpFlags: { set: ["syn", "fin"] } })),
    drop("marked", { protocol: "udp", payload: { offset: 2040, value: "0x0102030405060708" } }),
    drop("later-fragments", { fragment: "later", protocol: 17 }),
    drop("tagged", { protocol: 17, vlan: range(100, 200) }),
    limit(
      "bytes",
      { protocol: "udp" },
      { rate: bytesPerSecond(20_000), burst: bytes(70_000), key: by.destination() },
    ),
    limit(
      "packets",
      { protocol: "udp", destinationPort: 53 },
      { rate: packetsPerSecond(50), burst: packets(5), key: by.source(), blockFor: 1 },
    ),
    limit(
      "ports",
      { protocol: "tcp", destinationPort: not(22) },
      { rate: packetsPerSecond(100), burst: packets(20), key: by.destinationPort() },
    ),
    pass("dns", { protocol: ["tcp", "udp"], destinationPort: 53 }),
    pass("long", { lengthBytes: range(1500, 65535) }),
    drop("icmp", { protocol: "icmp" }),
  ],
});

export const captureFleet = fleet("captures", {
  interfaces: ["eth0"],
  defaultVerdict: "pass",
  management: [management("ssh", { source: "192.0.2.0/28", protocol: "tcp", destinationPort: 22 })],
  parseVerdicts: { "truncated-l4": "pass", "bad-udp-length": "pass" },
  policies: [edge],
});
