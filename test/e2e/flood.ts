// A flood at the highest rate that two cores can send over a veth, every packet dropped and sampled, on a real agent; and
// what must hold of the agent then. `npm run flood` runs it for a minute, flood.test.ts for a few seconds.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inNetworkNamespace } from "../../src/bench/own-namespace.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { BpfMap } from "../../src/runtime/bpf/index.ts";
import { sampleTotals } from "../../src/runtime/events/stats.ts";
import { pinLayout } from "../../src/runtime/kernel/pins.ts";
import { bundleOf } from "../support/compile.ts";
import { FLEET_NAME, firstFleet } from "../support/two-policies.ts";

const SENDERS = 2;
/** USER_HZ: the unit of /proc/<pid>/stat. */
const TICK_MS = 10;
const MEMORY_LIMIT_BYTES = 512 * 2 ** 20;
const CPU_SHARE = 0.2;
/** Health looks ten seconds back, and once a second. */
const RECOVERY_MS = 45_000;

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
    buildSender(object);
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
    const ended = watch.end();
    await sleep(1_000); // what is in the ring is read
    const after = await readings(node);
    progress("the flood is over");
    const recovered = await untilStatus(node, "ok", RECOVERY_MS);
    return checks({ before, after, sent, ended, recovered, seconds });
  } finally {
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function buildSender(object: string): void {
  const source = fileURLToPath(new URL("flood.bpf.c", import.meta.url));
  const machine = execFileSync("gcc", ["-print-multiarch"], { encoding: "utf8" }).trim();
  const include = ["-I", `/usr/include/${machine}`];
  execFileSync("clang", ["-O2", "-g", "-target", "bpf", "-mcpu=v3", ...include, "-c", source, "-o", object]);
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
  readonly samplesRead: number;
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
    samplesRead: sum("samples_total"),
    submitted: sum("events_submitted_total"),
    processed: sum("events_processed_total"),
    eventsDropped,
  };
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
    void this.#node.agent.health().then((health) => {
      this.#statuses.push(String(health.status));
      const events = (health.components as { events?: { reason: string | null } }).events;
      this.#reason = events?.reason ?? this.#reason;
    });
  }

  end(): Watched {
    return {
      cpuMs: cpuMs(this.#pid) - this.#beganCpuMs,
      elapsedMs: performance.now() - this.#beganAt,
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

async function untilStatus(node: LabNode, wanted: string, timeoutMs = 30_000): Promise<number | null> {
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

function checks({ before, after, sent, ended, recovered, seconds }: Run): FloodCheck[] {
  const since = (
    key: "received" | "passed" | "dropped" | "kernelSamples" | "samplesRead" | "submitted" | "processed",
  ) => after[key] - before[key];
  const number = (value: number) => value.toLocaleString("en");
  const causes = [...after.eventsDropped].map(
    ([cause, count]) => [cause, count - (before.eventsDropped.get(cause) ?? 0)] as const,
  );
  const accounted = since("processed") + causes.reduce((sum, [, count]) => sum + count, 0);
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
      found: `${number(since("dropped"))} dropped, ${number(since("kernelSamples"))} to be sampled`,
      holds: since("passed") === 0 && since("dropped") === since("kernelSamples"),
    },
    {
      what: "events: kept + dropped by each cause = submitted",
      found: `${number(since("processed"))} kept + ${causeText} = ${number(accounted)} of ${number(since("submitted"))}`,
      holds: accounted === since("submitted") && since("submitted") === since("kernelSamples"),
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
