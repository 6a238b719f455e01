// The collector's worker thread: wakes up, takes what the ring buffer has, hands it on, sleeps; and where there is nothing
// to do, sleeps until the kernel says that there is. It imports little on
// purpose: a thread has its own heap, and an idle agent pays for it all year.

import { parentPort, workerData } from "node:worker_threads";
import { BpfMap, RingReader } from "../bpf/index.ts";
import type { FromWorker, ToWorker, WorkerInput } from "./messages.ts";
import { Pipeline } from "./pipeline.ts";
import { loadSinks } from "./sinks/load.ts";

const { options, path, counts: memory, names } = workerData as WorkerInput;
const TOP_MS = 1_000;
/** Records of one look that are so many that the next one must come sooner: a quarter of the ring. */
const MANY_RECORDS = 430;
const LEAST_SLEEP_MS = 5;
const CLOSING_SLEEP_MS = 10;

const port = parentPort!;
const tell = (message: FromWorker) => port.postMessage(message);
const sinks = await loadSinks(options);
const map = BpfMap.openPinned(path);
const reader = RingReader.open(map);
map.close();
const pipeline = new Pipeline({ options, counts: new Float64Array(memory), reader, sinks, tell });
if (names) pipeline.setNames(names);

let timer: NodeJS.Timeout;
let toldAtMs = 0;
/** Counts looks: a wake-up that was asked for before the last one has nothing to say any more. */
let looks = 0;

function look(dueMs: number): void {
  looks++;
  const count = pipeline.intake(performance.now() - dueMs);
  void pipeline.pump();
  const now = performance.now();
  if (now - toldAtMs >= TOP_MS) {
    toldAtMs = now;
    const top = pipeline.top();
    if (top) tell(top);
  }
  const { intervalMs } = options.events;
  if (count === 0 && pipeline.idle) {
    sleepUntilRecords(intervalMs);
    return;
  }
  const sleepMs = Math.min(intervalMs, Math.max(LEAST_SLEEP_MS, (intervalMs * MANY_RECORDS) / (count + 1)));
  timer = setTimeout(look, sleepMs, now + sleepMs);
}

/** A thread that wakes up costs more than what it then does, where it finds nothing. */
function sleepUntilRecords(intervalMs: number): void {
  const now = performance.now();
  const { controlMs } = options.timing;
  timer = setTimeout(look, controlMs, now + controlMs);
  const asked = looks;
  reader.wait(() => {
    if (looks !== asked) return;
    clearTimeout(timer);
    // Not at once: what comes within the interval is one batch.
    timer = setTimeout(look, intervalMs, performance.now() + intervalMs);
  });
}

/** What is in the ring now, and all that waits, goes out; then the thread ends. */
async function close(deadlineMs: number): Promise<void> {
  looks++;
  clearTimeout(timer);
  const endMs = performance.now() + deadlineMs;
  pipeline.takeAll();
  void pipeline.pump();
  while (pipeline.inHand > 0 && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, CLOSING_SLEEP_MS));
  const left = Math.max(CLOSING_SLEEP_MS, endMs - performance.now());
  const closed = Promise.all(sinks.map((sink) => sink.close())).catch(() => {});
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, left).unref())]);
  reader.close();
  const top = pipeline.top();
  if (top) tell(top);
  tell({ kind: "closed" });
  port.close();
}

function fail(how: Extract<ToWorker, { kind: "fail" }>["how"]): void {
  if (how === "exit") process.exit(7);
  if (how === "throw") throw new Error("a fault of the worker, made by a test");
  const taken: number[][] = [];
  for (;;) if (how === "memory") taken.push(Array.from({ length: 10_000 }, (_, i) => i + taken.length));
}

port.on("message", (message: ToWorker) => {
  if (message.kind === "names") pipeline.setNames(message.names);
  else if (message.kind === "close") void close(message.deadlineMs);
  else fail(message.how);
});
tell({ kind: "ready" });
look(performance.now());
