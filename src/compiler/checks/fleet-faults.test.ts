import { describe, expect, test } from "vitest";
import { fleet, rule, UDP } from "./fleet-fixture.ts";
import { runChecks } from "./index.ts";

const some = [rule("drop", "udp", { protocol: UDP })];
const place = {
  location: { file: "policies/fleet.policy.ts", line: 1, column: 16 },
  spanLength: 5,
  related: [],
};

test("a fleet with two interfaces and a rule is valid, and its checked form is itself", () => {
  const valid = fleet(some, { interfaces: ["eth0", "eth1"] });
  expect(runChecks(valid)).toEqual({ diagnostics: [], checked: valid });
});

test("duplicate-interface: each name is told once", () => {
  expect(runChecks(fleet(some, { interfaces: ["eth0", "eth1", "eth0", "eth0"] })).diagnostics).toEqual([
    {
      code: "duplicate-interface",
      severity: "error",
      message: "fleet `edge` names interface `eth0` more than once",
      help: "name `eth0` once in `interfaces`",
      ...place,
    },
  ]);
});

describe("no-policy", () => {
  test("a fleet without policies", () => {
    expect(runChecks(fleet([], { policies: [] })).diagnostics).toEqual([
      {
        code: "no-policy",
        severity: "error",
        message: "fleet `edge` has no policies: every packet gets the default verdict, pass",
        help: "add a policy with rules to `policies`, or remove the fleet",
        ...place,
      },
    ]);
  });
  test("a fleet whose policies have no rules", () => {
    expect(runChecks(fleet([])).diagnostics.map(({ message }) => message)).toEqual([
      "fleet `edge` has no rules in its policies: every packet gets the default verdict, pass",
    ]);
  });
});
