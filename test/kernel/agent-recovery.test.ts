// Roll-back, and what an agent makes of what another one has left: half a commit, half a pin, a journal that is wrong.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { readBundle } from "../../src/bundle/index.ts";
import type { Agent } from "../../src/runtime/agent.ts";
import { BpfMap, BpfProgram, XdpLink } from "../../src/runtime/bpf/index.ts";
import { rollBack } from "../../src/runtime/kernel/commit.ts";
import { openGeneration } from "../../src/runtime/kernel/generation.ts";
import { committed, generationName } from "../../src/runtime/kernel/journal.ts";
import { moveLinks } from "../../src/runtime/kernel/links.ts";
import { linkPin } from "../../src/runtime/kernel/pins.ts";
import { FleetState } from "../../src/runtime/kernel/state.ts";
import type { DriftReport } from "../../src/runtime/observe/drift.ts";
import { rollback, status } from "../../src/runtime/operate.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME } from "../support/two-policies.ts";
import {
  bundlePath,
  digestOf,
  event,
  first,
  ip,
  LAYOUT,
  PIN_PATH,
  programOn,
  second,
  start,
  stop,
  untilWell,
  useAgentBench,
  withManifest,
} from "./agent-bench.ts";

describeKernel("the agent after a roll-back or a crash", () => {
  useAgentBench();

  // ---- Roll-back -------------------------------------------------------------------------------------------------------

  async function startAndSwap(): Promise<Agent> {
    const agent = await start();
    writeFileSync(bundlePath, second);
    await agent.syncRules();
    expect(agent.health()).toMatchObject({
      bundleDigest: digestOf(second),
      previous: { bundleDigest: digestOf(first) },
    });
    return agent;
  }

  it("rolls back through the running agent, and holds what it left until another bundle comes", async () => {
    const agent = await startAndSwap();
    expect(await rollback(PIN_PATH, null)).toMatchObject({
      bundleDigest: digestOf(first),
      from: readBundle(second).generation,
    });
    expect(agent.health()).toMatchObject({ bundleDigest: digestOf(first), held: digestOf(second) });
    expect(await agent.syncRules()).toMatchObject({ result: "held", bundleDigest: digestOf(first) });
    await stop(agent);
    const next = await start();
    expect(next.health()).toMatchObject({ bundleDigest: digestOf(first), held: digestOf(second) });

    const third = withManifest(readBundle(first), () => ({ revision: `sha256:${"3".repeat(64)}` }));
    for (const bundle of [third, second]) {
      writeFileSync(bundlePath, bundle);
      // "unchanged" where the agent's own watching was quicker.
      const { result, bundleDigest } = await next.syncRules();
      expect({ result, bundleDigest }).toEqual({
        result: expect.stringMatching(/^(committed|unchanged)$/),
        bundleDigest: digestOf(bundle),
      });
      expect(event("generation-committed")).toMatchObject({ generation: readBundle(bundle).generation });
      expect(next.health().held).toBeNull();
    }
  });

  it("rolls back without an agent, and the next one adopts that", async () => {
    await stop(await startAndSwap());
    await rollback(PIN_PATH, FLEET_NAME);
    expect(await status(PIN_PATH, null)).toMatchObject({
      bundleDigest: digestOf(first),
      held: digestOf(second),
      agent: null,
    });
    const agent = await start();
    await untilWell(agent);
    expect(agent.health()).toMatchObject({ bundleDigest: digestOf(first) });
    expect(await status(PIN_PATH, null)).toMatchObject({
      bundleDigest: digestOf(first),
      agent: { pid: process.pid },
    });
  });

  it("says that there is nothing to roll back to", async () => {
    await start();
    await expect(rollback(PIN_PATH, null)).rejects.toMatchObject({ code: "no-previous" });
    await expect(rollback(`${PIN_PATH}-none`, null)).rejects.toMatchObject({ code: "nothing-pinned" });
  });

  // ---- What a crash leaves -----------------------------------------------------------------------------------------------

  it("moves all interfaces on to the target where a crash has left them on two generations", async () => {
    ip("link", "add", "veth7", "type", "veth", "peer", "name", "veth8");
    try {
      const interfaces = ["eth0", "veth7"];
      const agent = await start({ interfaces });
      writeFileSync(bundlePath, second);
      await agent.syncRules();
      await stop(agent);
      // As if the agent had died on the way back to the first, between two interfaces.
      const state = new FleetState(LAYOUT);
      const journal = state.readJournal();
      state.writeJournal({ ...journal, target: journal.previous });
      const target = openGeneration(
        LAYOUT,
        readdirSync(LAYOUT.generations).find((name) => name.startsWith(readBundle(first).generation))!,
      )!;
      moveLinks(LAYOUT, { interfaces: ["veth7"], mode: "native" }, target.program);
      expect(programOn("eth0")).not.toBe(programOn("veth7"));
      state.close();
      target.close();

      writeFileSync(bundlePath, "no bundle");
      const next = await start({ interfaces });
      expect(event("adopted")).toMatchObject({ bundleDigest: digestOf(first), rolledForward: true });
      expect(programOn("eth0")).toBe(programOn("veth7"));
      expect(next.health()).toMatchObject({ previous: { bundleDigest: digestOf(second) } });
      await stop(next);
    } finally {
      ip("link", "delete", "veth7");
    }
  });

  it("gives up a target that no link had reached, and sweeps what is half pinned", async () => {
    await stop(await startAndSwap());
    const state = new FleetState(LAYOUT);
    const journal = state.readJournal();
    state.writeJournal({ ...journal, target: journal.previous, held: journal.current!.bundle });
    state.close();
    const half = join(LAYOUT.generations, "new-000000000000-00000000");
    mkdirSync(half);
    for (const pin of [join(half, "manifest"), join(LAYOUT.tables, "rules-0000000000000000")]) {
      using map = BpfMap.create({ type: "array", name: "half", keyBytes: 4, valueBytes: 4, maxEntries: 1 });
      map.pin(pin);
    }

    const agent = await start();
    expect(event("adopted")).toMatchObject({ bundleDigest: digestOf(second), rolledForward: false });
    expect(agent.health().held).toBeNull();
    expect(readdirSync(LAYOUT.generations)).toHaveLength(2);
    expect(readdirSync(LAYOUT.tables)).not.toContain("rules-0000000000000000");
  });

  it("believes the link where journal and link disagree", async () => {
    await stop(await startAndSwap());
    const target = openGeneration(
      LAYOUT,
      readdirSync(LAYOUT.generations).find((name) => name.startsWith(readBundle(first).generation))!,
    )!;
    const link = XdpLink.openPinned(linkPin(LAYOUT, "eth0"));
    link.update(target.program, BpfProgram.fromId(link.info.programId));
    link.close();
    target.close();
    writeFileSync(bundlePath, "no bundle");
    const agent = await start();
    expect(agent.health()).toMatchObject({ bundleDigest: digestOf(first), status: "degraded" });
  });

  describe("while another process moves the fleet", () => {
    /** As rollBack() leaves the kernel between its two entries in the journal. */
    function beginRollBack() {
      const state = new FleetState(LAYOUT);
      const journal = state.readJournal();
      const held = journal.current!.bundle;
      const target = state.writeJournal({ ...journal, target: journal.previous, held });
      const generation = openGeneration(LAYOUT, generationName(journal.previous!))!;
      moveLinks(LAYOUT, null, generation.program);
      const { key, programId } = generation;
      generation.close();
      return { programId, end: () => void state.writeJournal(committed(target, key, Date.now())), state };
    }
    const check = async (agent: Agent) => {
      const url = `http://${agent.operationsAddress}/internal/check-drift`;
      return (await (await fetch(url, { method: "POST" })).json()) as DriftReport;
    };

    it("leaves the links alone, and takes the generation over when all have moved", async () => {
      const agent = await startAndSwap();
      const { programId, end, state } = beginRollBack();
      expect((await check(agent)).findings).toEqual([]);
      expect(programOn("eth0")).toBe(programId);
      end();
      state.close();
      await expect.poll(() => agent.health().bundleDigest).toBe(digestOf(first));
      expect([programOn("eth0"), event("drift-mended")]).toEqual([programId, undefined]);
    });

    it("puts them back where that one has died on the way", async () => {
      vi.useFakeTimers({ toFake: ["performance"] });
      try {
        const agent = await startAndSwap();
        const ours = programOn("eth0");
        const { programId, state } = beginRollBack();
        await check(agent);
        expect(programOn("eth0")).toBe(programId);
        vi.advanceTimersByTime(10_000);
        await check(agent);
        expect(programOn("eth0")).toBe(ours);
        expect(state.readJournal().target).toBeNull();
        state.close();
        expect(agent.health()).toMatchObject({ bundleDigest: digestOf(second) });
      } finally {
        vi.useRealTimers();
      }
    });
  });

  it("notices that another process has moved the fleet", async () => {
    const agent = await startAndSwap();
    // From another network namespace the lock cannot be seen, and the kernel's journal is what both share.
    const state = new FleetState(LAYOUT);
    rollBack(state);
    state.close();
    await expect.poll(() => agent.health().bundleDigest).toBe(digestOf(first));
  });
});
