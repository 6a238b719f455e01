// The agent as its image has it, with the sample fleet: how soon it filters, and what it takes when nothing happens.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createNamespaces, inNamespace, type Namespaces } from "../../lab/namespaces.ts";
import { detach } from "../../runtime/kernel/detach.ts";
import { bundleAgent } from "../agent-bundle.ts";
import { readBundleFile } from "../compile.ts";
import { middle } from "../timing.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

const BUNDLE = fileURLToPath(new URL("../../../dist/bundles/edge.bundle", import.meta.url));
const START_TIMEOUT_MS = 30_000;
/** What the start leaves behind (compiled code, collections, the first comparison with the kernel, the first health checks) is over by then. */
const SETTLE_MS = 30_000;
/** USER_HZ: the unit of /proc/<pid>/stat on every Linux that Node runs on. */
const TICK_MS = 10;
const RSS_READINGS = 20;

export const agent: Row = {
  name: "agent",
  title: "agent with the sample fleet: start to filtering, idle RSS and CPU",
  run: async ({ scale, folder }: BenchContext) => {
    const { program } = await bundleAgent(join(folder, "agent"));
    const starts: number[] = [];
    const idle: { readonly rssBytes: number; readonly cpuShare: number }[] = [];
    for (let round = 0; round < scale.repeats; round++) {
      const namespaces = createNamespaces("piston-bench-agent");
      const running = startAgent(program, namespaces, folder);
      try {
        starts.push(await running.filtering);
        if (round === scale.repeats - 1) idle.push(await watchIdle(running.child, scale.idleMs));
      } finally {
        await running.end();
        namespaces.close();
      }
    }
    const { rssBytes, cpuShare } = idle[0]!;
    return {
      figures: [
        figure("start to filtering", middle(starts), "ms", { atMost: 500 }),
        figure("idle RSS", rssBytes / 2 ** 20, "MiB", { atMost: 64 }),
        figure("idle CPU, of a core", cpuShare * 100, "%", { atMost: 0.5 }),
      ],
    };
  },
};

interface Running {
  readonly child: ChildProcess;
  /** Milliseconds from the start of the process to the line that says so. */
  readonly filtering: Promise<number>;
  end(): Promise<void>;
}

function startAgent(program: string, namespaces: Namespaces, folder: string): Running {
  const pinPath = `/sys/fs/bpf/piston-bench-agent-${process.pid}`;
  const [command, args] = inNamespace(namespaces.edge, [
    process.execPath,
    "--disable-sigusr1", // this and the next as bin/piston has them
    "--max-semi-space-size=1",
    program,
    "node",
    "--bundle",
    BUNDLE,
    "--interface",
    namespaces.interface,
    "--pin-path",
    pinPath,
    "--metrics-address",
    `unix:${folder}/metrics.sock`,
    "--operations-address",
    `unix:${folder}/operations.sock`,
    "--allow-unsigned",
    "--json",
  ]);
  const begun = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const filtering = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the agent does not filter")), START_TIMEOUT_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.includes('"generation-committed"')) return;
      clearTimeout(timer);
      resolve(performance.now() - begun);
    });
    void closed.then(() => {
      clearTimeout(timer);
      reject(new Error(`the agent ended with ${child.exitCode}`));
    });
  });
  return {
    child,
    filtering,
    async end() {
      child.kill("SIGTERM");
      await closed;
      detach(pinPath, readBundleFile(BUNDLE).manifest.fleet.name);
      rmSync(pinPath, { recursive: true, force: true });
    },
  };
}

/** CPU time over all of `idleMs`; of RSS, which breathes by 10 MiB, the mean of the middle half of many readings. */
async function watchIdle({ pid }: ChildProcess, idleMs: number) {
  await sleep(Math.min(SETTLE_MS, 2 * idleMs)); // in a rehearsal of the bench too little, and of no matter
  const before = cpuTicks(pid!);
  const readings: number[] = [];
  for (let reading = 0; reading < RSS_READINGS; reading++) {
    await sleep(idleMs / RSS_READINGS);
    readings.push(rssBytesOf(pid!));
  }
  const cpuShare = ((cpuTicks(pid!) - before) * TICK_MS) / idleMs;
  return { rssBytes: middle(readings), cpuShare };
}

function rssBytesOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

/** User and system time: fields 14 and 15 of /proc/<pid>/stat, after the name in brackets. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
