import { describe, expect, test } from "vitest";
import { payloadRanges } from "../../ir/payload.ts";
import { buildTables } from "../tables/index.ts";
import { fleet, flow, rule, set, TCP, UDP } from "./fleet-fixture.ts";
import { runChecks } from "./index.ts";

const capacity = (...given: Parameters<typeof fleet>) =>
  runChecks(fleet(...given)).diagnostics.filter(({ code }) => code === "capacity");

/** Rules that do not touch each other. */
const rules = (count: number) =>
  Array.from({ length: count }, (_, port) =>
    rule("drop", `port-${port}`, { protocol: UDP, destinationPort: port }),
  );
const flows = (count: number) =>
  Array.from({ length: count }, (_, port) => flow(`port-${port}`, { protocol: TCP, destinationPort: port }));
const backends = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    kind: "backend" as const,
    name: `backend-${index}`,
    listen: ["203.0.113.5/32"],
    protocols: ["tcp" as const],
    ports: [[443, 443]] as const,
    origins: [],
    healthCheck: null,
    passRatio: null,
    location: { file: "policies/backends.ts", line: 1, column: 1 },
  }));

describe("capacity is enough for", () => {
  test("4,096 rules, management flows included", () => {
    expect(capacity(rules(4_095), { management: flows(1) })).toEqual([]);
  });
  test("64 management flows", () => {
    expect(capacity(rules(1), { management: flows(64) })).toEqual([]);
  });
  test("256 backends", () => {
    expect(capacity(rules(1), { backends: backends(256) })).toEqual([]);
  });
});

describe("payload tests", () => {
  const independent = (count: number) => ({
    payloadTests: Array.from({ length: count }, (_, offset) => ({ offset, mask: [0xff], value: [1] })),
  });
  const asked = (count: number) =>
    Array.from({ length: count }, (_, test) => ({
      ...rule("drop", `test-${test}`, {}),
      match: { source: null, destination: null, fields: { payload: payloadRanges([test]) }, terms: [] },
    }));

  test("that are independent are 15 at most: 16 make one combination more than there are classes", () => {
    expect(capacity(asked(15), independent(15))).toEqual([]);
    expect(capacity(asked(16), independent(16)).map(({ message, help }) => [message, help])).toEqual([
      [
        "fleet `edge` has 65,536 classes of payload, each a different overlap of tests; the tables hold 65,535",
        "use fewer payload tests, or tests at one offset: of those only one can hold",
      ],
    ]);
  });
});

describe("capacity", () => {
  test("4,097 rules are too many", () => {
    expect(capacity(rules(4_096), { management: flows(1) })).toEqual([
      {
        code: "capacity",
        severity: "error",
        message: "fleet `edge` has 4,097 rules and management flows; the tables hold 4,096",
        help: "put addresses of rules that do the same into one set, or give the policies to two fleets",
        location: { file: "policies/fleet.policy.ts", line: 1, column: 16 },
        spanLength: 5,
        related: [],
      },
    ]);
  });
  test("65 management flows are too many", () => {
    expect(capacity(rules(1), { management: flows(65) }).map(({ message, help }) => [message, help])).toEqual(
      [
        [
          "fleet `edge` has 65 management flows; the tables hold 64",
          "put the sources of flows to the same port into one set",
        ],
      ],
    );
  });
  test("257 backends are too many", () => {
    expect(capacity(rules(1), { backends: backends(257) }).map(({ message }) => message)).toEqual([
      "fleet `edge` has 257 backends; the tables hold 256",
    ]);
  });
});

describe("the memory budget", () => {
  const rules = [rule("drop", "bogons", { source: ["10.0.0.0/8"] })];
  const sets = [set("bogons", ["10.0.0.0/8", "192.168.0.0/16"]), set("small", ["192.0.2.0/24"])];
  const found = (memoryBudgetBytes: number) => capacity(rules, { sets, memoryBudgetBytes });
  const { memoryBytes } = buildTables(runChecks(fleet(rules, { sets })).checked!);

  test("is kept by tables of exactly its size", () => {
    expect(found(memoryBytes)).toEqual([]);
  });
  test("is exceeded by one byte more: the largest sets are named", () => {
    expect(found(memoryBytes - 1).map(({ severity, help }) => [severity, help])).toEqual([
      [
        "error",
        `raise \`memoryBudgetBytes\` to ${memoryBytes.toLocaleString("en-US")} or more, or make sets smaller: the largest are \`bogons\` (2 ranges) and \`small\` (1 range)`,
      ],
    ]);
    expect(found(memoryBytes - 1)[0]?.message).toMatch(
      /^the tables of fleet `edge` take \d\.\d\d MiB of kernel memory; its budget is \d\.\d\d MiB$/,
    );
  });
});
