import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fleet } from "../../policy/types.ts";
import { expectFaults, lowerTree, policyFile } from "../load/tree-fixture.ts";
import { lower } from "./index.ts";

describe("a valid fleet", () => {
  test("has the defaults of SEMANTICS for what it leaves out", async () => {
    const { fleets, diagnostics } = await lowerTree({ "a.policy.ts": policyFile({}) });
    expect(diagnostics).toEqual([]);
    expect(fleets[0]).toMatchObject({
      kind: "fleet",
      name: "edge",
      nodeSelector: {},
      interfaces: ["eth0"],
      attach: "native",
      defaultVerdict: "pass",
      memoryBudgetBytes: 64 * 1024 * 1024,
      policies: [{ kind: "policy", name: "edge-policy", owners: ["team"], backend: null }],
    });
    const verdicts = Object.entries(fleets[0]?.parseVerdicts ?? {});
    expect(verdicts).toHaveLength(15);
    expect(verdicts.filter(([, verdict]) => verdict === "pass")).toEqual([["other-ethertype", "pass"]]);
  });

  test("has what it says", async () => {
    const { fleets, diagnostics } = await lowerTree({
      "a.policy.ts": policyFile({
        fleet: `nodeSelector: { "pistonprotection.io/fleet": "edge" }, interfaces: ["eth0", "bond0.100"], attach: "generic",
          parseVerdicts: { "other-ethertype": "drop", "bad-fragment": "pass" }, memoryBudgetMiB: 1.5, defaultVerdict: "drop",
          management: [management("ssh", { source: "operators", protocol: "tcp", destinationPort: 22 })],`,
      })
        .replace(/interfaces: \["eth0"\], defaultVerdict: "pass", /, "")
        .replace("management: [], ", ""),
    });
    expect(diagnostics).toEqual([]);
    expect(fleets[0]).toMatchObject({
      nodeSelector: { "pistonprotection.io/fleet": "edge" },
      interfaces: ["eth0", "bond0.100"],
      attach: "generic",
      defaultVerdict: "drop",
      memoryBudgetBytes: 1_572_864,
      parseVerdicts: { "other-ethertype": "drop", "bad-fragment": "pass", "bad-ihl": "drop" },
      management: [{ id: "management/ssh", policy: "management", action: { kind: "pass" }, shadow: false }],
    });
  });

  test("names one backend that two policies share once", async () => {
    const text = (name: string) => `
      export const ${name} = policy("${name}", { owners: ["x"], backend: dns, rules: [pass("all", {})] });`;
    const { fleets, diagnostics } = await lowerTree({
      "dns.ts": `import { backend } from "pistonprotection";
        export const dns = backend("dns", { listen: ["203.0.113.53/32"], protocol: ["udp", "tcp"], ports: 53, origins: ["ns.example:53", "[2001:db8::1]:53"] });`,
      "a.policy.ts": `import { fleet, pass, policy } from "pistonprotection"; import { dns } from "./dns.ts"; ${text("one")} ${text("two")}
        export default fleet("e", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [one, two] });`,
    });
    expect(diagnostics).toEqual([]);
    expect(fleets[0]?.backends).toMatchObject([
      {
        name: "dns",
        listen: ["203.0.113.53/32"],
        protocols: ["tcp", "udp"],
        ports: [[53, 53]],
        origins: ["ns.example:53", "[2001:db8::1]:53"],
      },
    ]);
  });

  test("is frozen, and made of nothing that the policies hold", async () => {
    const { fleets } = await lowerTree({
      "a.policy.ts": policyFile({ rules: 'drop("a", { source: "bogons" }),' }),
    });
    const loose: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
      if (!Object.isFrozen(value)) loose.push(path);
      for (const [name, field] of Object.entries(value)) visit(field, `${path}.${name}`);
    };
    visit(fleets[0], "fleet");
    expect(loose).toEqual([]);
  });
});

describe("a name", () => {
  const help = "give one of the two another name: counters and alerts go by it";

  test("stands once among rules, management flows, policies, backends and fleets", async () => {
    const tree = {
      "a.policy.ts": `import { backend, drop, fleet, management, pass, policy } from "pistonprotection";
const ports = { protocol: "udp", ports: 53, origins: [] } as const;
const dns = backend("dns", { listen: ["203.0.113.53"], ...ports });
const other = backend(«"dns"», { listen: ["203.0.113.54"], ...ports });
const same = backend("dns", { listen: ["203.0.113.53/32"], ...ports });
const a = policy("a", { owners: ["x"], backend: dns, rules: [pass("all", {}), drop(«"all"», {}), drop("most", {})] });
const b = policy("b", { owners: ["x"], backend: other, rules: [] });
const c = policy("c", { owners: ["x"], backend: same, rules: [] });
const again = policy(«"a"», { owners: ["x"], rules: [] });
export default fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", policies: [a, b, c, again],
  management: [management("ssh", { source: "192.0.2.1" }), management(«"ssh"», { source: "192.0.2.2" })] });
export const second = fleet(«"edge"», { interfaces: ["eth1"], defaultVerdict: "pass", policies: [], management: [] });
`,
    };
    const twice = (name: string, where: string) => ({
      code: "duplicate-name",
      message: `the name \`${name}\` stands twice in ${where}`,
      help,
    });
    await expectFaults(tree, [
      twice("dns", "backends"),
      twice("all", "policy `a`"),
      twice("a", "policies"),
      twice("ssh", "management"),
      twice("edge", "the fleets"),
    ]);
  });

  test("that stands twice tells where it stands first", async () => {
    const { diagnostics } = await lowerTree({
      "a.policy.ts": policyFile({ rules: 'pass("all", {}),\ndrop("all", {}),' }),
    });
    const place = diagnostics[0]?.location;
    expect(diagnostics[0]?.related).toEqual([
      {
        location: { file: "policies/a.policy.ts", line: (place?.line ?? 0) - 1, column: 1 },
        message: "`all` stands here first",
      },
    ]);
  });

  test("that two scopes have is no fault", async () => {
    const { diagnostics } = await lowerTree({
      "a.policy.ts": `import { fleet, pass, policy } from "pistonprotection";
        const of = (name: string) => policy(name, { owners: ["x"], rules: [pass("all", {})] });
        const at = (name: string, all = [of("a"), of("b")]) => fleet(name, { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: all });
        export const one = at("one"); export const two = at("two");`,
    });
    expect(diagnostics).toEqual([]);
  });

  test.each([
    ["Upper Case", "`upper-case`"],
    ["9lives", "`lives`"],
    ["a".repeat(64), `\`${"a".repeat(63)}\``],
  ])("cannot be %j", async (name, near) => {
    await expectFaults({ "a.policy.ts": policyFile({ rules: `drop(«"${name}"», {}),` }) }, [
      {
        code: "bad-name",
        message: `"${name}" cannot be the name of a rule`,
        help: `a name is a lower-case letter, then letters, digits and hyphens, 63 at most: ${near}`,
      },
    ]);
  });

  test("of 63 characters is the longest; a missing one and `management` are none", async () => {
    await expectFaults(
      {
        "a.policy.ts": policyFile({
          before: 'const m = policy(«"management"», { owners: ["x"], rules: [] });',
          rules: `drop("${"a".repeat(63)}", {}), «drop»(undefined as never, {}),`,
          fleet: "policies: [edge, m],",
        }).replace(", policies: [edge],", ","),
      },
      [
        {
          code: "bad-name",
          message: "`management` is the name under which a fleet's management flows stand",
          help: "give the policy another name",
        },
        {
          code: "bad-name",
          message: "undefined cannot be the name of a rule",
          help: "a name is a lower-case letter, then letters, digits and hyphens, 63 at most",
        },
      ],
    );
  });
});

describe("a fleet's name", () => {
  const file = (name: string) =>
    policyFile({ rules: 'drop("all", {}),' }).replace('fleet("edge"', `fleet(${name}`);

  test.each(["a".repeat(33), "a", "a-1"])("can be %j", async (name) => {
    const { fleets, diagnostics } = await lowerTree({ "a.policy.ts": file(`"${name}"`) });
    expect([fleets.map((fleet) => fleet.name), diagnostics]).toEqual([[name], []]);
  });

  test.each([
    ["a".repeat(34), "a".repeat(33)],
    ["edge-", "edge"],
    [`${"a".repeat(32)}-b`, "a".repeat(32)],
  ])("cannot be %j", async (name, near) => {
    await expectFaults({ "a.policy.ts": file(`«"${name}"»`) }, [
      {
        code: "bad-name",
        message: `"${name}" cannot be the name of a fleet`,
        help: `it has 33 characters at most, and ends in a letter or a digit: \`${near}\``,
      },
    ]);
  });
});

test("a backend's values are looked at one by one", async () => {
  await expectFaults(
    {
      "a.policy.ts": policyFile({
        before: `const dns = backend("dns", { listen: ["203.0.113.53", «"203.0.113.53/8"»], protocol: «"icmp"» as never, ports: [53, «0x1_0000»],
          origins: [«"10.0.0.1"», "10.0.0.1:53", «"10.0.0.1:0"»], healthCheck: { kind: "tcp", port: «65_536» } });
const none = «backend»("none", { ports: 53, «listen»: 5, «origins»: undefined } as never);
const p = policy("p", { owners: ["x"], backend: none, rules: [] });`,
        policy: "backend: dns,",
        rules: 'pass("all", {}),',
        fleet: "policies: [edge, p],",
      }).replace(", policies: [edge],", ","),
    },
    [
      {
        code: "non-canonical-prefix",
        message: '"203.0.113.53/8" has bits set beyond its prefix length',
        help: 'write "203.0.0.0/8" for the network, or "203.0.113.53/32" for the one address',
      },
      { code: "bad-value", message: '`protocol` is "icmp"', help: 'write one of "tcp", "udp"' },
      {
        code: "bad-value",
        message: "`ports` cannot be 65536",
        help: "write a whole number from 0 to 65535, without quotes",
      },
      ...["10.0.0.1", "10.0.0.1:0"].map((origin) => ({
        code: "bad-value",
        message: `"${origin}" is not an origin`,
        help: 'write host and port: "10.0.0.10:53", "[2001:db8::1]:53"',
      })),
      { code: "bad-value", message: "`port` is 65536", help: "write a whole number from 1 to 65,535" },
      { code: "bad-value", message: "the backend has no `protocol`", help: 'write `protocol: "udp"`' },
      { code: "bad-value", message: "`listen` is 5, not a list", help: "write `listen: […]`" },
      { code: "bad-value", message: "`origins` is undefined, not a list", help: "write `origins: […]`" },
    ],
  );
});

test("a backend's service level leaves something to lose, and not so much that its alerts cannot fire", async () => {
  const tree = (level: string) => ({
    "a.policy.ts": policyFile({
      before: `const dns = backend("dns", { listen: ["203.0.113.53"], protocol: "tcp", ports: 53, origins: ["10.0.0.1:53"],
        serviceLevel: { passRatio: ${level} } });`,
      policy: "backend: dns,",
      rules: 'pass("all", {}),',
    }),
  });
  const { fleets } = await lowerTree(tree("0.931"));
  expect(fleets[0]?.backends[0]?.passRatio).toBe(0.931);
  for (const wrong of ["0.93", "1"])
    await expectFaults(tree(`«${wrong}»`), [
      {
        code: "bad-value",
        message: `\`passRatio\` is ${wrong}`,
        help: "write a number from 0.931 to 0.99999",
      },
    ]);
});

test("a health check of HTTP has a path, `/` where none is written, and no other kind has one", async () => {
  const tree = (check: string) => ({
    "a.policy.ts": policyFile({
      before: `const dns = backend("dns", { listen: ["203.0.113.53"], protocol: "tcp", ports: 53, origins: ["10.0.0.1:53"],
        healthCheck: { ${check} } });`,
      policy: "backend: dns,",
      rules: 'pass("all", {}),',
    }),
  });
  const { fleets } = await lowerTree(tree('kind: "http", port: 80'));
  expect(fleets[0]?.backends[0]?.healthCheck).toEqual({
    kind: "http",
    port: 80,
    path: "/",
    intervalSeconds: 10,
    timeoutSeconds: 2,
    unhealthyThreshold: 3,
  });
  await expectFaults(tree('kind: "http", port: 80, path: «"healthz"»'), [
    {
      code: "bad-value",
      message: '"healthz" is not the path of a request',
      help: 'begin it with a slash, without blanks: "/healthz"',
    },
  ]);
  await expectFaults(tree('kind: "tcp", port: 80, path: «"/healthz"»'), [
    {
      code: "bad-value",
      message: "a check of kind tcp has no path",
      help: 'leave `path` out, or check by `kind: "http"`',
    },
  ]);
});

test("a fleet's values are looked at one by one", async () => {
  await expectFaults(
    {
      "a.policy.ts": `import { fleet, policy } from "pistonprotection";
const p = policy("p", { «owners»: [], rules: [] });
const q = policy("q", { owners: ["x"], «rules»: [{}], «backend»: "dns", «sets»: 5 } as never);
export default fleet("edge", { «nodeSelector»: { a: 5 }, interfaces: ["eth0", «"a-name-of-16-byte"», «"a/b"»], attach: «"offload"»,
  defaultVerdict: «"allow"», parseVerdicts: { «bad-fragments»: "drop", "bad-ihl": «"no"» }, memoryBudgetMiB: «NaN»,
  «management»: undefined, «policies»: [p, q, undefined] } as never);
`.replace("«bad-fragments»", '«"bad-fragments"»'),
    },
    [
      {
        code: "bad-value",
        message: "the policy has no owner",
        help: 'name who answers for it: `owners: ["team-dns"]`',
      },
      {
        code: "bad-vocabulary",
        message: "`rules` holds an object",
        help: 'make each of them with `pass`, `drop`, `limit` or `shadow` of "pistonprotection"',
      },
      {
        code: "bad-vocabulary",
        message: '`backend` is "dns"',
        help: 'make it with `backend` of "pistonprotection"',
      },
      {
        code: "bad-vocabulary",
        message: "`sets` is 5, not a record of sets",
        help: 'write `sets: { bogons: prefixes("10.0.0.0/8") }`',
      },
      {
        code: "bad-value",
        message: "`nodeSelector` is not a record of labels",
        help: 'write `nodeSelector: { "pistonprotection.io/fleet": "edge" }`, every value in quotes',
      },
      ...["a-name-of-16-byte", "a/b"].map((name) => ({
        code: "bad-value",
        message: `"${name}" is not the name of an interface`,
        help: "a name has 1 to 15 characters, none of them a space, a slash or a colon",
      })),
      { code: "bad-value", message: '`attach` is "offload"', help: 'write one of "native", "generic"' },
      { code: "bad-value", message: '`defaultVerdict` is "allow"', help: 'write one of "pass", "drop"' },
      {
        code: "bad-value",
        message: "there is no parse class `bad-fragments`",
        help: "did you mean `bad-fragment`?",
      },
      { code: "bad-value", message: '`bad-ihl` is "no"', help: 'write one of "pass", "drop"' },
      { code: "bad-value", message: "`memoryBudgetMiB` is NaN", help: "write a number from 1 to 65,536 MiB" },
      {
        code: "bad-value",
        message: "`management` is undefined, not a list",
        help: "write `management: […]`",
      },
      {
        code: "bad-vocabulary",
        message: "`policies` holds undefined",
        help: 'make each of them with `policy` of "pistonprotection"',
      },
    ],
  );
});

test("nothing that a fleet may hold makes lowering throw, and what is broken is reported", async () => {
  const { input } = await lowerTree({
    "a.policy.ts": policyFile({
      sets: 'some: difference("bogons", union("operators", prefixes("10.1.0.0/16"))), x: feed("x.txt", { minEntries: 1, maxEntries: 5 }),',
      before:
        'const dns = backend("dns", { listen: ["203.0.113.53"], protocol: "udp", ports: 53, origins: ["a:1"], healthCheck: { kind: "udp", port: 53 } });',
      policy: "backend: dns,",
      rules: `drop("a", { source: not(["some", "192.0.2.1"]), protocol: "udp", sourcePort: [1, range(2, 3)], fragment: "none" }),
        limit("b", { protocol: "udp" }, { rate: packetsPerSecond(1), burst: packets(1), key: by.source(), blockFor: 5 }),`,
      fleet: 'parseVerdicts: { "bad-ihl": "drop" },',
    }),
    "x.txt": "192.0.2.1\n",
  });
  expect(lower(input).diagnostics).toEqual([]);
  const fleet = input.fleets[0];
  const paths: string[][] = [];
  const visit = (value: unknown, path: string[]): void => {
    if (path.length > 0) paths.push(path);
    if (typeof value === "object" && value !== null)
      for (const [name, field] of Object.entries(value)) visit(field, [...path, name]);
  };
  visit(fleet, []);
  const replaced = (value: unknown, [name, ...rest]: string[], by: unknown): unknown => {
    if (name === undefined) return by;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
    copy[name] = replaced(copy[name], rest, by);
    return copy;
  };
  const garbage = fc.oneof(
    fc.anything({ withNullPrototype: true, withBigInt: true }),
    fc.constantFrom(Symbol("x"), undefined, null, Number.NaN, "", [], {}, { kind: "not" }, { kind: "range" }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paths), garbage, (path, by) => {
      const broken = replaced(fleet, path, by) as Fleet;
      const { fleets, diagnostics } = lower({ ...input, fleets: [broken] });
      // Whatever is kept was sound: with no fault at all there is one fleet.
      if (diagnostics.length === 0) expect(fleets).toHaveLength(1);
    }),
    { numRuns: 3000 },
  );
});
