import { describe, expect, it } from "vitest";
import { REASONS, type Reason } from "../../bundle/abi.ts";
import { PATTERNS, type Pattern, PRIORITIES } from "../../metrics/event-labels.ts";
import { priorityOf } from "./priority.ts";

function priority(
  reason: Reason,
  more: { shadow?: boolean; pattern?: Pattern; management?: boolean; foreign?: boolean } = {},
): string | undefined {
  const { shadow = false, pattern, management = false, foreign = false } = more;
  const patterns = pattern === undefined ? 0 : 1 << PATTERNS.indexOf(pattern);
  const rank = priorityOf({ reason: REASONS.indexOf(reason), shadow, patterns, management, foreign });
  return PRIORITIES[rank];
}

describe("the priority of an event", () => {
  it("is normal for what rules, limits and defaults drop", () => {
    for (const reason of ["rule", "limit", "default", "other-ethertype"] as const)
      expect(priority(reason)).toBe("normal");
    expect(priority("rule", { shadow: true })).toBe("normal");
  });

  it("is high for blocked sources and for attacks that show themselves", () => {
    expect(priority("block")).toBe("high");
    expect(priority("rule", { pattern: "syn-fin" })).toBe("high");
    expect(priority("limit", { pattern: "amplification" })).toBe("high");
  });

  it("is critical for what aims at the stack of a host", () => {
    for (const reason of ["truncated-ethernet", "bad-ihl", "tiny-fragment", "bad-udp-length"] as const)
      expect(priority(reason)).toBe("critical");
    for (const pattern of ["land-attack", "overlapping-fragment", "oversize-fragment"] as const)
      expect(priority("rule", { pattern })).toBe("critical");
  });

  it("is essential where operators may be locked out, and where a program is none of ours", () => {
    expect(priority("default", { management: true })).toBe("essential");
    expect(priority("rule", { management: true, shadow: true })).toBe("normal");
    expect(priority("rule", { foreign: true })).toBe("essential");
  });
});
