// What an agent takes when nothing happens, as its image has it: one file, the worker thread and the sample fleet. The CPU
// share is the bench's to measure, on a quiet machine; here is what does not depend on what else runs.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, it } from "vitest";
import { bundleAgent } from "../../src/bench/agent-bundle.ts";
import { AgentProcess } from "../../src/lab/agent-process.ts";
import { createNamespaces, type Namespaces } from "../../src/lab/namespaces.ts";
import { detach } from "../../src/runtime/kernel/detach.ts";
import { describeKernel } from "../support/kernel.ts";
import { threadFiles, threadNames } from "../support/threads.ts";
import { until } from "../support/until.ts";

const SAMPLE = fileURLToPath(new URL("../../dist/bundles/edge.bundle", import.meta.url));
const RSS_MAX_BYTES = 64 * 2 ** 20; // DESIGN §9
/** Timers of the agent and its worker: some 20 a second. Half a per cent of a core is 5 ms, or 50 µs for each of 100. */
const WAKE_UPS_PER_SECOND_MAX = 60;

describeKernel("an idle agent with the sample fleet", () => {
  const pinPath = `/sys/fs/bpf/piston-test-footprint-${process.pid}`;
  let namespaces: Namespaces;
  let folder: string;
  let agent: AgentProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "piston-footprint-"));
    namespaces = createNamespaces("piston-test-footprint");
    const { program } = await bundleAgent(join(folder, "agent"));
    agent = new AgentProcess({
      program: [process.execPath, "--disable-sigusr1", "--max-semi-space-size=1", program], // as bin/piston does
      namespace: namespaces.edge,
      bundlePath: SAMPLE,
      interface: namespaces.interface,
      pinPath,
      socketFolder: folder,
      args: ["--allow-unsigned"],
    });
    await agent.event("started");
  });

  afterAll(async () => {
    await agent?.stop();
    detach(pinPath, "edge");
    namespaces?.close();
    for (const path of [pinPath, folder]) rmSync(path, { recursive: true, force: true });
  });

  it("has at most 64 MiB resident, worker thread included, once its start is over", async () => {
    const status = () => readFileSync(`/proc/${agent.child.pid}/status`, "utf8");
    const rss = () => 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status())?.[1]);
    await until(
      () => threads().includes("piston-events"), // it starts after the filter does
      () => `threads: ${threads().join(", ")}\n${agent.describe()}`,
    );
    await until(
      () => rss() <= RSS_MAX_BYTES,
      () => `${Math.round(rss() / 2 ** 20)} MiB resident`,
    );
  });

  it("wakes up a few times a second, and no more", async () => {
    const wakeUps = () =>
      [...threadFiles(agent.child.pid!, "status").values()]
        .map((text) => Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(text)?.[1]))
        .reduce((sum, count) => sum + count, 0);
    // A host that gives the agent little time makes its threads wait for each other: the calmest second counts.
    let calmest = Number.POSITIVE_INFINITY;
    await until(
      async () => {
        const before = { wakeUps: wakeUps(), at: performance.now() };
        await new Promise((resolve) => setTimeout(resolve, 1000));
        calmest = Math.min(calmest, ((wakeUps() - before.wakeUps) * 1000) / (performance.now() - before.at));
        return calmest < WAKE_UPS_PER_SECOND_MAX;
      },
      () => `${Math.round(calmest)} wake-ups a second`,
    );
  });

  function threads(): string[] {
    return [...threadNames(agent.child.pid!).values()];
  }
});
