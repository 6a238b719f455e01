// An agent in the test's own process and in a network namespace of its own. Importing nothing but useAgentBench() starts
// nothing; the other exports are set by its hooks.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { SECTION_NAMES } from "../../src/bundle/abi.ts";
import { type Bundle, readBundle, writeBundle } from "../../src/bundle/index.ts";
import { createNamespaces, type Namespaces } from "../../src/lab/namespaces.ts";
import { type Agent, startAgent } from "../../src/runtime/agent.ts";
import { enterNetworkNamespace, interfaceIndex, xdpQuery } from "../../src/runtime/bpf/index.ts";
import { configOf, type PartialConfig } from "../../src/runtime/config/index.ts";
import { detach } from "../../src/runtime/kernel/detach.ts";
import { pinLayout } from "../../src/runtime/kernel/pins.ts";
import type { LogFields, Logger } from "../../src/runtime/log.ts";
import { bundleOf } from "../support/compile.ts";
import { FLEET_NAME, firstFleet, secondFleet } from "../support/two-policies.ts";

export interface Line extends LogFields {
  readonly level: string;
  readonly message: string;
}

export const PIN_PATH = `/sys/fs/bpf/piston-test-${process.pid}-agent`;
export const LAYOUT = pinLayout(PIN_PATH, FLEET_NAME);

export let first: Uint8Array;
export let second: Uint8Array;
export let names: Namespaces;
let edgeName: string;
export let folder: string;
export let bundlePath: string;
let agents: Agent[];
export let log: Line[];

const logger: Logger = {
  debug: (fields, message) => log.push({ ...fields, level: "debug", message }),
  info: (fields, message) => log.push({ ...fields, level: "info", message }),
  warn: (fields, message) => log.push({ ...fields, level: "warn", message }),
  error: (fields, message) => log.push({ ...fields, level: "error", message }),
  isLevelEnabled: () => false,
};

export async function start(change: PartialConfig["bundle"] = {}, rest: PartialConfig = {}): Promise<Agent> {
  const bundle = {
    path: bundlePath,
    interfaces: ["eth0"],
    allowUnsigned: true,
    pinPath: PIN_PATH,
    ...change,
  };
  const listen = { metrics: "127.0.0.1:0", operations: "127.0.0.1:0" };
  // This process is the tests' as well, which take more of a core than an agent may.
  const resources = { cpuLimitRatio: 64 };
  const agent = await startAgent({ config: configOf({ listen, resources, ...rest, bundle }), logger });
  agents.push(agent);
  return agent;
}

export async function stop(agent: Agent): Promise<void> {
  agents = agents.filter((one) => one !== agent);
  await agent.stop();
}

export function ip(...args: string[]): void {
  execFileSync("ip", ["-n", edgeName, ...args], { stdio: ["ignore", "ignore", "pipe"] });
}

export function event(name: string): Line | undefined {
  return log.findLast((line) => line.event === name);
}

/** Waits until health is well: events may be fewer for a while, where the machine is late. */
export async function untilWell(agent: Agent): Promise<void> {
  await expect.poll(() => agent.health().status, { message: "the status in /health" }).toBe("ok");
}

/** Program that the kernel runs on the interface; null where none. */
export function programOn(name: string): number | null {
  const index = interfaceIndex(name);
  return index === null ? null : (xdpQuery(index)?.programId ?? null);
}

export function digestOf(bundle: Uint8Array): string {
  return readBundle(bundle).digest;
}

/** The bundle with another manifest, whole and consistent as far as the reader can see. */
export function withManifest(
  bundle: Bundle,
  change: (manifest: Bundle["manifest"]) => Partial<Bundle["manifest"]>,
): Uint8Array {
  const {
    formatVersion: _f,
    abiVersion: _a,
    memoryBytes: _m,
    sections,
    ...head
  } = { ...bundle.manifest, ...change(bundle.manifest) };
  const entryBytes = new Map(sections.map((section) => [section.name, section.entryBytes]));
  return writeBundle({
    manifest: head,
    sections: new Map(
      SECTION_NAMES.flatMap((name) => {
        const bytes = bundle.section(name);
        return bytes ? [[name, { bytes, entryBytes: entryBytes.get(name)! }] as const] : [];
      }),
    ),
  });
}

/** Registers the hooks: a namespace for the file, a folder with the first bundle and no pins for each test. */
export function useAgentBench(): void {
  beforeAll(async () => {
    first = await bundleOf(firstFleet);
    second = await bundleOf(secondFleet);
    names = createNamespaces("piston-test-agent");
    edgeName = names.edge.slice("/run/netns/".length);
    enterNetworkNamespace(names.edge);
  });
  afterAll(() => names?.close());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "piston-test-agent-"));
    bundlePath = join(folder, "edge.bundle");
    agents = [];
    log = [];
    writeFileSync(bundlePath, first);
  });
  afterEach(async () => {
    for (const agent of agents) await agent.stop();
    detach(PIN_PATH, FLEET_NAME);
    rmSync(PIN_PATH, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    expect(programOn("eth0")).toBeNull();
  });
}
