// A flood at the highest rate that two cores can send over a veth, every packet dropped and sampled, on a real agent; and
// what must hold of the agent then. `npm run flood` runs it for a minute, flood.test.ts for a few seconds.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LabNode } from "../../src/lab/lab-node.ts";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { inNetworkNamespace } from "../../src/lab/own-namespace.ts";
import { BpfMap } from "../../src/runtime/bpf/index.ts";
import { sampleTotals } from "../../src/runtime/events/stats.ts";
import { pinLayout } from "../../src/runtime/kernel/pins.ts";
import { buildTestProgram } from "../support/build-filter.ts";
import { bundleOf } from "../support/compile.ts";
import { FLEET_NAME, firstFleet } from "../support/two-policies.ts";

const SENDER = fileURLToPath(new URL("flood.bpf.c", import.meta.url));
const SENDERS = 2;
/** USER_HZ: the unit of /proc/<pid>/stat. */
const TICK_MS = 10;
const MEMORY_LIMIT_BYTES = 512 * 2 ** 20;
const CPU_SHARE = 0.2;
/** Health looks ten seconds back, and once a second; where a host lends the CPUs to others it takes a multiple of that. */
const RECOVERY_MS = 120_000;
/** What is in the ring is read within a second. */
const READ_MS = 60_000;

export interface FloodCheck {
  readonly what: string;
  readonly found: string;
  readonly holds: boolean;
}

export interface FloodOptions {
  readonly seconds: number;
  readonly progress?: (text: string) => void;
}

/** Throws where the flood cannot be made: no root, no clang. */
export async function runFlood({ seconds, progress = () => {} }: FloodOptions): Promise<FloodCheck[]> {
  const folder = mkdtempSync(join(tmpdir(), "piston-flood-"));
  const node = new LabNode("piston-flood", FLEET_NAME);
  try {
    const object = join(folder, "flood.bpf.o");
    buildTestProgram(SENDER, object);
    // Nobody reads the packets that the lab's sockets would keep.
    node.world.close();
    node.edge.close();
    node.publish(await bundleOf(firstFleet));
    await node.startAgent().event("started");
    await untilStatus(node, "ok");
    const before = await readings(node);
    const watch = new Watch(node);
    progress(`${SENDERS} senders, ${seconds} s`);
    const sent = await send(node, object, seconds, () => watch.look());
    const ended = await watch.end();
    const after = await readingsOnceRead(node, before);
    progress("the flood is over");
    const recovered = await untilStatus(node, "ok");
    return checks({ before, after, sent, ended, recovered, seconds });
  } finally {
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Frames that the senders have made. */
async function send(node: LabNode, object: string, seconds: number, each: () => void): Promise<number> {
  const program = fileURLToPath(new URL("flood-sender.ts", import.meta.url));
  const args = [process.execPath, program, object, node.namespaces.interface, String(seconds * 1000)];
  const outputs = Array.from({ length: SENDERS }, (_, core) => {
    const [file, words] = inNamespace(node.namespaces.world, ["taskset", "-c", String(core), ...args]);
    const child = spawn(file, words, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
    });
    return new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) =>
        code === 0 ? resolve(text) : reject(new Error(`a sender ended with ${code}`)),
      );
    });
  });
  const timer = setInterval(each, 1_000);
  try {
    const counts = await Promise.all(outputs);
    return counts.reduce((sum, text) => sum + Number(text), 0);
  } finally {
    clearInterval(timer);
  }
}

// ---- Readings ----------------------------------------------------------------------------------------------------------

interface Readings {
  /** Frames that the interface has taken, by its own count. */
  readonly received: number;
  readonly passed: number;
  readonly dropped: number;
  /** The kernel's own count of samples: taken, suppressed, lost. */
  readonly kernelSamples: number;
  readonly submitted: number;
  readonly processed: number;
  readonly eventsDropped: ReadonlyMap<string, number>;
}

async function readings(node: LabNode): Promise<Readings> {
  const { body } = await node.agent.metrics();
  const series = (name: string): Map<string, number> => {
    const found = new Map<string, number>();
    for (const line of body.split("\n")) {
      const match = /^pistonprotection_(\w+)(?:\{([^}]*)\})? (\S+)$/.exec(line);
      if (match?.[1] === name) found.set(match[2] ?? "", Number(match[3]));
    }
    return found;
  };
  const sum = (name: string) => [...series(name).values()].reduce((a, b) => a + b, 0);
  const dropped = sum("packets_dropped_total");
  const eventsDropped = new Map(
    [...series("events_dropped_total")].map(([labels, count]) => [
      /"(.*)"/.exec(labels)?.[1] ?? labels,
      count,
    ]),
  );
  using state = BpfMap.openPinned(join(pinLayout(node.pinPath, FLEET_NAME).state, "sample_state"));
  const { taken, suppressed, lost } = sampleTotals(state.lookup(new Uint8Array(4))!);
  return {
    received: received(node),
    passed: sum("traffic_packets_total") - dropped,
    dropped,
    kernelSamples: taken + suppressed + lost,
    submitted: sum("events_submitted_total"),
    processed: sum("events_processed_total"),
    eventsDropped,
  };
}

/** Those in which every sample of the kernel is accounted for, or those after READ_MS, which then do not add up. */
async function readingsOnceRead(node: LabNode, before: Readings): Promise<Readings> {
  const deadline = performance.now() + READ_MS;
  for (;;) {
    const after = await readings(node);
    const { accounted, submitted, kernelSamples } = accountOf(before, after);
    if (accounted === submitted && submitted === kernelSamples) return after;
    if (performance.now() > deadline) return after;
    await sleep(250);
  }
}

function received({ namespaces: { edge, interface: name } }: LabNode): number {
  const text = inNetworkNamespace(edge, () => readFileSync("/proc/thread-self/net/dev", "utf8"));
  return Number(new RegExp(`^\\s*${name}:\\s*\\d+\\s+(\\d+)`, "m").exec(text)?.[1]);
}

interface Watched {
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly mostRssBytes: number;
  /** /health, once a second. */
  readonly statuses: readonly string[];
  readonly reason: string;
}

/** The agent, looked at once a second while the flood lasts. */
class Watch {
  readonly #node: LabNode;
  readonly #pid: number;
  readonly #beganAt = performance.now();
  readonly #beganCpuMs: number;
  readonly #statuses: string[] = [];
  readonly #looks: Promise<void>[] = [];
  #mostRssBytes = 0;
  #reason = "";

  constructor(node: LabNode) {
    this.#node = node;
    this.#pid = node.agent.child.pid!;
    this.#beganCpuMs = cpuMs(this.#pid);
  }

  look(): void {
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8"))?.[1];
    this.#mostRssBytes = Math.max(this.#mostRssBytes, Number(rss) * 1024);
    const look = this.#node.agent.health().then((health) => {
      this.#statuses.push(String(health.status));
      const events = (health.components as { events?: { reason: string | null } }).events;
      this.#reason = events?.reason ?? this.#reason;
    });
    this.#looks.push(look);
  }

  /** With a last look, and the answers to all of them. */
  async end(): Promise<Watched> {
    const taken = {
      cpuMs: cpuMs(this.#pid) - this.#beganCpuMs,
      elapsedMs: performance.now() - this.#beganAt,
    };
    this.look();
    await Promise.all(this.#looks);
    return {
      ...taken,
      mostRssBytes: this.#mostRssBytes,
      statuses: [...this.#statuses],
      reason: this.#reason,
    };
  }
}

/** User and system time: fields 14 and 15 of /proc/<pid>/stat, after the name in brackets. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function untilStatus(node: LabNode, wanted: string, timeoutMs = RECOVERY_MS): Promise<number | null> {
  const begun = performance.now();
  while (performance.now() - begun < timeoutMs) {
    if ((await node.agent.health()).status === wanted) return performance.now() - begun;
    await sleep(250);
  }
  return null;
}

// ---- What must hold ----------------------------------------------------------------------------------------------------

interface Run {
  readonly before: Readings;
  readonly after: Readings;
  readonly sent: number;
  readonly ended: Watched;
  readonly recovered: number | null;
  readonly seconds: number;
}

/** Every sample of the kernel, and what became of it. */
function accountOf(before: Readings, after: Readings) {
  const since = (key: "kernelSamples" | "submitted" | "processed") => after[key] - before[key];
  const causes = [...after.eventsDropped].map(
    ([cause, count]) => [cause, count - (before.eventsDropped.get(cause) ?? 0)] as const,
  );
  return {
    kernelSamples: since("kernelSamples"),
    submitted: since("submitted"),
    processed: since("processed"),
    causes,
    accounted: since("processed") + causes.reduce((sum, [, count]) => sum + count, 0),
  };
}

function checks({ before, after, sent, ended, recovered, seconds }: Run): FloodCheck[] {
  const since = (key: "received" | "passed" | "dropped") => after[key] - before[key];
  const number = (value: number) => value.toLocaleString("en");
  const { kernelSamples, submitted, processed, causes, accounted } = accountOf(before, after);
  const causeText = causes
    .filter(([, count]) => count > 0)
    .map(([cause, count]) => `${cause} ${number(count)}`)
    .join(", ");
  const share = ended.cpuMs / ended.elapsedMs;
  const degraded = ended.statuses.filter((status) => status === "degraded").length;
  // Drops must be many before health speaks of them: the first looks may come before.
  const calm = ended.statuses.indexOf("degraded");
  return [
    {
      what: "frames",
      found: `${number(sent)} made in ${seconds} s, ${number(since("received"))} taken by the interface (${(since("received") / seconds / 1e6).toFixed(2)} Mpps), the rest refused by its queue`,
      holds: since("received") > 0 && since("received") <= sent,
    },
    {
      what: "taken = passed + dropped",
      found: `${number(since("received"))} = ${number(since("passed"))} + ${number(since("dropped"))}`,
      holds: since("received") === since("passed") + since("dropped"),
    },
    {
      what: "every packet dropped, and sampled as the kernel counts",
      found: `${number(since("dropped"))} dropped, ${number(kernelSamples)} to be sampled`,
      holds: since("passed") === 0 && since("dropped") === kernelSamples,
    },
    {
      what: "events: kept + dropped by each cause = submitted",
      found: `${number(processed)} kept + ${causeText} = ${number(accounted)} of ${number(submitted)}`,
      holds: accounted === submitted && submitted === kernelSamples,
    },
    {
      what: "agent: memory below its limit",
      found: `${(ended.mostRssBytes / 2 ** 20).toFixed(0)} MiB at most, of ${MEMORY_LIMIT_BYTES / 2 ** 20} MiB`,
      holds: ended.mostRssBytes > 0 && ended.mostRssBytes < MEMORY_LIMIT_BYTES,
    },
    {
      what: "agent: CPU at or below its share",
      found: `${(share * 100).toFixed(1)} % of a core, of ${CPU_SHARE * 100} %`,
      holds: share <= CPU_SHARE,
    },
    {
      what: "health says degraded while it lasts",
      found: `degraded at ${degraded} of ${ended.statuses.length} looks: ${ended.reason}`,
      holds: degraded > 0 && ended.statuses.slice(calm).every((status) => status === "degraded"),
    },
    {
      what: "and healthy after",
      found:
        recovered === null
          ? `not within ${RECOVERY_MS / 1000} s`
          : `ok after ${(recovered / 1000).toFixed(1)} s`,
      holds: recovered !== null,
    },
  ];
}
