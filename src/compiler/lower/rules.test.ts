import { describe, expect, test } from "vitest";
import type { RuleIr } from "../../ir/nodes.ts";
import { expectFaults, type Fault, lowerTree, policyFile } from "../load/tree-fixture.ts";

async function rulesOf(rules: string, policy = "", before = ""): Promise<readonly RuleIr[]> {
  const { fleets, diagnostics } = await lowerTree({ "a.policy.ts": policyFile({ rules, policy, before }) });
  expect(diagnostics).toEqual([]);
  return fleets[0]?.rules ?? [];
}
async function ruleOf(rule: string, policy = "", before = ""): Promise<RuleIr> {
  const [first] = await rulesOf(rule, policy, before);
  return first!;
}
const expectRuleFaults = (rules: string, faults: readonly Fault[], policy = "", before = "") =>
  expectFaults({ "a.policy.ts": policyFile({ rules, policy, before }) }, faults);

const DNS = `const dns = backend("dns", { listen: ["203.0.113.53", "2001:db8:53::/64"], protocol: "udp", ports: [53, range(8053, 8054)], origins: [] });`;

/** `[n, n]` for each second number. */
const everySecond = (first: number, last: number) =>
  Array.from({ length: (last - first) / 2 + 1 }, (_, i) => [first + 2 * i, first + 2 * i]);

describe("a field becomes ranges", () => {
  test.each([
    ['{ protocol: "udp", sourcePort: 0 }', { protocol: [[17, 17]], sourcePort: [[0, 0]] }],
    [
      '{ protocol: "tcp", destinationPort: 65535 }',
      { protocol: [[6, 6]], destinationPort: [[65535, 65535]] },
    ],
    [
      '{ protocol: ["tcp", "udp"], sourcePort: [53, 52, range(1, 5), 6] }',
      {
        protocol: [
          [6, 6],
          [17, 17],
        ],
        sourcePort: [
          [1, 6],
          [52, 53],
        ],
      },
    ],
    [
      '{ protocol: "udp", sourcePort: not([53, range(1, 9)]) }',
      {
        protocol: [[17, 17]],
        sourcePort: [
          [0, 0],
          [10, 52],
          [54, 65535],
        ],
      },
    ],
    ["{ lengthBytes: range(513, 65535) }", { l3Length: [[513, 65535]] }],
    ["{ payloadBytes: not(0) }", { payloadLength: [[1, 65535]] }],
    ["{ ttl: not(range(1, 255)) }", { ttl: [[0, 0]] }],
    [
      "{ dscp: [0, 63] }",
      {
        dscp: [
          [0, 0],
          [63, 63],
        ],
      },
    ],
    [
      "{ vlan: not(range(1, 4094)) }",
      {
        vlan: [
          [0, 0],
          [4095, 4095],
        ],
      },
    ],
    ['{ ipv4Options: not("any") }', { ipv4Options: everySecond(0, 254) }],
    ['{ ipv4Options: ["any", "other"] }', { ipv4Options: [...everySecond(1, 125), [127, 255]] }],
    ['{ ipv4Options: ["malformed", "other"] }', { ipv4Options: [[64, 255]] }],
    ['{ ipv6Extensions: "any" }', { ipv6Extensions: [[1, 255]] }],
    ['{ ipv6Extensions: "shim6" }', { ipv6Extensions: [[128, 255]] }],
    ['{ ipv6Extensions: not(["shim6", "hip"]) }', { ipv6Extensions: [[0, 63]] }],
    // The first test of a fleet is the highest of 16 bits, the second the next.
    ['{ payload: { offset: 0, value: "0xff" } }', { payload: [[0x8000, 0xffff]] }],
    [
      '{ payload: [{ offset: 0, value: "0xff" }, { offset: 4, value: "0x00ff" }] }',
      { payload: [[0x4000, 0xffff]] },
    ],
    [
      '{ payload: not([{ offset: 0, value: "0xff" }, { offset: 4, value: "0x00ff" }]) }',
      { payload: [[0, 0x3fff]], payloadLength: [[6, 65535]] },
    ],
    [
      '{ payloadBytes: [3, range(5, 9)], payload: not({ offset: 0, value: "0xff12345678" }) }',
      { payload: [[0, 0x7fff]], payloadLength: [[5, 9]] },
    ],
    ['{ fragment: ["first", "later"] }', { fragment: [[1, 2]] }],
    ['{ fragment: not("none") }', { fragment: [[1, 2]] }],
    ['{ protocol: "icmp", icmp: { type: 8 } }', { protocol: [[1, 1]], icmp: [[0x800, 0x8ff]] }],
    [
      '{ protocol: "icmpv6", icmp: [{ type: 1, code: 0 }, { type: 1, code: 2 }] }',
      {
        protocol: [[58, 58]],
        icmp: [
          [0x100, 0x100],
          [0x102, 0x102],
        ],
      },
    ],
    [
      "{ protocol: [47, 132] }",
      {
        protocol: [
          [47, 47],
          [132, 132],
        ],
      },
    ],
    [
      '{ protocol: not(["tcp", "udp"]) }',
      {
        protocol: [
          [0, 5],
          [7, 16],
          [18, 255],
        ],
      },
    ],
    // RFC 9293 §3.1: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32; RFC 3168 §6.1: ECE 64, CWR 128.
    [
      '{ protocol: "tcp", tcpFlags: { set: ["cwr", "ece", "urg", "ack", "psh", "rst", "syn"] } }',
      {
        protocol: [[6, 6]],
        tcpFlags: [[254, 255]],
      },
    ],
    [
      '{ protocol: "tcp", tcpFlags: { clear: ["cwr", "ece", "urg", "ack", "psh", "rst"], set: ["syn"] } }',
      {
        protocol: [[6, 6]],
        tcpFlags: [[2, 3]],
      },
    ],
    [
      '{ protocol: "tcp", tcpFlags: not({ clear: ["cwr"] }) }',
      { protocol: [[6, 6]], tcpFlags: [[128, 255]] },
    ],
    ["{}", {}],
    ["{ ttl: undefined }", {}],
  ])("%s", async (match, fields) => {
    const rule = await ruleOf(`drop("x", ${match} as never),`);
    expect(rule.match).toMatchObject({ source: null, destination: null });
    expect(rule.match.fields).toEqual(fields);
  });
});

describe("addresses", () => {
  test("of several names and literals are joined", async () => {
    const { match } = await ruleOf('drop("x", { source: ["operators", "192.0.2.16/28", "2001:db8::1"] }),');
    expect([...match.source!.v4]).toEqual([0xc0000200, 0xc000021f]);
    expect(match.source!.v6).toEqual([
      0x20010db8000000000000000000000001n,
      0x20010db8000000000000000000000001n,
    ]);
  });

  test("of a negation are all others of both families", async () => {
    const { match } = await ruleOf('drop("x", { destination: not("operators") }),');
    expect([...match.destination!.v4]).toEqual([0, 0xc00001ff, 0xc0000210, 0xffffffff]);
    expect(match.destination!.v6).toEqual([0n, 2n ** 128n - 1n]);
  });
});

describe("a policy's backend", () => {
  test("adds its addresses, protocol and ports to a match that names none", async () => {
    const rule = await ruleOf('pass("x", {}),', "backend: dns,", DNS);
    expect(rule.backend).toBe("dns");
    expect([...rule.match.destination!.v4]).toEqual([0xcb007135, 0xcb007135]);
    expect(rule.match.fields).toEqual({
      protocol: [[17, 17]],
      destinationPort: [
        [53, 53],
        [8053, 8054],
      ],
    });
    expect(rule.match.terms).toEqual([
      { field: "destination", text: "destination in backend dns" },
      { field: "protocol", text: "protocol udp" },
      { field: "destinationPort", text: "destinationPort 53, 8053-8054" },
    ]);
  });

  test("narrows what a match names", async () => {
    const { match } = await ruleOf(
      'drop("x", { protocol: ["tcp", "udp"], destinationPort: range(54, 8053), destination: not("203.0.113.0/24") }),',
      "backend: dns,",
      DNS,
    );
    expect(match.fields).toEqual({ protocol: [[17, 17]], destinationPort: [[8053, 8053]] });
    expect(match.destination!.v4).toHaveLength(0);
    expect(match.destination!.v6).toHaveLength(2);
  });
});

test("terms say what the author wrote", async () => {
  const { match } = await ruleOf(
    `drop("x", { source: ["operators", "10.0.0.0/8"], destination: not("bogons"), protocol: "tcp",
      sourcePort: [53, range(1, 2)], ttl: not(range(1, 5)), tcpFlags: { set: ["syn"], clear: ["ack"] }, fragment: "none" }),`,
  );
  expect(match.terms.map((term) => term.text)).toEqual([
    "source in operators, 10.0.0.0/8",
    "destination not in bogons",
    "protocol tcp",
    "sourcePort 53, 1-2",
    "ttl not 1-5",
    "tcpFlags +syn -ack",
    "fragment none",
  ]);
});

describe("payload tests", () => {
  test("of one fleet are told once, whatever rules they stand in", async () => {
    const { fleets, diagnostics } = await lowerTree({
      "a.policy.ts": policyFile({
        rules: `drop("a", { payload: { offset: 4, value: "0x54Aa" } }),
          drop("b", { payload: { offset: 4, value: "0x54aa", mask: "0xffff" } }),
          drop("c", { payload: not({ offset: 4, value: "0x5400", mask: "0xff00" }) }),`,
      }),
    });
    expect(diagnostics).toEqual([]);
    expect(fleets[0]?.payloadTests).toEqual([
      { offset: 4, mask: [0xff, 0xff], value: [0x54, 0xaa] },
      { offset: 4, mask: [0xff, 0], value: [0x54, 0] },
    ]);
    expect(fleets[0]?.rules.map(({ match }) => match.terms.map(({ text }) => text))).toEqual([
      ["payload 0x54aa at 4"],
      ["payload 0x54aa at 4"],
      ["payloadBytes at least 6", "payload not 0x5400 mask 0xff00 at 4"],
    ]);
    expect(fleets[0]?.rules.map(({ match }) => match.fields.payload)).toEqual([
      [[0x8000, 0xffff]],
      [[0x8000, 0xffff]],
      [
        [0, 0x3fff],
        [0x8000, 0xbfff],
      ],
    ]);
  });

  test("are looked at one by one", async () => {
    const bytes = 'write `0x` and two hex digits a byte, 1 to 8 bytes: "0x54536f75"';
    await expectRuleFaults(
      `drop("a", { payload: { offset: «2041», value: "0x00" } }),
       drop("b", { payload: { offset: 0, value: «"54"» as never } }),
       drop("c", { payload: { offset: 0, value: «"0x112233445566778899"» } }),
       drop("d", { payload: { offset: 0, value: "0x54", mask: «"0x0f"» } }),
       drop("e", { payload: { offset: 0, value: "0x54", mask: «"0xffff"» } }),
       drop("f", { payload: { offset: 0, value: "0x00", mask: «"0x00"» } }),
       drop("g", { fragment: "later", payload: { offset: 0, value: "0x00" } }),
       drop("h", { «payload»: [] }),`.replace("fragment: ", "«fragment»: "),
      [
        {
          code: "bad-value",
          message: "`offset` cannot be 2041",
          help: "write a whole number from 0 to 2040: bytes after the L4 header",
        },
        { code: "bad-value", message: '`value` of a payload test cannot be "54"', help: bytes },
        {
          code: "bad-value",
          message: '`value` of a payload test cannot be "0x112233445566778899"',
          help: bytes,
        },
        {
          code: "bad-value",
          message: 'the mask "0x0f" does not go with the value "0x54"',
          help: "write as many bytes in both, and no bit in the value that the mask leaves out",
        },
        {
          code: "bad-value",
          message: 'the mask "0xffff" does not go with the value "0x54"',
          help: "write as many bytes in both, and no bit in the value that the mask leaves out",
        },
        {
          code: "bad-value",
          message: "a mask of zeros asks for nothing",
          help: "use `payloadBytes` to ask for a length",
        },
        {
          code: "empty-match",
          message: "rule `g` can match no packet: a later fragment has no payload",
          help: 'leave out `payload`, or match "first" and "none" as well',
        },
        {
          code: "bad-value",
          message: "`payload` is an empty list, which matches nothing",
          help: "name at least one value, or leave the field out to match any",
        },
      ],
    );
  });

  test("are 16 in a fleet at most", async () => {
    const rules = (count: number) =>
      Array.from({ length: count }, (_, i) => `drop("r${i}", { payload: { offset: ${i}, value: "0x01" } }),`);
    const { fleets, diagnostics } = await lowerTree({
      "a.policy.ts": policyFile({
        rules: [...rules(16), 'drop("x", { payload: { offset: 15, value: "0x01" } }),'].join("\n"),
      }),
    });
    expect([diagnostics, fleets[0]?.payloadTests.length]).toEqual([[], 16]);
    await expectRuleFaults(
      [...rules(16), 'drop("x", { «payload»: { offset: 16, value: "0x01" } }),'].join("\n"),
      [
        {
          code: "capacity",
          message: "the fleet has more than 16 different tests of payload bytes; the XDP program holds 16",
          help: "let rules share tests: equal offset, value and mask are one test, in whatever policy they stand",
        },
      ],
    );
  });
});

describe("an action", () => {
  test("of a limit has rate, burst, key and block", async () => {
    const rules = await rulesOf(
      `limit("a", {}, { rate: packetsPerSecond(200), burst: packets(400), key: by.source(), blockFor: 60, alertAbove: packetsPerSecond(5) }),
       limit("b", {}, { rate: bytesPerSecond(1000), burst: bytes(1), key: by.destination({ prefix4: 24, prefix6: 48 }) }),
       shadow(limit("c", {}, { rate: packetsPerSecond(1 / 3600), burst: packets(1), key: by.rule() })),`,
    );
    expect(rules.map(({ action, shadow, alertAbovePps }) => ({ ...action, shadow, alertAbovePps }))).toEqual([
      {
        kind: "limit",
        unit: "packets",
        ratePerSecond: 200,
        burst: 400,
        key: "source",
        prefix4: 32,
        prefix6: 64,
        blockForSeconds: 60,
        shadow: false,
        alertAbovePps: 5,
      },
      {
        kind: "limit",
        unit: "bytes",
        ratePerSecond: 1000,
        burst: 1,
        key: "destination",
        prefix4: 24,
        prefix6: 48,
        blockForSeconds: null,
        shadow: false,
        alertAbovePps: null,
      },
      {
        kind: "limit",
        unit: "packets",
        ratePerSecond: 1 / 3600,
        burst: 1,
        key: "rule",
        prefix4: 0,
        prefix6: 0,
        blockForSeconds: null,
        shadow: true,
        alertAbovePps: null,
      },
    ]);
  });

  test("of pass and drop is that; ids are policy and rule; the place is the call's", async () => {
    const [first, second] = await rulesOf('pass("a", {}),\n    shadow(drop("b", {})),');
    expect(first).toMatchObject({
      id: "edge-policy/a",
      policy: "edge-policy",
      backend: null,
      action: { kind: "pass" },
    });
    expect(second).toMatchObject({ id: "edge-policy/b", shadow: true, action: { kind: "drop" } });
    expect(second?.location).toMatchObject({ file: "policies/a.policy.ts", column: 12 });
  });
});

describe("a value that a field does not have", () => {
  const bad = (property: string, value: string, most: number) => ({
    code: "bad-value",
    message: `\`${property}\` cannot be ${value}`,
    help: `write a whole number from 0 to ${most}, without quotes`,
  });

  test("is marked behind its property, each in one run", async () => {
    await expectRuleFaults(
      `drop("a", { protocol: "udp", sourcePort: «70_000», destinationPort: [53, «65536»] }),
       drop("b", { ttl: «256», lengthBytes: range(1, «256_000») }),
       drop("c", { dscp: «64», vlan: not(«4096»), payloadBytes: «1.5» }),
       drop("d", { protocol: "udp", sourcePort: «"53"» } as never), drop("e", { ttl: «-1» }), drop("f", { ttl: «NaN» }),`,
      [
        bad("sourcePort", "70000", 65535),
        bad("destinationPort", "65536", 65535),
        bad("ttl", "256", 255),
        bad("lengthBytes", "256000", 65535),
        bad("dscp", "64", 63),
        bad("vlan", "4096", 4095),
        bad("payloadBytes", "1.5", 65535),
        bad("sourcePort", '"53"', 65535),
        bad("ttl", "-1", 255),
        bad("ttl", "NaN", 255),
      ],
    );
  });

  test("is an empty list, a range upside down, or a word that there is not", async () => {
    await expectRuleFaults(
      `drop("a", { protocol: "udp", «sourcePort»: [] }), drop("b", { «source»: [] }),
       drop("c", { lengthBytes: range(«9», 3) }),
       drop("d", { protocol: «"tpc"» } as never), drop("e", { protocol: «256» }),
       drop("f", { protocol: "tcp", tcpFlags: { set: ["syn"], clear: [«"akc"»] } } as never),
       drop("g", { fragment: «"middle"» } as never), drop("h", { protocol: "icmp", icmp: { type: «300» } }),
       drop("i", { «lenghtBytes»: 5 } as never), drop("j", { «source»: 5 } as never), «drop»("k"),
       drop("l", { protocol: "tcp", «tcpFlags»: {} }),`,
      [
        {
          code: "bad-value",
          message: "`sourcePort` is an empty list, which matches nothing",
          help: "name at least one value, or leave the field out to match any",
        },
        {
          code: "bad-value",
          message: "`source` is an empty list, which matches nothing",
          help: "name at least one set or prefix, or leave the field out to match any",
        },
        { code: "bad-value", message: "range(9, 3) is upside down", help: "write range(3, 9)" },
        {
          code: "bad-value",
          message: 'there is no protocol "tpc"',
          help: "did you mean `tcp`?; every other protocol goes by its number, 0 to 255",
        },
        {
          code: "bad-value",
          message: "there is no protocol 256",
          help: "write a protocol's number from 0 to 255",
        },
        { code: "bad-value", message: 'there is no TCP flag "akc"', help: "did you mean `ack`?" },
        {
          code: "bad-value",
          message: 'there is no kind of fragment "middle"',
          help: 'write "none" (a whole packet), "first" or "later"',
        },
        {
          code: "bad-value",
          message: "an ICMP type cannot be 300",
          help: "write `{ type: 8, code: 0 }`, each a whole number from 0 to 255; without a code it means any",
        },
        {
          code: "bad-value",
          message: "a match has no field `lenghtBytes`",
          help: "did you mean `lengthBytes`?",
        },
        {
          code: "bad-value",
          message: "`source` names 5",
          help: "write the name of a set in quotes, or an address or prefix",
        },
        {
          code: "bad-vocabulary",
          message: "the match of rule `k` is undefined",
          help: "give an object as the second argument; `{}` matches every packet",
        },
        {
          code: "bad-value",
          message: "`tcpFlags` names no flag",
          help: 'write `{ set: ["syn"], clear: ["ack"] }`',
        },
      ],
    );
  });
});

test("a field of an L4 header needs the protocol that has it", async () => {
  const help = 'write `protocol: "tcp"`, `protocol: "udp"` or both in a list beside it';
  await expectRuleFaults(
    `drop("a", { «destinationPort»: 53 } as never),
     drop("b", { protocol: "icmp", «sourcePort»: 53 } as never),
     drop("c", { protocol: not("tcp"), «sourcePort»: 53 } as never),
     drop("d", { protocol: "udp", «tcpFlags»: { set: ["syn"] } } as never),
     drop("e", { «icmp»: { type: 8 } } as never),
     drop("f", { protocol: [6, 17], sourcePort: 53 } as never),`,
    [
      {
        code: "port-without-protocol",
        message: "rule `a` names `destinationPort` and no protocol that has it",
        help,
      },
      {
        code: "port-without-protocol",
        message: "rule `b` names `sourcePort`, which protocol icmp does not have",
        help,
      },
      {
        code: "port-without-protocol",
        message: "rule `c` names `sourcePort`, which protocol not tcp does not have",
        help,
      },
      {
        code: "field-without-protocol",
        message: "rule `d` names `tcpFlags`, which protocol udp does not have",
        help: 'write `protocol: "tcp"` beside it',
      },
      {
        code: "field-without-protocol",
        message: "rule `e` names `icmp` and no protocol that has it",
        help: 'write `protocol: "icmp"` or `protocol: "icmpv6"` beside it',
      },
    ],
  );
});

describe("a limit", () => {
  test("keeps to its bounds", async () => {
    const rate = (unit: string, bounds: string) => `give ${unit} a number from ${bounds}`;
    const packetRate = rate("packetsPerSecond", "1/3600 to 1,000,000,000");
    const byteRate = rate("bytesPerSecond", "1,000 to 1,099,511,627,776");
    const block = "write a whole number from 1 to 604,800 seconds";
    await expectRuleFaults(
      `limit("a", {}, { rate: packetsPerSecond(«0»), burst: packets(1), key: by.rule() }),
       limit("b", {}, { rate: packetsPerSecond(«1_000_000_001»), burst: packets(1), key: by.rule() }),
       limit("c", {}, { rate: bytesPerSecond(«999»), burst: bytes(1), key: by.rule() }),
       limit("d", {}, { rate: bytesPerSecond(«1_099_511_627_777»), burst: bytes(1), key: by.rule() }),
       limit("e", {}, { rate: packetsPerSecond(1), burst: packets(«0»), key: by.rule() }),
       limit("f", {}, { rate: packetsPerSecond(2), burst: packets(«1.5»), key: by.rule() }),
       limit("g", {}, { rate: packetsPerSecond(1), burst: packets(604_800), key: by.rule() }),
       limit("h", {}, { rate: packetsPerSecond(1), burst: packets(«604_801»), key: by.rule() }),
       limit("i", {}, { rate: packetsPerSecond(5), burst: packets(9), key: by.source({ prefix4: «33», prefix6: «129» }) }),
       limit("j", {}, { rate: packetsPerSecond(5), burst: packets(9), key: by.source(), blockFor: «0» }),
       limit("k", {}, { rate: packetsPerSecond(5), burst: packets(9), key: by.source(), blockFor: 604_800 }),
       limit("l", {}, { rate: packetsPerSecond(5), burst: packets(9), key: by.source(), blockFor: «604_801» }),
       drop("m", {}, { alertAbove: packetsPerSecond(«-5») }),`,
      [
        { code: "bad-value", message: "`rate` is 0 packets a second", help: packetRate },
        { code: "bad-value", message: "`rate` is 1000000001 packets a second", help: packetRate },
        { code: "bad-value", message: "`rate` is 999 bytes a second", help: byteRate },
        { code: "bad-value", message: "`rate` is 1099511627777 bytes a second", help: byteRate },
        {
          code: "bad-value",
          message: "`burst` is 0",
          help: "write a whole number from 1 to 9,007,199,254,740,991 packets",
        },
        {
          code: "bad-value",
          message: "`burst` is 1.5",
          help: "write a whole number from 1 to 9,007,199,254,740,991 packets",
        },
        {
          code: "bad-value",
          message: "the burst of rule `h` takes longer than 7 days to refill at its rate",
          help: "write at most 604,800 packets, or a higher rate",
        },
        { code: "bad-value", message: "`prefix4` is 33", help: "write a whole number from 0 to 32 bits" },
        { code: "bad-value", message: "`prefix6` is 129", help: "write a whole number from 0 to 128 bits" },
        { code: "bad-value", message: "`blockFor` is 0", help: block },
        { code: "bad-value", message: "`blockFor` is 604801", help: block },
        { code: "bad-value", message: "`alertAbove` is -5 packets a second", help: packetRate },
      ],
    );
  });

  test("has one unit, and blocks sources alone", async () => {
    await expectRuleFaults(
      `limit("a", {}, { rate: packetsPerSecond(5), «burst»: bytes(9) as never, key: by.source() }),
       limit("b", {}, { rate: packetsPerSecond(5), burst: packets(9), key: by.destination(), «blockFor»: 60 } as never),
       drop("c", {}, { «alertAbove»: bytesPerSecond(5000) as never }),
       shadow(pass("e", {}, { «alertAbove»: packetsPerSecond(5) as never })),
       limit("d", {}, { «rate»: 5, «burst»: 9, «key»: "source" } as never),`,
      [
        {
          code: "unit-mismatch",
          message: "rule `a` has a rate in packets and a burst in bytes",
          help: "write both in one unit: `burst: packets(…)`",
        },
        {
          code: "block-without-source",
          message: "rule `b` blocks, and its key is the destination: nobody knows which source to block",
          help: "write `key: by.source()`, or take `blockFor` out",
        },
        {
          code: "unit-mismatch",
          message: "rule `c` alerts above a rate in bytes, and alerts count packets",
          help: "write `alertAbove: packetsPerSecond(…)`",
        },
        {
          code: "alert-without-drop",
          message: "rule `e` alerts above a rate of drops, and it drops nothing",
          help: "take `alertAbove` out, or put it on the rule that drops",
        },
        {
          code: "bad-value",
          message: "`rate` is 5, not a rate",
          help: "write `rate: packetsPerSecond(…)` or `bytesPerSecond(…)`",
        },
        {
          code: "bad-value",
          message: "`burst` is 9, not an amount",
          help: "write `burst: packets(…)` or `bytes(…)`, in the rate's unit",
        },
        {
          code: "bad-value",
          message: '`key` is "source", not a key',
          help: "write `key: by.source()`, `by.destination()`, `by.rule()`, `by.sourcePort()` or `by.destinationPort()`",
        },
      ],
    );
  });
});

describe("a match that no packet can meet", () => {
  const empty = (message: string, help: string, severity: "error" | "warning" = "error") => ({
    code: "empty-match",
    message,
    help,
    severity,
  });

  test("contradicts itself", async () => {
    await expectRuleFaults(
      `drop("a", { «ttl»: not(range(0, 255)) }),
       drop("b", { «source»: not(["0.0.0.0/0", "::/0"]) }),
       drop("c", { «fragment»: "later", protocol: "udp", sourcePort: 53 }),
       drop("d", { «source»: "10.0.0.0/8", destination: "2001:db8::/32" }),
       drop("e", { «protocol»: "icmp", icmp: { type: 8 }, source: "2001:db8::/32" }),
       drop("f", { protocol: "tcp", tcpFlags: { set: ["syn"], clear: [«"syn"»] } }),
       drop("g", { fragment: ["first", "later"], protocol: "udp", sourcePort: 53 }),
       drop("h", { source: "10.0.0.0/8", destination: not("10.0.0.0/8") }),`,
      [
        empty(
          "rule `a` can match no packet: `ttl` not 0-255 leaves no value",
          "leave some value over, or drop the rule",
        ),
        empty(
          "rule `b` can match no packet: no address is in its source",
          "look at what the sets leave over",
        ),
        empty(
          "rule `c` can match no packet: a later fragment has no sourcePort",
          'leave out `sourcePort`, or match "first" and "none" as well',
        ),
        empty(
          "rule `d` can match no packet: its source and destination have no IP version in common",
          "name addresses of one IP version",
        ),
        empty(
          "rule `e` can match no packet: protocol icmp has no ICMP header in the IP version of its addresses",
          'write "icmp" with IPv4 addresses and "icmpv6" with IPv6 addresses',
        ),
        empty("no packet has the flag `syn` set and clear", "take it out of `set` or of `clear`"),
      ],
    );
  });

  test("contradicts the policy's backend", async () => {
    await expectRuleFaults(
      `drop("a", { «destination»: "203.0.113.54" }),
       drop("b", { «protocol»: "tcp" }),
       drop("c", { protocol: "udp", «destinationPort»: 54 }),
       drop("d", { «fragment»: "later" }),
       drop("e", { protocol: "udp", destinationPort: 8054, destination: "203.0.113.0/24" }),`,
      [
        empty(
          "rule `a` can match no packet: backend `dns` listens on 203.0.113.53/32, 2001:db8:53::/64",
          "leave the destination out: the backend's addresses are added to every rule of the policy",
        ),
        empty(
          "rule `b` can match no packet: it wants protocol tcp, and backend `dns` has udp",
          "leave the protocol out, or move the rule to a policy without this backend",
        ),
        empty(
          "rule `c` can match no packet: it wants destinationPort 54, and backend `dns` has other ports",
          "leave the port out, or move the rule to a policy without this backend",
        ),
        empty(
          "rule `d` can match no packet: a later fragment has no ports, and backend `dns` asks for its own",
          "move the rule to a policy without a backend, with the backend's addresses as its destination",
        ),
      ],
      "backend: dns,",
      DNS,
    );
  });

  test("for now, because a feed is empty, is a warning, and the rule stays", async () => {
    const tree = {
      "a.policy.ts": policyFile({
        sets: 'x: feed("x.txt", { minEntries: 0, maxEntries: 5 }),',
        rules: 'drop("a", { «source»: "x" }),',
      }),
      "x.txt": "# none today\n",
    };
    await expectFaults(tree, [
      empty(
        "rule `a` can match no packet: its source is empty today",
        "look at the feed, or raise its `minEntries`",
        "warning",
      ),
    ]);
    const { fleets } = await lowerTree({ ...tree, "a.policy.ts": tree["a.policy.ts"].replace(/[«»]/g, "") });
    expect(fleets[0]?.rules.map((rule) => rule.id)).toEqual(["edge-policy/a"]);
  });
});

test("a rule with a fault is left out, and the rules beside it stay", async () => {
  const { fleets } = await lowerTree({
    "a.policy.ts": policyFile({ rules: 'drop("a", {}), drop("b", { ttl: 256 }), drop("c", { ttl: 255 }),' }),
  });
  expect(fleets[0]?.rules.map((rule) => rule.name)).toEqual(["a", "c"]);
});
