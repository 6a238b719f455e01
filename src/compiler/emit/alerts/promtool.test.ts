// promtool on what stands in dist/: the rules are sound, and every alert fires, keeps quiet and resolves as its cases say.

import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { FLEETS } from "../fleet-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import { emitAlerts } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "piston-alerts-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ALERTS = fileURLToPath(new URL("../../../../dist/alerts/", import.meta.url));

/** promtool collects its garbage less often: a quarter of its time. */
const env = { ...process.env, GOGC: "400" };

interface Rule {
  readonly alert?: string;
  readonly for?: string;
}
const RULE_FILES = readdirSync(ALERTS).filter((name) => name.endsWith(".rules.yaml"));
const rules = RULE_FILES.flatMap((name) =>
  (parse(readFileSync(join(ALERTS, name), "utf8")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  ),
).filter(({ alert }) => alert !== undefined);
const names = [...new Set(rules.map(({ alert }) => alert!))];

interface TestFile {
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly { readonly exp_alerts: readonly unknown[] }[];
  }[];
}
const testFile = (alert: string) =>
  parse(readFileSync(join(ALERTS, "tests", `${alert}.test.yaml`), "utf8")) as TestFile;

describe("the alert rules in dist/", () => {
  it("are found right by promtool, alerts of one name included", () => {
    const files = RULE_FILES.map((name) => join(ALERTS, name));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", "--lint-fatal", ...files], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).not.toContain("duplicate");
  });

  it.each(names)(
    "%s has cases in which it fires, is quiet below, and is quiet where it is too short",
    (name) => {
      const own = rules.filter(({ alert }) => alert === name);
      const { tests } = testFile(name);
      // What makes a quantile too high is in it for a whole window: it cannot be too short.
      const withoutThird = name === "ElevatedLatency";
      expect(tests).toHaveLength(
        own.reduce((sum, rule) => sum + (rule.for === undefined || withoutThird ? 2 : 3), 0),
      );
      const firing = tests.filter(({ alert_rule_test }) =>
        alert_rule_test.some(({ exp_alerts }) => exp_alerts.length > 0),
      );
      expect(firing).toHaveLength(own.length);
      // It resolves: the last look finds nothing.
      for (const { alert_rule_test } of firing) expect(alert_rule_test.at(-1)?.exp_alerts).toEqual([]);
    },
  );

  it("do what their cases say, by promtool test rules", async () => {
    const cases = names.map((name) => casesOf(name));
    const half = Math.ceil(cases.length / 2);
    // One beside all rules of dist/ as they stand: an alert is the same whatever stands beside it.
    const runs = [cases.slice(0, half), cases.slice(half), [join(ALERTS, "tests", `${names[0]}.test.yaml`)]];
    await Promise.all(
      runs.map((files) => promisify(execFile)("promtool", ["test", "rules", ...files], { env })),
    );
  });
});

/** The cases of an alert, beside the recordings and its own rules alone: promtool would evaluate all others at each step as well. */
function casesOf(alert: string, changed: (text: string) => string = (text) => text): string {
  const own = mkdtempSync(join(folder, `${alert}-`));
  mkdirSync(join(own, "tests"));
  for (const name of RULE_FILES) {
    const text = readFileSync(join(ALERTS, name), "utf8");
    const { groups } = parse(name === RULE_FILES[0] ? changed(text) : text) as {
      groups: { rules: Rule[] }[];
    };
    const kept = groups.map((group) => ({
      ...group,
      rules: group.rules.filter((rule) => rule.alert === undefined || rule.alert === alert),
    }));
    writeFileSync(join(own, name), JSON.stringify({ groups: kept }));
  }
  const cases = join(own, "tests", `${alert}.test.yaml`);
  cpSync(join(ALERTS, "tests", `${alert}.test.yaml`), cases);
  return cases;
}

describe("the cases of an alert", () => {
  // Each a change of the rule that its author should hear of. That the cases hold without it has been shown above.
  it.each([
    ["HighAttackVolume", "[5m])) > 1000", "[5m])) > 1020", "a threshold 2 % higher"],
    ["HighAttackVolume", "[5m])) > 1000", "[5m])) > 980", "a threshold 2 % lower"],
    ["HighAttackVolume", "[5m])) > 1000", "[5m])) < 1000", "a comparison turned round"],
    ["HighAttackVolume", "sum by (fleet, backend)", "max by (fleet, backend)", "nodes that are not added up"],
    ["HighDropRate", 'for: "5m"', 'for: "1m"', "a shorter wait"],
    [
      "NotFiltering",
      "min by (fleet, instance, interface)",
      "max by (fleet, instance)",
      "one interface of two",
    ],
    ["RuleAboveThreshold", "exceeded|blocked", "conformed", "what a limit lets on"],
  ])("%s: %s → %s is noticed: %s", (alert, from, to) => {
    const cases = casesOf(alert, (text) => {
      const start = text.indexOf(`- alert: ${alert}\n`);
      const mutant = text.slice(0, start) + text.slice(start).replace(from, to);
      expect(mutant).not.toBe(text);
      return mutant;
    });
    const { status, stderr, stdout } = spawnSync("promtool", ["test", "rules", cases], {
      env,
      encoding: "utf8",
    });
    expect(`${stdout}${stderr}`).toMatch(/^ +exp: ?\[/m);
    expect(status).toBe(1);
  });
});

describe("the cases of a site that tunes its alerts", () => {
  const alerts = {
    HighAttackVolume: { threshold: 7, window: "1m", for: "1m" },
    HighDropRate: { threshold: 0.37, window: "90s", for: "7m" },
    GenerationDrift: { for: "2h" },
    EBPFMapNearCapacity: { threshold: 0.123, for: "90s" },
    ElevatedLatency: { threshold: 0.07, window: "10m", for: "1m" },
    CertificateExpiringSoon: { threshold: 100_000 },
  } as const;
  it("are those of its thresholds, windows and waiting times", () => {
    const folder = mkdtempSync(join(tmpdir(), "piston-tuned-"));
    const names = Object.keys(alerts).map((name) => `alerts/tests/${name}.test.yaml`);
    mkdirSync(join(folder, "alerts/tests"), { recursive: true });
    for (const { path, bytes } of emitAlerts(FLEETS, siteOf({ alerting: { alerts } })))
      if (path.startsWith("alerts/")) writeFileSync(join(folder, path), bytes);
    const { status, stdout } = spawnSync("promtool", ["test", "rules", ...names], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    rmSync(folder, { recursive: true });
    expect(stdout).not.toContain("FAILED");
    expect(status).toBe(0);
  });
});
