import { describe, expect, it } from "vitest";
import { Components, degraded, OK } from "./components.ts";
import { type HealthInput, type HealthReport, healthReport, isReady, servingParts } from "./health.ts";

const serving: HealthInput = {
  fleet: "edge",
  serving: {
    generation: "0123456789ab",
    bundleDigest: `sha256:${"0123456789ab".padEnd(64, "0")}`,
    revision: "sha256:r",
  },
  previous: null,
  held: null,
  interfaces: [
    { name: "eth0", mode: "native", attached: true, programId: 7 },
    { name: "eth1", mode: "native", attached: true, programId: 7 },
  ],
  lastSwap: null,
  refused: null,
};
const refused = { at: "", bundleDigest: null, part: "header", code: "bad-digest", message: "", help: "" };
const detached = serving.interfaces.map((entry) => ({ ...entry, attached: false, programId: null }));

const reportOf = (input: HealthInput) => healthReport(input, servingParts(input));
const stateOf = (report: HealthReport, name: keyof HealthReport["components"]) =>
  report.components[name]?.state;

describe("health", () => {
  it("is ok where a generation serves on every interface", () => {
    const report = reportOf(serving);
    expect(report.status).toBe("ok");
    expect(report.generation).toBe("0123456789ab");
    expect(isReady(report)).toBe(true);
  });

  it("is degraded and ready where a bundle was refused while a generation serves", () => {
    const report = reportOf({ ...serving, refused });
    expect(report.status).toBe("degraded");
    expect(stateOf(report, "bundle")).toBe("degraded");
    expect(isReady(report)).toBe(true);
  });

  it("is failed where a bundle was refused and nothing serves", () => {
    const report = reportOf({ ...serving, serving: null, interfaces: detached, refused });
    expect(report.status).toBe("failed");
    expect(stateOf(report, "bundle")).toBe("failed");
    expect(isReady(report)).toBe(false);
  });

  it("is starting before the first bundle was read", () => {
    const report = reportOf({ ...serving, serving: null, interfaces: [] });
    expect(report.status).toBe("starting");
    expect(isReady(report)).toBe(false);
  });

  it("is degraded and not ready where one interface of two is not attached, failed where none is", () => {
    const one = reportOf({ ...serving, interfaces: [serving.interfaces[0]!, detached[1]!] });
    expect([one.status, stateOf(one, "interfaces"), isReady(one)]).toEqual(["degraded", "degraded", false]);
    const none = reportOf({ ...serving, interfaces: detached });
    expect([none.status, stateOf(none, "interfaces"), isReady(none)]).toEqual(["failed", "failed", false]);
  });

  it("is degraded and ready where another part is, and says which and why", () => {
    const components = new Components();
    components.register("events", () => degraded("the worker is started again"));
    components.register("resources", () => OK);
    components.error("events", "worker-crashed");
    components.error("events", "worker-crashed");
    const parts = servingParts(serving);
    const report = healthReport(serving, {
      ...parts,
      components: new Map([...parts.components, ...components.read()]),
    });
    expect([report.status, isReady(report)]).toEqual(["degraded", true]);
    expect(report.components.events).toMatchObject({
      state: "degraded",
      reason: "the worker is started again",
      errors: 2,
      lastError: "worker-crashed",
      lastErrorAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(report.components.resources).toMatchObject({
      state: "ok",
      reason: null,
      errors: 0,
      lastErrorAt: null,
    });
  });

  it("names the interfaces that are not attached, and the fault of the bundle that is not served", () => {
    const report = reportOf({ ...serving, refused, interfaces: [serving.interfaces[0]!, detached[1]!] });
    expect(report.components.interfaces?.reason).toBe("not attached: eth1");
    expect(report.components.bundle?.reason).toBe("the newest bundle is not served: bad-digest, header");
  });
});

describe("a part that health speaks of", () => {
  it("has failed where it cannot be asked, and takes no other with it", () => {
    const components = new Components();
    components.register("resources", () => {
      throw new Error("no /proc");
    });
    components.register("config", () => OK);
    expect([...components.read()].map(([name, { state, reason }]) => [name, state, reason])).toEqual([
      ["resources", "failed", "no /proc"],
      ["config", "ok", null],
    ]);
  });

  it("is gone when its registration ends, but not when another has taken its place", () => {
    const components = new Components();
    const endFirst = components.register("events", () => OK);
    const endSecond = components.register("events", () => degraded("x"));
    endFirst();
    expect(components.read().get("events")?.state).toBe("degraded");
    endSecond();
    expect(components.read().has("events")).toBe(false);
  });
});
