import { describe, expect, test } from "vitest";
import { fleet, flow, limit, rule, TCP, UDP } from "./fleet-fixture.ts";
import { runChecks } from "./index.ts";

const ssh = flow("ssh", { source: ["192.0.2.0/28"], protocol: TCP, destinationPort: 22 });
const run = (...rules: Parameters<typeof fleet>[0]) => runChecks(fleet(rules, { management: [ssh] }));

describe("a policy is valid where no rule drops a management flow", () => {
  test("the dropping rule leaves the flow's sources out", () => {
    expect(
      run(rule("drop", "no-ssh", { source: { not: ["192.0.2.0/28"] }, protocol: TCP })).diagnostics,
    ).toEqual([]);
  });

  test("a pass rule above takes the flow, with more sources of its own", () => {
    const result = run(
      rule("pass", "operators", { source: ["192.0.2.0/27"], protocol: TCP }),
      rule("drop", "closed", { protocol: TCP }),
    );
    expect(result.diagnostics).toEqual([]);
    expect(result.checked).not.toBeNull();
  });

  test("a shadow rule drops nothing", () => {
    expect(run(rule("drop", "watched", { protocol: TCP }, { shadow: true })).diagnostics).toEqual([]);
  });

  test("ports beside the flow's: 21 and 23", () => {
    expect(run(rule("drop", "beside", { protocol: TCP, destinationPort: [21, 23] })).diagnostics).toEqual([]);
  });

  test("sources beside the flow's: the address before and the one after", () => {
    expect(run(rule("drop", "beside", { source: ["192.0.1.255", "192.0.2.16"] })).diagnostics).toEqual([]);
  });

  test("a fleet without management flows", () => {
    expect(runChecks(fleet([rule("drop", "all", {})])).diagnostics).toEqual([]);
  });
});

describe("management-lockout", () => {
  test("gives the packet that would be lost, the flow and the rule", () => {
    const result = run(rule("drop", "closed", { protocol: TCP, destinationPort: [[0, 1023]] }));
    expect(result.checked).toBeNull();
    expect(result.diagnostics).toEqual([
      {
        code: "management-lockout",
        severity: "error",
        message:
          "`closed` would drop a packet of the management flow `ssh` (policies/management.policy.ts:10): tcp 192.0.2.7:40000 > 203.0.113.5:22 len 40 flags ack",
        help: "exclude the sources of `ssh` from `closed`, or put a pass rule above it that is wider than the flow",
        location: { file: "policies/policy.policy.ts", line: 20, column: 5 },
        spanLength: 4,
        related: [
          {
            location: { file: "policies/management.policy.ts", line: 10, column: 5 },
            message: "the management flow `ssh` is here",
          },
        ],
      },
    ]);
  });

  test("a limit drops what is above its rate", () => {
    const { diagnostics } = run(rule(limit(), "syns", { protocol: TCP }));
    expect(diagnostics.map(({ code, message, spanLength }) => [code, message, spanLength])).toEqual([
      [
        "management-lockout",
        "`syns` would limit a packet of the management flow `ssh` (policies/management.policy.ts:10): tcp 192.0.2.7:40000 > 203.0.113.5:22 len 40 flags ack",
        5,
      ],
    ]);
  });

  test("a pass rule above that leaves one source of the flow: that one is shown", () => {
    const { diagnostics } = run(
      rule("pass", "most", { source: ["192.0.2.0/29", "192.0.2.9/32", "192.0.2.10/31", "192.0.2.12/30"] }),
      rule("drop", "closed", { protocol: TCP }),
    );
    expect(diagnostics.map(({ message }) => message.split(": ")[1])).toEqual([
      "tcp 192.0.2.8:40000 > 203.0.113.5:22 len 40 flags ack",
    ]);
  });

  test("a pass rule below, or in shadow, or an earlier limit, does not help", () => {
    const rules = [
      rule("pass", "watched", { protocol: TCP }, { shadow: true }),
      rule("drop", "closed", { protocol: TCP }),
      rule("pass", "below", { protocol: TCP }),
    ];
    expect(run(...rules).diagnostics.map(({ code }) => code)).toEqual([
      "management-lockout",
      "unreachable-rule",
    ]);
  });

  test("every rule and flow is told, and one that is covered is told too", () => {
    const dns = flow("dns", { source: ["192.0.2.0/28"], protocol: UDP, destinationPort: 53 });
    const rules = [rule("drop", "all", { source: ["192.0.0.0/16"] })];
    const { diagnostics } = runChecks(fleet(rules, { management: [ssh, dns] }));
    expect(diagnostics.map(({ message }) => message.split(": ")[1])).toEqual([
      "tcp 192.0.2.7:40000 > 203.0.113.5:22 len 40 flags ack",
      "udp 192.0.2.7:40000 > 203.0.113.5:53 len 28",
    ]);
  });
});
