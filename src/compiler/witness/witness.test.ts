import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Witness } from "../../bundle/manifest.generated.ts";
import type { CheckedFleet } from "../../ir/nodes.ts";
import { parsePacket } from "../../packet/parse.ts";
import { formatPacket } from "../../packet/text.ts";
import { fleet, flow, limit, type MatchText, rule, SYN, TCP, UDP } from "../checks/fleet-fixture.ts";
import { runChecks } from "../checks/index.ts";
import { createEvaluator } from "../evaluate.ts";
import { deriveWitnesses } from "./index.ts";

function derive(...given: Parameters<typeof fleet>) {
  const { checked, diagnostics } = runChecks(fleet(...given));
  expect(diagnostics).toEqual([]);
  return deriveWitnesses(checked!);
}
const frameOf = (packet: string) => new Uint8Array(Buffer.from(packet, "base64"));
const show = ({ name, steps }: Witness) => [
  name,
  ...steps.map(
    ({ packet, atNs, repeat, verdict, reason, rule: decided }) =>
      `${formatPacket(frameOf(packet))} ×${repeat} at ${atNs}: ${verdict}, ${reason}${decided ? ` ${decided}` : ""}`,
  ),
];
const named = (witnesses: readonly Witness[], start: string) =>
  witnesses.filter(({ name }) => name.startsWith(start)).map(show);

const syn: MatchText = { protocol: TCP, tcpFlags: SYN };

describe("every fleet shows", () => {
  const { witnesses } = derive([rule("drop", "dns", { protocol: UDP, destinationPort: 53 })]);

  test("each way of failing to parse, but for the one that takes less than 14 bytes", () => {
    const classes = new Set(
      witnesses.filter(({ name }) => name.startsWith("parse: ")).map(({ steps }) => steps[0]!.reason),
    );
    expect([...classes].sort()).toEqual([
      "bad-fragment",
      "bad-ihl",
      "bad-ip-version",
      "bad-tcp-offset",
      "bad-total-length",
      "bad-udp-length",
      "other-ethertype",
      "tiny-fragment",
      "too-many-extensions",
      "too-many-vlan-tags",
      "truncated-extension",
      "truncated-ip",
      "truncated-l4",
      "truncated-vlan",
    ]);
  });

  test("its own verdict for a class", () => {
    const verdicts = (verdict: "pass" | "drop") => {
      const base = fleet([rule("drop", "dns", { protocol: UDP, destinationPort: 53 })]);
      const parseVerdicts = { ...base.parseVerdicts, "bad-ihl": verdict };
      const found = deriveWitnesses(runChecks({ ...base, parseVerdicts }).checked!).witnesses;
      return found.find(({ name }) => name.startsWith("parse: bad-ihl"))!.steps[0]!.verdict;
    };
    expect([verdicts("pass"), verdicts("drop")]).toEqual(["pass", "drop"]);
  });

  test("what is always passed", () => {
    const reasons = witnesses
      .filter(({ name }) => name.startsWith("always passed"))
      .map(({ steps }) => steps[0]!);
    expect(new Set(reasons.map(({ reason, verdict }) => `${reason} ${verdict}`))).toEqual(
      new Set(["arp pass", "neighbour-discovery pass", "dhcp pass"]),
    );
  });

  test("its default verdict", () => {
    expect(named(witnesses, "default")).toEqual([
      [
        "default",
        "tcp 198.51.100.7:40000 > 203.0.113.5:40000 len 40 flags ack ×1 at 1000000000: pass, default",
      ],
    ]);
  });

  test("no default where the rules decide every packet", () => {
    expect(named(derive([rule("drop", "all", {})]).witnesses, "default")).toEqual([]);
  });
});

describe("a rule shows", () => {
  test("a packet that it decides, and no rule above", () => {
    const { witnesses } = derive([
      rule("drop", "dns", { protocol: UDP, destinationPort: 53 }),
      rule("pass", "udp", { protocol: UDP, destinationPort: [[0, 53]] }),
    ]);
    expect(named(witnesses, "policy/udp")).toEqual([
      ["policy/udp", "udp 198.51.100.7:40000 > 203.0.113.5:0 len 28 ×1 at 1000000000: pass, rule policy/udp"],
    ]);
  });

  test("of a management flow, that the flow passes", () => {
    const { witnesses } = derive([rule("drop", "rest", { source: { not: ["192.0.2.0/28"] } })], {
      management: [flow("ssh", { source: ["192.0.2.0/28"], protocol: TCP, destinationPort: 22 })],
    });
    expect(named(witnesses, "management/ssh")[0]).toEqual([
      "management/ssh",
      "tcp 192.0.2.7:40000 > 203.0.113.5:22 len 40 flags ack ×1 at 1000000000: pass, management management/ssh",
    ]);
  });

  test("in shadow, what decides in its place", () => {
    const { witnesses } = derive([
      rule("drop", "watched", { protocol: UDP }, { shadow: true }),
      rule("pass", "udp", { protocol: UDP }),
    ]);
    expect(named(witnesses, "policy/watched")).toEqual([
      [
        "policy/watched in shadow",
        "udp 198.51.100.7:40000 > 203.0.113.5:40000 len 28 ×1 at 1000000000: pass, rule policy/udp",
      ],
    ]);
  });

  test("a packet that a limit above lets through, where that limit drops large ones at once", () => {
    const { witnesses, diagnostics } = derive([
      rule(limit({ unit: "bytes", burst: 100 }), "tight", { protocol: UDP, l3Length: [[28, 200]] }),
      rule("drop", "above-100", { protocol: UDP, l3Length: [[101, 300]] }),
    ]);
    expect(diagnostics).toEqual([]);
    expect(named(witnesses, "policy/above-100")).toEqual([
      [
        "policy/above-100",
        "udp 198.51.100.7:40000 > 203.0.113.5:40000 len 201 ×1 at 1000000000: drop, rule policy/above-100",
      ],
    ]);
  });

  test("no-witness: a limit above drops every packet of it at once", () => {
    const { diagnostics } = derive([
      rule(limit({ unit: "bytes", burst: 100 }), "tight", { protocol: UDP }),
      rule("drop", "above-100", { protocol: UDP, l3Length: [[101, 300]] }),
    ]);
    expect(diagnostics).toEqual([
      {
        code: "no-witness",
        severity: "warning",
        message:
          "no packet that shows `above-100` at work can be tried in the kernel before the bundle serves",
        help: "a trial takes frames of up to 3,498 bytes that no limit above drops at once: let the rule match such a packet",
        location: { file: "policies/policy.policy.ts", line: 20, column: 5 },
        spanLength: 4,
        related: [],
      },
    ]);
  });

  test.each([
    [3_484, 0],
    [3_485, 1],
  ])("packets of %i bytes at least: %i rules without a witness", (bytes, count) => {
    const { diagnostics } = derive([rule("drop", "jumbo", { l3Length: [[bytes, 9_000]] })]);
    expect(diagnostics.map(({ code }) => code)).toEqual(Array(count).fill("no-witness"));
  });
});

describe("a limit shows", () => {
  test("its burst, and the packet after it", () => {
    const { witnesses } = derive([rule(limit({ burst: 10 }), "udp", { protocol: UDP })]);
    expect(named(witnesses, "policy/udp at")).toEqual([
      [
        "policy/udp at its burst",
        "udp 198.51.100.7:40000 > 203.0.113.5:40000 len 28 ×10 at 1000000000: pass, default",
        "udp 198.51.100.7:40000 > 203.0.113.5:40000 len 28 ×1 at 1000000000: drop, limit policy/udp",
      ],
    ]);
  });

  test("in bytes: 10,000 hold ten packets of 1,000", () => {
    const { witnesses } = derive([
      rule(limit({ unit: "bytes", ratePerSecond: 1_000, burst: 10_999 }), "udp", { protocol: UDP }),
    ]);
    expect(named(witnesses, "policy/udp at").map((lines) => lines.slice(1))).toEqual([
      [
        "udp 198.51.100.7:40000 > 203.0.113.5:40000 len 1500 ×7 at 1000000000: pass, default",
        "udp 198.51.100.7:40000 > 203.0.113.5:40000 len 1500 ×1 at 1000000000: drop, limit policy/udp",
      ],
    ]);
  });

  test("a burst of bytes that no packet fits: the first one is dropped", () => {
    const { witnesses } = derive([rule(limit({ unit: "bytes", burst: 27 }), "udp", { protocol: UDP })]);
    expect(named(witnesses, "policy/udp at").map((lines) => lines.length)).toEqual([2]);
    expect(named(witnesses, "policy/udp at")[0]![1]).toMatch(/×1 at 1000000000: drop, limit policy\/udp$/);
  });

  test("its block, to the nanosecond", () => {
    const { witnesses } = derive([
      rule(limit({ ratePerSecond: 10, burst: 2, blockForSeconds: 60 }), "udp", { protocol: UDP }),
    ]);
    expect(
      named(witnesses, "policy/udp at").map((lines) => lines.map((line) => line.replace(/^.*×/, "×"))),
    ).toEqual([
      [
        "policy/udp at its burst, and its block",
        "×2 at 1000000000: pass, default",
        "×1 at 1000000000: drop, limit policy/udp",
        "×1 at 60999999999: drop, block policy/udp",
        "×1 at 61000000000: pass, default",
      ],
    ]);
  });

  test("packets that no other limit judges, where there are any", () => {
    const { witnesses } = derive([
      rule(limit({ burst: 2 }), "syns", syn),
      rule(limit({ burst: 10 }), "tcp", { protocol: TCP }),
    ]);
    expect(named(witnesses, "policy/tcp at")[0]).toEqual([
      "policy/tcp at its burst",
      "tcp 198.51.100.7:40000 > 203.0.113.5:40000 len 40 flags ack ×10 at 1000000000: pass, default",
      "tcp 198.51.100.7:40000 > 203.0.113.5:40000 len 40 flags ack ×1 at 1000000000: drop, limit policy/tcp",
    ]);
  });

  test("many sources, where a limit above holds each source to less", () => {
    const { witnesses } = derive([
      rule(limit({ burst: 2 }), "each", { protocol: UDP }),
      rule(limit({ burst: 5, key: "rule" }), "all", { protocol: UDP }),
    ]);
    expect(
      named(witnesses, "policy/all at").map((lines) => lines.map((line) => line.replace(/:40000 .*×/, " ×"))),
    ).toEqual([
      [
        "policy/all at its burst",
        "udp 198.51.100.7 ×2 at 1000000000: pass, default",
        "udp 198.51.100.8 ×2 at 1000000000: pass, default",
        "udp 198.51.100.9 ×1 at 1000000000: pass, default",
        "udp 198.51.100.9 ×1 at 1000000000: drop, limit policy/all",
      ],
    ]);
  });

  test("pauses, where the limit above is quick with a small burst and it is slow with a large one", () => {
    const { witnesses } = derive([
      rule(limit({ ratePerSecond: 1_000, burst: 10 }), "quick", { protocol: UDP }),
      rule(limit({ ratePerSecond: 100, burst: 25 }), "slow", { protocol: UDP }),
    ]);
    // 10 packets fill `quick`, and 10 ms empty it: `slow` loses 1 of 10 in that time. 10, 9 + 10, 18 + 7 = 25, and one more.
    const [lines] = named(witnesses, "policy/slow at").map((all) =>
      all.map((line) => line.replace(/^.*×/, "×")),
    );
    expect(lines).toEqual([
      "policy/slow at its burst",
      "×10 at 1000000000: pass, default",
      "×10 at 1010000001: pass, default",
      "×7 at 1020000002: pass, default",
      "×1 at 1020000002: drop, limit policy/slow",
    ]);
  });

  test("one packet within its rate, where the burst is too large to be tried", () => {
    const { witnesses, diagnostics } = derive([rule(limit({ burst: 1_000_000 }), "udp", { protocol: UDP })]);
    expect(diagnostics).toEqual([]);
    expect(named(witnesses, "policy/udp").map(([name, ...steps]) => [name, steps.length])).toEqual([
      ["policy/udp within its rate", 1],
    ]);
  });
});

describe("the edges of a set", () => {
  test("are the first and last address of its ranges, and those beside", () => {
    const { witnesses } = derive([rule("drop", "bogons", { source: ["10.0.0.0/8", "2001:db8::/32"] })]);
    expect(
      named(witnesses, "policy/bogons, edges").map((lines) =>
        lines.map((line) => line.replace(/ len.*: /, ": ")),
      ),
    ).toEqual([
      [
        "policy/bogons, edges of its source set",
        "tcp 9.255.255.255:40000 > 203.0.113.5:40000: pass, default",
        "tcp 10.0.0.0:40000 > 203.0.113.5:40000: drop, rule policy/bogons",
        "tcp 10.255.255.255:40000 > 203.0.113.5:40000: drop, rule policy/bogons",
        "tcp 11.0.0.0:40000 > 203.0.113.5:40000: pass, default",
        "tcp [2001:db7:ffff:ffff:ffff:ffff:ffff:ffff]:40000 > [2001:db8:2::5]:40000: pass, default",
        "tcp [2001:db8::]:40000 > [2001:db8:2::5]:40000: drop, rule policy/bogons",
        "tcp [2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:40000 > [2001:db8:2::5]:40000: drop, rule policy/bogons",
        "tcp [2001:db9::]:40000 > [2001:db8:2::5]:40000: pass, default",
      ],
    ]);
  });

  test("stop at the end of the address space, and are shown once for equal sets", () => {
    const { witnesses } = derive([
      rule("drop", "tcp", { protocol: TCP, source: ["0.0.0.0/1"] }),
      rule("drop", "udp", { protocol: UDP, source: ["0.0.0.0/1"] }),
    ]);
    expect(
      witnesses.filter(({ name }) => name.includes("edges")).map(({ name, steps }) => [name, steps.length]),
    ).toEqual([["policy/tcp, edges of its source set", 3]]);
  });
});

// ---- Properties --------------------------------------------------------------------------------------------------------

const fields: fc.Arbitrary<MatchText> = fc.record(
  {
    source: fc.constantFrom(["10.0.0.0/8"], ["10.1.0.0/16", "2001:db8::/32"], { not: ["10.0.0.0/8"] }, [
      "::/0",
    ]),
    destination: fc.constantFrom(["203.0.113.0/24"], ["203.0.113.5", "2001:db8:2::5"]),
    protocol: fc.constantFrom(1, 6, 17, 58, 47),
    destinationPort: fc.constantFrom(53, { not: 53 }, [[0, 1023]] as const),
    fragment: fc.constantFrom(0, 1, 2, [0, 1] as const),
    l3Length: fc.constantFrom([[0, 100]] as const, [[513, 65_535]] as const),
    payloadLength: fc.constantFrom(0, [[1, 100]] as const),
    vlan: fc.constantFrom(7, { not: 7 }),
    ttl: fc.constantFrom(255, [[0, 5]] as const),
  },
  { requiredKeys: [] },
);
const headers = fc.oneof(
  { weight: 4, arbitrary: fc.constant<MatchText>({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<MatchText[]>(
      { ipv4Options: 0 },
      { ipv4Options: { not: 0 } },
      { ipv4Options: [3, 7, 0x43] },
      { ipv6Extensions: { not: 0 } },
      { ipv6Extensions: [1, 4, 0x19] },
    ),
  },
);
const matches = fc.tuple(fields, headers).map(([own, present]) => ({ ...own, ...present }));
const actions = fc.oneof(
  fc.constant("pass" as const),
  fc.constant("drop" as const),
  fc
    .record({
      unit: fc.constantFrom("packets" as const, "bytes" as const),
      ratePerSecond: fc.constantFrom(1, 100, 5000),
      burst: fc.constantFrom(1, 7, 60, 400),
      key: fc.constantFrom(
        "rule" as const,
        "source" as const,
        "destination" as const,
        "destination-port" as const,
      ),
      blockForSeconds: fc.constantFrom(null, 5),
    })
    .map((options) => limit(options)),
);
const fleets = fc
  .tuple(
    fc.array(fc.record({ action: actions, match: matches, shadow: fc.boolean() }), {
      minLength: 1,
      maxLength: 10,
    }),
    fc.array(matches, { maxLength: 2 }),
    fc.constantFrom("pass" as const, "drop" as const),
  )
  .map(([rules, flows, defaultVerdict]) =>
    fleet(
      rules.map(({ action, match, shadow }, index) => rule(action, `rule-${index}`, match, { shadow })),
      { management: flows.map((match, index) => flow(`flow-${index}`, match)), defaultVerdict },
    ),
  );

describe("for any fleet", () => {
  test("a rule is unreachable, or has a witness, or a diagnostic says that it has none", () => {
    let named = 0;
    fc.assert(
      fc.property(fleets, (random) => {
        const unreachable = new Set(
          runChecks(random).diagnostics.flatMap(({ code, location }) =>
            code === "unreachable-rule" ? [location.line] : [],
          ),
        );
        // Lock-outs and unreachable rules are errors; the derivation holds for such a fleet all the same.
        const { witnesses, diagnostics } = deriveWitnesses(random as CheckedFleet);
        const without = new Set(diagnostics.map(({ location }) => location.line));
        const shown = new Set(witnesses.map((witness) => witness.rule));
        for (const one of random.rules) {
          const told = unreachable.has(one.location.line) || without.has(one.location.line);
          expect([one.name, shown.has(one.id)]).toEqual([one.name, !told]);
        }
        for (const { name, rule: id, steps } of witnesses) {
          const own = random.rules.find((one) => one.id === id && name === one.id);
          if (!own) continue;
          named++;
          expect(steps.at(-1)).toMatchObject({ rule: id, reason: "rule", verdict: own.action.kind });
        }
      }),
      { numRuns: 100 },
    );
    expect(named).toBeGreaterThan(30);
  });

  test("a fresh evaluator says what each witness expects", () => {
    fc.assert(
      fc.property(fleets, (random) => {
        for (const witness of deriveWitnesses(random as CheckedFleet).witnesses) {
          if (witness.steps.reduce((sum, { repeat }) => sum + repeat, 0) > 500) continue;
          const evaluator = createEvaluator(random);
          for (const { packet, atNs, repeat, verdict, rule: decided, reason } of witness.steps) {
            const frame = frameOf(packet);
            let decision = null;
            for (let time = 0; time < repeat; time++) decision = evaluator.decide(frame, BigInt(atNs));
            expect(decision).toMatchObject({ verdict, rule: decided, reason });
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("the same fleet gives the same witnesses", () => {
    const [random] = fc.sample(fleets, { numRuns: 1, seed: 7 });
    expect(deriveWitnesses(random as CheckedFleet)).toEqual(
      deriveWitnesses(structuredClone(random) as CheckedFleet),
    );
  });
});

test("frames are what a test-run takes", () => {
  const { witnesses } = derive([
    rule("drop", "tagged", { vlan: 7 }),
    rule("drop", "large", { l3Length: [[1501, 9000]] }),
  ]);
  for (const { steps } of witnesses)
    for (const { packet } of steps) {
      const frame = frameOf(packet);
      expect(frame.length >= 14 && frame.length <= 3_498).toBe(true);
      expect(() => parsePacket(frame)).not.toThrow();
    }
});
