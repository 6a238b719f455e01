import { beforeEach, describe, expect, it } from "vitest";
import { bounded } from "../../metrics/catalogue.ts";
import type { Accounts } from "../kernel/accounting.ts";
import { type SampledBackend, type TopSource, TrafficStats } from "./stats.ts";

const SERVING = { fleet: "edge", generation: "0123456789ab" };

interface Totals {
  readonly traffic: number;
  readonly dropped?: number;
  /** By `policy/rule outcome`. */
  readonly rules?: Readonly<Record<string, number>>;
  readonly attacks?: Readonly<Record<string, number>>;
}

const ACTION = { deny: "drop", allow: "pass", flood: "limit", trial: "drop" } as const;

function accountsOf({ traffic, dropped = 0, rules = {}, attacks = {} }: Totals): Accounts {
  const count = (packets: number) => ({ packets, bytes: 100 * packets });
  return {
    traffic: count(traffic),
    dropped: count(dropped),
    reasons: [],
    attacks: new Map(Object.entries(attacks)),
    rules: Object.entries(rules).map(([key, packets]) => {
      const [name, outcome] = key.split(" ") as [keyof typeof ACTION, "decided"];
      const labels = {
        fleet: bounded("fleet", "edge"),
        policy: bounded("policy", "web"),
        rule: bounded("rule", name),
        backend: bounded("backend", "none"),
        action: ACTION[name],
        mode: name === "trial" ? ("shadow" as const) : ("enforce" as const),
        outcome,
      };
      return { labels, count: count(packets) };
    }),
  };
}

let now: number;
let totals: Totals | null;
let sources: TopSource[];
let sampled: SampledBackend[];
let stats: TrafficStats;
beforeEach(() => {
  now = 1_000_000;
  totals = { traffic: 0 };
  sources = [];
  sampled = [];
  stats = new TrafficStats({
    accounts: () => totals && accountsOf(totals),
    sources: (k) => sources.slice(0, k),
    backends: (k) => sampled.slice(0, k),
    now: () => now,
  });
});
const ask = () => stats.stats(SERVING);

describe("the statistics of an agent", () => {
  it("are rates between now and a reading of two seconds ago at least", () => {
    ask();
    for (const traffic of [100, 300, 600]) {
      now += 1000;
      totals = { traffic, dropped: traffic / 10 };
      ask();
    }
    // 600 now, 100 two seconds ago.
    expect(ask()).toMatchObject({
      fleet: "edge",
      generation: "0123456789ab",
      windowSeconds: 2,
      rates: {
        packetsPerSecond: 250,
        bytesPerSecond: 25_000,
        droppedPacketsPerSecond: 25,
        droppedBytesPerSecond: 2_500,
      },
      totals: { packets: 600, bytes: 60_000, droppedPackets: 60, droppedBytes: 6_000 },
    });
  });

  it("have no rates at the first reading, and none where nothing serves", () => {
    totals = { traffic: 5_000_000 };
    expect(ask()).toMatchObject({
      windowSeconds: 0,
      rates: { packetsPerSecond: 0 },
      totals: { packets: 5_000_000 },
    });
    totals = null;
    now += 5000;
    expect(ask()).toMatchObject({ windowSeconds: 0, totals: { packets: 0 }, top_rules: [] });
  });

  it("never have a rate below zero: counters begin anew where a fleet is detached", () => {
    totals = { traffic: 900 };
    ask();
    now += 2000;
    totals = { traffic: 10 };
    expect(ask().rates.packetsPerSecond).toBe(0);
  });

  it("put the rules first that drop most now, whatever they dropped once", () => {
    totals = {
      traffic: 0,
      rules: {
        "deny decided": 1_000_000,
        "allow decided": 0,
        "flood exceeded": 0,
        "flood conformed": 0,
        "trial decided": 0,
      },
    };
    ask();
    now += 2000;
    totals = {
      traffic: 0,
      rules: {
        "deny decided": 1_000_010,
        "allow decided": 500,
        "flood exceeded": 40,
        "flood conformed": 60,
        "trial decided": 90,
      },
    };
    expect(
      ask().top_rules.map((one) => [one.rule, one.mode, one.packetsPerSecond, one.droppedPerSecond]),
    ).toEqual([
      ["web/flood", "enforce", 50, 20],
      ["web/deny", "enforce", 5, 5],
      ["web/allow", "enforce", 250, 0],
      ["web/trial", "shadow", 45, 0], // in shadow it drops nothing
    ]);
  });

  it("name the backends that are attacked and the sources, as the reference's queries do", () => {
    totals = { traffic: 0, attacks: { dns: 10, web: 0, none: 3 } };
    ask();
    now += 2000;
    totals = { traffic: 0, attacks: { dns: 30, web: 0, none: 3 } };
    sources = [{ source: "198.51.100.7", samples: 12, error: 0 }];
    expect(ask()).toMatchObject({
      top_attacked_backends: [
        { backend: "dns", packetsPerSecond: 10, packets: 30, samples: null, error: null },
        { backend: "none", packetsPerSecond: 0, packets: 3, samples: null, error: null },
      ],
      top_attack_sources: [{ source: "198.51.100.7", samples: 12, error: 0 }],
    });
  });

  it("say of an attacked backend what the samples say, beside what the counters say", () => {
    totals = { traffic: 0, attacks: { dns: 10, web: 0, mail: 0 } };
    sampled = [
      { backend: "dns", samples: 7, error: 1 },
      { backend: "web", samples: 90, error: 0 }, // in shadow: nothing was dropped
    ];
    expect(ask().top_attacked_backends).toEqual([
      { backend: "dns", packetsPerSecond: 0, packets: 10, samples: 7, error: 1 },
      { backend: "web", packetsPerSecond: 0, packets: 0, samples: 90, error: 0 },
    ]);
  });
});
