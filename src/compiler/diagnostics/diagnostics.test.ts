import { describe, expect, test } from "vitest";
import {
  diagnostic,
  hasErrors,
  Locator,
  nearest,
  renderDiagnostics,
  renderDiagnosticsJson,
  sortDiagnostics,
  suggest,
  summarise,
} from "./index.ts";

const at = (line: number, column: number, file = "policies/a.policy.ts") => ({ file, line, column });

describe("a literal is found", () => {
  const text = [
    'const rules = [drop("a", { ttl: 7, lengthBytes: 7 }),', //  1
    "  drop('b', {", //                                          2
    "    // ttl: 9 in a comment, and an unclosed ( and '", //    3
    "    sourcePort: [1_000, 70_000, -1, 0x10, 1e3],", //        4
    '    "ttl": NaN, source: `threats`, note: "b",', //          5
    "  }), drop(name, {}),", //                                  6
    "];", //                                                     7
  ].join("\n");
  const locator = new Locator(new Map([["policies/a.policy.ts", text]]));
  const [first, second, third] = [at(1, 16), at(2, 3), at(6, 7)];

  test.each([
    ["a string in quotes of any kind", second, "threats", {}, at(5, 25), 9],
    ["the first of equal ones", second, "b", {}, at(2, 8), 3],
    ["behind its property", first, 7, { property: "lengthBytes" }, at(1, 49), 1],
    ["a number with separators", second, 70_000, {}, at(4, 25), 6],
    ["a negative number with its sign", second, -1, {}, at(4, 33), 2],
    ["a number in hexadecimal", second, 16, {}, at(4, 37), 4],
    ["the second of equal numbers", second, 1000, { occurrence: 1 }, at(4, 43), 3],
    [
      "NaN behind a quoted property, not in the comment",
      second,
      Number.NaN,
      { property: "ttl" },
      at(5, 12),
      3,
    ],
    ["the property where the value is a constant", first, 8, { property: "ttl" }, at(1, 28), 3],
    ["the call where nothing is there", third, "b", {}, third, 4],
  ] as const)("%s", (_, call, value, wanted, location, spanLength) => {
    expect(locator.literal(call, value, wanted)).toEqual({ location, spanLength });
  });

  test("nowhere but at the call where the source is not at hand", () => {
    const elsewhere = at(3, 4, "policies/b.policy.ts");
    expect(locator.literal(elsewhere, "x")).toEqual({ location: elsewhere, spanLength: 1 });
    expect(locator.call(at(99, 1))).toEqual({ location: at(99, 1), spanLength: 1 });
  });
});

describe("a path through records is followed", () => {
  // «1», «2» and so on stand before what is to be marked.
  const marked = [
    "site({",
    '  «1»name: "a", /* tier: "x" */ fleets: { edge: { «2»tier: «3»"high" } },',
    '  «4»tier: "high", secrets: store,',
    "  ...shared, notifications: {",
    '    slack: { critical: "#a", list: [{ tier: 1 }, «5»"#b"] },',
    '    "quoted-name": { «7»shorthand },',
    "  },",
    "  other: pick({ a: 1 }, [2]), «8»last: true,",
    "});",
  ];
  const places = new Map(
    marked.flatMap((line, row) =>
      [...line.matchAll(/«(\d)»/g)].map((mark, nth) => [mark[1], at(row + 1, mark.index - 3 * nth + 1)]),
    ),
  );
  const text = marked.join("\n").replace(/«\d»/g, "");
  const locator = new Locator(new Map([["policies/a.policy.ts", text]]));

  test.each([
    ["a field of the record itself", ["name"], undefined, "1", 4],
    ["one of a record inside", ["fleets", "edge", "tier"], undefined, "2", 4],
    ["and its value", ["fleets", "edge", "tier"], "high", "3", 6],
    ["not one of another record with the same name", ["tier"], undefined, "4", 4],
    ["an item of a list", ["notifications", "slack", "list"], "#b", "5", 4],
    ["a shorthand behind a spread", ["notifications", "quoted-name", "shorthand"], undefined, "7", 9],
    ["what comes after a call", ["last"], undefined, "8", 4],
  ])("to %s", (_what, path, value, mark, spanLength) => {
    expect(locator.path(at(1, 1), path, value)).toEqual({ location: places.get(mark), spanLength });
  });

  test("as far as it is written there: to the field that holds a constant, else to the call", () => {
    expect(locator.path(at(1, 1), ["secrets", "store", "kind"]).location).toEqual(at(3, 17));
    expect(locator.path(at(1, 1), ["nowhere"])).toEqual({ location: at(1, 1), spanLength: 4 });
    expect(locator.path(at(1, 1), [])).toEqual({ location: at(1, 1), spanLength: 4 });
  });
});

describe("the nearest name", () => {
  test.each([
    ["thraets", "threats"], // two letters swapped: one edit
    ["threat", "threats"],
    ["Bogons", "bogons"],
    ["bogon", "bogons"],
  ])("to %s is %s", (name, expected) => {
    expect(nearest(name, ["operators", "threats", "bogons"])).toBe(expected);
  });

  test("is none where more than a third differs", () => {
    expect(nearest("abcdef", ["uvwxyz"])).toBeNull();
    expect(nearest("abcxyz", ["abcdef"])).toBeNull(); // 3 of 6
    expect(nearest("abcdyz", ["abcdef"])).toBe("abcdef"); // 2 of 6
  });

  test("becomes help, or the list of all", () => {
    expect(suggest("thraets", ["threats", "bogons"], "sets")).toBe("did you mean `threats`?");
    expect(suggest("countries", ["threats", "bogons"], "sets")).toBe("sets here: `threats`, `bogons`");
    expect(suggest("countries", [], "sets")).toBe("there are no sets here");
  });
});

describe("text for people", () => {
  const sources = new Map([["policies/a.policy.ts", 'first\n\tdrop("10.0.0.1/8")\r\n']]);
  const fault = diagnostic({
    code: "non-canonical-prefix",
    message: "it has host bits",
    help: "write 10.0.0.0/8",
    location: at(2, 7),
    spanLength: 12,
    related: [{ location: at(1, 1), message: "made here" }],
  });

  test("has place, severity, code, message, the line with a mark under the literal, related places and help", () => {
    expect(renderDiagnostics([fault], { sources })).toBe(
      [
        "policies/a.policy.ts:2:7  error  non-canonical-prefix",
        "  it has host bits",
        '  2 | \tdrop("10.0.0.1/8")',
        "    | \t     ^^^^^^^^^^^^",
        "  policies/a.policy.ts:1:1: made here",
        "  help: write 10.0.0.0/8",
        "",
      ].join("\n"),
    );
  });

  test("marks no more than the line holds, and one character at least", () => {
    const long = diagnostic({ ...fault, spanLength: 500, related: [] });
    expect(renderDiagnostics([long], { sources }).split("\n")[3]).toBe(`    | \t     ${"^".repeat(13)}`);
    const none = diagnostic({ ...fault, location: at(1, 6), spanLength: 0, related: [] });
    expect(renderDiagnostics([none], { sources }).split("\n")[3]).toBe("    |      ^");
  });

  test("leaves the line out where the file is not at hand, and shows a feed's line", () => {
    const elsewhere = diagnostic({ ...fault, location: at(2, 1, "policies/x.txt"), related: [] });
    expect(renderDiagnostics([elsewhere], { sources }).split("\n")).toHaveLength(4);
    const feeds = new Map([
      ["policies/x.txt", { kind: "bytes", bytes: Buffer.from("1.1.1.1\nnope\n") } as const],
    ]);
    expect(renderDiagnostics([elsewhere], { sources, feeds })).toContain("  2 | nope\n    | ^^^^\n");
  });

  test("has colour only where it is asked for", () => {
    expect(renderDiagnostics([fault], { sources })).not.toContain("\u001b");
    expect(renderDiagnostics([fault], { sources }, { color: true })).toContain("\u001b[31merror\u001b[0m");
  });

  test("is empty for no diagnostics", () => {
    expect(renderDiagnostics([], { sources })).toBe("");
    expect(renderDiagnosticsJson([])).toBe("");
    expect(summarise([])).toBe("");
  });
});

describe("a list", () => {
  const one = (file: string, line: number, column: number, severity: "error" | "warning" = "error") =>
    diagnostic({ code: "bad-value", severity, message: "m", help: "h", location: at(line, column, file) });

  test("is sorted by file, line and column as numbers", () => {
    const sorted = sortDiagnostics([one("b", 1, 1), one("a", 10, 1), one("a", 9, 20), one("a", 9, 3)]);
    expect(sorted.map(({ location: { file, line, column } }) => `${file}:${line}:${column}`)).toEqual([
      "a:9:3",
      "a:9:20",
      "a:10:1",
      "b:1:1",
    ]);
  });

  test("is JSON lines for tools", () => {
    const lines = renderDiagnosticsJson([one("b", 1, 2, "warning"), one("a", 1, 1)]).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toBe("");
    expect(JSON.parse(lines[1] ?? "")).toEqual({
      code: "bad-value",
      severity: "warning",
      message: "m",
      help: "h",
      location: { file: "b", line: 1, column: 2 },
      spanLength: 1,
      related: [],
    });
  });

  test("is summed up by severity", () => {
    expect(summarise([one("a", 1, 1), one("a", 2, 1), one("a", 3, 1, "warning")])).toBe(
      "2 errors, 1 warning",
    );
    expect(hasErrors([one("a", 3, 1, "warning")])).toBe(false);
    expect(hasErrors([one("a", 3, 1)])).toBe(true);
  });
});
