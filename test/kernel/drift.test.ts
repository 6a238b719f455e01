// What others change in the kernel behind the agent's back, by bpftool and by the addon: the drift check finds it, says so,
// and puts right what it can.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BLOCK, BLOCK_HORIZON, BLOCK_KEY } from "../../src/bundle/abi.ts";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import { Wire } from "../../src/lab/wire.ts";
import type { Agent } from "../../src/runtime/agent.ts";
import { BpfMap, BpfObject, ktimeNs, MAP_FLAGS, XdpLink } from "../../src/runtime/bpf/index.ts";
import { passMaskOf } from "../../src/runtime/kernel/accounting.ts";
import { type DriftSubject, findDrift, findTableDrift, mend } from "../../src/runtime/kernel/drift.ts";
import { openGeneration, type PinnedGeneration } from "../../src/runtime/kernel/generation.ts";
import { generationName } from "../../src/runtime/kernel/journal.ts";
import { generationPath, linkPin, tablePin } from "../../src/runtime/kernel/pins.ts";
import { FleetState } from "../../src/runtime/kernel/state.ts";
import type { DriftReport } from "../../src/runtime/observe/drift.ts";
import { describeKernel } from "../support/kernel.ts";
import { numberedFrame } from "../support/two-policies.ts";
import {
  bundlePath,
  digestOf,
  event,
  first,
  folder,
  LAYOUT,
  log,
  names,
  programOn,
  second,
  start,
  stop,
  untilWell,
  useAgentBench,
} from "./agent-bench.ts";

async function post(agent: Agent, path: string, body?: object): Promise<unknown> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`http://${agent.operationsAddress}/internal/${path}`, {
    method: "POST",
    ...sent,
  });
  expect(response.status).toBe(200);
  return response.json();
}
const check = async (agent: Agent) => (await post(agent, "check-drift")) as DriftReport;

function bpftool(...args: string[]): string {
  return execFileSync("bpftool", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** An agent that does nothing by itself: what it looks at every second it would find, and mend, before the test asks. */
async function startStill(): Promise<Agent> {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const agent = await start();
  await check(agent); // in place of its own first one
  return agent;
}

describeKernel("the drift check", () => {
  afterEach(() => void vi.useRealTimers()); // after the bench's, which stops the agents
  useAgentBench();

  it("finds the kernel in sync with what serves, and that with the bundle path", async () => {
    const agent = await start();
    const { drift } = agent.health();
    expect(drift?.state).toBe(drift?.checkedAt === null ? "unknown" : "in-sync"); // its own first one comes after two seconds
    const report = await check(agent);
    expect(report).toMatchObject({
      state: "in-sync",
      reason: null,
      kernelDigest: digestOf(first),
      servingDigest: digestOf(first),
      wanted: { bundleDigest: digestOf(first), reason: null },
      programs: [
        { interface: "eth0", programId: programOn("eth0"), tag: expect.stringMatching(/^[0-9a-f]{16}$/) },
      ],
      findings: [],
    });
    expect(agent.health().components.drift?.state).toBe("ok");
    const metrics = await (await fetch(`http://${agent.metricsAddress}/metrics`)).text();
    expect(metrics).toMatch(/^pistonprotection_drift_state\{fleet="[^"]+",state="in-sync"\} 1$/m);
    expect(metrics).toMatch(
      /^pistonprotection_drift_checks_total\{fleet="[^"]+",result="clean"\} [1-9]\d*$/m,
    );
    expect(metrics).toMatch(/^pistonprotection_drift_checked_timestamp_seconds\{[^}]*\} \d/m);
  });

  it("is behind where the path's bundle is refused, and where it was rolled back from", async () => {
    const agent = await start();
    writeFileSync(bundlePath, "no bundle");
    await agent.syncRules();
    expect(await check(agent)).toMatchObject({
      state: "behind",
      wanted: { bundleDigest: null, reason: "refused" },
    });
    writeFileSync(bundlePath, second);
    await agent.syncRules();
    expect(await check(agent)).toMatchObject({ state: "in-sync", servingDigest: digestOf(second) });
    await agent.rollback();
    const held = { state: "behind", servingDigest: digestOf(first) };
    const wanted = { bundleDigest: digestOf(second), reason: "held" };
    expect(await check(agent)).toMatchObject({ ...held, wanted });
    await agent.syncRules();
    expect(await check(agent)).toMatchObject({ ...held, wanted });
  });

  it("puts its program back where somebody moved the link to another one, within a tick", async () => {
    const agent = await start({}, { health: { driftCheckSeconds: 3600 } });
    await check(agent); // in place of its own first one: the next are those of ticks
    const ours = programOn("eth0");
    const source = join(folder, "open.bpf.c");
    writeFileSync(
      source,
      '__attribute__((section("xdp"), used)) int let_all_in(void *c) { return 2; }\nchar l[] __attribute__((section("license"), used)) = "GPL";\n',
    );
    execFileSync("clang", ["-O2", "-target", "bpf", "-c", source, "-o", `${source}.o`]);
    using object = BpfObject.open(`${source}.o`, "open");
    object.load();
    using program = object.program("let_all_in");
    using link = XdpLink.openPinned(linkPin(LAYOUT, "eth0"));
    link.update(program);
    expect(programOn("eth0")).toBe(program.info.id);
    await expect.poll(() => event("drift-mended")).toMatchObject({ part: "link", object: "interface eth0" });
    expect(programOn("eth0")).toBe(ours);
    using wire = new Wire(names);
    wire.send(frameBatch([numberedFrame(0, 1)])); // the policy drops it
    expect(await wire.arrived()).toHaveLength(0);
    const metrics = await (await fetch(`http://${agent.metricsAddress}/metrics`)).text();
    expect(metrics).toMatch(/rule="a0"[^}]*\} 1$/m);
    expect(metrics).toMatch(/^pistonprotection_drift_found_total\{fleet="[^"]+",part="link"\} 1$/m);
    expect(agent.health()).toMatchObject({ drift: { findings: [{ part: "link", mended: true }] } });
  });

  it("tells the program of blocks again where somebody made it not look for them", async () => {
    const agent = await startStill();
    await post(agent, "block", { address: "198.51.100.19", seconds: 600 });
    const horizon = join(LAYOUT.state, "block_horizon");
    const zero = Array.from({ length: BLOCK_HORIZON.bytes }, () => "0");
    bpftool("map", "update", "pinned", horizon, "key", "0", "0", "0", "0", "value", ...zero);
    using wire = new Wire(names);
    wire.send(frameBatch([numberedFrame(1, 1)])); // 198.51.100.19
    expect(await wire.arrived()).toHaveLength(1); // the damage is real
    expect(await check(agent)).toMatchObject({
      state: "in-sync",
      findings: [{ part: "blocks", mended: true }],
    });
    wire.send(frameBatch([numberedFrame(1, 2), numberedFrame(1, 3)]));
    expect(await wire.arrived()).toHaveLength(0);
    const metrics = await (await fetch(`http://${agent.metricsAddress}/metrics`)).text();
    expect(metrics).toMatch(/reason="block",verdict="drop"\} 2$/m);
  });

  it("writes its journal again, so that the next agent adopts what serves", async () => {
    const agent = await startStill();
    const journal = join(LAYOUT.state, "journal");
    bpftool(
      "map",
      "update",
      "pinned",
      journal,
      "key",
      "0",
      "0",
      "0",
      "0",
      "value",
      ...Array.from({ length: 256 }, () => "0"),
    );
    expect(await check(agent)).toMatchObject({
      state: "in-sync",
      findings: [{ part: "journal", mended: true }],
    });
    await untilWell(agent);
    expect(agent.health()).toMatchObject({ bundleDigest: digestOf(first) });
    const program = programOn("eth0");
    await stop(agent);
    await start();
    expect(programOn("eth0")).toBe(program);
    expect(event("adopted")).toMatchObject({ bundleDigest: digestOf(first) });
  });

  it("pins again what was unpinned or changed for another: program, state, table, slots", async () => {
    const agent = await startStill();
    const table = readdirSync(LAYOUT.tables).find((name) => name.startsWith("rules-"))!;
    const generation = readdirSync(LAYOUT.generations)[0]!;
    rmSync(join(LAYOUT.generations, generation, "program"));
    rmSync(join(LAYOUT.state, "counters"));
    rmSync(join(LAYOUT.tables, table));
    using poisoned = BpfMap.create({
      type: "array",
      name: "rules",
      keyBytes: 4,
      valueBytes: 384,
      maxEntries: 1,
      flags: MAP_FLAGS.mmapable,
    });
    poisoned.freeze();
    poisoned.pin(join(LAYOUT.tables, table));
    using slots = BpfMap.openPinned(join(LAYOUT.state, "slots"));
    slots.delete(slots.keys().next().value!);

    const report = await check(agent);
    expect(report).toMatchObject({ state: "in-sync", reason: null });
    expect(report.findings.map(({ part, mended }) => `${part} ${mended}`).toSorted()).toEqual([
      "program true",
      "slots true",
      "state true",
      "table true",
    ]);
    expect((await check(agent)).findings).toEqual([]);
    expect(log.filter((line) => line.event === "drift-mended")).toHaveLength(4);

    const program = programOn("eth0");
    await stop(agent);
    await start(); // all of it is there for the next one
    expect(programOn("eth0")).toBe(program);
  });

  it("says what it cannot put right, and how a person can, until it is", async () => {
    const agent = await startStill();
    const generation = readdirSync(LAYOUT.generations)[0]!;
    rmSync(join(LAYOUT.generations, generation, "rodata"));
    expect(await check(agent)).toMatchObject({
      state: "kernel-differs",
      reason: "the pin of the program's constants is gone",
      kernelDigest: null,
      findings: [{ part: "constants", mended: false, help: expect.stringContaining("a new bundle") }],
    });
    await check(agent);
    expect(log.filter((line) => line.event === "drift-found")).toHaveLength(1);
    expect(agent.health()).toMatchObject({
      status: "degraded",
      components: { drift: { state: "degraded" } },
    });
    writeFileSync(bundlePath, second);
    await agent.syncRules();
    expect(await check(agent)).toMatchObject({ state: "in-sync" });
    await untilWell(agent);
  });

  describe("of what is pinned, seen as another process sees it", () => {
    let state: FleetState;
    let serving: PinnedGeneration;
    beforeEach(async () => {
      await startStill();
      state = new FleetState(LAYOUT);
      serving = openGeneration(LAYOUT, readdirSync(LAYOUT.generations)[0]!)!;
    });
    afterEach(() => {
      serving.close();
      state.close();
    });
    const subject = (change: Partial<DriftSubject> = {}): DriftSubject => ({
      layout: LAYOUT,
      state,
      serving,
      journal: state.readJournal(),
      links: new Map(),
      isBeingMoved: () => false,
      ...change,
    });
    const drift = (change?: Partial<DriftSubject>) =>
      findDrift(subject(change)).map(({ message }) => message);
    const tableDrift = async (change?: Partial<DriftSubject>) =>
      (await findTableDrift(subject(change), () => true))?.map(({ message }) => message);
    /** The generation that serves, as if its bundle had another section of that name. */
    const withDigest = (name: string, sha256: string): PinnedGeneration => ({
      ...serving,
      manifest: {
        ...serving.manifest,
        sections: serving.manifest.sections.map((one) => (one.name === name ? { ...one, sha256 } : one)),
      },
    });
    const pinAgain = (from: string, to: string): number => {
      using map = BpfMap.openPinned(from);
      rmSync(to, { force: true });
      map.pin(to);
      return map.info.id;
    };
    /** A map that the program runs on, and that nothing froze. */
    const unfrozen = () => join(LAYOUT.state, "block_horizon");
    const rodataPin = () => join(generationPath(LAYOUT, generationName(serving.key)), "rodata");

    it("is nothing where nothing was changed", async () => {
      expect(drift()).toEqual([]);
      expect(await tableDrift()).toEqual([]);
    });

    it("is a table that holds other bytes than its digest says, and one that is not frozen", async () => {
      const own = serving.manifest.sections.find(({ name }) => name === "rules")!.sha256;
      const wanted = "0".repeat(64);
      const id = pinAgain(tablePin(LAYOUT, "rules", own), tablePin(LAYOUT, "rules", wanted));
      expect(await tableDrift({ serving: withDigest("rules", wanted) })).toEqual([
        `table rules (map ${id}) holds other bytes than the bundle: ${own.slice(0, 16)}, not ${wanted.slice(0, 16)}`,
      ]);
      const open = pinAgain(unfrozen(), tablePin(LAYOUT, "rules", own));
      expect(await tableDrift()).toEqual([`table rules (map ${open}) is not frozen`]);
    });

    it("is nothing of tables where another generation has come to serve meanwhile", async () => {
      const gone = { serving: withDigest("rules", "0".repeat(64)) };
      expect(await findTableDrift(subject(gone), () => false)).toBeNull();
    });

    it("is no link and no journal while another process moves the fleet", () => {
      const parts = (isBeingMoved: boolean) => {
        const journal = { ...state.readJournal(), sequence: 7n };
        const other = { ...serving, programId: serving.programId + 1 };
        const found = findDrift(subject({ journal, serving: other, isBeingMoved: () => isBeingMoved }));
        return found.map(({ part }) => part).filter((part) => part === "link" || part === "journal");
      };
      expect(parts(false)).toEqual(["link", "journal"]);
      expect(parts(true)).toEqual([]);
    });

    it("is constants of other bytes, of another bundle, of another map, or not frozen", () => {
      using rodata = BpfMap.openPinned(rodataPin());
      expect(drift({ serving: withDigest("config", "0".repeat(64)) })).toEqual([
        `the program's constants (map ${rodata.info.id}) hold other bytes than the bundle`,
      ]);

      const key = { ...serving.key, bundle: "f".repeat(64) };
      const directory = generationPath(LAYOUT, generationName(key));
      mkdirSync(directory);
      rodata.pin(join(directory, "rodata"));
      serving.program.pin(join(directory, "program"));
      expect(drift({ serving: { ...serving, key } })).toEqual([
        `the program's constants are of bundle ${serving.key.bundle.slice(0, 12)}`,
      ]);

      const open = pinAgain(unfrozen(), rodataPin());
      expect(drift()).toEqual([`the program's constants (map ${open}) are not frozen`]);
      using foreign = BpfMap.create({
        type: "array",
        name: "rodata",
        keyBytes: 4,
        valueBytes: rodata.info.valueBytes,
        maxEntries: 1,
        flags: 0,
      });
      rmSync(rodataPin());
      foreign.pin(rodataPin());
      expect(drift()).toEqual([
        `what is pinned as the program's constants is map ${foreign.info.id}, which the program does not run on`,
      ]);
    });

    it("is state that the program does not run on", () => {
      const { type, keyBytes, valueBytes, maxEntries } = state.programMap("counters")!.info;
      using other = BpfMap.create({
        type: type as "percpu_array",
        name: "counters",
        keyBytes,
        valueBytes,
        maxEntries,
        flags: 0,
      });
      rmSync(join(LAYOUT.state, "counters"));
      other.pin(join(LAYOUT.state, "counters"));
      const later = new FleetState(LAYOUT);
      try {
        expect(drift({ state: later })).toEqual([
          `the program does not run on counters (map ${other.info.id})`,
        ]);
      } finally {
        later.close();
      }
    });

    it("is a ledger of other verdicts, and is mended", () => {
      const mask = passMaskOf(serving.config);
      state.settleLedger(mask ^ 1n);
      const [finding, ...more] = findDrift(subject());
      expect(more).toEqual([]);
      expect(finding).toMatchObject({ part: "state", object: join(LAYOUT.state, "ledger") });
      expect(mend(finding!).mended).toBe(true);
      expect(state.readLedger()?.passMask).toBe(mask);
      expect(drift()).toEqual([]);
    });

    it("is no block that was announced, by rules or by an operator, nor one that is over", () => {
      const set = (untilNs: bigint) => {
        const block = Buffer.alloc(BLOCK.bytes);
        block.writeBigUInt64LE(untilNs, BLOCK.untilNs);
        state.programMap("blocks")!.update(new Uint8Array(BLOCK_KEY.bytes), block);
      };
      const announce = (rulesUntilNs: bigint, operatorUntilNs: bigint) => {
        const horizon = Buffer.alloc(BLOCK_HORIZON.bytes);
        horizon.writeBigUInt64LE(rulesUntilNs, BLOCK_HORIZON.rulesUntilNs);
        horizon.writeBigUInt64LE(operatorUntilNs, BLOCK_HORIZON.operatorUntilNs);
        state.programMap("block_horizon")!.writeImage(horizon);
      };
      const until = ktimeNs() + 600_000_000_000n;
      const told = "blocks are in force that the program was told not to look for";
      set(until);
      for (const [rules, operator, expected] of [
        [until, 0n, []],
        [0n, until, []],
        [until - 1n, until - 1n, [told]],
      ] as const) {
        announce(rules, operator);
        expect(drift()).toEqual(expected);
      }
      set(1n);
      announce(0n, 0n);
      expect(drift()).toEqual([]);
    });
  });

  it("leaves what the kernel itself protects to the kernel: a frozen table takes no write", async () => {
    await start();
    const table = readdirSync(LAYOUT.tables).find((name) => name.startsWith("rules-"))!;
    using map = BpfMap.openPinned(join(LAYOUT.tables, table));
    const bytes = map.info.valueBytes;
    const write = () =>
      bpftool(
        "map",
        "update",
        "pinned",
        join(LAYOUT.tables, table),
        "key",
        "0",
        "0",
        "0",
        "0",
        "value",
        ...Array.from({ length: bytes }, () => "0"),
      );
    expect(write).toThrow(/Operation not permitted/);
  });
});
