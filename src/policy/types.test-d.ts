// What TypeScript itself refuses in a policy file. Checked by `tsc`: each @ts-expect-error line fails where the mistake
// below it were accepted, and every other line where a right policy were refused.

import {
  asns,
  backend,
  by,
  bytes,
  bytesPerSecond,
  countries,
  difference,
  drop,
  feed,
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
  union,
} from "./index.ts";

const networks = {
  bogons: prefixes("0.0.0.0/8", "10.0.0.0/8"),
  operators: prefixes("192.0.2.0/28"),
  threats: feed("feeds/threats.txt", { minEntries: 10, maxEntries: 50_000, maxChangePercent: 20 }),
  home: countries("feeds/country", ["DE", "FR"], { maxEntries: 50_000 }),
  hosters: asns("feeds/asn", [64500, 64501]),
  abroad: difference(asns("feeds/asn", 64502), "home", countries("feeds/country", "AT")),
  spoofable: difference("bogons", "operators"),
  hostile: union("threats", "bogons", "192.0.2.1/32", difference("bogons", prefixes("10.1.0.0/16"))),
};
const dns = backend("dns", {
  listen: ["203.0.113.53/32", "2001:db8:53::53/128"],
  protocol: "udp",
  ports: [53, range(8053, 8054)],
  origins: ["10.0.0.10:53"],
  healthCheck: { kind: "udp", port: 53 },
});

// A whole policy, each kind of value once.
const edgeDns = policy("edge-dns", {
  owners: ["team-dns"],
  backend: dns,
  sets: networks,
  rules: [
    drop("amplifiers", { source: "threats", protocol: "udp", sourcePort: [53, range(11211, 11212)] }),
    drop("some", { source: ["hostile", "198.51.100.7", "2001:db8::/32"] }),
    drop("others", { source: not(["operators", "198.51.100.0/24"]), destination: not("bogons") }),
    drop("null-scan", { protocol: "tcp", tcpFlags: { clear: ["syn", "ack", "fin", "rst"] } }),
    drop("not-syn", { protocol: "tcp", tcpFlags: not({ set: ["syn"] }), destinationPort: not([80, 443]) }),
    drop("ports-of-both", { protocol: ["tcp", "udp"], destinationPort: 53 }),
    drop("pings", { protocol: "icmp", icmp: [{ type: 8 }, { type: 13, code: 0 }] }),
    drop("not-tcp", { protocol: not("tcp"), ttl: range(1, 5), fragment: ["first", "later"] }),
    drop("signature", { protocol: "udp", payload: { offset: 4, value: "0x54536f75", mask: "0xffffff00" } }),
    drop("no-query", {
      payload: not([
        { offset: 0, value: "0xff" },
        { offset: 2, value: "0x00" },
      ]),
    }),
    drop("source-routes", { ipv4Options: ["loose-source-route", "strict-source-route"] }),
    drop("odd-options", { ipv4Options: not("router-alert"), protocol: "udp", destinationPort: 53 }),
    drop("routing-headers", { ipv6Extensions: "routing" }),
    drop("extensions", { ipv6Extensions: not(["fragment", "hop-by-hop"]) }),
    drop("sctp", { protocol: 132 }, { alertAbove: packetsPerSecond(10) }),
    shadow(drop("long-queries", { lengthBytes: range(513, 65535) })),
    shadow(
      limit(
        "a-set-in-shadow",
        { source: "threats" },
        { rate: packetsPerSecond(1), burst: packets(1), key: by.rule() },
      ),
    ),
    limit(
      "queries",
      {},
      { rate: packetsPerSecond(200), burst: packets(400), key: by.source(), blockFor: 60 },
    ),
    limit(
      "volume",
      {},
      { rate: bytesPerSecond(1e6), burst: bytes(1e6), key: by.destination({ prefix4: 24 }) },
    ),
    pass("queries-left", {}),
  ],
});
policy("no-sets", { owners: ["x"], rules: [pass("all", {}), drop("literal", { source: "10.0.0.0/8" })] });
fleet("edge", {
  interfaces: ["eth0"],
  defaultVerdict: "pass",
  sets: networks,
  management: [management("ssh", { source: "operators", protocol: "tcp", destinationPort: 22 })],
  policies: [edgeDns],
});

// @ts-expect-error a port without a protocol
drop("x", { destinationPort: 53 });
// @ts-expect-error ICMP has no ports
drop("x", { protocol: "icmp", destinationPort: 53 });
// @ts-expect-error of a negated protocol nobody knows whether it has ports
drop("x", { protocol: not("tcp"), destinationPort: 53 });
// @ts-expect-error UDP has no TCP flags
drop("x", { protocol: "udp", tcpFlags: { set: ["syn"] } });
// @ts-expect-error TCP flags without a protocol
drop("x", { tcpFlags: { set: ["syn"] } });
// @ts-expect-error an ICMP type without the protocol
drop("x", { icmp: { type: 8 } });
// @ts-expect-error there is no such flag
drop("x", { protocol: "tcp", tcpFlags: { set: ["sin"] } });
// @ts-expect-error there is no such field
drop("x", { lenghtBytes: 5 });
// @ts-expect-error bytes where packets are wanted
limit("x", {}, { rate: packetsPerSecond(200), burst: bytes(400), key: by.source() });
// @ts-expect-error a bare number has no unit
limit("x", {}, { rate: 200, burst: packets(400), key: by.source() });
// @ts-expect-error only a limit by source knows whom to block
limit("x", {}, { rate: packetsPerSecond(200), burst: packets(400), key: by.destination(), blockFor: 60 });
// @ts-expect-error alerts are on packets
drop("x", {}, { alertAbove: bytesPerSecond(1e6) });
// @ts-expect-error neither address nor prefix
prefixes("bogons");
// @ts-expect-error a feed has guards
feed("feeds/threats.txt");
// @ts-expect-error a backend speaks TCP or UDP
backend("x", { listen: ["203.0.113.1"], protocol: "icmp", ports: 1, origins: [] });
// @ts-expect-error a policy has owners
policy("x", { rules: [] });
// @ts-expect-error there is no set `thraets`
policy("x", { owners: ["x"], sets: networks, rules: [drop("x", { source: "thraets" })] });
// @ts-expect-error nor in a list beside one that is there
policy("x", { owners: ["x"], sets: networks, rules: [drop("x", { source: ["threats", "bogon"] })] });
// @ts-expect-error nor in a negation
policy("x", { owners: ["x"], sets: networks, rules: [drop("x", { source: not("bogon") })] });
// @ts-expect-error nor in shadow
policy("x", { owners: ["x"], sets: networks, rules: [shadow(drop("x", { destination: "bogon" }))] });
// @ts-expect-error a policy without sets has no names
policy("x", { owners: ["x"], rules: [drop("x", { source: "bogons" })] });
fleet("x", {
  interfaces: ["eth0"],
  defaultVerdict: "pass",
  sets: networks,
  // @ts-expect-error there is no set `operator`
  management: [management("ssh", { source: "operator" })],
  policies: [],
});
// @ts-expect-error a fleet says what becomes of the rest
fleet("x", { interfaces: ["eth0"], management: [], policies: [] });
// @ts-expect-error and how its operators get in
fleet("x", { interfaces: ["eth0"], defaultVerdict: "drop", policies: [] });

policy("x", {
  owners: ["x"],
  // @ts-expect-error the union is made of a set that the record does not have
  sets: { threats: networks.threats, hostile: networks.hostile },
  rules: [],
});
policy("x", {
  owners: ["x"],
  // @ts-expect-error nor does a set inside another one
  sets: { bogons: networks.bogons, some: difference("bogons", union("bogon")) },
  rules: [],
});

// @ts-expect-error there is no such option
drop("x", { ipv4Options: "routing" });
// @ts-expect-error there is no such extension header: ESP is a protocol
drop("x", { ipv6Extensions: "esp" });
// @ts-expect-error a rule that passes drops nothing to alert about
pass("x", {}, { alertAbove: packetsPerSecond(1) });
// @ts-expect-error bytes are written in hexadecimal
drop("x", { payload: { offset: 0, value: "ff" } });
// @ts-expect-error at which offset?
drop("x", { payload: { value: "0xff" } });
// @ts-expect-error a country goes by its two capital letters
countries("feeds/country", "de");
