// What an agent frees when it is told to, and what it must leave alone.

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LIMIT_BUCKET, LIMIT_INSERT_BUCKETS, LIMIT_SLOT, TICKS_PER_NS } from "../../src/bundle/abi.ts";
import { BpfMap, ktimeNs, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { blockUntil } from "../../src/runtime/kernel/blocks.ts";
import type { Garbage } from "../../src/runtime/kernel/garbage.ts";
import { describeKernel } from "../support/kernel.ts";
import { event, LAYOUT, programOn, start, stop, useAgentBench } from "./agent-bench.ts";

describeKernel("POST /internal/gc-maps", () => {
  useAgentBench();

  it("frees blocks whose time is over and pins that nobody needs, and says what; what serves stays", async () => {
    const agent = await start();
    using blocks = BpfMap.openPinned(join(LAYOUT.state, "blocks"));
    blockUntil(blocks, "198.51.100.1", ktimeNs() - 1n);
    blockUntil(blocks, "198.51.100.2", ktimeNs() - 1_000_000_000n);
    blockUntil(blocks, "198.51.100.3", ktimeNs() + 600_000_000_000n);
    // A killed agent has left half of a generation, and a table.
    const table = { type: "array", name: "rules", keyBytes: 4, valueBytes: 64, maxEntries: 1024 } as const;
    using left = BpfMap.create({ ...table, flags: MAP_FLAGS.mmapable });
    left.pin(join(LAYOUT.tables, "rules-0123456789abcdef"));
    mkdirSync(join(LAYOUT.generations, "new-0123456789ab-01234567"));
    left.pin(join(LAYOUT.generations, "new-0123456789ab-01234567", "rodata"));
    const kept = [readdirSync(LAYOUT.generations).length - 1, readdirSync(LAYOUT.tables).length - 1];

    const collect = async () => {
      const response = await fetch(`http://${agent.operationsAddress}/internal/gc-maps`, { method: "POST" });
      expect(response.status).toBe(200);
      return (await response.json()) as Garbage;
    };
    const freed = await collect();
    expect(freed).toMatchObject({
      blocks: { freed: 2, remaining: 1 },
      limitSlots: { active: 0, expired: 0 },
      generations: ["new-0123456789ab-01234567"],
      tables: ["rules-0123456789abcdef"],
      links: [],
    });
    expect(freed.freedBytes).toBeGreaterThanOrEqual(1024 * 64);
    expect([readdirSync(LAYOUT.generations).length, readdirSync(LAYOUT.tables).length]).toEqual(kept);
    expect(event("garbage-collected")).toMatchObject({ blocks: 2 });
    expect(await collect()).toMatchObject({
      blocks: { freed: 0, remaining: 1 },
      generations: [],
      tables: [],
      freedBytes: 0,
    });

    // Limit state is the program's to write: an expired slot is the next key's (limit-state.test.ts shows it), and is counted.
    using limits = BpfMap.openPinned(join(LAYOUT.state, "limit_state"));
    const nowTicks = ktimeNs() * TICKS_PER_NS;
    const lastBytes = (limits.info.maxEntries - LIMIT_INSERT_BUCKETS) * LIMIT_BUCKET.bytes - LIMIT_SLOT.bytes;
    const [owing, expired] = [limitSlot(nowTicks + 600_000_000_000n * TICKS_PER_NS), limitSlot(nowTicks)];
    limits.writeImage(owing, 0);
    limits.writeImage(expired, lastBytes);
    expect(await collect()).toMatchObject({ limitSlots: { active: 1, expired: 1 } });
    expect(limits.holdsImage(owing, 0) && limits.holdsImage(expired, lastBytes)).toBe(true);

    const program = programOn("eth0");
    await stop(agent);
    await start();
    expect(programOn("eth0")).toBe(program);
  });
});

function limitSlot(tat: bigint): Uint8Array {
  const slot = Buffer.alloc(LIMIT_SLOT.bytes);
  slot.writeBigUInt64LE(1n, LIMIT_SLOT.limitId);
  slot.writeBigUInt64LE(tat, LIMIT_SLOT.tat);
  return slot;
}
