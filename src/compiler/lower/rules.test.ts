import { describe, expect, test } from "vitest";
import type { RuleIr } from "../../ir/nodes.ts";
import { lowerTree, policyFile } from "../load/tree-fixture.ts";
import { DNS, expectRuleFaults, rulesOf } from "./rule-fixture.ts";

async function ruleOf(rule: string, policy = "", before = ""): Promise<RuleIr> {
  const [first] = await rulesOf(rule, policy, before);
  return first!;
}
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
       limit("b", { lengthBytes: range(0, 1) }, { rate: bytesPerSecond(1000), burst: bytes(1), key: by.destination({ prefix4: 24, prefix6: 48 }) }),
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
