// What a reload of the configuration changes of the agent's ports, and what it must not.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentConfig, type ConfigChanges, configOf, NO_CHANGES } from "../config/index.ts";
import { Components } from "../observe/components.ts";
import { type HealthInput, healthReport, servingParts } from "../observe/health.ts";
import { AgentMetrics } from "../observe/metrics.ts";
import { makeCertificate } from "./certificate-fixture.ts";
import { Surface } from "./surface.ts";

const TOKEN = "0123456789abcdef";
const input: HealthInput = {
  fleet: null,
  serving: null,
  previous: null,
  held: null,
  interfaces: [],
  lastSwap: null,
  refused: null,
};

let folder: string;
let surface: Surface | null;
let components: Components;
/** By path. */
let listeners: Map<string, (next: AgentConfig, previous: AgentConfig) => void>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "piston-surface-"));
  surface = null;
  components = new Components();
  listeners = new Map();
});
afterEach(async () => {
  await surface?.close();
  rmSync(folder, { recursive: true, force: true });
});

const configWith = (listen: Partial<AgentConfig["listen"]>) =>
  configOf({
    bundle: { path: "none" },
    listen: { metrics: "127.0.0.1:0", operations: "127.0.0.1:0", ...listen },
  });

async function open(listen: Partial<AgentConfig["listen"]>): Promise<AgentConfig> {
  const config = configWith(listen);
  const subscribe: ConfigChanges["onChange"] = (path, listener) => {
    listeners.set(path, listener);
    return () => listeners.delete(path);
  };
  surface = await Surface.open(config.listen, {
    metrics: new AgentMetrics("0.0.0", () => {
      throw new Error("not asked here");
    }),
    components,
    health: () => healthReport(input, servingParts(input)),
    operations: {
      rollback: async () => ({}),
      status: () => ({}),
      syncRules: async () => ({}),
      checkDrift: async () => ({}),
      collectGarbage: async () => ({}),
      stats: () => ({}),
      block: async () => ({}),
      unblock: async () => ({}),
      blocks: async () => ({}),
    },
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, isLevelEnabled: () => false },
    changes: { ...NO_CHANGES, onChange: subscribe, onReload: subscribe },
  });
  return config;
}

function tokenFile(name: string, token: string): string {
  const path = join(folder, name);
  writeFileSync(path, token);
  return path;
}
const health = async (token: string) =>
  (await fetch(`http://${surface!.metricsAddress}/health`, { headers: { authorization: `Bearer ${token}` } }))
    .status;

describe("the agent's ports at a reload", () => {
  it("ask for the token of another file", async () => {
    const config = await open({ metricsTokenFile: tokenFile("one", TOKEN) });
    expect([await health(TOKEN), await health("fedcba9876543210")]).toEqual([503, 401]); // 503: nothing serves
    const next = configWith({ metricsTokenFile: tokenFile("two", "fedcba9876543210") });
    listeners.get("listen.metricsTokenFile")!(next, config);
    expect([await health(TOKEN), await health("fedcba9876543210")]).toEqual([401, 503]);
  });

  it("take another certificate's files, but do not turn TLS on or off", async () => {
    const config = await open({ tls: { ...makeCertificate(folder, "one.example"), clientCaFile: null } });
    expect(components.read().get("tls")?.state).toBe("ok");
    const gone = {
      certFile: join(folder, "none.crt"),
      keyFile: join(folder, "none.key"),
      clientCaFile: null,
    };
    listeners.get("listen.tls")!(configWith({ tls: gone }), config);
    expect(components.read().get("tls")).toMatchObject({ state: "degraded", lastError: "tls-files" });
    const two = { ...makeCertificate(folder, "two.example"), clientCaFile: null };
    listeners.get("listen.tls")!(configWith({ tls: two }), config);
    expect(components.read().get("tls")?.state).toBe("ok");
    expect(() => listeners.get("listen.tls")!(configWith({ tls: null }), config)).toThrow(
      "TLS cannot be turned off while the ports are open",
    );
  });

  it("do not lose the token that operations beyond loopback need", async () => {
    const config = await open({ operations: "0.0.0.0:0", operationsTokenFile: tokenFile("one", TOKEN) });
    expect(() => listeners.get("listen.operationsTokenFile")!(configWith({}), config)).toThrow(
      "without a token",
    );
  });

  it("are closed, and leave no component behind", async () => {
    await open({ metricsTokenFile: tokenFile("one", TOKEN) });
    const address = surface!.metricsAddress;
    await surface!.close();
    await expect(fetch(`http://${address}/healthz`)).rejects.toThrow("fetch failed");
    expect(components.read().size).toBe(0);
    expect(listeners.size).toBe(0);
  });
});
