// The agent killed at random moments of swaps, under traffic: filtering is the kernel's, and the next agent adopts it.

import { afterAll, beforeAll, expect, it } from "vitest";
import { INSTANCE, RODATA } from "../../src/bundle/abi.ts";
import { readBundle } from "../../src/bundle/format.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { BpfMap, BpfProgram, XdpLink } from "../../src/runtime/bpf/index.ts";
import { linkPin, pinLayout } from "../../src/runtime/kernel/pins.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { missing, NumberedTraffic, SENT_LEAST, type TrafficAccount } from "../support/traffic.ts";
import { FLEET_NAME, firstFleet, KINDS, secondFleet } from "../support/two-policies.ts";

const KILLS = 50;
/**
 * Kills fall before, in and after a swap, which takes some 10 to 60 ms on a quiet machine, and ten times that on another: the
 * longest wait for a kill follows what the kills before have met.
 */
const KILL_WITHIN_MS = 80;
const FOLLOW = 1.3;

/** What runs, by the kernel's own word: the digest in .rodata of the program that the pinned link has. */
function runningDigest(node: LabNode): string {
  using link = XdpLink.openPinned(linkPin(pinLayout(node.pinPath, FLEET_NAME), node.namespaces.interface));
  using program = BpfProgram.fromId(link.info.programId);
  for (const id of program.info.mapIds) {
    using map = BpfMap.fromId(id);
    if (!map.info.name.endsWith(".rodata")) continue;
    const value = map.lookup(new Uint8Array(4))!;
    const at = RODATA.instance + INSTANCE.bundleDigest;
    return `sha256:${Buffer.from(value.subarray(at, at + 32)).toString("hex")}`;
  }
  throw new Error("the attached program has no .rodata");
}

describeKernel("an agent killed with SIGKILL at random moments of swaps", () => {
  let node: LabNode;
  let account: TrafficAccount;
  const restarts: { running: string; adopted: unknown }[] = [];
  let digests: readonly string[];

  beforeAll(async () => {
    const bundles = [await bundleOf(firstFleet), await bundleOf(secondFleet)] as const;
    digests = bundles.map((bundle) => readBundle(bundle).digest);
    node = new LabNode("piston-test-crash", FLEET_NAME);
    node.publish(bundles[0]);
    await node.startAgent().event("generation-committed");
    const traffic = new NumberedTraffic(node);
    let withinMs = KILL_WITHIN_MS;
    for (let kill = 1; kill <= KILLS || traffic.sentOfEach <= SENT_LEAST; kill++) {
      const { agent } = node;
      node.publish(bundles[kill % 2]!);
      void agent.operation("POST", "/internal/sync-rules").catch(() => "the agent dies on the way");
      await new Promise((resolve) => setTimeout(resolve, Math.random() * withinMs));
      await agent.kill("SIGKILL");
      const running = runningDigest(node);
      withinMs = running === digests[kill % 2] ? withinMs / FOLLOW : withinMs * FOLLOW;
      const adopted = await node.startAgent().event("adopted");
      restarts.push({ running, adopted: adopted.bundleDigest });
      // It goes on to the bundle that it finds, so that the next round is a swap again.
      await node.agent.waitFor(
        (line) => line.event === "generation-committed" || line.event === "up-to-date",
      );
    }
    account = await traffic.stop();
  });

  afterAll(async () => {
    await node?.close();
  });

  it("adopts at every restart the generation that the kernel runs", () => {
    expect(restarts.length).toBeGreaterThanOrEqual(KILLS);
    for (const { running, adopted } of restarts) {
      expect(adopted).toBe(running);
      expect(digests).toContain(running);
    }
  });

  it("is killed both before and after its commit, or the test shows nothing", () => {
    const target = (index: number) => digests[(index + 1) % 2];
    const after = restarts.filter(({ running }, index) => running === target(index)).length;
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(restarts.length);
  });

  it("never lets a blocked source's packet through, and loses none that both policies pass", () => {
    for (const [kind, { expected }] of KINDS.entries()) {
      expect(account.sent[kind]).toBeGreaterThan(SENT_LEAST);
      if (expected === "both drop") expect(account.arrived[kind]!.size).toBe(0);
      if (expected === "both pass") expect(missing(account, kind)).toBe(0);
    }
  });
});
