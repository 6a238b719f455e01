import { describe, expect, it } from "vitest";
import type { FleetIr, RuleIr } from "../../ir/nodes.ts";
import type { PayloadTest } from "../../ir/payload.ts";
import { payloadRanges } from "../../ir/payload.ts";
import { fleet, flow, limit, rule, TCP, UDP } from "../checks/fleet-fixture.ts";
import { compareFleets } from "./index.ts";

const DNS = rule("pass", "queries", { protocol: UDP, destinationPort: 53 });
const LISTED = rule("drop", "listed", { source: ["10.0.0.0/8"] });
const PER_SOURCE = rule(limit(), "per-source", { protocol: UDP });

const base = () => fleet([LISTED, PER_SOURCE, DNS], { defaultVerdict: "drop" });
const withRules = (...rules: RuleIr[]) => fleet(rules, { defaultVerdict: "drop" });

/** As lines: what the command prints, without its columns. */
function said(before: FleetIr, after: FleetIr) {
  const { settings, rules, traffic } = compareFleets(before, after);
  const by = ({ verdict, rule: decider }: { verdict: string; rule: RuleIr | null }) =>
    `${verdict} ${decider?.name ?? "default"}`;
  return {
    settings: settings.map(({ name, before: was, after: is }) => `${name} ${was} -> ${is}`),
    rules: rules.map(({ kind, rule: one, details }) => [kind, one.name, ...details].join(" | ")),
    traffic: [
      ...traffic.verdicts.map(({ from, to, packet }) => `${by(from)} -> ${by(to)}: ${packet}`),
      ...traffic.limits.map(({ kind, limit: one, packet }) => `${kind} ${one.name}: ${packet}`),
    ],
  };
}

describe("two versions of a fleet", () => {
  it("that are the same differ in nothing, wherever their lines stand", () => {
    const moved = {
      ...base(),
      rules: base().rules.map((one) => ({ ...one, location: { ...one.location, line: 99 } })),
    };
    expect(said(base(), moved)).toEqual({ settings: [], rules: [], traffic: [] });
  });

  it("show a packet that a new rule drops, and no packet that it drops as another did", () => {
    const after = withRules(
      rule("drop", "any", { source: ["192.0.2.0/24", "10.1.0.0/16"] }),
      LISTED,
      PER_SOURCE,
      DNS,
    );
    expect(said(base(), after)).toEqual({
      settings: [],
      rules: ["added | any"],
      traffic: ["pass queries -> drop any: udp 192.0.2.7:40000 > 203.0.113.5:53 len 28"],
    });
  });

  it("show what a removed rule let through, by each rule that takes it over", () => {
    expect(said(base(), withRules(PER_SOURCE, DNS))).toEqual({
      settings: [],
      rules: ["removed | listed"],
      traffic: ["drop listed -> pass queries: udp 10.0.0.0:40000 > 203.0.113.5:53 len 28"],
    });
  });

  it("show packets of a set that grew, and how much it grew", () => {
    const named = (sources: readonly string[]) =>
      rule("drop", "listed", { source: sources }, { terms: [{ field: "source", text: "source in denied" }] });
    const after = withRules(named(["10.0.0.0/9", "192.0.2.0/24", "2001:db8::/32"]), PER_SOURCE, DNS);
    const before = withRules(named(["10.0.0.0/8"]), PER_SOURCE, DNS);
    expect(said(before, after)).toEqual({
      settings: [],
      rules: [
        "changed | listed | source in denied: 256 IPv4 addresses more, 1 IPv6 prefix more, 8,388,608 IPv4 addresses fewer",
      ],
      traffic: [
        "drop listed -> pass queries: udp 10.128.0.0:40000 > 203.0.113.5:53 len 28",
        "pass queries -> drop listed: udp 192.0.2.7:40000 > 203.0.113.5:53 len 28",
      ],
    });
  });

  it("show what an order means, of the rule that moved", () => {
    const far = rule("pass", "partners", { source: ["10.7.0.0/16"] });
    const before = withRules(far, LISTED, PER_SOURCE, DNS);
    expect(said(before, withRules(LISTED, PER_SOURCE, DNS, far))).toEqual({
      settings: [],
      rules: ["moved | partners"],
      traffic: ["pass partners -> drop listed: tcp 10.7.0.0:40000 > 203.0.113.5:40000 len 40 flags ack"],
    });
  });

  it("show terms where a match was written anew, and field by field", () => {
    const after = withRules(
      LISTED,
      PER_SOURCE,
      rule("pass", "queries", { protocol: TCP, destinationPort: 53 }),
    );
    expect(said(base(), after).rules).toEqual(["changed | queries | protocol 17 -> protocol 6"]);
    const any = withRules(LISTED, PER_SOURCE, rule("pass", "queries", { destinationPort: 53 }));
    expect(said(base(), any).rules).toEqual(["changed | queries | protocol 17 -> any protocol"]);
  });

  it("show each number of a limit that changed, which is no other verdict for a first packet", () => {
    const changed = limit({ ratePerSecond: 2000, burst: 4, key: "rule", blockForSeconds: 60 });
    const after = withRules(LISTED, rule(changed, "per-source", { protocol: UDP }), DNS);
    expect(said(base(), after)).toEqual({
      settings: [],
      rules: [
        "changed | per-source | rate 100 packets/s -> 2,000 packets/s | burst 10 packets -> 4 packets | key source /32 and /64 -> rule | block for none -> 60 s",
      ],
      traffic: [],
    });
  });

  it("show packets that meet a limit now, and that do not any more, where they pass all the same", () => {
    const packet = "udp 198.51.100.7:40000 > 203.0.113.5:53 len 28";
    expect(said(withRules(LISTED, DNS), base()).traffic).toEqual([`gained per-source: ${packet}`]);
    expect(said(base(), withRules(LISTED, DNS)).traffic).toEqual([`lost per-source: ${packet}`]);
    // Behind the rule that passes them it limits nothing that passes.
    expect(said(base(), withRules(LISTED, DNS, PER_SOURCE)).traffic).toEqual([`lost per-source: ${packet}`]);
    // A pass rule above it, and one that was there.
    const partners = rule("pass", "partners", {
      source: ["198.51.100.0/24"],
      destinationPort: 53,
      protocol: UDP,
    });
    expect(said(base(), withRules(LISTED, partners, PER_SOURCE, DNS)).traffic).toEqual([
      `lost per-source: ${packet}`,
    ]);
    expect(said(withRules(LISTED, partners, PER_SOURCE, DNS), base()).traffic).toEqual([
      `gained per-source: ${packet}`,
    ]);
    // For other packets than before.
    const narrow = rule(limit(), "per-source", { protocol: UDP, source: ["192.0.2.0/24"] });
    expect(said(base(), withRules(LISTED, narrow, DNS)).traffic).toEqual([`lost per-source: ${packet}`]);
    expect(said(withRules(LISTED, narrow, DNS), base()).traffic).toEqual([`gained per-source: ${packet}`]);
  });

  it("show a rule that comes out of shadow, or goes into it", () => {
    const watched = withRules(
      rule("drop", "listed", { source: ["10.0.0.0/8"] }, { shadow: true }),
      PER_SOURCE,
      DNS,
    );
    expect(said(watched, base())).toEqual({
      settings: [],
      rules: ["changed | listed | no longer in shadow"],
      traffic: ["pass queries -> drop listed: udp 10.0.0.0:40000 > 203.0.113.5:53 len 28"],
    });
    expect(said(base(), watched).rules).toEqual(["changed | listed | now in shadow"]);
  });

  it("show management flows, the default, packets that do not parse, and interfaces", () => {
    const ssh = flow("ssh", { protocol: TCP, destinationPort: 22, source: ["10.0.0.0/24"] });
    const after = fleet([LISTED, PER_SOURCE, DNS], {
      management: [ssh],
      defaultVerdict: "pass",
      interfaces: ["eth0", "eth1"],
      parseVerdicts: { ...base().parseVerdicts, "bad-ihl": "pass" },
    });
    expect(said(base(), after)).toEqual({
      settings: ["default drop -> pass", "parse bad-ihl drop -> pass", "interfaces eth0 -> eth0, eth1"],
      rules: ["added | ssh"],
      traffic: [
        "drop listed -> pass ssh: tcp 10.0.0.0:40000 > 203.0.113.5:22 len 40 flags ack",
        "drop default -> pass default: tcp 198.51.100.7:40000 > 203.0.113.5:40000 len 40 flags ack",
      ],
    });
  });

  it("are compared by the bytes that payload tests ask for, however they are numbered", () => {
    const test = (value: number): PayloadTest => ({ offset: 0, mask: [0xff], value: [value] });
    const asking = (at: number): RuleIr => {
      const one = rule("drop", "bytes", {});
      return { ...one, match: { ...one.match, fields: { payload: payloadRanges([at]) } } };
    };
    const of = (at: number, ...tests: PayloadTest[]) => fleet([asking(at)], { payloadTests: tests });
    expect(said(of(0, test(1), test(2)), of(1, test(2), test(1)))).toEqual({
      settings: [],
      rules: [],
      traffic: [],
    });
    expect(said(of(0, test(1), test(2)), of(0, test(2), test(3)))).toMatchObject({
      rules: ["changed | bytes | payload: other values"],
      traffic: [
        expect.stringMatching(/^drop bytes -> pass default: .* payload 0x01$/),
        expect.stringMatching(/^pass default -> drop bytes: .* payload 0x02$/),
      ],
    });
    const many = (first: number) => Array.from({ length: 9 }, (_, i) => test(first + i));
    expect(() => compareFleets(of(0, ...many(0)), of(0, ...many(9)))).toThrow(
      "the two versions of fleet edge have more than 16 payload tests together",
    );
  });
});
