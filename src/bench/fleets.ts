// The fleets that are measured, written as policies are. Their feed files are made by the bench.

import {
  by,
  drop,
  type Fleet,
  feed,
  fleet,
  limit,
  not,
  packets,
  packetsPerSecond,
  pass,
  policy,
  prefixes,
  range,
} from "../policy/index.ts";

const NAME = "bench";
const owners = ["bench"];
const guards = { minEntries: 0, maxEntries: 4_000_000 };
const common = { interfaces: ["eth0"], management: [] } as const;

/** Feed files by the name that a fleet below gives them. */
export const FEEDS = { deny: "deny.feed" } as const;

/** Everything that a feed lists is dropped, the rest passes: the source step and nothing beside it. */
export function denyFleet(): Fleet {
  return fleet(NAME, {
    ...common,
    defaultVerdict: "pass",
    policies: [
      policy("deny", {
        owners,
        sets: { deny: feed(FEEDS.deny, guards) },
        rules: [drop("listed", { source: "deny" })],
      }),
    ],
  });
}

/** The same, and a rule with a port of its own for each of other feed files. */
export function listsFleet(files: readonly string[]): Fleet {
  const names = files.map((_, i) => `list-${i}`);
  const sets: Record<string, ReturnType<typeof feed>> = { deny: feed(FEEDS.deny, guards) };
  files.forEach((file, i) => (sets[names[i]!] = feed(file, guards)));
  return fleet(NAME, {
    ...common,
    defaultVerdict: "pass",
    policies: [
      policy("lists", {
        owners,
        sets,
        rules: [
          drop("listed", { source: "deny" }),
          ...names.map((source, i) => drop(source, { source, protocol: "udp", destinationPort: 1000 + i })),
        ],
      }),
    ],
  });
}

/** The same feed under an edge's other rules: what is swapped. `port` is what one changed rule changes. */
export function edgeFleet(port = 4000): Fleet {
  return fleet(NAME, {
    ...common,
    defaultVerdict: "pass",
    policies: [
      policy("edge", {
        owners,
        sets: { deny: feed(FEEDS.deny, guards) },
        rules: [
          drop("listed", { source: "deny" }),
          drop("chargen", { protocol: "udp", sourcePort: 19 }),
          drop("changes", { protocol: "udp", destinationPort: port }),
        ],
      }),
    ],
  });
}

/** Ten rules over both address sides, ports, flags and lengths, one of them a limit that every packet keeps. */
export function tenRulesFleet(): Fleet {
  const rules = [
    drop("bogons", { source: "bogons" }),
    drop("abusers", { source: "abusers" }),
    pass("partners", { source: "partners", destination: "services" }),
    drop("reflection", { protocol: "udp", sourcePort: [19, 53, 111, 123, 389, 1900, 11211] }),
    drop("odd-flags", { protocol: "tcp", tcpFlags: { set: ["syn", "fin"] } }),
    drop("fragments", { fragment: "later" }),
    drop("small", { protocol: "udp", destination: "services", payloadBytes: range(0, 3) }),
    drop("management-ports", { protocol: "tcp", destinationPort: [22, 23, range(3306, 3389)] }),
    limit(
      "per-source",
      { protocol: "udp", destination: "services" },
      { rate: packetsPerSecond(1_000_000_000), burst: packets(1_000_000_000), key: by.source() },
    ),
    pass("service", { protocol: "udp", destination: "services", destinationPort: range(27_000, 28_000) }),
  ] as const;
  return fleet(NAME, {
    ...common,
    defaultVerdict: "drop",
    policies: [
      policy("edge", {
        owners,
        sets: {
          bogons: prefixes(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "224.0.0.0/3",
          ),
          abusers: prefixes("192.0.2.0/24", "198.18.0.0/15"),
          partners: prefixes("198.51.100.0/24"),
          services: prefixes("203.0.113.0/24"),
        },
        rules: [...rules],
      }),
    ],
  });
}

/** One rule for each pair of service and port: 64 ports a service. In order, services apart; or in any order. */
export interface ServiceRule {
  readonly service: number;
  readonly port: number;
}
export const PORTS_PER_SERVICE = 64;
export const FIRST_PORT = 2000;

/** 10.<service>.0/24. */
export function serviceAddress(service: number): number {
  return ((10 << 24) | (service << 8)) >>> 0;
}

export function servicesFleet(pairs: readonly ServiceRule[]): Fleet {
  const rules = pairs.map(({ service, port }) =>
    drop(`s${service}-p${port}`, {
      protocol: "udp",
      destination: `10.0.${service}.0/24`,
      destinationPort: FIRST_PORT + port,
    }),
  );
  return fleet(NAME, {
    ...common,
    defaultVerdict: "pass",
    policies: [policy("services", { owners, rules })],
  });
}

/** One rule that passes what no source of the bench is, so that a source step is there; and beside it, or not, a limit. */
export function limitFleet(limited: boolean): Fleet {
  const other = drop("udp-to-nobody", { protocol: "udp", destinationPort: 1 });
  const keep = limit(
    "per-source",
    { protocol: "udp" },
    { rate: packetsPerSecond(1_000_000_000), burst: packets(1_000_000_000), key: by.source() },
  );
  return fleet(NAME, {
    ...common,
    defaultVerdict: "pass",
    policies: [policy("limits", { owners, rules: limited ? [other, keep] : [other] })],
  });
}

/** Drops everything that is not from one prefix. */
export function dropFleet(): Fleet {
  return fleet(NAME, {
    ...common,
    defaultVerdict: "drop",
    policies: [policy("all", { owners, rules: [drop("strangers", { source: not("198.51.100.0/24") })] })],
  });
}

/** Sources that both fleets of alternatingFleet() drop, and that both pass. */
export const BOTH_DROP = "198.51.100.3";
export const BOTH_PASS = "198.51.100.19";

/**
 * Two fleets of one name with the same verdicts for two sources, by rules in the opposite order: the tables of one with the
 * rules of the other pass what both drop.
 */
export function alternatingFleet(first: boolean): Fleet {
  const dropping = drop("dropped", { source: "198.51.100.0/28" });
  const passing = pass("passed", { source: "198.51.100.16/28" });
  return fleet(NAME, {
    ...common,
    defaultVerdict: first ? "drop" : "pass",
    policies: [policy("alternates", { owners, rules: first ? [dropping, passing] : [passing, dropping] })],
  });
}
