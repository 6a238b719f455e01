import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as vocabulary from "./index.ts";
import { placeOfFrame, UNKNOWN_PLACE } from "./place.ts";

const {
  backend,
  by,
  drop,
  fleet,
  limit,
  not,
  packets,
  packetsPerSecond,
  pass,
  policy,
  prefixes,
  range,
  shadow,
} = vocabulary;

describe("a value's place", () => {
  test("is file, line and column of the call, under the test runner too", () => {
    const rule = pass("here", {});
    const file = fileURLToPath(import.meta.url);
    const lines = readFileSync(file, "utf8").split("\n");
    const index = lines.findIndex((line) => line.includes('= pass("here", {})'));
    expect(rule.location).toEqual({ file, line: index + 1, column: 18 });
  });

  test("is that of the innermost call, in a list and inside another call", () => {
    const rules = [drop("a", {}), shadow(drop("b", {}))];
    expect(rules.map(({ location }) => [location.line - rules[0]!.location.line, location.column])).toEqual([
      [0, 20],
      [0, 42],
    ]);
  });

  test("is the same under Node's type stripping, with types before it on the line", async () => {
    const directory = await mkdtemp(join(tmpdir(), "piston-place-"));
    const entry = new URL("./index.ts", import.meta.url).href;
    const file = join(directory, "a place (1).ts");
    await writeFile(
      file,
      `import { drop } from ${JSON.stringify(entry)};\ntype A = string;\nconst a: A = "x" as A; const rule = drop(a, {});\nconsole.log(JSON.stringify(rule.location));\n`,
    );
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", file]);
      expect(JSON.parse(stdout)).toEqual({ file, line: 3, column: 37 });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test.each([
    ["    at file:///a/b.ts?generation=2:4:23", "/a/b.ts", 4, 23],
    ["    at Object.run (file:///a/b%20c.ts:4:23)", "/a/b c.ts", 4, 23],
    ["    at async make (/a/b.ts:4:23)", "/a/b.ts", 4, 23],
    ["    at /a/b.ts:4:23", "/a/b.ts", 4, 23],
  ])("is read from %j", (frame, file, line, column) => {
    expect(placeOfFrame(`Error\n${frame}\n    at file:///other.ts:1:1`)).toEqual({ file, line, column });
  });

  test("is unknown where no frame names a file", () => {
    expect(placeOfFrame("Error\n    at ModuleJob.run (node:internal/modules/esm/module_job:561:25)")).toBe(
      UNKNOWN_PLACE,
    );
    expect(placeOfFrame("")).toBe(UNKNOWN_PLACE);
  });

  test("leaves the stack depth of the process as it was", () => {
    const before = Error.stackTraceLimit;
    pass("x", {});
    expect(Error.stackTraceLimit).toBe(before);
  });
});

describe("what the vocabulary returns", () => {
  const service = backend("dns", { listen: ["203.0.113.53"], protocol: "udp", ports: 53, origins: [] });

  test("is frozen all the way down", () => {
    const edge = fleet("edge", {
      interfaces: ["eth0"],
      defaultVerdict: "pass",
      nodeSelector: { a: "b" },
      management: [],
      policies: [
        policy("p", {
          owners: ["x"],
          backend: service,
          sets: { s: prefixes("10.0.0.0/8") },
          rules: [
            limit(
              "l",
              { source: not(["s"]), lengthBytes: [1, range(2, 3)] },
              { rate: packetsPerSecond(1), burst: packets(1), key: by.source() },
            ),
          ],
        }),
      ],
    });
    const loose: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) loose.push(path);
      for (const [name, field] of Object.entries(value)) visit(field, `${path}.${name}`);
    };
    visit(edge, "fleet");
    expect(loose).toEqual([]);
  });

  test("does not change with what it was made of", () => {
    const ports = [53];
    const rule = drop("x", { protocol: "udp", sourcePort: ports });
    ports.push(54);
    expect(rule.match.sourcePort).toEqual([53]);
    expect(Object.isFrozen(ports)).toBe(false);
  });

  test("keeps one backend one value in two policies", () => {
    const a = policy("a", { owners: ["x"], backend: service, rules: [] });
    const b = policy("b", { owners: ["x"], backend: service, rules: [] });
    expect(a.backend).toBe(service);
    expect(b.backend).toBe(service);
  });

  test("has the defaults that the types name", () => {
    expect(by.source()).toEqual({ kind: "limit-key", name: "source", prefix4: 32, prefix6: 64 });
    expect(by.destination()).toEqual({ kind: "limit-key", name: "destination", prefix4: 32, prefix6: 128 });
    expect(by.source({ prefix4: 24 })).toEqual({
      kind: "limit-key",
      name: "source",
      prefix4: 24,
      prefix6: 64,
    });
    const edge = fleet("e", { interfaces: ["eth0"], defaultVerdict: "drop", management: [], policies: [] });
    expect(edge).toMatchObject({
      attach: "native",
      memoryBudgetBytes: 67_108_864,
      nodeSelector: {},
      parseVerdicts: {},
    });
  });

  test("of shadow is the same rule, counting only", () => {
    const rule = drop("x", {});
    expect(shadow(rule)).toEqual({ ...rule, shadow: true });
    expect(rule.shadow).toBe(false);
  });
});

test("no function throws, whatever an untyped caller gives it", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const value = fc.oneof(fc.anything(), fc.constant(cyclic), fc.constant(Symbol("x")), fc.bigInt());
  const options = [
    "blockFor",
    "healthCheck",
    "serviceLevel",
    "memoryBudgetMiB",
    "owners",
    "prefix4",
    "rules",
    "sets",
    "source",
  ];
  const record = fc.record(Object.fromEntries(options.map((name) => [name, value])), { requiredKeys: [] });
  const anything = fc.oneof(value, record);
  const functions: [string, (...args: unknown[]) => unknown][] = [];
  for (const [name, value] of [...Object.entries(vocabulary), ...Object.entries(by)])
    if (typeof value === "function") functions.push([name, value as (...args: unknown[]) => unknown]);
  expect(functions.length).toBe(28);
  fc.assert(
    fc.property(fc.constantFrom(...functions), fc.array(anything, { maxLength: 4 }), ([, call], args) => {
      call(...args);
    }),
    { numRuns: 2000 },
  );
});
