// An agent that asks a backend's origins, which are real servers in its namespace, and says what it finds.

import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { backend, drop, fleet, policy } from "pistonprotection";
import { afterEach, expect, it } from "vitest";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME } from "../support/two-policies.ts";
import { bundlePath, event, start, untilWell, useAgentBench } from "./agent-bench.ts";

describeKernel("the backends of a fleet", () => {
  useAgentBench();
  let server: Server | null = null;
  afterEach(() => {
    server?.close();
    server = null;
  });

  async function listen(port: number): Promise<number> {
    const opened = createServer((socket) => socket.destroy());
    server = opened;
    await new Promise<void>((resolve) => opened.listen(port, "127.0.0.1", resolve));
    return (opened.address() as AddressInfo).port;
  }

  const fleetWith = (port: number) =>
    bundleOf(
      fleet(FLEET_NAME, {
        interfaces: ["eth0"],
        management: [],
        defaultVerdict: "pass",
        policies: [
          policy("web", {
            owners: ["tests"],
            backend: backend("web", {
              listen: ["203.0.113.80"],
              protocol: "tcp",
              ports: 80,
              // The second has no server: the host is this one, but nobody listens at that address.
              origins: ["127.0.0.1:80", "127.0.0.2:80"],
              healthCheck: {
                kind: "tcp",
                port,
                intervalSeconds: 1,
                timeoutSeconds: 10,
                unhealthyThreshold: 1,
              },
            }),
            rules: [drop("tiny", { source: "198.51.100.0/24" })],
          }),
        ],
      }),
    );

  it("are healthy, degraded and unhealthy in the metrics as their origins are, and in /health", async () => {
    const port = await listen(0);
    writeFileSync(bundlePath, await fleetWith(port));
    const agent = await start();
    const metrics = async () => (await fetch(`http://${agent.metricsAddress}/metrics`)).text();
    const labels = `fleet="${FLEET_NAME}",backend="web"`;
    const series = (status: string) => `pistonprotection_backend_health{${labels},status="${status}"}`;

    // One scrape says all of it: a check that this machine was too slow for is another's.
    const degraded = [
      `${series("degraded")} 1\n`,
      `${series("healthy")} 0\n`,
      `pistonprotection_backend_healthy_origins{${labels}} 1\n`,
      `pistonprotection_backend_total_origins{${labels}} 2\n`,
    ];
    await expect
      .poll(async () => {
        const text = await metrics();
        return degraded.filter((line) => !text.includes(line));
      })
      .toEqual([]);
    await untilWell(agent); // an origin's fault is none of the agent's
    expect(agent.health()).toMatchObject({
      components: { backends: { state: "ok" } },
      backends: [{ backend: "web", status: "degraded" }],
    });

    server?.close();
    await expect.poll(metrics).toContain(`${series("unhealthy")} 1\n`);
    expect(event("origin-unhealthy")).toMatchObject({ origin: "127.0.0.1:80", reason: "ECONNREFUSED" });

    await listen(port);
    await expect.poll(metrics).toContain(`${series("degraded")} 1\n`);
  });

  it("are not asked where the configuration says so", async () => {
    let asked = 0;
    const port = await listen(0);
    server?.on("connection", () => asked++);
    writeFileSync(bundlePath, await fleetWith(port));
    const agent = await start({}, { health: { backendChecks: false } });
    await new Promise((resolve) => setTimeout(resolve, 1500)); // longer than the first check may wait
    expect(asked).toBe(0);
    expect(agent.health().backends).toEqual([]);
    expect(agent.health().components.backends).toBeUndefined();
  });
});
