// Events to JSON lines on standard output, whole batches at a time.

import { writeSync } from "node:fs";
import { LOG_WORDS } from "../../../metrics/log-labels.ts";
import type { SampleEvent } from "../record.ts";
import type { Sink } from "./sink.ts";

const STDOUT = 1;

/** Standard output may be a pipe that nobody empties: what could not be written is a failure of the sink, and no line is cut. */
export function jsonLogSink(fd: number = STDOUT): Sink {
  let rest = Buffer.alloc(0);
  const write = (bytes: Buffer) => {
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(fd, bytes, at);
    } finally {
      const cut = at > 0 && bytes[at - 1] !== NEW_LINE;
      // The rest of a line that was begun goes out before anything else.
      rest = cut ? Buffer.from(bytes.subarray(at, bytes.indexOf(NEW_LINE, at) + 1)) : Buffer.alloc(0);
    }
  };
  return {
    name: "json-log",
    async deliver(events) {
      const lines = Buffer.from(events.map((event) => `${lineOf(event)}\n`).join(""));
      write(rest.length === 0 ? lines : Buffer.concat([rest, lines]));
    },
    async close() {
      if (rest.length > 0) write(rest);
    },
  };
}

const NEW_LINE = 10;

function lineOf({ atMs, ...event }: SampleEvent): string {
  const time = new Date(atMs).toISOString();
  return JSON.stringify({ level: "info", time, ...wordsOf(event), ...event, msg: "packet not passed" });
}

const ATTACK_REASONS = new Set(["rule", "limit", "block"]);

/** What a rule in shadow would drop is passed: none of the words holds. */
function wordsOf({ reason, shadow }: Pick<SampleEvent, "reason" | "shadow">): Record<string, unknown> {
  if (shadow) return { event: "sample" };
  return {
    event: LOG_WORDS.dropped,
    ...(ATTACK_REASONS.has(reason) ? { [LOG_WORDS.attack]: true } : {}),
    ...(reason === "limit" ? { [LOG_WORDS.limited]: true } : {}),
  };
}
