import { describe, expect, test } from "vitest";
import { formatPrefix, toPrefixes } from "../../ir/address-set.ts";
import { expectFaults, lowerTree, policyFile } from "../load/tree-fixture.ts";

async function setsOf(sets: string, more: Readonly<Record<string, string | Uint8Array>> = {}) {
  const { fleets, diagnostics } = await lowerTree({ "a.policy.ts": policyFile({ sets }), ...more });
  expect(diagnostics).toEqual([]);
  return new Map(fleets[0]?.sets.map((set) => [set.name, [...toPrefixes(set.addresses)].map(formatPrefix)]));
}

describe("a valid set", () => {
  test("of literals has both families, in their shortest form", async () => {
    const sets = await setsOf(
      `x: prefixes("198.51.100.0/25", "198.51.100.128/25", "192.0.2.1", "2001:db8::/32", "2001:db8::1"),`,
    );
    expect(sets.get("x")).toEqual(["192.0.2.1/32", "198.51.100.0/24", "2001:db8::/32"]);
  });

  test("of a union and a difference is computed from names in any order, and from sets in place", async () => {
    const sets = await setsOf(`
      all: union("left", "right", prefixes("192.0.2.255/32"), "198.51.100.1"),
      left: prefixes("192.0.2.0/25"), right: prefixes("192.0.2.128/26"),
      some: difference("left", "192.0.2.0/26", difference("left", "192.0.2.0/31")),`);
    expect(sets.get("all")).toEqual(["192.0.2.0/25", "192.0.2.128/26", "192.0.2.255/32", "198.51.100.1/32"]);
    expect(sets.get("some")).toEqual([]);
  });

  test("that leaves something over has exactly that", async () => {
    const sets = await setsOf('most: difference("bogons", "10.0.0.0/9", "fc00::/8"),');
    expect(sets.get("most")).toEqual(["10.128.0.0/9", "fd00::/8"]);
  });

  test("of a feed takes comments, columns, CRLF and a byte order mark", async () => {
    const feed = [
      "\uFEFF# a comment",
      "198.51.100.7",
      "  198.51.100.8 seen 2024",
      "198.51.100.10,DE",
      "198.51.100.11\tAS64500",
      "198.51.100.12;SBL1",
      "; the comment of another maker",
      "",
      "2001:db8::/33#tight",
      "0.0.0.0/32",
      "255.255.255.255",
    ].join("\r\n");
    const sets = await setsOf('x: feed("f/x.txt", { minEntries: 8, maxEntries: 8 }),', { "f/x.txt": feed });
    expect(sets.get("x")).toEqual([
      "0.0.0.0/32",
      "198.51.100.7/32",
      "198.51.100.8/32",
      "198.51.100.10/31",
      "198.51.100.12/32",
      "255.255.255.255/32",
      "2001:db8::/33",
    ]);
  });

  test("that a feed is part of, through names and sets in place, says so", async () => {
    const sets = policyFile({
      sets: `f: feed("f/x.txt", { minEntries: 0, maxEntries: 8 }), u: union("bogons", "f"),
        d: difference("bogons", difference("u", "operators")), plain: union("bogons", "operators"),`,
    });
    const { fleets } = await lowerTree({ "a.policy.ts": sets, "f/x.txt": "192.0.2.1" });
    const fed = fleets[0]?.sets.filter((set) => set.fed).map((set) => [set.name, set.feed]);
    expect(fed).toEqual([
      ["f", "policies/f/x.txt"],
      ["u", null],
      ["d", null],
    ]);
  });

  test("of countries and autonomous systems has the lists of both families; an IPv6 list may be missing", async () => {
    const sets = await setsOf(
      `two: countries("country", ["DE", "FR"]), one: countries("country", "FR", { maxEntries: 1 }),
       networks: asns("asn", [64500, 64501]), rest: difference("two", "one"),
       left: union("networks", difference(countries("country", "DE"), "192.0.2.0/25")),`,
      {
        "country/de/ipv4.txt": "192.0.2.0/24",
        "country/de/ipv6.txt": "2001:db8::/32",
        "country/fr/ipv4.txt": "198.51.100.0/24",
        "asn/64500/ipv4.txt": "203.0.113.0/25",
        "asn/64501/ipv4.txt": "203.0.113.128/25",
        "asn/64501/ipv6.txt": "2001:db8:1::/48",
      },
    );
    expect([...sets].slice(2)).toEqual([
      ["two", ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"]],
      ["one", ["198.51.100.0/24"]],
      ["networks", ["203.0.113.0/24", "2001:db8:1::/48"]],
      ["rest", ["192.0.2.0/24", "2001:db8::/32"]],
      ["left", ["192.0.2.128/25", "203.0.113.0/24", "2001:db8::/32"]],
    ]);
  });

  test("of a feed with a pinned digest is read", async () => {
    // printf '192.0.2.1\n' | sha256sum
    const digest = "d1aa74fdddc060ca4e2e10401f2f4e0ef37f94b0d8b25137e8c530d59f4aba75";
    const sets = await setsOf(`x: feed("x.txt", { minEntries: 1, maxEntries: 1, sha256: "${digest}" }),`, {
      "x.txt": "192.0.2.1\n",
    });
    expect(sets.get("x")).toEqual(["192.0.2.1/32"]);
  });

  test("that policy and fleet share stands once, under the fleet, with the feed that it is", async () => {
    const { fleets } = await lowerTree({
      "a.policy.ts": policyFile({ sets: 'x: feed("x.txt", { minEntries: 1, maxEntries: 1 }),' }),
      "x.txt": "192.0.2.1",
    });
    expect(fleets[0]?.sets.map(({ name, scope, feed }) => [name, scope, feed])).toEqual([
      ["operators", "fleet:edge", null],
      ["bogons", "fleet:edge", null],
      ["x", "fleet:edge", "policies/x.txt"],
    ]);
  });
});

describe("a prefix", () => {
  test("that is wrong is marked where it stands, the second of two equal ones too", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: `x: prefixes("192.0.2.0/24", «"10.0.0.1/8"»,
            «"192.0.2.0/33"», «"2001:db8::/129"», «"300.1.1.1"», «"fe80::1%eth0"», «"010.0.0.1"», «"2001:db8::1/32"»,
            «"10.0.0.1/8"»),`,
        }),
      },
      [
        {
          code: "non-canonical-prefix",
          message: '"10.0.0.1/8" has bits set beyond its prefix length',
          help: 'write "10.0.0.0/8" for the network, or "10.0.0.1/32" for the one address',
        },
        {
          code: "bad-prefix",
          message: '"192.0.2.0/33" has no valid prefix length: `33`',
          help: "an IPv4 prefix length is a number from 0 to 32",
        },
        {
          code: "bad-prefix",
          message: '"2001:db8::/129" has no valid prefix length: `129`',
          help: "an IPv6 prefix length is a number from 0 to 128",
        },
        {
          code: "bad-prefix",
          message: '"300.1.1.1" is neither an address nor a prefix',
          help: 'write four octets ("198.51.100.7", "198.51.100.0/24") or IPv6 ("2001:db8::/32")',
        },
        {
          code: "bad-prefix",
          message: '"fe80::1%eth0" is neither an address nor a prefix',
          help: "leave the zone out: a filter sees only the address",
        },
        {
          code: "bad-prefix",
          message: '"010.0.0.1" is neither an address nor a prefix',
          help: "write the octets without leading zeros: they read as octal elsewhere",
        },
        {
          code: "non-canonical-prefix",
          message: '"2001:db8::1/32" has bits set beyond its prefix length',
          help: 'write "2001:db8::/32" for the network, or "2001:db8::1/128" for the one address',
        },
        {
          code: "non-canonical-prefix",
          message: '"10.0.0.1/8" has bits set beyond its prefix length',
          help: 'write "10.0.0.0/8" for the network, or "10.0.0.1/32" for the one address',
        },
      ],
    );
  });

  test("of IPv4 written as IPv6 is told, but for the whole of that range", async () => {
    const warning = (text: string, v4: string) => ({
      code: "mapped-prefix",
      severity: "warning" as const,
      message: `"${text}" is of IPv6, and no IPv4 packet is in it`,
      help: `write "${v4}" for the IPv4 packets that logs show so`,
    });
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: 'x: prefixes(«"::ffff:198.51.100.7"», "::ffff:0:0/96", «"::ffff:10.0.0.0/104"», "::fffe:ffff:ffff"),',
        }),
      },
      [warning("::ffff:198.51.100.7", "198.51.100.7"), warning("::ffff:10.0.0.0/104", "10.0.0.0/8")],
    );
  });

  test("of a set is one fault although two rules and two scopes use the set", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: 'x: prefixes(«"nowhere.example"»),',
          rules: 'drop("a", { source: "x" }), drop("b", { destination: not("x") }),',
        }),
      },
      [
        {
          code: "bad-prefix",
          message: '"nowhere.example" is neither an address nor a prefix',
          help: 'write four octets ("198.51.100.7", "198.51.100.0/24") or IPv6 ("2001:db8::/32")',
        },
      ],
    );
  });
});

describe("a name", () => {
  test("of no set is marked in rules, unions and differences, with the near name", async () => {
    const unknown = (name: string, help: string) => ({
      code: "unknown-set",
      message: `there is no set \`${name}\``,
      help,
    });
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: 'a: union("bogons", «"operatosr"»), b: difference(«"bogon"», "operators"),',
          rules: `drop("x", { source: ["bogons", «"bogsno"»], destination: not(«"countries"») } as never),`,
        }),
      },
      [
        unknown("operatosr", "did you mean `operators`?"),
        unknown("bogon", "did you mean `bogons`?"),
        unknown("bogsno", "did you mean `bogons`?"),
        unknown("countries", "sets here: `operators`, `bogons`, `a`, `b`"),
      ],
    );
  });

  test("is looked for in the fleet's sets where the policy has none of it", async () => {
    const { fleets, diagnostics } = await lowerTree({
      "a.policy.ts": `import { drop, fleet, policy, prefixes } from "pistonprotection";
        const p = policy("p", { owners: ["x"], rules: [drop("d", { source: "shared" } as never)] });
        export default fleet("e", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [p],
          sets: { shared: prefixes("192.0.2.1") } });`,
    });
    expect(diagnostics).toEqual([]);
    expect(fleets[0]?.rules[0]?.match.source?.v4).toEqual(Uint32Array.of(0xc0000201, 0xc0000201));
  });

  test("of a set that is made of itself is a cycle, told once for each way round", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: `a: union("b", "bogons"), b: difference("c", "bogons"), c: union(«"a"»), self: union(«"self"»),`,
          rules: 'drop("x", { source: "a" }),',
        }),
      },
      [
        {
          code: "set-cycle",
          message: "the set `a` is made of itself: `a` → `b` → `c` → `a`",
          help: "take one of these names out of its set",
        },
        {
          code: "set-cycle",
          message: "the set `self` is made of itself: `self` → `self`",
          help: "take one of these names out of its set",
        },
      ],
    );
  });
});

describe("a feed", () => {
  const file = (call: string) => policyFile({ sets: `x: ${call},` });

  test("that is not there", async () => {
    await expectFaults({ "a.policy.ts": file('feed(«"feeds/x.txt"», { minEntries: 1, maxEntries: 2 })') }, [
      {
        code: "feed-missing",
        message: "feed `policies/feeds/x.txt`: there is no such file",
        help: "put the file there, or mend the path: it is relative to policies/a.policy.ts",
      },
    ]);
  });

  const two = "192.0.2.1\n192.0.2.2\n";
  test.each([
    ["{ minEntries: 2, maxEntries: 2 }", null],
    ["{ minEntries: «3», maxEntries: 9 }", "has 2 entries, fewer than `minEntries` 3"],
    ["{ minEntries: 1, maxEntries: «1» }", "has 2 entries, more than `maxEntries` 1"],
  ])("with two entries and the guards %s", async (guards, message) => {
    await expectFaults(
      { "a.policy.ts": file(`feed("x.txt", ${guards})`), "x.txt": two },
      message === null
        ? []
        : [
            {
              code: "feed-guard",
              message: `feed \`x.txt\` ${message}`,
              help: "look whether the feed is whole; where it is, move the guard",
            },
          ],
    );
  });

  test("with another digest than the pinned one", async () => {
    const pinned = "0".repeat(64);
    await expectFaults(
      {
        "a.policy.ts": file(`feed("x.txt", { minEntries: 1, maxEntries: 2, sha256: «"${pinned}"» })`),
        "x.txt": "192.0.2.1\n",
      },
      [
        {
          code: "feed-guard",
          // printf '192.0.2.1\n' | sha256sum
          message:
            "feed `policies/x.txt` has the digest d1aa74fdddc060ca4e2e10401f2f4e0ef37f94b0d8b25137e8c530d59f4aba75, not the pinned one",
          help: "look at what changed in it, then pin the new digest",
        },
      ],
    );
  });

  test("with wrong lines is reported line by line, in the feed", async () => {
    await expectFaults(
      {
        "a.policy.ts": file('feed("x.txt", { minEntries: 1, maxEntries: 9 })'),
        "x.txt":
          "192.0.2.1\r\n  «192.0.2.1/24», x\n«192.0.2.0/33»\n\n# fine\n«<html>»\n«192.0.2.01»\n«2001:db8::1/64»\n",
      },
      [
        {
          code: "bad-prefix",
          message: "`192.0.2.1/24` has bits set beyond its prefix length",
          help: "it would be `192.0.2.0/24`; have whoever makes the feed say which was meant",
        },
        {
          code: "bad-prefix",
          message: "`192.0.2.0/33` has no valid prefix length",
          help: "an IPv4 prefix length is a number from 0 to 32",
        },
        {
          code: "bad-feed-line",
          message: "`<html>` is neither an address nor a prefix",
          help: "a line of a feed begins with an address or a prefix; `#` begins a comment",
        },
        {
          code: "bad-feed-line",
          message: "`192.0.2.01` is neither an address nor a prefix",
          help: "a line of a feed begins with an address or a prefix; `#` begins a comment",
        },
        {
          code: "bad-prefix",
          message: "`2001:db8::1/64` has bits set beyond its prefix length",
          help: "it would be `2001:db8::/64`; have whoever makes the feed say which was meant",
        },
      ],
    );
  });

  test("of another kind altogether has twenty faults and a count", async () => {
    const { diagnostics } = await lowerTree({
      "a.policy.ts": file('feed("x.txt", { minEntries: 0, maxEntries: 9 })'),
      "x.txt": "not a feed\n".repeat(1022),
    });
    expect(diagnostics).toHaveLength(20);
    expect(diagnostics.at(-1)?.message).toBe(
      "`not` is neither an address nor a prefix; 1,002 more lines of this feed are wrong",
    );
  });

  test("without sound guards or path", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: `a: feed("x.txt", { minEntries: «-1», maxEntries: 5 }),
            b: feed("x.txt", { minEntries: «7», maxEntries: 5 }),
            c: feed("x.txt", { minEntries: 1, maxEntries: 5, sha256: «"ABC"» }),
            d: feed(«"/etc/x.txt"», { minEntries: 1, maxEntries: 5 }),
            e: «feed»("x.txt"),`,
        }),
        "x.txt": "192.0.2.1\n",
      },
      [
        {
          code: "bad-value",
          message: "`minEntries` is -1",
          help: "write a whole number from 0 to 100,000,000 entries",
        },
        { code: "bad-value", message: "`minEntries` 7 is above `maxEntries` 5", help: "turn the two round" },
        {
          code: "bad-value",
          message: '"ABC" is not a SHA-256 digest',
          help: "write the 64 lower-case hex digits that `sha256sum` prints",
        },
        {
          code: "bad-value",
          message: '"/etc/x.txt" is not the path of a feed',
          help: "give it relative to this file: an absolute path would differ from machine to machine",
        },
        {
          code: "bad-value",
          message: "the feed has no guards",
          help: "write `{ minEntries: …, maxEntries: … }`: the bounds that a sound feed keeps",
        },
      ],
    );
  });
});

test("what is no set at all is told so", async () => {
  await expectFaults(
    {
      "a.policy.ts": policyFile({
        policy: `...({ sets: { «list»: ["10.0.0.0/8"], «Bad»: prefixes("10.0.0.0/8") } } as object),`,
      }).replace("sets: networks,\n  ...", "..."),
    },
    [
      {
        code: "bad-vocabulary",
        message: "the set `list` is a list",
        help: "make it with `prefixes`, `feed`, `countries`, `asns`, `union` or `difference`",
      },
      {
        code: "bad-name",
        message: '"Bad" cannot be the name of a set',
        help: "a name is a lower-case letter, then letters, digits and hyphens, 63 at most: `bad`",
      },
    ],
  );
});

describe("lists of countries", () => {
  test("that are missing, short or long are told by their path", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: `missing: «countries»("country", ["DE", "FR"]),
            short: countries("country", "AT", { minEntries: «2» }),
            long: countries("country", "CH", { maxEntries: «1» }),`,
        }),
        "country/de/ipv4.txt": "192.0.2.0/24",
        "country/at/ipv4.txt": "192.0.2.0/24",
        "country/ch/ipv4.txt": "192.0.2.0/24",
        "country/ch/ipv6.txt": "2001:db8::/32\n2001:db9::/32",
      },
      [
        {
          code: "feed-missing",
          message: "feed `policies/country/fr/ipv4.txt`: there is no such file",
          help: "put the file there, or mend the path: it is relative to policies/a.policy.ts",
        },
        {
          code: "feed-guard",
          message: "feed `country/at/ipv4.txt` has 1 entries, fewer than `minEntries` 2",
          help: "look whether the feed is whole; where it is, move the guard",
        },
        {
          code: "feed-guard",
          message: "feed `country/ch/ipv6.txt` has 2 entries, more than `maxEntries` 1",
          help: "look whether the feed is whole; where it is, move the guard",
        },
      ],
    );
  });
});

describe("the greatest change against the last build", () => {
  /** The last build had 100 prefixes; every second address is a prefix of its own. */
  async function faultsAt(prefixes: number, guard: string, lastBuild?: ReadonlyMap<string, number>) {
    const lines = Array.from({ length: prefixes }, (_, i) => `192.0.${i >> 7}.${(2 * i) & 255}`);
    const sets = policyFile({ sets: `f: feed("f.txt", { minEntries: 0, maxEntries: 999, ${guard} }),` });
    const { diagnostics } = await lowerTree(
      { "a.policy.ts": sets, "f.txt": lines.join("\n") },
      lastBuild ?? new Map([["policies/f.txt", 100]]),
    );
    return diagnostics.map(({ code, message }) => `${code}: ${message}`);
  }
  const guard = "maxChangePercent: 20";

  test("holds up to it, both ways, and not one prefix beyond", async () => {
    expect(await faultsAt(100, guard)).toEqual([]);
    expect(await faultsAt(80, guard)).toEqual([]);
    expect(await faultsAt(120, guard)).toEqual([]);
    expect(await faultsAt(79, guard)).toEqual([
      "feed-guard: feed `f.txt` has 79 prefixes, 21 fewer than in the last build: `maxChangePercent` is 20",
    ]);
    expect(await faultsAt(121, guard)).toEqual([
      "feed-guard: feed `f.txt` has 121 prefixes, 21 more than in the last build: `maxChangePercent` is 20",
    ]);
  });

  test("is not looked at without the guard, nor where no bundle has the feed", async () => {
    expect(await faultsAt(1, "")).toEqual([]);
    expect(await faultsAt(1, guard, new Map())).toEqual([]);
    expect(await faultsAt(1, guard, new Map([["policies/g.txt", 100]]))).toEqual([]);
  });

  test("needs a number, and a feed with a name", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          sets: `a: feed("f.txt", { minEntries: 0, maxEntries: 9, maxChangePercent: «-1» }),
            b: union("bogons", feed("f.txt", { minEntries: 0, maxEntries: 9, «maxChangePercent»: 5 })),`,
        }),
        "f.txt": "",
      },
      [
        {
          code: "bad-value",
          message: "`maxChangePercent` is -1",
          help: "write a number from 0 to 10,000 percent",
        },
        {
          code: "bad-value",
          message: "a feed without a name has no size in the last build to compare with",
          help: "give the feed a name of its own in `sets`, and name that here",
        },
      ],
    );
  });
});
