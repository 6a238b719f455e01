import { describe, expect, test } from "vitest";
import { Budget } from "../cells/search.ts";
import { createContext } from "./context.ts";
import { fleet, flow, ICMP, ICMPV6, limit, rule, set, TCP, UDP } from "./fleet-fixture.ts";
import { runChecks } from "./index.ts";
import { unreachableRule } from "./unreachable-rule.ts";

const run = (...given: Parameters<typeof fleet>) =>
  runChecks(fleet(...given)).diagnostics.filter((found) => found.code !== "management-lockout");

describe("a policy is valid where every rule has a packet of its own", () => {
  test("a narrow rule above a wide one", () => {
    expect(
      run([rule("pass", "dns", { protocol: UDP, destinationPort: 53 }), rule("drop", "rest", {})]),
    ).toEqual([]);
  });

  test("neighbours that touch and do not overlap: 10.0.0.0/9 and 10.128.0.0/9", () => {
    const rules = [
      rule("drop", "low", { source: ["10.0.0.0/9"] }),
      rule("drop", "high", { source: ["10.128.0.0/9"] }),
    ];
    expect(run(rules)).toEqual([]);
  });

  test("halves above leave one port", () => {
    const rules = [
      rule("drop", "low", { protocol: UDP, destinationPort: [[0, 999]] }),
      rule("drop", "high", { protocol: UDP, destinationPort: [[1001, 65_535]] }),
      rule("pass", "all-udp", { protocol: UDP, fragment: [0, 1] }),
    ];
    expect(run(rules)).toEqual([]);
  });

  test("limits and shadow rules above cover nothing", () => {
    const rules = [
      rule(limit(), "limited", {}),
      rule("drop", "watched", {}, { shadow: true }),
      rule("pass", "all", {}),
    ];
    expect(run(rules)).toEqual([]);
  });

  test("IPv6 is left where only IPv4 is dropped above", () => {
    expect(run([rule("drop", "v4", { source: ["0.0.0.0/0"] }), rule("pass", "all", {})])).toEqual([]);
  });

  test("a negated port leaves packets that have no port", () => {
    const rules = [
      rule("drop", "port-53", { destinationPort: 53 }),
      rule("drop", "not-port-53", { destinationPort: { not: 53 } }),
      rule("pass", "no-ports", {}),
    ];
    expect(run(rules)).toEqual([]);
  });

  test("later fragments are left where both ports of whole packets are taken", () => {
    const rules = [
      rule("drop", "ports", { protocol: UDP, destinationPort: [[0, 65_535]] }),
      rule("pass", "udp", { protocol: UDP }),
    ];
    expect(run(rules)).toEqual([]);
  });

  test("untagged packets are left where every VLAN is taken", () => {
    expect(run([rule("drop", "tagged", { vlan: [[0, 4095]] }), rule("pass", "all", {})])).toEqual([]);
  });

  test("a rule of neighbour discovery with another hop limit than 255", () => {
    const rules = [rule("drop", "nd", { protocol: ICMPV6, icmp: 135 << 8, ttl: { not: 255 } })];
    expect(run(rules)).toEqual([]);
  });

  test("lengths that options can make up: 20 bytes more than the payload with UDP need an IP option", () => {
    // IPv4 UDP without options: L3 length = payload + 28. One option word: payload + 32.
    const rules = [rule("drop", "options", { protocol: UDP, l3Length: 132, payloadLength: 100 })];
    expect(run(rules)).toEqual([]);
  });
});

describe("unreachable-rule", () => {
  test("names the one rule that covers it, and the set to narrow", () => {
    const found = run(
      [
        rule(
          "drop",
          "spoofed-sources",
          { source: ["10.0.0.0/8"] },
          {
            terms: [{ field: "source", text: "source in bogons" }],
          },
        ),
        rule("pass", "operators", { source: ["10.1.0.0/16"], protocol: TCP, destinationPort: 22 }),
      ],
      { sets: [set("bogons", ["10.0.0.0/8"])] },
    );
    expect(found).toEqual([
      {
        code: "unreachable-rule",
        severity: "error",
        message: "`operators` can never match: `spoofed-sources` (line 10) covers all of it",
        help: "move `operators` above line 10, or narrow `bogons` (networks.ts:3)",
        location: { file: "policies/policy.policy.ts", line: 20, column: 5 },
        spanLength: 4,
        related: [
          {
            location: { file: "policies/policy.policy.ts", line: 10, column: 5 },
            message: "`spoofed-sources` is here",
          },
        ],
      },
    ]);
  });

  test("names the rules that cover it together, with the file of those that stand elsewhere", () => {
    const found = run([
      rule("drop", "low", { source: ["10.0.0.0/9"] }, { policy: "other" }),
      rule("drop", "unconcerned", { source: ["192.0.2.0/24"] }),
      rule("drop", "high", { source: ["10.128.0.0/9"] }),
      rule("pass", "ten", { source: ["10.0.0.0/8"] }),
    ]);
    expect(found.map(({ message, help }) => [message, help])).toEqual([
      [
        "`ten` can never match: `low` (policies/other.policy.ts:10) and `high` (line 30) cover all of it together",
        "move `ten` above policies/other.policy.ts:10, or narrow `high`",
      ],
    ]);
  });

  test("halves of a port range and the packets without ports cover all of it", () => {
    const found = run([
      rule("drop", "low", { protocol: UDP, destinationPort: [[0, 1000]] }),
      rule("drop", "high", { protocol: UDP, destinationPort: [[1001, 65_535]] }),
      rule("pass", "udp", { protocol: UDP, fragment: [0, 1] }),
    ]);
    expect(found.map(({ code }) => code)).toEqual(["unreachable-rule"]);
  });

  test("a shadow rule below is unreachable as well", () => {
    const found = run([
      rule("drop", "all", {}),
      rule("drop", "watched", { protocol: UDP }, { shadow: true }),
    ]);
    expect(found[0]?.message).toBe("`watched` can never match: `all` (line 10) covers all of it");
    expect(found[0]?.spanLength).toBe("drop".length);
  });

  test("no packet has ICMP in IPv6", () => {
    const found = run([rule("drop", "odd", { protocol: ICMP, icmp: 8 << 8, source: ["2001:db8::/32"] })]);
    expect(found.map(({ message, help }) => [message, help])).toEqual([
      [
        "`odd` can never match: no packet has `source in 2001:db8::/32`, `protocol 1` and `icmp 2048` together",
        "remove one of these conditions, or the rule",
      ],
    ]);
  });

  test.each([
    ["a later fragment with a port", { fragment: 2, destinationPort: 53 }],
    [
      "a whole IPv6 packet with the protocol of an extension header",
      { protocol: 43, fragment: 0, source: ["::/0"] },
    ],
    ["a TCP packet of 39 bytes", { protocol: TCP, l3Length: [[0, 39]], fragment: [0, 1] }],
    ["more payload than length", { l3Length: [[0, 100]], payloadLength: [[101, 200]] }],
    ["lengths that differ by no multiple of 4", { protocol: UDP, l3Length: 130, payloadLength: 100 }],
    ["lengths that differ by less than a header", { protocol: UDP, l3Length: 124, payloadLength: 100 }],
    ["addresses of two families", { source: ["10.0.0.0/8"], destination: ["2001:db8::/32"] }],
  ] as const)("no packet is %s", (_, text) => {
    expect(run([rule("drop", "odd", text)]).map(({ code, severity }) => [code, severity])).toEqual([
      ["unreachable-rule", "error"],
    ]);
  });

  test("a TCP packet of 40 bytes exists", () => {
    expect(run([rule("drop", "bare", { protocol: TCP, l3Length: [[0, 40]], fragment: [0, 1] })])).toEqual([]);
  });

  test("packets of a management flow never reach a rule", () => {
    const ssh = flow("ssh", { source: ["192.0.2.0/28"], protocol: TCP, destinationPort: 22 });
    const found = run(
      [
        rule("pass", "admin", { source: ["192.0.2.1"], protocol: TCP, destinationPort: 22 }),
        rule("drop", "rest", { source: ["192.0.2.0/24"], destinationPort: { not: 22 } }),
      ],
      { management: [ssh] },
    );
    expect(found.map(({ message, help }) => [message, help])).toEqual([
      [
        "`admin` can never match: `ssh` (policies/management.policy.ts:10) takes all of it, and always passes",
        "remove `admin`, or narrow the management flow `ssh` (policies/management.policy.ts:10)",
      ],
    ]);
  });

  test.each([
    ["neighbour discovery", { protocol: ICMPV6, icmp: 135 << 8, ttl: 255, fragment: 0 }],
    ["DHCP", { protocol: UDP, sourcePort: 67, destinationPort: 68, fragment: 0, source: ["0.0.0.0/0"] }],
  ] as const)("%s never reaches a rule", (name, text) => {
    expect(run([rule("drop", "odd", text)]).map(({ message, help }) => [message, help])).toEqual([
      [
        `\`odd\` can never match: ${name} takes all of it, and always passes`,
        "remove `odd`: these packets pass before any rule",
      ],
    ]);
  });

  test("what hangs on a set that is made of feeds is a warning too", () => {
    const terms = [{ field: "source", text: "source in hostile" }] as const;
    const rules = [
      rule("drop", "hostile", { source: ["198.51.100.0/24"] }, { terms }),
      rule("drop", "one-of-them", { source: ["198.51.100.7"] }),
    ];
    const found = run(rules, { sets: [set("hostile", ["198.51.100.0/24"], { fed: true })] });
    expect(found.map(({ severity, message }) => [severity, message])).toEqual([
      [
        "warning",
        "`one-of-them` can never match: `hostile` (line 10) covers all of it; a warning only, because the feeds of `hostile` may change",
      ],
    ]);
  });

  test("what hangs on a feed is a warning, for a feed changes by itself", () => {
    const terms = [{ field: "source", text: "source in hostile" }] as const;
    const found = run(
      [
        rule("drop", "hostile", { source: ["198.51.100.0/24"] }, { terms }),
        rule("drop", "one-of-them", { source: ["198.51.100.7"] }),
      ],
      { sets: [set("hostile", ["198.51.100.0/24"], { feed: "feeds/hostile.txt" })] },
    );
    expect(found.map(({ severity, message }) => [severity, message])).toEqual([
      [
        "warning",
        "`one-of-them` can never match: `hostile` (line 10) covers all of it; a warning only, because feed `hostile` may change",
      ],
    ]);
  });

  test("an empty set matches nobody", () => {
    const terms = [
      { field: "source", text: "source in quarantine" },
      { field: "protocol", text: "protocol udp" },
    ] as const;
    const found = run([rule("drop", "quarantined", { source: [], protocol: UDP }, { terms })]);
    expect(found.map(({ severity, message, help }) => [severity, message, help])).toEqual([
      [
        "error",
        "`quarantined` can never match: `source in quarantine` holds no address",
        "put an address into the set, or remove the rule",
      ],
    ]);
  });

  test("every fault is told in one run, in the order of the lines", () => {
    const found = run([
      rule("drop", "all", {}),
      rule("pass", "second", { protocol: UDP }),
      rule("pass", "third", { protocol: TCP }),
    ]);
    expect(found.map(({ location }) => location.line)).toEqual([20, 30]);
  });
});

describe("the rules that are named", () => {
  test("are needed, each of them", () => {
    const found = run([
      rule("drop", "tcp", { protocol: TCP }),
      rule("drop", "udp", { protocol: UDP }),
      rule("drop", "ten", { source: ["10.0.0.0/8"] }),
      rule("drop", "eleven", { source: ["11.0.0.0/8"] }),
      rule("pass", "both", { source: ["10.0.0.0/7"] }),
    ]);
    expect(found.map(({ message }) => message)).toEqual([
      "`both` can never match: `ten` (line 30) and `eleven` (line 40) cover all of it together",
    ]);
  });

  test("are management flows too", () => {
    const found = run(
      [rule("drop", "low", { source: ["10.0.0.0/9"] }), rule("drop", "ten", { source: ["10.0.0.0/8"] })],
      {
        management: [flow("high", { source: ["10.128.0.0/9"] })],
      },
    );
    expect(found.map(({ message, help }) => [message, help])).toEqual([
      [
        "`ten` can never match: `high` (policies/management.policy.ts:10) and `low` (line 20) cover all of it together",
        "move `ten` above line 20, or narrow `low`",
      ],
    ]);
  });

  test("a thousand ports and one rule over all of them", () => {
    const ports = Array.from({ length: 1_000 }, (_, port) =>
      rule("drop", `port-${port}`, { protocol: UDP, destinationPort: port }),
    );
    const found = run([...ports, rule("drop", "ports", { protocol: UDP, destinationPort: [[0, 999]] })]);
    expect(found.map(({ message }) => message)).toEqual([
      "`ports` can never match: `port-0` (line 10), `port-1` (line 20), `port-2` (line 30), `port-3` (line 40) and 996 more cover all of it together",
    ]);
  });
});

test("check-too-hard: what takes too much work is said, not guessed", () => {
  const context = createContext(fleet([rule("drop", "all", {}), rule("drop", "udp", { protocol: UDP })]));
  const found = unreachableRule({ ...context, proofBudget: () => [new Budget(7)] });
  expect(found.at(-1)).toEqual({
    code: "check-too-hard",
    severity: "warning",
    message: "could not find out whether `udp` can ever match: the rules overlap in too many ways",
    help: "let the rule name fewer fields, or move rules that overlap it into sets",
    location: { file: "policies/policy.policy.ts", line: 20, column: 5 },
    spanLength: 4,
    related: [],
  });
});
