// One timer for everything that the agent does again and again. An idle process pays a fifth of a millisecond for each
// wake-up, cold caches included, which is more than most of what it then does: so all of it is done in the same ones.

/** The shortest of the agent's intervals. */
export const BEAT_MS = 250;

export interface Timer {
  stop(): void;
}

interface Repeated {
  readonly beats: number;
  readonly work: () => void;
}

interface Once {
  readonly dueMs: number;
  readonly work: () => void;
}

const repeated = new Set<Repeated>();
const pending = new Set<Once>();
let timer: NodeJS.Timeout | null = null;
let beat = 0;

/**
 * Does `work` once in each `everyMs`, for the first time within one. What is no multiple of BEAT_MS gets a timer of its
 * own. Like it, does not keep the process alive.
 */
export function every(everyMs: number, work: () => void): Timer {
  const beats = everyMs / BEAT_MS;
  if (!Number.isInteger(beats) || beats < 1) {
    const own = setInterval(work, everyMs).unref();
    return { stop: () => clearInterval(own) };
  }
  const one: Repeated = { beats, work };
  repeated.add(one);
  timer ??= setInterval(onBeat, BEAT_MS).unref();
  return {
    stop() {
      repeated.delete(one);
      stopWhereIdle();
    },
  };
}

/** Does `work` in the first beat after `delayMs`, which is up to BEAT_MS later; in time where nothing beats. */
export function later(delayMs: number, work: () => void): Timer {
  if (!timer) {
    const own = setTimeout(work, delayMs).unref();
    return { stop: () => clearTimeout(own) };
  }
  const one: Once = { dueMs: performance.now() + delayMs, work };
  pending.add(one);
  return { stop: () => void pending.delete(one) };
}

function onBeat(): void {
  beat++;
  for (const { beats, work } of repeated) if (beat % beats === 0) work();
  const now = performance.now();
  for (const one of pending) {
    if (one.dueMs > now) continue;
    pending.delete(one);
    one.work();
  }
  stopWhereIdle();
}

/** What is pending is waited for. */
function stopWhereIdle(): void {
  if (!timer || repeated.size > 0 || pending.size > 0) return;
  clearInterval(timer);
  timer = null;
}
