// Swaps between two whole policies while packets come in without a break.

import { afterAll, beforeAll, expect, it } from "vitest";
import { readBundle } from "../../src/bundle/format.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { missing, NumberedTraffic, SENT_LEAST, type TrafficAccount } from "../support/traffic.ts";
import { FLEET_NAME, firstFleet, KINDS, secondFleet } from "../support/two-policies.ts";

const SWAPS = 200;

describeKernel("swapping two policies that differ in every rule, under traffic", () => {
  let node: LabNode;
  let account: TrafficAccount;
  const generations: string[] = [];

  beforeAll(async () => {
    const bundles = [await bundleOf(firstFleet), await bundleOf(secondFleet)] as const;
    node = new LabNode("piston-test-swap", FLEET_NAME);
    node.publish(bundles[0]);
    const agent = node.startAgent();
    await agent.event("generation-committed");
    const traffic = new NumberedTraffic(node);
    for (let swap = 1; swap <= SWAPS || traffic.sentOfEach <= SENT_LEAST; swap++) {
      const logged = agent.log.length;
      const bundle = bundles[swap % 2]!;
      node.publish(bundle);
      await agent.operation("POST", "/internal/sync-rules");
      const committed = await agent.event("generation-committed", logged);
      expect(committed.bundleDigest).toBe(readBundle(bundle).digest);
      generations.push(String(committed.generation));
    }
    account = await traffic.stop();
  });

  afterAll(async () => {
    await node?.close();
  });

  it(`commits ${SWAPS} generations in turn`, () => {
    expect(generations.length).toBeGreaterThanOrEqual(SWAPS);
    expect(new Set(generations).size).toBe(2);
    for (const [i, generation] of generations.entries())
      if (i > 0) expect(generation).not.toBe(generations[i - 1]);
  });

  it("loses no packet that both policies pass", () => {
    for (const [kind, { expected }] of KINDS.entries()) {
      if (expected !== "both pass") continue;
      expect(account.sent[kind]).toBeGreaterThan(SENT_LEAST);
      expect(missing(account, kind)).toBe(0);
    }
  });

  it("passes no packet that both policies drop", () => {
    for (const [kind, { expected }] of KINDS.entries())
      if (expected === "both drop") expect(account.arrived[kind]!.size).toBe(0);
  });

  it("gives the rest the verdict of one of the two, and each of the two at some time", () => {
    for (const [kind, { expected }] of KINDS.entries()) {
      if (!expected.startsWith("only")) continue;
      expect(account.arrived[kind]!.size).toBeGreaterThan(0);
      expect(missing(account, kind)).toBeGreaterThan(0);
    }
    expect(account.duplicates).toBe(0);
  });

  it("counts every packet that came in exactly once over all generations", async () => {
    const { body } = await node.agent.metrics();
    const traffic = /^pistonprotection_traffic_packets_total\{[^}]*\} (\d+)$/m.exec(body);
    const sent = account.sent.reduce((sum, count) => sum + count, 0);
    expect(Number(traffic?.[1])).toBe(sent);
  });
});
