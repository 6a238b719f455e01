import { describe, expect, it } from "vitest";
import { type Step, shutDown, startUp } from "./lifecycle.ts";
import type { LogFields, Logger } from "./log.ts";

function recorder() {
  const lines: (LogFields & { level: string; message: string })[] = [];
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ ...fields, level, message });
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    isLevelEnabled: () => true,
  };
  return { lines, logger };
}

/** Steps that note their names; `hang` never ends, `fail` throws. */
function steps(done: string[], ...names: string[]): Step[] {
  return names.map((name) => ({
    name,
    timeoutMs: name === "hang" ? 20 : 10_000,
    run: async () => {
      if (name === "hang") await new Promise(() => {});
      if (name === "fail") throw new Error("no such thing");
      done.push(name);
    },
  }));
}

describe("start-up", () => {
  it("runs the steps in their order, and says each by name", async () => {
    const { lines, logger } = recorder();
    const done: string[] = [];
    await startUp(steps(done, "kernel", "permissions"), logger);
    expect(done).toEqual(["kernel", "permissions"]);
    expect(lines).toMatchObject([
      { event: "start-step", step: "kernel", message: "start 1/2: kernel" },
      { event: "start-step", step: "permissions", message: "start 2/2: permissions" },
    ]);
  });

  it("ends at the step that fails", async () => {
    const done: string[] = [];
    const { lines, logger } = recorder();
    await expect(startUp(steps(done, "kernel", "fail", "health"), logger)).rejects.toThrow("no such thing");
    expect(done).toEqual(["kernel"]);
    expect(lines.map((line) => line.step)).toEqual(["kernel"]);
  });

  it("cuts off a step that hangs, and names it", async () => {
    const { logger } = recorder();
    await expect(startUp(steps([], "hang", "health"), logger)).rejects.toMatchObject({
      code: "start-timeout",
      object: "hang",
      message: 'the start-up step "hang" has not ended after 20 ms',
    });
  });

  it("begins no step after a signal", async () => {
    const done: string[] = [];
    await expect(
      startUp(steps(done, "kernel"), recorder().logger, AbortSignal.abort()),
    ).rejects.toMatchObject({
      code: "start-interrupted",
    });
    expect(done).toEqual([]);
  });
});

describe("shutdown", () => {
  it("goes on to the last step whatever fails or hangs, and names both", async () => {
    const { lines, logger } = recorder();
    const done: string[] = [];
    await shutDown(steps(done, "intake", "fail", "hang", "metrics"), 10_000, logger);
    expect(done).toEqual(["intake", "metrics"]);
    expect(lines).toMatchObject([
      { level: "info", step: "intake" },
      { level: "error", step: "fail", message: "stop 2/4: fail: failed: no such thing" },
      { level: "error", step: "hang", code: "step-cut-off" },
      { level: "info", step: "metrics" },
    ]);
  });

  it("has one deadline for all steps together", async () => {
    const { lines, logger } = recorder();
    const forever = { name: "hang", timeoutMs: 60_000, run: () => new Promise<void>(() => {}) };
    await shutDown([forever, { ...forever, name: "too" }], 30, logger);
    expect(lines.map((line) => [line.step, line.code])).toEqual([
      ["hang", "step-cut-off"],
      ["too", "step-cut-off"],
    ]);
  });
});
