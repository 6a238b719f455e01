import { describe, expect, it } from "vitest";
import { CONFIG, REASONS } from "../../bundle/abi.ts";
import type { Manifest, ManifestRule } from "../../bundle/index.ts";
import { type AccountingInput, account } from "./accounting.ts";
import { slotOwners } from "./generation.ts";
import { type Count, freshLedger, settle } from "./reason-ledger.ts";
import { ownerKey } from "./slots.ts";

function rule(index: number, change: Partial<ManifestRule> = {}): ManifestRule {
  return {
    index,
    id: `p/r${index}`,
    stableId: index.toString(16).padStart(16, "0"),
    policy: "p",
    name: `r${index}`,
    action: "drop",
    shadow: false,
    backend: null,
    location: { file: "f", line: 1, column: 1 },
    limit: null,
    ...change,
  };
}
const limit = {
  unit: "packets",
  ratePerSecond: 1,
  burst: 1,
  key: "rule",
  prefix4: 32,
  prefix6: 64,
  blockForSeconds: 60,
} as const;

const packets = (n: number): Count => ({ packets: n, bytes: 100 * n });
const NONE = packets(0);

function input(
  rules: ManifestRule[],
  counts: { reasons?: Record<number, Count>; slots?: readonly (readonly Count[])[] },
  defaultVerdict: 0 | 1 = 1,
): AccountingInput {
  const config = Buffer.alloc(CONFIG.bytes);
  config.writeUInt32LE(defaultVerdict, CONFIG.defaultVerdict);
  config.writeBigUInt64LE(1n << 8n, CONFIG.passReasons); // other-ethertype
  const manifest: Manifest = {
    formatVersion: 1,
    abiVersion: 2,
    fleet: { name: "edge", interfaces: [], attach: "native", defaultVerdict: "pass" },
    revision: "",
    memoryBytes: 0,
    sections: [],
    rules,
    policies: [],
    backends: [{ name: "dns", listen: [], protocols: ["udp"], origins: [], healthCheck: null }],
    sets: [],
    witnesses: [],
  };
  const reasons = REASONS.map((_, reason) => counts.reasons?.[reason] ?? NONE);
  const owners = slotOwners(manifest);
  return {
    fleet: "edge",
    counts: { reasons, slots: counts.slots ?? [] },
    directory: new Map(owners.map((owner, slot) => [ownerKey(owner), slot])),
    manifest,
    config,
    slots: Uint32Array.from(rules.keys()),
    ledger: null,
  };
}

describe("accounting", () => {
  it("puts every packet into one reason: reasons' own counters, rules, limits, blocks", () => {
    const accounts = account(
      input(
        [
          rule(0, { policy: "management", action: "pass" }),
          rule(1),
          rule(2, { action: "pass" }),
          rule(3, { action: "limit", limit, backend: "dns" }),
        ],
        {
          reasons: {
            0: packets(5), // default
            4: packets(3), // management
            8: packets(2), // other-ethertype
            9: packets(1), // truncated-ethernet
          },
          slots: [
            [packets(3)], // the management rule's own
            [packets(7)], // drop
            [packets(11)], // pass
            [NONE, packets(13), packets(17), packets(19)], // exceeded, conformed, blocked
          ],
        },
      ),
    );
    const found = Object.fromEntries(
      accounts.reasons
        .filter((row) => row.count.packets > 0)
        .map((row) => [`${row.reason} ${row.verdict}`, row.count.packets]),
    );
    expect(found).toEqual({
      "default pass": 5,
      "management pass": 3,
      "other-ethertype pass": 2,
      "truncated-ethernet drop": 1,
      "rule drop": 7,
      "rule pass": 11,
      "limit drop": 13,
      "block drop": 19,
    });
    expect(accounts.traffic).toEqual(packets(5 + 3 + 2 + 1 + 7 + 11 + 13 + 19));
    expect(accounts.dropped).toEqual(packets(1 + 7 + 13 + 19));
    expect(Object.fromEntries(accounts.attacks)).toEqual({ none: 7, dns: 32 });
  });

  it("leaves shadow rules out of traffic, and shows them by rule", () => {
    const accounts = account(input([rule(0, { shadow: true })], { slots: [[packets(9)]] }));
    expect(accounts.traffic.packets).toBe(0);
    expect(accounts.rules).toEqual([
      {
        labels: {
          fleet: "edge",
          policy: "p",
          rule: "r0",
          backend: "none",
          action: "drop",
          mode: "shadow",
          outcome: "decided",
        },
        count: packets(9),
      },
    ]);
  });

  it("gives each rule the outcomes that it can have", () => {
    const outcomes = (change: Partial<ManifestRule>) =>
      account(input([rule(0, change)], {})).rules.map((row) => row.labels.outcome);
    expect(outcomes({})).toEqual(["decided"]);
    expect(outcomes({ action: "limit", limit })).toEqual(["exceeded", "conformed", "blocked"]);
    expect(outcomes({ action: "limit", limit: { ...limit, blockForSeconds: null } })).toEqual([
      "exceeded",
      "conformed",
    ]);
    expect(outcomes({ action: "limit", limit, shadow: true })).toEqual(["exceeded", "conformed"]);
  });

  it("goes on counting what a rule dropped that no generation has any more", () => {
    const with2 = input([rule(0), rule(1, { backend: "dns" })], { slots: [[packets(1)], [packets(2)]] });
    const without = { ...with2, manifest: { ...with2.manifest, rules: with2.manifest.rules.slice(0, 1) } };
    expect(account(without).traffic).toEqual(account(with2).traffic);
    expect(account(without).attacks).toEqual(account(with2).attacks);
    expect(account(without).rules).toHaveLength(1);
  });

  it("counts an operator's blocks as dropped, and as an attack on no backend in particular", () => {
    const accounts = account(input([rule(0, { backend: "dns" })], { reasons: { 3: packets(4) } }));
    expect(REASONS[3]).toBe("block");
    expect(accounts.reasons.filter(({ count }) => count.packets > 0)).toEqual([
      { reason: "block", verdict: "drop", count: packets(4) },
    ]);
    expect(accounts.dropped).toEqual(packets(4));
    expect(Object.fromEntries(accounts.attacks)).toEqual({ none: 4, dns: 0 });
  });

  it("gives each parse class the verdict of the generation that serves, the first of them too", () => {
    const config = Buffer.alloc(CONFIG.bytes);
    const drops = account({ ...input([], { reasons: { 8: packets(2) } }), config });
    expect(drops.dropped).toEqual(packets(2));
    expect(REASONS[8]).toBe("other-ethertype");
    config.writeBigUInt64LE(1n << 22n, CONFIG.passReasons);
    const passes = account({ ...input([], { reasons: { 22: packets(3) } }), config });
    expect([passes.traffic, passes.dropped]).toEqual([packets(3), NONE]);
  });

  it("shows a backend that nothing was dropped for", () => {
    expect(Object.fromEntries(account(input([], {})).attacks)).toEqual({ none: 0, dns: 0 });
  });

  it("gives the default reason the verdict of the generation that serves", () => {
    const verdicts = ([0, 1] as const).map(
      (verdict) => account(input([], {}, verdict)).reasons.find((row) => row.reason === "default")?.verdict,
    );
    expect(verdicts).toEqual(["drop", "pass"]);
    expect(REASONS[0]).toBe("default");
  });

  it("leaves what an earlier default verdict dropped among what was dropped", () => {
    const now = input([], { reasons: { 0: packets(10) } }, 1);
    const ledger = settle(freshLedger(0n), [packets(7)], 1n);
    const accounts = account({ ...now, ledger });
    expect(accounts.traffic).toEqual(packets(10));
    expect(accounts.dropped).toEqual(packets(7));
  });

  it("leaves what an earlier default verdict passed among what was passed", () => {
    const now = input([], { reasons: { 0: packets(10) } }, 0);
    const ledger = settle(freshLedger(1n), [packets(7)], 0n);
    const accounts = account({ ...now, ledger });
    expect(accounts.reasons.filter(({ reason }) => reason === "default")).toEqual([
      { reason: "default", verdict: "pass", count: packets(7) },
      { reason: "default", verdict: "drop", count: packets(3) },
    ]);
    expect(accounts.traffic).toEqual(packets(10));
    expect(accounts.dropped).toEqual(packets(3));
  });
});
