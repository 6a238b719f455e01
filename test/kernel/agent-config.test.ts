// What of the configuration a running agent takes, and what its limits refuse.

import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { readBundle } from "../../src/bundle/index.ts";
import { type Agent, startAgent } from "../../src/runtime/agent.ts";
import { CONFIG_KEYS } from "../../src/runtime/config/config-keys.generated.ts";
import { ConfigStore, configOf, type PartialConfig } from "../../src/runtime/config/index.ts";
import { defaultObjectPath } from "../../src/runtime/kernel/generation.ts";
import { type LogFields, SILENT } from "../../src/runtime/log.ts";
import { SecurityManager } from "../../src/runtime/security/manager.ts";
import { declaredMapBytes } from "../../src/runtime/security/program.ts";
import { describeKernel } from "../support/kernel.ts";
import { bundlePath, first, PIN_PATH, start, useAgentBench } from "./agent-bench.ts";

describeKernel("a running agent's configuration", () => {
  useAgentBench();
  let agent: Agent | null = null;
  afterEach(async () => {
    await agent?.stop();
    agent = null;
  });

  function settings(rest: PartialConfig = {}) {
    return configOf({
      bundle: { path: bundlePath, interfaces: ["eth0"], allowUnsigned: true, pinPath: PIN_PATH },
      listen: { metrics: "127.0.0.1:0", operations: "127.0.0.1:0" },
      ...rest,
    });
  }

  it("changes by exactly the keys that docs/CONFIGURATION.md says so of", async () => {
    const config = settings();
    const store = new ConfigStore(config, () => Promise.reject(new Error("nobody reloads")));
    store.onChange("log.level", () => {}); // the process's own to take
    agent = await startAgent({ config, logger: SILENT, changes: store });
    const live = CONFIG_KEYS.filter((key) => store.isLive(key.path)).map((key) => key.path);
    expect(live).toEqual(CONFIG_KEYS.filter((key) => key.live).map((key) => key.path));
  });

  it("that asks for more memory than there is makes one warning, however often it is checked", () => {
    const said: unknown[] = [];
    const note = (fields: LogFields) => void said.push(fields.code);
    const config = settings({ resources: { memoryLimitBytes: 2 ** 40 } });
    const manager = new SecurityManager({
      config,
      elf: readFileSync(defaultObjectPath()),
      logger: { ...SILENT, warn: note, error: note },
    });
    manager.checkAll();
    const used = Buffer.alloc(64 * 2 ** 20, 1); // the figure in the message moves
    manager.checkAll();
    expect(used).toHaveLength(64 * 2 ** 20);
    expect(said.filter((code) => code === "security-memory")).toHaveLength(1);
  });

  describe("security.memoryLimitBytes", () => {
    const elf = () => readFileSync(defaultObjectPath());

    it("refuses a start with a program whose own maps are above it", async () => {
      const own = declaredMapBytes(elf());
      expect(own).toBeGreaterThan(2 ** 20);
      await expect(start({}, { security: { memoryLimitBytes: 2 ** 20 } })).rejects.toMatchObject({
        code: "security-program",
        message: expect.stringContaining(`asks for ${own} bytes of maps`),
      });
    });

    it("refuses a bundle that is one byte above it, and takes one at it", () => {
      const bundle = readBundle(first);
      const bytes = declaredMapBytes(elf()) + bundle.manifest.memoryBytes;
      const manager = (memoryLimitBytes: number) =>
        new SecurityManager({
          config: settings({ security: { memoryLimitBytes } }),
          elf: elf(),
          logger: SILENT,
        });
      manager(bytes).requireMemory(bundle);
      expect(() => manager(bytes - 1).requireMemory(bundle)).toThrow(
        `would take ${bytes} bytes of kernel memory`,
      );
    });
  });
});
