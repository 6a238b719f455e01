// The faults of docs/RELIABILITY.md, made to happen to one agent, one after the other. After each: the agent lives, health
// said what was wrong and is well again, and what the generation drops is still dropped.

import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readBundle } from "../../../src/bundle/format.ts";
import type { AgentProcess } from "../../../src/lab/agent-process.ts";
import { LabNode } from "../../../src/lab/lab-node.ts";
import { frameBatch } from "../../../src/lab/packet-socket.ts";
import { linkPin, pinLayout } from "../../../src/runtime/kernel/pins.ts";
import { bundleOf } from "../../support/compile.ts";
import { describeKernel } from "../../support/kernel.ts";
import {
  FLEET_NAME,
  firstFleet,
  KINDS,
  numberedFrame,
  readNumber,
  secondFleet,
} from "../../support/two-policies.ts";
import { until } from "../../support/until.ts";
import { JumpingClock } from "./clock.ts";

const BOTH_DROP = KINDS.findIndex(({ expected }) => expected === "both drop");
const BOTH_PASS = KINDS.findIndex(({ expected }) => expected === "both pass");
const YEAR_SECONDS = 365 * 24 * 3600;

interface Health {
  readonly status: string;
  readonly generation: string | null;
  readonly interfaces: readonly { readonly attached: boolean }[];
  readonly components: Readonly<Record<string, { readonly state: string; readonly reason: string | null }>>;
  readonly lastSwap: { readonly at: string } | null;
}

describeKernel("an agent to which a fault happens", () => {
  let node: LabNode;
  let clock: JumpingClock;
  let folder: string;
  let bpffs: string;
  let bundles: readonly [Uint8Array, Uint8Array];
  let sequence = 0;
  let published = 0;

  const run = (...[file, ...args]: [string, ...string[]]) =>
    execFileSync(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  const mountBpffs = () => run("mount", "-t", "bpf", "bpf", bpffs);
  const health = () => node.agent.health() as unknown as Promise<Health>;
  /** Events come back to their full by steps of five seconds: no row waits for them. */
  const isWell = async () =>
    Object.entries((await health()).components).every(
      ([name, { state }]) => state === "ok" || name === "events",
    );
  const describeAgent = () => node.agent.describe();

  /** How many of 20 packets that every generation drops, and of 20 that every one passes, arrive. */
  async function arrivals(): Promise<{ dropped: number; passed: number }> {
    node.edge.drain();
    const frames = Array.from({ length: 20 }, () =>
      [BOTH_DROP, BOTH_PASS].map((kind) => numberedFrame(kind, sequence++)),
    );
    node.send(frameBatch(frames.flat()));
    const kinds = (await node.arrived()).map((frame) => readNumber(frame)?.kind);
    const count = (kind: number) => kinds.filter((one) => one === kind).length;
    return { dropped: count(BOTH_DROP), passed: count(BOTH_PASS) };
  }
  const FILTERS = { dropped: 0, passed: 20 };

  /** Publishes the bundle that does not serve now, and gives its generation. */
  function publishOther(): string {
    const bundle = bundles[++published % 2]!;
    node.publish(bundle);
    return readBundle(bundle).generation;
  }

  const serves = (generation: string) =>
    until(async () => (await health()).generation === generation, describeAgent);

  beforeAll(async () => {
    bundles = [await bundleOf(firstFleet), await bundleOf(secondFleet)];
    folder = mkdtempSync(join(tmpdir(), "piston-faults-"));
    bpffs = mkdtempSync(join(tmpdir(), "piston-bpffs-"));
    clock = new JumpingClock(folder);
    mountBpffs();
    node = new LabNode("piston-test-faults", FLEET_NAME, join(bpffs, "pins"));
    run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", node.bundlePath);
    node.publish(bundles[0]);
    await start().event("started");
  });

  /** With settings of the environment that make what takes minutes take moments. */
  function start(more: Readonly<Record<string, string>> = {}, logFile?: string): AgentProcess {
    const environment = {
      ...clock.environment,
      PISTON_RESOURCES_CHECK_INTERVAL_MS: "200",
      PISTON_RETRY_INITIAL_MS: "200",
      PISTON_RETRY_MAX_MS: "1000",
      PISTON_HEALTH_DRIFT_CHECK_SECONDS: "1",
      PISTON_RESOURCES_CPU_LIMIT_RATIO: "64", // forty swaps in two seconds are not what the limit is for
    };
    Object.assign(process.env, environment, more);
    const agent = node.startAgent([], logFile === undefined ? {} : { logFile });
    for (const name of Object.keys({ ...environment, ...more })) Reflect.deleteProperty(process.env, name);
    return agent;
  }

  afterAll(async () => {
    const bundlePath = node?.bundlePath;
    await node?.agent.stop();
    if (bundlePath) run("umount", "-l", bundlePath);
    await node?.close();
    if (bpffs) run("umount", "-l", bpffs);
    for (const path of [folder, bpffs]) if (path) rmSync(path, { recursive: true, force: true });
  });

  it("attaches again when its program is detached from outside", async () => {
    const before = node.agent.log.length;
    run("bpftool", "link", "detach", "pinned", linkPin(pinLayout(node.pinPath, FLEET_NAME), "eth0"));
    await node.agent.event("attached", before);
    expect(await arrivals()).toEqual(FILTERS);
    await until(isWell, describeAgent);
  });

  it("says so when its interface is removed, and attaches when one of that name comes back", async () => {
    const before = node.agent.log.length;
    node.namespaces.unplug();
    const sick = await until(async () => {
      const report = await health();
      return report.status === "failed" && report;
    }, describeAgent);
    expect(sick.components.interfaces).toMatchObject({ state: "failed", reason: "not attached: eth0" });
    node.plug();
    await node.agent.event("attached", before);
    expect(await arrivals()).toEqual(FILTERS);
    await until(isWell, describeAgent);
  });

  it("filters on when its pins vanish with their file system, and pins anew when there is one again", async () => {
    const { generation } = await health();
    const before = node.agent.log.length;
    run("umount", "-l", bpffs);
    const line = await node.agent.event("pins-missing", before);
    expect(line).toMatchObject({ code: "pin-path", help: expect.stringContaining("mount -t bpf") });
    expect(await arrivals()).toEqual(FILTERS);
    expect(await health()).toMatchObject({
      status: "degraded",
      generation,
      components: { pins: { state: "degraded" } },
    });

    mountBpffs();
    await node.agent.event("pins-restored", before);
    await until(isWell, describeAgent);
    // What counts: the next agent finds it all. This one is killed.
    await node.agent.kill("SIGKILL");
    expect(await arrivals()).toEqual(FILTERS);
    await start().event("started");
    expect(node.agent.log.find((entry) => entry.event === "adopted")).toMatchObject({ generation });
    expect(await arrivals()).toEqual(FILTERS);
  });

  it("makes a generation's pins anew when somebody removes them, and goes on without a previous one", async () => {
    const before = node.agent.log.length;
    const { generations } = pinLayout(node.pinPath, FLEET_NAME);
    for (const name of readdirSync(generations)) rmSync(join(generations, name), { recursive: true });
    const line = await node.agent.event("generation-committed", before);
    expect(line).toMatchObject({ generation: (await health()).generation });
    expect(await arrivals()).toEqual(FILTERS);
    expect(readdirSync(generations)).toHaveLength(1);
    await until(isWell, describeAgent);
  });

  it("answers health without a free file descriptor, and takes a new bundle when there are some again", async () => {
    const pid = String(node.agent.child.pid);
    const before = node.agent.log.length;
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    let free = 0; // the number that the next one would get
    while (open.has(free)) free++;
    run("prlimit", "--pid", pid, `--nofile=${free}:`);
    // Connections are closed unanswered until the agent has seen it, and given its reserve back.
    const sick = await until(async () => {
      const report = await health().catch(() => null);
      return report?.components.resources?.state === "degraded" && report;
    }, describeAgent);
    expect(sick.components.resources?.reason).toMatch(/file descriptors are open/);
    expect(sick.interfaces).toMatchObject([{ attached: true }]);
    expect((await node.agent.metrics("/healthz")).status).toBe(200);
    const next = publishOther();
    await node.agent.waitFor(
      (line) => line.event === "commit-failed" || line.event === "bundle-refused",
      before,
    );
    expect(await arrivals()).toEqual(FILTERS);
    run("prlimit", "--pid", pid, "--nofile=1024:");
    await serves(next);
    expect(await arrivals()).toEqual(FILTERS);
    await until(isWell, describeAgent);
    // A comparison with the kernel fails for want of a descriptor; it must not find what is not there.
    const drift = node.agent.log
      .slice(before)
      .filter((line) => /^drift-(found|mended)$/.test(line.event ?? ""));
    expect(drift).toEqual([]);
  });

  it("serves on when the disk of its bundles is full, and takes the bundle that comes when there is room", async () => {
    const { generation } = await health();
    const before = node.agent.log.length;
    const ballast = join(node.bundlePath, ".ballast");
    for (let bytes = 4 * 2 ** 20; bytes >= 4096; bytes /= 2) {
      try {
        writeFileSync(ballast, new Uint8Array(bytes), { flag: "a" });
      } catch {
        // Full by so much: what was written stays.
      }
    }
    // What a publisher leaves that writes in place, and does not look at its errors.
    const file = join(node.bundlePath, `${FLEET_NAME}.bundle`);
    expect(() => writeFileSync(file, new Uint8Array(2 ** 20))).toThrow("ENOSPC");
    const refused = await node.agent.event("bundle-refused", before);
    expect(refused).toMatchObject({ serving: generation });
    expect(await health()).toMatchObject({
      status: "degraded",
      generation,
      components: { bundle: { state: "degraded" } },
    });
    expect(await arrivals()).toEqual(FILTERS);
    rmSync(ballast);
    await serves(publishOther());
    await until(isWell, describeAgent);
  });

  it("always serves one whole bundle while the directory is replaced under its hands", async () => {
    let last = "";
    for (let round = 0; round < 40; round++) {
      const asked = node.agent.operation("POST", "/internal/sync-rules");
      last = publishOther();
      // The files themselves are replaced too, between two reads of the agent.
      const real = join(node.bundlePath, readlinkSync(join(node.bundlePath, "..data")));
      renameSync(real, `${real}-away`);
      renameSync(`${real}-away`, real);
      expect((await asked).status).toBe(200);
      if (round % 10 === 0) expect(await arrivals()).toEqual(FILTERS);
    }
    await serves(last);
    await until(isWell, describeAgent);
  });

  it("keeps blocks, counts and swaps right when the wall clock jumps forth and back", async () => {
    const source = KINDS[BOTH_PASS]!.source;
    await operate("/internal/block", { address: source, seconds: 600 });
    expect(await arrivals()).toEqual({ dropped: 0, passed: 0 });
    for (const jump of [10 * YEAR_SECONDS, -5 * YEAR_SECONDS]) {
      clock.jump(jump);
      const next = publishOther();
      await serves(next);
      const { lastSwap } = await health();
      const offBy = Date.parse(lastSwap!.at) - Date.now() - jump * 1000;
      expect(Math.abs(offBy)).toBeLessThan(60_000); // or the clock did not jump, and this shows nothing
      expect(await arrivals()).toEqual({ dropped: 0, passed: 0 });
      const { blocks } = JSON.parse((await node.agent.operation("GET", "/internal/blocks")).body) as {
        blocks: { source: string; remainingSeconds: number }[];
      };
      expect(blocks).toMatchObject([{ source: expect.stringContaining(source) }]);
      expect(blocks[0]!.remainingSeconds).toBeGreaterThan(300);
      expect(blocks[0]!.remainingSeconds).toBeLessThanOrEqual(600);
    }
    await operate("/internal/unblock", { address: source });
    clock.jump(0);
    expect(await arrivals()).toEqual(FILTERS);
    await until(isWell, describeAgent);
  });

  it("goes on when nobody reads its log any more", async () => {
    node.agent.child.stdout!.destroy();
    const next = publishOther(); // which it would log
    await serves(next);
    await serves(publishOther());
    expect(await arrivals()).toEqual(FILTERS);
    await until(isWell, describeAgent);
  });

  it("starts with its log on a full disk, and says how much is missing when there is room", async () => {
    await node.agent.stop();
    const disk = join(folder, "log");
    mkdirSync(disk);
    run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk);
    expect(() => writeFileSync(join(disk, "ballast"), new Uint8Array(2 ** 20))).toThrow("ENOSPC");
    const logFile = join(disk, "log");
    // Nobody listens there: it is what the next row is about.
    start({ PISTON_SINKS_OTEL_ENDPOINT: "http://127.0.0.1:9/v1/traces" }, logFile);
    await until(() => isWell().catch(() => false), describeAgent);
    expect(await arrivals()).toEqual(FILTERS);
    rmSync(join(disk, "ballast"));
    await serves(publishOther());
    await until(() => readFileSync(logFile, "utf8").includes('"event":"log-lost"'), describeAgent);
    run("umount", "-l", disk);
  });

  it("filters on while the peer of a sink is dead, and says so", async () => {
    const sick = await until(async () => {
      expect(await arrivals()).toEqual(FILTERS); // which makes events
      const { events } = (await health()).components;
      return events?.reason?.includes("the circuit breaker of sink otel is open") && events;
    }, describeAgent);
    expect(sick.state).toBe("degraded");
    expect((await node.agent.metrics("/readyz")).status).toBe(200);
    await until(isWell, describeAgent);
  });

  function operate(path: string, body: object): Promise<unknown> {
    return node.agent.operation("POST", path, body);
  }
});
