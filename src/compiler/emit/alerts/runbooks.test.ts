// The runbooks against what there is: every alert has one, their queries are real, and so are their commands.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pistonHere } from "../../../../test/support/piston.ts";
import { checkExpression } from "../../../metrics/check-expression.ts";
import { RECORDINGS } from "./recordings.ts";
import { SERVICE_LEVEL_RECORDINGS } from "./service-level.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const RUNBOOKS = join(ROOT, "docs/runbooks");
const MANIFESTS = join(ROOT, "dist/manifests");

const texts = new Map(
  readdirSync(RUNBOOKS).map((name) => [name, readFileSync(join(RUNBOOKS, name), "utf8")] as const),
);

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert?: string;
      readonly annotations?: Readonly<Record<string, string>>;
    }[];
  }[];
}
const rules = readdirSync(join(ROOT, "dist/alerts"))
  .filter((name) => name.endsWith(".rules.yaml"))
  .flatMap((name) => (parse(readFileSync(join(ROOT, "dist/alerts", name), "utf8")) as RuleFile).groups)
  .flatMap((group) => group.rules);
const linked = new Map(
  rules.flatMap(({ alert, annotations }) =>
    alert === undefined ? [] : [[alert, annotations?.["runbook_url"]?.split("/docs/runbooks/")[1] ?? ""]],
  ),
);

/** Contents of the fenced blocks of a language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map((match) => match[1]!);
}

const queries = [...texts].flatMap(([name, text]) =>
  blocks(text, "promql").flatMap((block) =>
    block
      .trim()
      .split("\n")
      .map((query) => [name, query] as const),
  ),
);
/** Lines of shell blocks, and code inside of sentences. */
const commands = [...texts].flatMap(([name, text]) => {
  const inline = [...text.replaceAll(/```[^]*?```/g, "").matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  return [...blocks(text, "sh").flatMap((block) => block.trim().split("\n")), ...inline].map(
    (command) => [name, command] as const,
  );
});

describe("the runbooks", () => {
  it.each([...linked])("of %s is there: %s", (_, file) => {
    expect(texts.has(file)).toBe(true);
  });

  it("are of alerts that there are, and all in the list", () => {
    const named = new Set(linked.values());
    for (const name of texts.keys()) {
      if (name === "README.md") continue;
      expect([...named]).toContain(name);
      expect(texts.get("README.md")).toContain(`(${name})`);
    }
  });

  it.each([...texts.keys()].filter((name) => name !== "README.md"))(
    "%s says what it means, what it does, how to find the cause, and what to do",
    (name) => {
      const headings = [...texts.get(name)!.matchAll(/^## (.*)$/gm)].map((match) => match[1]);
      expect(headings).toEqual(["Meaning", "Impact", "Diagnosis", "Mitigation"]);
      expect(
        blocks(texts.get(name)!, "promql").length + blocks(texts.get(name)!, "sh").length,
      ).toBeGreaterThan(0);
    },
  );
});

describe("their queries", () => {
  const recordings = [...RECORDINGS, ...SERVICE_LEVEL_RECORDINGS];
  const recorded = new Map<string, readonly string[]>(
    recordings.map(({ record, expression }) => [record, expression.labels]),
  );

  it.each(queries)("%s: %s", (_, query) => {
    expect(checkExpression(query, recorded).faults).toEqual([]);
  });

  it("are taken by Prometheus' own parser", () => {
    const folder = mkdtempSync(join(tmpdir(), "piston-runbooks-"));
    const file = join(folder, "queries.yaml");
    const list = queries.map(([, expr], i) => ({ record: `query:number:${i}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: "queries", rules: list }] }));
    const { status, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("their commands", () => {
  const help = new Map<string, string>();
  let manifests = "";

  beforeAll(async () => {
    const used = commands.map(([, command]) => /^piston ([a-z]+)/.exec(command)?.[1]).filter((one) => one);
    for (const command of new Set(used)) {
      const { status, stdout } = await pistonHere(command!, "--help");
      if (status === 0) help.set(command!, stdout);
    }
    manifests = readdirSync(MANIFESTS, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => readFileSync(join(MANIFESTS, name), "utf8"))
      .join("\n");
  });
  afterAll(() => help.clear());

  const piston = commands.filter(([, command]) => /^piston [a-z]/.test(command));
  it.each(piston)("%s: %s exists, with its options", (_, command) => {
    const [, name] = command.split(" ");
    const text = help.get(name!);
    expect(text).toBeDefined();
    for (const [option] of command.replaceAll(/'[^']*'/g, "").matchAll(/--[a-z-]+/g))
      expect(text).toContain(`${option} `);
  });

  const kubectl = commands.filter(([, command]) => command.startsWith("kubectl"));
  it.each(kubectl)("%s: %s names what dist/ has", (_, command) => {
    const names = command.match(/pistonprotection[a-z0-9./-]*[a-z0-9]/g) ?? [];
    for (const name of names) expect(manifests).toContain(name);
    if (command.includes(" -c ")) expect(manifests).toContain("- name: agent");
  });

  it("are shell, all of them", () => {
    const script = [...texts.values()].flatMap((text) => blocks(text, "sh")).join("\n");
    expect(() => execFileSync("bash", ["-n"], { input: script })).not.toThrow();
  });
});
