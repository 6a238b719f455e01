import { describe, expect, it } from "vitest";
import { BpfError } from "./bpf/errors.ts";
import { RuntimeFault } from "./errors.ts";
import { Backoff, DEFAULT_BACKOFF, isTransient, type RetryOptions, retry } from "./retry.ts";

const QUICK: RetryOptions = { initialMs: 1, maxMs: 4, multiplier: 2, jitter: 0 };

function errno(code: string, cause?: unknown): Error {
  return Object.assign(new Error(code, { cause }), { code });
}

describe("Backoff", () => {
  it("doubles from 1 s to 30 s and stays there", () => {
    const backoff = new Backoff({ ...DEFAULT_BACKOFF, random: () => 0 });
    const delays = Array.from({ length: 7 }, () => backoff.next());
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it("takes up to a tenth off, and never goes above the longest delay", () => {
    const backoff = new Backoff({ ...DEFAULT_BACKOFF, random: () => 0.999_999 });
    const delays = Array.from({ length: 6 }, () => Math.round(backoff.next()));
    expect(delays).toEqual([900, 1800, 3600, 7200, 14_400, 27_000]);
  });

  it("spreads delays evenly where nobody gives it numbers", () => {
    const delays = Array.from({ length: 200 }, () => new Backoff().next());
    for (const delay of delays) expect(delay).toBeGreaterThan(900);
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(1000);
    expect(new Set(delays).size).toBeGreaterThan(100);
  });

  it("begins again after a reset", () => {
    const backoff = new Backoff({ ...DEFAULT_BACKOFF, random: () => 0 });
    backoff.next();
    backoff.next();
    expect(backoff.attempts).toBe(2);
    backoff.reset();
    expect([backoff.attempts, backoff.next()]).toEqual([0, 1000]);
  });

  it("stays at the longest delay after so many attempts that the power overflows", () => {
    const backoff = new Backoff({ ...DEFAULT_BACKOFF, random: () => 0 });
    for (let i = 0; i < 2000; i++) backoff.next();
    expect(backoff.next()).toBe(30_000);
  });
});

describe("retry", () => {
  it("does the work again until it succeeds, and tells of each failure", async () => {
    const told: unknown[] = [];
    const result = await retry(
      (attempt) => {
        if (attempt < 4) throw errno("EAGAIN");
        return `attempt ${attempt}`;
      },
      {
        ...QUICK,
        onFailure: (error, attempt, delayMs) => told.push([(error as Error).message, attempt, delayMs]),
      },
    );
    expect(result).toBe("attempt 4");
    expect(told).toEqual([
      ["EAGAIN", 1, 1],
      ["EAGAIN", 2, 2],
      ["EAGAIN", 3, 4],
    ]);
  });

  it("does not repeat what a second attempt cannot mend", async () => {
    let attempts = 0;
    const work = () => {
      attempts++;
      throw errno("EPERM");
    };
    await expect(retry(work, QUICK)).rejects.toThrow("EPERM");
    expect(attempts).toBe(1);
  });

  it("gives up after so many attempts, with the last error", async () => {
    const work = (attempt: number) => Promise.reject(errno("ECONNREFUSED", `attempt ${attempt}`));
    await expect(retry(work, { ...QUICK, attempts: 3 })).rejects.toMatchObject({ cause: "attempt 3" });
  });

  it("ends at once when it is aborted while it waits, with the reason", async () => {
    const controller = new AbortController();
    const slow = { ...QUICK, initialMs: 3_600_000, maxMs: 3_600_000, signal: controller.signal };
    const waiting = retry(
      () => {
        throw errno("EAGAIN");
      },
      { ...slow, onFailure: () => setImmediate(() => controller.abort(new Error("the agent stops"))) },
    );
    await expect(waiting).rejects.toThrow("the agent stops");
  });

  it("does not begin when it is aborted already", async () => {
    let attempts = 0;
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(retry(() => attempts++, { ...QUICK, signal })).rejects.toThrow("stopped");
    expect(attempts).toBe(0);
  });
});

describe("isTransient", () => {
  it("takes errors of Node, of the addon, and faults that name them as their cause", () => {
    const failure = { operation: "object load", object: "piston", errno: 11, text: "", detail: "", log: "" };
    const busy = new BpfError({ ...failure, code: "EAGAIN" });
    const fault = { code: "load", operation: "load", object: "x", message: "x", help: "x" };
    expect(isTransient(errno("ECONNREFUSED"))).toBe(true);
    expect(isTransient(busy)).toBe(true);
    expect(isTransient(new RuntimeFault({ ...fault, cause: busy }))).toBe(true);
    expect(isTransient(new TypeError("fetch failed", { cause: errno("EAI_AGAIN") }))).toBe(true);
  });

  it("takes nothing that needs a hand: permissions, a refused program, a bug", () => {
    for (const code of ["EPERM", "EACCES", "EINVAL", "ENOENT", "EBUSY", "ENODEV"])
      expect(isTransient(errno(code))).toBe(false);
    expect(isTransient(new Error("no errno"))).toBe(false);
    expect(isTransient("EAGAIN")).toBe(false);
  });
});
