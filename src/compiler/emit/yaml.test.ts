import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { toYaml } from "./yaml.ts";

/** What numbers, booleans, comments and quotes are made of. */
const AWKWARD = Array.from("01.:-+eExon \n#'\"\\yY~_\t");

const text = (data: unknown) => toYaml([data], "test").replace("# test\n", "");

describe("the YAML writer", () => {
  it.each([
    "0o7",
    "07",
    "0x1f",
    "0b1",
    "1_000",
    "1:20",
    "190:20:30",
    "1e3",
    "e0",
    "1.",
    ".5",
    "+1",
    "-1",
    "685_230.15",
    "on",
    "On",
    "OFF",
    "y",
    "N",
    "yes",
    "true",
    "Null",
    "~",
    "",
    ".inf",
    ".NaN",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "a: b",
    "a #b",
    "# a",
    "- a",
    "? a",
    ": a",
    "a:",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "[a",
    "{a",
    "'a",
    '"a',
    " a",
    "a ",
    "<<",
    "=",
    "a\tb",
    "\u2028",
    "---",
  ])("quotes %j", (value) => {
    expect(text({ key: value })).toBe(`key: ${text(value)}`);
    expect(text(value)).toMatch(/^(".*"|'.*')\n$/);
  });

  it.each([
    "a",
    "eth0",
    "sha256:0a1b",
    "ghcr.io/pistonprotection/agent:0.1.0",
    "/sys/fs/bpf",
    "No packet passes",
    "v1",
  ])("leaves %j plain", (value) => {
    expect(text(value)).toBe(`${value}\n`);
  });

  it("quotes keys as it quotes values", () => {
    expect(text({ on: 1, "0o7": 2 })).toBe('"0o7": 2\n"on": 1\n');
  });

  it("puts what an object is before what is in it, and the rest in order", () => {
    expect(text({ spec: { b: 1, a: [], name: "nn" }, kind: "K", metadata: {}, apiVersion: "v1" })).toBe(
      "apiVersion: v1\nkind: K\nmetadata: {}\nspec:\n  name: nn\n  a: []\n  b: 1\n",
    );
  });

  it("leaves out what is undefined and refuses what is no plain data", () => {
    expect(text({ a: undefined, b: false })).toBe("b: false\n");
    expect(() => text({ a: null })).toThrow("not plain data");
    expect(() => text({ a: Number.NaN })).toThrow("number");
    expect(() => text({ a: -0 })).toThrow("no plain number");
    expect(() => text({ a: 1e21 })).toThrow("no plain number");
    expect(() => text({ a: 1e-7 })).toThrow("exponent");
  });

  it("writes lines as a block", () => {
    expect(text({ a: "one\ntwo\n" })).toBe("a: |\n  one\n  two\n");
    expect(text({ a: "one\ntwo" })).toBe("a: |-\n  one\n  two\n");
    expect(text({ a: ["one\n\n  two\n"] })).toBe("a:\n- |\n  one\n\n    two\n");
    expect(text({ a: { b: ["x", { c: ["y"] }, []] } })).toBe('a:\n  b:\n  - x\n  - c:\n    - "y"\n  - []\n');
    expect(text({ a: "one\n\n" })).toBe('a: "one\\n\\n"\n');
  });

  it("leaves the double quotes of a query as they are", () => {
    expect(text('up{job="it\'s"} == 0')).toBe(`'up{job="it''s"} == 0'\n`);
  });

  it("escapes what YAML 1.1 takes for a line break", () => {
    expect(text("a\u2028b\u0085c")).toBe('"a\\u2028b\\u0085c"\n');
  });

  it("separates documents and heads the file", () => {
    expect(toYaml([{ a: 1 }, { b: 2 }], "made\nhere")).toBe("# made\n# here\na: 1\n---\nb: 2\n");
  });

  it("is read back the same by YAML 1.1 and 1.2, whatever the data", () => {
    const data = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: fc.constantFrom(...AWKWARD) }),
        fc.boolean(),
        fc.integer(),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ unit: "binary-ascii" }).filter((key) => key !== "__proto__"),
          tie("value"),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(data, (value) => {
        const written = toYaml([value], "x");
        for (const version of ["1.1", "1.2"] as const) {
          expect(parse(written, { version })).toEqual(withoutMinusZero(value));
          expect(parseAllDocuments(written, { version })).toHaveLength(1);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
