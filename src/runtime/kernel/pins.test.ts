import { describe, expect, it } from "vitest";
import { escapePinName, linkPin, pinLayout, tablePin, unescapePinName } from "./pins.ts";

describe("pin names", () => {
  it("have no dot and no slash, and can be read back", () => {
    for (const name of ["eth0", "eth0.100", "bond0:1", "100%", "a/b", "..", "%2e"]) {
      const pin = escapePinName(name);
      expect(pin).not.toMatch(/[./]/);
      expect(unescapePinName(pin)).toBe(name);
    }
    expect(escapePinName("eth0.100")).toBe("eth0%2e100");
  });

  it("keep different names apart", () => {
    expect(escapePinName("a.b")).not.toBe(escapePinName("a%2eb"));
  });

  it("stand where the file's head says", () => {
    const layout = pinLayout("/sys/fs/bpf/p", "edge.eu");
    expect(layout.state).toBe("/sys/fs/bpf/p/edge%2eeu/state");
    expect(linkPin(layout, "eth0.5")).toBe("/sys/fs/bpf/p/edge%2eeu/links/eth0%2e5");
    expect(tablePin(layout, "rules", "0123456789abcdef".repeat(4))).toBe(
      "/sys/fs/bpf/p/edge%2eeu/tables/rules-0123456789abcdef",
    );
  });
});
