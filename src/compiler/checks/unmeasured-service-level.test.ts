import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { BackendIr } from "../../ir/nodes.ts";
import { backend, drop, fleet as fleetOf, pass, policy } from "../../policy/index.ts";
import type { Rule } from "../../policy/types.ts";
import { compile } from "../compile.ts";
import { siteOf } from "../emit/site-fixture.ts";
import { inputOfFleets } from "../load/index.ts";
import { fleet, rule, UDP } from "./fleet-fixture.ts";
import { runChecks } from "./index.ts";
import { unmeasuredSiteLevels } from "./unmeasured-service-level.ts";

const dns = (passRatio: number | null): BackendIr => ({
  kind: "backend",
  name: "dns",
  listen: ["203.0.113.5/32"],
  protocols: ["udp"],
  ports: [[53, 53]] as never,
  origins: [],
  healthCheck: null,
  passRatio,
  location: { file: "policies/dns.policy.ts", line: 7, column: 14 },
});
const drops = { ...rule("drop", "all", { protocol: UDP }), backend: "dns" };
const passes = { ...rule("pass", "queries", { protocol: UDP, destinationPort: 53 }), backend: "dns" };
const tried = { ...passes, shadow: true };
const anothers = { ...passes, backend: "web" };
const help =
  "let a rule of the backend's policy pass what the level speaks of, and enforce it; or remove the level";

describe("a backend's service level", () => {
  test("is measured where one of its rules passes packets, and needs not be where there is none", () => {
    expect(runChecks(fleet([passes, drops], { backends: [dns(0.999)] })).diagnostics).toEqual([]);
    expect(runChecks(fleet([drops], { backends: [dns(null)] })).diagnostics).toEqual([]);
  });

  test("is about nothing where no rule passes: a warning, since filtering is as it should be", () => {
    const { diagnostics, checked } = runChecks(fleet([drops], { backends: [dns(0.999)] }));
    expect(diagnostics).toEqual([
      {
        code: "unmeasured-service-level",
        severity: "warning",
        message:
          "`serviceLevel` of backend `dns` gives no alert in fleet `edge`: no rule of its policies passes packets",
        help,
        location: { file: "policies/dns.policy.ts", line: 7, column: 14 },
        spanLength: 7,
        related: [],
      },
    ]);
    expect(checked).not.toBeNull();
  });

  test.each([
    ["of another backend", anothers, "no rule of its policies passes packets"],
    ["in shadow", tried, "the rules of its policies that pass packets are in shadow"],
  ])("is not measured by a rule %s", (_, one, why) => {
    const { diagnostics } = runChecks(fleet([one, drops], { backends: [dns(0.999)] }));
    const found = diagnostics.filter(({ code }) => code === "unmeasured-service-level");
    expect(found.map(({ message }) => message)).toEqual([
      `\`serviceLevel\` of backend \`dns\` gives no alert in fleet \`edge\`: ${why}`,
    ]);
  });
});

describe("a site's service level of a backend", () => {
  const site = siteOf({ alerting: { backends: { dns: { passRatio: 0.95 } } } });
  const found = (...given: Parameters<typeof unmeasuredSiteLevels>[0]) =>
    unmeasuredSiteLevels(given, site).map(({ message, severity }) => [severity, message]);

  test("is measured where some fleet passes packets to it", () => {
    const other = fleet([passes], { name: "other", backends: [dns(null)] });
    expect(found(fleet([drops], { backends: [dns(null)] }), other)).toEqual([]);
  });

  test("is about nothing where none does; told once where the policy has a level as well", () => {
    expect(found(fleet([drops], { backends: [dns(null)] }))).toEqual([
      [
        "warning",
        "the service level of backend `dns` gives no alert: no rule of its policies passes packets",
      ],
    ]);
    expect(found(fleet([drops], { backends: [dns(0.999)] }))).toEqual([]);
  });
});

test("it stands at the backend's call, and waits where a rule that may pass is at fault itself", async () => {
  const game = backend("game", {
    listen: ["203.0.113.9"],
    protocol: "udp",
    ports: 4000,
    origins: ["192.0.2.10:4000"],
    serviceLevel: { passRatio: 0.99 },
  });
  const codes = async (...rules: Rule[]) => {
    const one = policy("game", { owners: ["tests"], backend: game, rules: rules as never });
    const edge = fleetOf("edge", {
      interfaces: ["eth0"],
      defaultVerdict: "drop",
      management: [],
      policies: [one],
    });
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const { diagnostics } = compile(await inputOfFleets([edge], { root }));
    return diagnostics.map(({ code, location }) => [code, location]);
  };
  const strangers = drop("strangers", { source: "198.51.100.0/28" });
  const { line, column } = game.location;
  expect(await codes(strangers)).toMatchObject([["unmeasured-service-level", { line, column }]]);
  const wrong = pass("players", { source: "198.51.100.300" });
  expect((await codes(strangers, wrong)).map(([code]) => code)).toEqual(["bad-prefix"]);
});
