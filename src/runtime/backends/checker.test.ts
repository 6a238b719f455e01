import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackendChecker } from "./checker.ts";
import { type Finding, LocalFault } from "./probe.ts";

const healthCheck = {
  kind: "tcp",
  port: 80,
  path: null,
  intervalSeconds: 10,
  timeoutSeconds: 2,
  unhealthyThreshold: 3,
} as const;
const backend = (name: string, origins: readonly string[], change = {}) => ({
  name,
  listen: [],
  protocols: [],
  origins,
  healthCheck: { ...healthCheck, ...change },
});

let answers: Map<string, Finding>;
let asked: string[];
let open: BackendChecker;

/** No jitter, no spread: the first round at once, the next after the interval. */
function checker(options: ConstructorParameters<typeof BackendChecker>[0] = {}): BackendChecker {
  open = new BackendChecker({
    jitter: 0,
    spreadMs: 0,
    probe: async (host) => {
      asked.push(host);
      return answers.get(host) ?? null;
    },
    ...options,
  });
  return open;
}
const round = () => vi.advanceTimersByTimeAsync(10_000);
const first = () => vi.advanceTimersByTimeAsync(1);

beforeEach(() => {
  vi.useFakeTimers();
  answers = new Map();
  asked = [];
});
afterEach(() => {
  open.close();
  vi.useRealTimers();
});

describe("the checker of backends", () => {
  it("asks nobody before it is told of backends, and none without a health check", async () => {
    const one = checker();
    await round();
    one.update([{ ...backend("dns", ["a:1"]), healthCheck: null }]);
    await round();
    expect(asked).toEqual([]);
    expect(one.states()).toEqual([]);
  });

  it("takes a backend for healthy with all its origins, degraded with some, unhealthy with none", async () => {
    const one = checker();
    one.update([backend("web", ["10.0.0.1:80", "[2001:db8::1]:80"], { unhealthyThreshold: 1 })]);
    expect(one.states()[0]).toMatchObject({ status: "unknown", healthyOrigins: 0, totalOrigins: 2 });
    await first();
    expect(asked).toEqual(["10.0.0.1", "2001:db8::1"]);
    expect(one.states()[0]).toMatchObject({ status: "healthy", healthyOrigins: 2 });
    answers.set("2001:db8::1", "ECONNREFUSED");
    await round();
    expect(one.states()[0]).toMatchObject({ status: "degraded", healthyOrigins: 1 });
    expect(one.states()[0]?.origins[1]).toMatchObject({ state: "unhealthy", reason: "ECONNREFUSED" });
    answers.set("10.0.0.1", "no connection");
    await round();
    expect(one.states()[0]).toMatchObject({ status: "unhealthy", healthyOrigins: 0 });
  });

  it("calls an origin unhealthy at the threshold, not before, and healthy again at one success", async () => {
    const changes: string[] = [];
    const one = checker({ onChange: (name, { state }) => changes.push(`${name} ${state}`) });
    one.update([backend("web", ["a:80"])]);
    await first();
    answers.set("a", "ECONNREFUSED");
    await round();
    await round();
    expect(one.states()[0]?.status).toBe("healthy");
    await round();
    expect(one.states()[0]?.status).toBe("unhealthy");
    answers.delete("a");
    await round();
    expect(changes).toEqual(["web healthy", "web unhealthy", "web healthy"]);
  });

  it("keeps the verdict of an origin that stays, and forgets one that goes", async () => {
    const one = checker();
    one.update([backend("web", ["a:80", "b:80"])]);
    await first();
    one.update([backend("web", ["a:80", "c:80"])]);
    expect(one.states()[0]?.origins.map(({ state }) => state)).toEqual(["healthy", "unknown"]);
    asked = [];
    await first();
    await round();
    expect(asked.filter((host) => host === "b")).toEqual([]);
  });

  it("runs no more checks at once than it may", async () => {
    let running = 0;
    let most = 0;
    const one = checker({
      concurrency: 2,
      probe: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 100));
        running--;
        return null;
      },
    });
    one.update([backend("web", ["a:1", "b:1", "c:1", "d:1", "e:1"])]);
    await vi.advanceTimersByTimeAsync(350);
    expect(most).toBe(2);
    expect(one.states()[0]).toMatchObject({ healthyOrigins: 5 });
  });

  it.each([
    [0, 9_000],
    [0.5, 10_000],
    [0.999, 10_998],
  ])("waits a tenth less or more than the interval: at %d", async (random, wait) => {
    const one = checker({ jitter: 0.1, random: () => random });
    one.update([backend("web", ["a:1"])]);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(wait - 2);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3);
    expect(asked).toHaveLength(2);
  });

  it("leaves the verdict as it is where this node cannot ask, and says so", async () => {
    let broken = false;
    const one = checker({
      probe: () => (broken ? Promise.reject(new LocalFault("EMFILE: too many")) : Promise.resolve(null)),
    });
    one.update([backend("web", ["a:1"], { unhealthyThreshold: 1 })]);
    await first();
    broken = true;
    await round();
    expect(one.localFault).toBe("EMFILE: too many");
    expect(one.states()[0]?.status).toBe("healthy");
    broken = false;
    await round();
    expect(one.localFault).toBeNull();
  });
});
