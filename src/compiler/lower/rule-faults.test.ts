import { describe, expect, test } from "vitest";
import { expectFaults, lowerTree, policyFile } from "../load/tree-fixture.ts";
import { DNS, expectRuleFaults } from "./rule-fixture.ts";

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

test("a burst that holds no whole packet is told", async () => {
  const rate = "rate: bytesPerSecond(100_000), key: by.source()";
  await expectRuleFaults(
    `limit("a", {}, { ${rate}, burst: bytes(«1499») }), limit("b", {}, { ${rate}, burst: bytes(1500) }),
     limit("c", { lengthBytes: range(0, 512) }, { ${rate}, burst: bytes(«511») }),
     limit("d", { lengthBytes: range(0, 512) }, { ${rate}, burst: bytes(512) }),
     limit("e", {}, { rate: packetsPerSecond(5), burst: packets(1), key: by.source() }),
     limit("f", { protocol: "udp", payloadBytes: range(0, 480) }, { ${rate}, burst: bytes(500) }),`,
    [
      {
        code: "burst-below-packet",
        severity: "warning",
        message: "rule `a` drops every packet of more than 1,499 bytes: its burst holds no more",
        help: "write `burst: bytes(1500)` or more; or, where that is meant, match `lengthBytes: range(0, 1499)`",
      },
      {
        code: "burst-below-packet",
        severity: "warning",
        message: "rule `c` drops every packet of more than 511 bytes: its burst holds no more",
        help: "write `burst: bytes(512)` or more; or, where that is meant, match `lengthBytes: range(0, 511)`",
      },
    ],
  );
});

test("a forgotten name is one fault", async () => {
  await expectRuleFaults("«drop»({ ttl: 1 } as never, undefined as never),", [
    {
      code: "bad-name",
      message: "an object cannot be the name of a rule",
      help: "a name is a lower-case letter, then letters, digits and hyphens, 63 at most",
    },
  ]);
});

test("an option that nothing reads is named: what it was to do would not be done", async () => {
  const fault = (message: string, help: string) => ({ code: "bad-value", message, help });
  const rate = "rate: packetsPerSecond(5), burst: packets(5)";
  await expectRuleFaults(
    `drop("a", { ttl: 1 }, { «shadow»: true } as never),
     limit("b", { ttl: 2 }, { ${rate}, key: by.source(), «blockfor»: 60 } as never),
     limit("c", { ttl: 3 }, { ${rate}, key: by.source({ «prefix»: 24 } as never) }),
     pass("d", { protocol: "tcp", tcpFlags: { set: ["syn"], «clea»: ["ack"] } } as never),
     pass("e", { protocol: "icmp", icmp: { type: 3, «kode»: 4 } } as never),
     pass("f", { protocol: "udp", payload: { «ofset»: 2, value: "0x80" } } as never),
     pass("g", { protocol: "udp", source: "listed" }),
     pass("h", { protocol: "udp", ttl: undefined }, { alertAbove: undefined }),`,
    [
      fault("a policy has no field `priority`", "fields here: `owners`, `backend`, `sets`, `rules`"),
      fault("a rule has no field `shadow`", "put the rule into the function of that name: `shadow(drop(…))`"),
      fault("a rule has no field `blockfor`", "did you mean `blockFor`?"),
      fault("a key has no field `prefix`", "did you mean `prefix4`?"),
      fault("`tcpFlags` has no field `clea`", "did you mean `clear`?"),
      fault("`icmp` has no field `kode`", "did you mean `code`?"),
      fault("a payload test has no field `ofset`", "did you mean `offset`?"),
    ],
    `sets: { listed: prefixes("192.0.2.0/24") }, «priority»: 5,`,
  );
});

test("so is one of a backend, a health check, a service level, a feed or a fleet", async () => {
  const fault = (message: string, help: string) => ({ code: "bad-value", message, help });
  await expectFaults(
    {
      "a.policy.ts": `import { backend, countries, feed, fleet, pass, policy } from "pistonprotection";
const dns = backend("dns", {
  listen: ["203.0.113.53"], protocol: "udp", ports: 53, origins: [], «port»: 53,
  healthCheck: { kind: "udp", port: 53, «interval»: 5 },
  serviceLevel: { passRatio: 0.99, «window»: 30 },
} as never);
const sets = {
  listed: feed("listed.txt", { minEntries: 1, maxEntries: 9, «maxChangePercnt»: 5 } as never),
  germany: countries(".", "DE", { «maxEntires»: 5 } as never),
};
export default fleet("edge", {
  interfaces: ["eth0"], defaultVerdict: "pass", management: [], sets, «parseVerdict»: { "bad-ihl": "pass" },
  policies: [policy("p", { owners: ["t"], backend: dns, rules: [pass("a", { source: ["listed", "germany"] })] })],
} as never);
`,
      "listed.txt": "192.0.2.1\n",
      "de/ipv4.txt": "192.0.2.2\n",
    },
    [
      fault("a backend has no field `port`", "did you mean `ports`?"),
      fault(
        "a health check has no field `interval`",
        "fields here: `kind`, `port`, `path`, `intervalSeconds`, `timeoutSeconds`, `unhealthyThreshold`",
      ),
      fault("a service level has no field `window`", "fields here: `passRatio`"),
      fault("the record of guards has no field `maxChangePercnt`", "did you mean `maxChangePercent`?"),
      fault("the record of guards has no field `maxEntires`", "did you mean `maxEntries`?"),
      fault("a fleet has no field `parseVerdict`", "did you mean `parseVerdicts`?"),
    ],
  );
});
