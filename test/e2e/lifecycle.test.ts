// A real agent started, told to read its configuration again, and ended: in order, with deadlines, and filtering goes on.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentProcess } from "../../src/lab/agent-process.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { linkPin, pinLayout } from "../../src/runtime/kernel/pins.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { threadFiles } from "../support/threads.ts";
import { FLEET_NAME, firstFleet, secondFleet } from "../support/two-policies.ts";
import { until } from "../support/until.ts";

describeKernel("an agent's life", () => {
  let node: LabNode;
  let folder: string;
  let config: string;

  beforeAll(async () => {
    node = new LabNode("piston-test-life", FLEET_NAME);
    folder = mkdtempSync(join(tmpdir(), "piston-test-life-"));
    config = join(folder, "agent.yaml");
    node.publish(await bundleOf(firstFleet));
  });
  afterAll(async () => {
    await node?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(text: string): Promise<AgentProcess> {
    writeFileSync(config, text);
    const agent = node.startAgent(["--config", config]);
    await agent.event("started");
    return agent;
  }

  /** Writes the configuration, sends SIGHUP, and gives the line that it ends with. */
  async function reload(agent: AgentProcess, text: string, event: string) {
    writeFileSync(config, text);
    const seen = agent.log.length;
    agent.child.kill("SIGHUP");
    return agent.event(event, seen);
  }

  /** Events may have been fewer for a while, where the machine was late. */
  const untilWell = (agent: AgentProcess) =>
    until(
      async () => (await agent.health()).status === "ok",
      () => agent.describe(),
    );

  const stepsOf = (agent: AgentProcess, event: string) =>
    agent.log.filter((line) => line.event === event).map((line) => line.step);
  const attached = () => existsSync(linkPin(pinLayout(node.pinPath, FLEET_NAME), node.namespaces.interface));

  describe("at SIGHUP", () => {
    let agent: AgentProcess;
    beforeAll(async () => {
      agent = await start("log: { level: info }\n");
    });

    it("takes what can change, and names what waits for a restart", async () => {
      const line = await reload(agent, "log: { level: debug }\nretry: { maxMs: 9000 }\n", "config-reloaded");
      expect(line.keys).toEqual(["log.level"]);
      expect(agent.log.findLast((one) => one.event === "config-restart-needed")).toMatchObject({
        level: "warn",
        keys: ["retry.maxMs"],
      });
    });

    it("keeps what is in force where the file has a fault, and is degraded until it is mended", async () => {
      const refused = await reload(agent, "log: { level: loud }\n", "config-refused");
      expect(refused).toMatchObject({
        level: "error",
        faults: [{ code: "config-value", place: `${config}:1:8` }],
      });
      expect(await agent.health()).toMatchObject({
        status: "degraded",
        components: { config: { state: "degraded" } },
        config: { file: config, refused: expect.stringContaining('`log.level` is "loud"') },
      });
      await reload(agent, "log: { level: info }\n", "config-reloaded");
      await untilWell(agent);
    });

    it("ends at SIGTERM with filtering attached", async () => {
      expect(await agent.stop()).toBe(0);
      expect(attached()).toBe(true);
    });
  });

  it("is degraded while a periodic check finds something, and says both once", async () => {
    const agent = await start("security: { checkIntervalSeconds: 1 }\n");
    await agent.event("capabilities-dropped"); // from here on it may not write to what is another's
    const owned = statSync(node.pinPath);
    chownSync(node.pinPath, 65_534, 65_534);
    chmodSync(node.pinPath, 0o755);
    const seen = agent.log.length;
    const found = await agent.event("security", seen);
    expect(found).toMatchObject({
      level: "error",
      code: "security-pin-path",
      msg: expect.stringContaining("EACCES"),
    });
    expect(await agent.health()).toMatchObject({
      status: "degraded",
      components: { security: { state: "degraded", reason: expect.stringContaining("cannot write") } },
    });
    expect((await agent.metrics()).body).toContain('pistonprotection_security_check{check="pin-path"} 0\n');
    chownSync(node.pinPath, owned.uid, owned.gid);
    chmodSync(node.pinPath, owned.mode & 0o777);
    const mended = await agent.waitFor((line) => line.event === "security" && line !== found, seen);
    expect(mended).toMatchObject({ level: "info", msg: expect.stringMatching(/^mended: /) });
    await untilWell(agent);
    expect(await agent.stop()).toBe(0);
  });

  it("keeps three capabilities on every thread, and can still load and swap with them", async () => {
    const agent = await start("{}\n");
    await agent.event("capabilities-dropped");
    const statuses = () => [...threadFiles(agent.child.pid!, "status").values()];
    await until(
      () => statuses().length > 5, // V8's and libuv's, and the worker that reads events
      () => agent.describe(),
    );
    for (const status of statuses()) {
      // CAP_NET_ADMIN 12, CAP_PERFMON 38, CAP_BPF 39 of include/uapi/linux/capability.h
      const mask = ((1n << 12n) | (1n << 38n) | (1n << 39n)).toString(16).padStart(16, "0");
      expect(status).toContain(`CapPrm:\t${mask}`);
      expect(status).toContain(`CapEff:\t${mask}`);
      expect(status).toContain(`CapBnd:\t${mask}`);
      expect(status).toMatch(/^CapInh:\t0{16}$/m);
      expect(status).toMatch(/^CapAmb:\t0{16}$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    }
    const seen = agent.log.length;
    node.publish(await bundleOf(secondFleet));
    await agent.event("generation-committed", seen);
    expect(await agent.stop()).toBe(0);
  });

  it("starts and ends in the document's order, and leaves its last metrics in a file", async () => {
    const file = join(folder, "last.prom");
    const agent = await start(`shutdown: { metricsFile: ${file} }\n`);
    expect(stepsOf(agent, "start-step")).toEqual(START_STEPS);
    expect(await agent.stop()).toBe(0);
    expect(stepsOf(agent, "stop-step")).toEqual(STOP_STEPS);
    expect(readFileSync(file, "utf8")).toMatch(
      /^pistonprotection_traffic_packets_total\{fleet="swap-test"\} \d+$/m,
    );
  });

  it("cuts off a step that hangs, by its name, and ends", async () => {
    // The agent is in a namespace of its own, where nothing answers and nothing refuses but what is there.
    execFileSync("ip", [
      "-n",
      basename(node.namespaces.edge),
      "addr",
      "add",
      "192.0.2.1/24",
      "dev",
      node.namespaces.interface,
    ]);
    const agent = await start(
      "sinks: { otel: { endpoint: 'http://192.0.2.9:4318/v1/traces' } }\nshutdown: { timeoutSeconds: 1 }\n",
    );
    expect(await agent.stop()).toBe(0);
    expect(agent.log.findLast((line) => line.event === "stop-step")).toMatchObject({
      level: "error",
      step: "final metrics",
      code: "step-cut-off",
    });
    expect(attached()).toBe(true);
  });

  it("ends at once at a second signal, whatever hangs, with filtering attached", async () => {
    const file = join(folder, "pipe");
    execFileSync("mkfifo", [`${file}.tmp`]); // nobody reads it: opening it for writing hangs the thread
    const agent = await start(`shutdown: { metricsFile: ${file} }\n`);
    agent.child.kill("SIGTERM");
    await agent.waitFor((line) => line.event === "stop-step" && line.step === "resources");
    agent.child.kill("SIGTERM");
    await agent.exited;
    expect(agent.child.signalCode).toBe("SIGTERM");
    expect(attached()).toBe(true);
  });
});

const START_STEPS = [
  "security environment",
  "resources",
  "kernel",
  "permissions",
  "components",
  "health",
  "monitoring",
  "events",
];
const STOP_STEPS = [
  "stop accepting",
  "work in progress",
  "events",
  "components",
  "resources",
  "final metrics",
];
