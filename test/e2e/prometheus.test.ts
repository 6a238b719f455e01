// Debian's Prometheus and Alertmanager, started with what the compiler emits, on a running agent under traffic.

import { afterAll, beforeAll, expect, it } from "vitest";
import { emitPrometheus } from "../../src/compiler/emit/prometheus/index.ts";
import { siteOf } from "../../src/compiler/emit/site-fixture.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { eventually, Monitoring } from "../../src/lab/monitoring.ts";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME, firstFleet, numberedFrame } from "../support/two-policies.ts";

describeKernel("a Prometheus with the generated configuration", () => {
  let node: LabNode;
  let monitoring: Monitoring;

  beforeAll(async () => {
    node = new LabNode("piston-test-prom", FLEET_NAME);
    node.publish(await bundleOf(firstFleet));
    await node.startAgent().event("generation-committed");
    monitoring = new Monitoring();
    monitoring.write(
      emitPrometheus(siteOf({ prometheus: { scrapeInterval: "1s", evaluationInterval: "1s" } })),
    );
    await monitoring.addAgent(node.agent.metricsSocket);
    await monitoring.startPrometheus();
  });

  afterAll(async () => {
    await monitoring?.close();
    await node?.close();
  });

  it("scrapes the agent and sees its traffic", async () => {
    const attack = frameBatch(Array.from({ length: 100 }, (_, i) => numberedFrame(0, i)));
    const [rate] = await eventually(
      async () => {
        node.send(attack);
        const found = await monitoring.query(
          'rate(pistonprotection_packets_dropped_total{job="pistonprotection-worker"}[1m]) > 0',
        );
        return found.length > 0 ? found : null;
      },
      () => monitoring.describe(),
    );
    expect(rate?.labels).toMatchObject({ fleet: FLEET_NAME });
  });
});
