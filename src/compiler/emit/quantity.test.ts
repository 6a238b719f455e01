import { describe, expect, it } from "vitest";
import { bytesOf, doubled, milliCpuOf, shareMi } from "./quantity.ts";

describe("a quantity", () => {
  it.each([
    ["1", 1],
    ["1k", 1000],
    ["1Ki", 1024],
    ["512Mi", 536_870_912],
    ["1.5Gi", 1_610_612_736],
    ["2G", 2_000_000_000],
  ])("of memory, %s, is %d bytes", (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
  });

  it.each([
    ["500m", 500],
    ["2", 2000],
    ["0.25", 250],
  ])("of CPU, %s, is %d thousandths", (text, milli) => {
    expect(milliCpuOf(text)).toBe(milli);
  });

  it.each(["", "Gi", "1Gb", "-1", "1 Gi"])("is not %j", (text) => {
    expect(() => bytesOf(text)).toThrow("no quantity");
  });

  it("has shares that are not above it: rounded down to a MiB", () => {
    expect(shareMi("4Gi", 0.25)).toBe(1024);
    expect(shareMi("1023Mi", 0.5)).toBe(511);
    expect(shareMi("1024Mi", 0.5)).toBe(512);
  });

  it("is doubled as the operations guide writes it", () => {
    expect(doubled({ cpu: "2000m", memory: "2Gi" })).toEqual({ cpu: "4000m", memory: "4Gi" });
    expect(doubled({ cpu: "100m", memory: "128Mi" })).toEqual({ cpu: "200m", memory: "256Mi" });
  });
});
