// Every state that load can bring the collector to, reached by the real thing and left again: sinks that refuse, fail, or never
// answer, a full queue, busy processes, memory and CPU time above their limits.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setPriority } from "node:os";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildPacket } from "../../src/packet/build.ts";
import type { EventStats } from "../../src/runtime/events/stats.ts";
import { DEFAULT_RESOURCES, ResourceManager } from "../../src/runtime/resources/resources.ts";
import { describeKernel } from "../support/kernel.ts";
import { threadNames } from "../support/threads.ts";
import { accountOf, CollectorBench } from "./collector-bench.ts";
import { from, V4 } from "./fixtures.ts";
import { buildObject } from "./harness.ts";

beforeAll(buildObject);

const packet = from("198.51.100.7");
/** High priority: it shows an attack. */
const attack = buildPacket({ ipv4: V4, tcp: { sourcePort: 1, destinationPort: 80, flags: 3 } });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

/** An OTLP endpoint that answers as `answer` says; null: never. */
async function otlpServer(): Promise<{ endpoint: string; answer: number | null; spans: number }> {
  const state = { endpoint: "", answer: 200 as number | null, spans: 0 };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (state.answer === null) return;
      if (state.answer === 200) state.spans += countSpans(Buffer.concat(parts));
      response.writeHead(state.answer, { "content-type": "application/json" }).end("{}");
    });
  });
  server.keepAliveTimeout = 0; // never: a request must not meet the end of a connection that was left for a while
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  state.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return state;
}

interface Traces {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly unknown[] }[];
  }[];
}

function countSpans(body: Buffer): number {
  const { resourceSpans } = JSON.parse(body.toString()) as Traces;
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)).length;
}

const { createSocket } = process.getBuiltinModule("node:dgram");

/** Below those that the kernel gives to whoever asks for any (ip_local_port_range): it is still free after it was closed. */
async function freeUdpPort(): Promise<number> {
  for (;;) {
    const port = 10_240 + Math.floor(Math.random() * 20_000);
    const socket = createSocket("udp4");
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once("error", () => resolve(false));
      socket.bind(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise<void>((resolve) => socket.close(resolve));
    if (isFree) return port;
  }
}

async function udpServer(port: number): Promise<{ lines: string[]; close(): void }> {
  const socket = createSocket("udp4");
  const lines: string[] = [];
  socket.on("message", (message) => lines.push(...message.toString().trim().split("\n")));
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  let open = true;
  const close = () => {
    if (open) socket.close();
    open = false;
  };
  cleanups.push(close);
  return { lines, close };
}

function sinkSum({ offered, delivered, failed, skipped, lost }: NonNullable<EventStats["sinks"]["otel"]>) {
  return { offered, accounted: delivered + failed + skipped + lost };
}

const quickBreaker = { failureRatio: 0.5, openSeconds: 0.15, halfOpenTrials: 3 };
/** What the worker says comes after the counts that it shares show it: polled, or waited for. */
const textOf = (bench: CollectorBench, event: string) =>
  bench.log.filter((line) => line.event === event).map(({ text }) => text);

describeKernel("sinks", () => {
  test("an OTLP endpoint gets a span for each event; one that answers 500 is given up, tried, and trusted again", async () => {
    const server = await otlpServer();
    await using bench = new CollectorBench({
      events: { batchSize: 10, circuitBreaker: quickBreaker },
      sinks: { otel: { endpoint: server.endpoint } },
      timing: { sinkTimeoutMs: 60_000 }, // the server is this thread: what it answers late it has counted
    });
    bench.send(packet, 30);
    await bench.until(({ sinks }) => sinks.otel!.delivered === 30);
    expect(server.spans).toBe(30);

    server.answer = 500;
    // Many good deliveries stand in the window: it takes as many bad ones. From then on it is open or tried, and never trusted.
    await bench.until(
      ({ sinks }) => sinks.otel!.breaker !== "closed",
      () => bench.send(packet, 10),
    );
    expect(bench.collector.health().reason).toMatch(/circuit breaker of sink otel is (half-)?open/);
    const levels = () => textOf(bench, "degradation").join("\n");
    await bench.until(
      ({ sinks }) => sinks.otel!.skipped > 0 && levels().includes("level 1"),
      () => bench.send(packet, 10),
    );
    expect(levels()).not.toMatch(/level [23]/);

    server.answer = 200;
    await bench.until(
      ({ sinks }) => sinks.otel!.breaker === "closed",
      () => bench.send(packet, 10),
    );
    await bench.until(({ level }) => level === 0);
    const stats = await bench.settled();
    await bench.until(({ sinks }) => sinkSum(sinks.otel!).accounted === stats.kept);
    const { sinks } = bench.collector.stats();
    expect(sinkSum(sinks.otel!).offered).toBe(stats.kept);
    expect(sinks.otel!.failed).toBeGreaterThan(0);
    expect(server.spans).toBe(sinks.otel!.delivered);
    expect(accountOf(stats)).toBe(bench.sent);
    await expect
      .poll(() => textOf(bench, "circuit-breaker").join("\n"))
      .toMatch(/open: [\s\S]*half-open[\s\S]*closed$/);
    await expect.poll(() => bench.collector.health().state).toBe("ok");
  });

  test("a StatsD server that is not there is found out, and served again when it is", async () => {
    const port = await freeUdpPort();
    const first = await udpServer(port);
    await using bench = new CollectorBench({
      events: { batchSize: 10, circuitBreaker: quickBreaker },
      sinks: { statsd: { address: `127.0.0.1:${port}`, prefix: "piston." } },
    });
    bench.send(attack, 2);
    // In one batch or in two.
    const counted = (name: string) =>
      first.lines
        .map((line) => /^piston\.samples\.(.*):(\d+)\|c$/.exec(line))
        .reduce((sum, match) => (match?.[1] === name ? sum + Number(match[2]) : sum), 0);
    await expect.poll(() => [counted("pattern.syn-fin"), counted("priority.high")]).toEqual([2, 2]);
    first.close();
    await bench.until(
      () => textOf(bench, "circuit-breaker").some((text) => /open: .*ECONNREFUSED/.test(text)),
      () => bench.send(packet, 10),
    );
    const again = await udpServer(port);
    await bench.until(
      ({ sinks }) => sinks.statsd!.breaker === "closed" && again.lines.length > 0,
      () => bench.send(packet, 10),
    );
    const stats = await bench.settled();
    await bench.until(({ sinks }) => sinkSum(sinks.statsd!).accounted === stats.kept);
    expect(accountOf(stats)).toBe(bench.sent);
  });

  test("one that never answers fills the queue: both watermarks, level 2, and then the breaker ends it", async () => {
    const server = await otlpServer();
    server.answer = null;
    await using bench = new CollectorBench({
      events: { bufferSize: 100, batchSize: 10, circuitBreaker: { ...quickBreaker, openSeconds: 1 } },
      sinks: { otel: { endpoint: server.endpoint } },
      // Five batches of it fail before the breaker ends what is to be seen until then.
      timing: { sinkTimeoutMs: 1_000 },
    });
    // Normal ones fill four fifths, and are then shed; those that matter take the rest.
    await bench.until(
      ({ backpressure }) => backpressure,
      () => bench.send(packet, 20),
    );
    await bench.until(
      ({ dropped }) => dropped.backpressure > 0,
      () => bench.send(packet, 20),
    );
    await bench.until(
      ({ level }) => level === 2,
      () => bench.send(attack, 20),
    );
    const full = await bench.until(
      ({ dropped }) => dropped["queue-full"] > 0,
      () => bench.send(attack, 20),
    );
    expect(full.shedByPriority.backpressure.high).toBe(0);
    expect(full.shedByPriority.degraded.high).toBe(0);
    await bench.until(({ sinks }) => sinks.otel!.breaker !== "closed");
    await bench.until(({ backpressure, queueDepth }) => !backpressure && queueDepth === 0);
    server.answer = 200;
    await bench.until(
      ({ sinks }) => sinks.otel!.breaker === "closed",
      () => bench.send(packet, 5),
    );
    await bench.until(({ level }) => level === 0);
    const stats = await bench.settled();
    expect(accountOf(stats)).toBe(bench.sent);
    await expect.poll(() => textOf(bench, "backpressure").length).toBeGreaterThanOrEqual(2);
  });

  test("backpressure that lasts too long is given up, and the full queue drops what comes", async () => {
    const server = await otlpServer();
    server.answer = null;
    await using bench = new CollectorBench({
      events: {
        bufferSize: 50,
        batchSize: 5,
        backpressure: { highRatio: 0.8, lowRatio: 0.2, timeoutSeconds: 0.2 },
      },
      sinks: { otel: { endpoint: server.endpoint } },
      timing: { sinkTimeoutMs: 10_000, recoverMs: 60_000 },
    });
    // Its log says both, however short the time in between was for who looks.
    const said = (what: string) => textOf(bench, "backpressure").find((text) => text.includes(what));
    await bench.until(
      () => said("begins") !== undefined,
      () => bench.send(attack, 10),
    );
    await bench.until(() => said("ends") !== undefined);
    // Not for the low watermark: more than 0.2 of 50 wait.
    expect(Number(/with (\d+) events/.exec(said("ends")!)?.[1])).toBeGreaterThan(10);
    await bench.until(
      ({ dropped }) => dropped["queue-full"] > 0,
      () => bench.send(attack, 10),
    );
  });
});

/** Linux's number of the collector's thread. */
function workerThread(): string {
  return [...threadNames("self")].find(([, name]) => name === "piston-events")![0];
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: "ignore" });
}

describeKernel("the rate", () => {
  test("drops what is above it, rises while that is useful, and goes back", async () => {
    const rateLimit = { perSecond: 200, burst: 100, adaptive: true, minPerSecond: 50, maxPerSecond: 800 };
    await using bench = new CollectorBench({ events: { rateLimit } });
    // More in each look than the burst, so that some are above the rate however seldom this thread gets to send.
    const send = () => bench.send(packet, 300);
    await bench.until(({ dropped }) => dropped["rate-limited"] > 0, send);
    await bench.until(({ ratePerSecond }) => ratePerSecond === 800, send);
    await bench.until(({ ratePerSecond }) => ratePerSecond === 200);
    const stats = await bench.settled();
    expect(accountOf(stats)).toBe(bench.sent);
  });

  test("falls, and the level rises, where busy processes make the event loop late; both come back", async () => {
    const rateLimit = { perSecond: 1000, burst: 100, adaptive: true, minPerSecond: 100, maxPerSecond: 1000 };
    await using bench = new CollectorBench({ events: { rateLimit }, timing: { lagMs: 30 } });
    bench.send(packet);
    await bench.until(({ kept }) => kept === 1); // it has started, which takes more than it will get
    // The worker shares one core with two busy processes that matter more.
    const [core, thread] = ["0", workerThread()];
    run("taskset", "-pc", core, thread);
    setPriority(Number(thread), 19);
    const busy = [1, 2].map(() => spawn("taskset", ["-c", core, process.execPath, "-e", "for(;;);"]));
    const end = () => {
      for (const child of busy) child.kill("SIGKILL");
    };
    cleanups.push(end);
    const send = () => bench.send(packet);
    await bench.until(({ level }) => level > 0, send);
    await bench.until(({ ratePerSecond }) => ratePerSecond === 100, send);
    end();
    setPriority(Number(thread), 0);
    run("taskset", "-pc", "0-1023", thread);
    // Other processes of the machine may make it late again: what counts is that it comes back.
    await bench.until(({ level }) => level === 0);
    await bench.until(({ ratePerSecond }) => ratePerSecond > 500);
    await expect.poll(() => textOf(bench, "degradation").length).toBeGreaterThanOrEqual(2);
  });
});

describeKernel("pressure on the agent", () => {
  /** A resource manager of this very process, read as often as the test looks. */
  function manager(limits: Partial<typeof DEFAULT_RESOURCES>): ResourceManager {
    const made = new ResourceManager({ ...DEFAULT_RESOURCES, ...limits });
    cleanups.push(() => made.close());
    return made;
  }

  const anyCpu = { cpuLimitRatio: 64 };

  describe("memory above its limit", () => {
    // Pressure: 1 from 80 % of the limit on, 2 and 3 nearer to it.
    test.each([
      [1, 0.83],
      [2, 0.91],
      [3, 1.2],
    ] as const)("brings level %i, which keeps less, and gives it back", async (level, ratio) => {
      await using bench = new CollectorBench();
      await bench.settled();
      // What is resident, measured against a limit that makes it so much of it: again where that has moved meanwhile.
      const measure = () => {
        const memoryLimitBytes = Math.round(process.memoryUsage.rss() / ratio);
        const resources = new ResourceManager({ ...DEFAULT_RESOURCES, ...anyCpu, memoryLimitBytes });
        const reading = resources.check();
        resources.close();
        return reading;
      };
      let reading = measure();
      while (reading.pressure.memory !== level) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        reading = measure();
      }
      const press = () => {
        bench.collector.update(reading);
        bench.send(packet);
        bench.send(attack);
      };
      await bench.until((stats) => stats.level === level, press);
      expect(bench.collector.health().reason).toContain(`degradation level ${level}`);
      bench.send(packet, 100);
      bench.send(attack, 100);
      const stats = await bench.settled();
      expect(stats.shedByPriority.degraded.normal).toBeGreaterThan(80);
      expect(stats.shedByPriority.degraded.high > 0).toBe(level === 3);
      expect(accountOf(stats)).toBe(bench.sent);
      const roomy = manager(anyCpu);
      await bench.until(
        (now) => now.level === 0,
        () => bench.collector.update(roomy.check()),
      );
    });
  });

  test("CPU time above its share slows the rate and raises the level until there is less to do", async () => {
    const resources = manager({ cpuLimitRatio: 0.05 });
    const rateLimit = { perSecond: 1000, burst: 100, adaptive: true, minPerSecond: 100, maxPerSecond: 1000 };
    await using bench = new CollectorBench({ events: { rateLimit } });
    let mostCpuRatio = 0;
    await bench.until(
      ({ ratePerSecond, level }) => ratePerSecond === 100 && level > 0,
      () => {
        bench.send(packet, 5_000);
        const reading = resources.check();
        mostCpuRatio = Math.max(mostCpuRatio, reading.cpuRatio);
        bench.collector.update(reading);
      },
    );
    expect(mostCpuRatio).toBeGreaterThan(0.9);
    const idle = manager(anyCpu);
    await bench.until(
      ({ ratePerSecond, level }) => ratePerSecond === 1000 && level === 0,
      () => bench.collector.update(idle.check()),
    );
    expect(accountOf(await bench.settled())).toBe(bench.sent);
  });
});
