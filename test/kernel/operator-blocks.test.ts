// Blocks by an operator: through the agent, in its place where none runs, and what becomes of the packets.

import { expect, it } from "vitest";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import { Wire } from "../../src/lab/wire.ts";
import { ktimeNs } from "../../src/runtime/bpf/index.ts";
import { block, blocks, unblock } from "../../src/runtime/operate.ts";
import { describeKernel } from "../support/kernel.ts";
import { KINDS, numberedFrame, readNumber } from "../support/two-policies.ts";
import { event, names, PIN_PATH, start, stop, useAgentBench } from "./agent-bench.ts";

describeKernel("an operator", () => {
  useAgentBench();

  /** Of the kind that the first fleet passes. */
  const PASSED = 1;
  const source = KINDS[PASSED]!.source;

  /** How many of three packets get through. */
  async function passing(): Promise<number> {
    using wire = new Wire(names);
    wire.send(frameBatch([1, 2, 3].map((sequence) => numberedFrame(PASSED, sequence))));
    return (await wire.arrived()).filter((frame) => readNumber(frame) !== null).length;
  }

  it("blocks a source through the agent until its time, and ends a block before it", async () => {
    await start();
    expect(await passing()).toBe(3);
    expect(await block(PIN_PATH, null, source, 600)).toEqual({ source, rule: null, remainingSeconds: 600 });
    expect(event("blocked")).toMatchObject({ source, seconds: 600 });
    expect(await passing()).toBe(0);
    const [listed, ...others] = await blocks(PIN_PATH, null);
    expect([listed!.source, listed!.rule, others]).toEqual([source, null, []]);
    expect(listed!.remainingSeconds).toBeGreaterThan(300);
    expect(listed!.remainingSeconds).toBeLessThanOrEqual(600);
    expect(await unblock(PIN_PATH, null, source)).toEqual({ source, unblocked: true });
    expect(await unblock(PIN_PATH, null, source)).toEqual({ source, unblocked: false });
    // As a socket of IPv6 shows an IPv4 client, and logs with it.
    expect(await block(PIN_PATH, null, `::ffff:${source}`, 600)).toMatchObject({ source });
    expect(await unblock(PIN_PATH, null, source)).toEqual({ source, unblocked: true });
    expect(await passing()).toBe(3);

    // It ends by itself, and not before its time.
    const SECONDS = 0.3;
    const begun = ktimeNs();
    await block(PIN_PATH, null, source, SECONDS);
    await expect.poll(passing).toBe(3);
    expect(Number(ktimeNs() - begun) / 1e9).toBeGreaterThanOrEqual(SECONDS);
    expect(await blocks(PIN_PATH, null)).toEqual([]);
  });

  it("blocks in the kernel where no agent runs, and the next agent knows of it", async () => {
    await stop(await start());
    await block(PIN_PATH, null, source, 600);
    expect(await passing()).toBe(0);
    await start();
    expect(await passing()).toBe(0);
    expect(await blocks(PIN_PATH, null)).toMatchObject([{ source }]);
    await unblock(PIN_PATH, null, source);
    expect(await passing()).toBe(3);
  });

  it("blocks an IPv6 source with its /64", async () => {
    await start();
    await block(PIN_PATH, null, "2001:db8:1:2:3::4", 60);
    expect(await blocks(PIN_PATH, null)).toMatchObject([{ source: "2001:db8:1:2::/64" }]);
    expect(await unblock(PIN_PATH, null, "2001:db8:1:2:ffff::")).toMatchObject({ unblocked: true });
  });

  it("is told what cannot be blocked", async () => {
    await start();
    for (const address of ["192.0.2.0/24", "192.0.2.256", "", "localhost"])
      await expect(block(PIN_PATH, null, address, 60)).rejects.toMatchObject({ code: "bad-address" });
    for (const seconds of [0, -1, 604_801, Number.NaN])
      await expect(block(PIN_PATH, null, source, seconds)).rejects.toMatchObject({ code: "bad-duration" });
    await expect(block(`${PIN_PATH}-none`, null, source, 60)).rejects.toMatchObject({
      code: "nothing-pinned",
    });
    expect(await blocks(PIN_PATH, null)).toEqual([]);
  });
});
