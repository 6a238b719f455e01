import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { SampleEvent } from "../record.ts";
import { jsonLogSink } from "./json-log.ts";

const EVENT: SampleEvent = {
  atMs: 0,
  priority: "normal",
  rule: "edge-dns/queries",
  backend: "dns",
  reason: "limit",
  verdict: "drop",
  shadow: false,
  interface: "eth0",
  frameBytes: 60,
  generation: "0123456789ab",
  source: "198.51.100.7",
  destination: "203.0.113.5",
  protocol: 17,
  sourcePort: 53,
  destinationPort: 4000,
  patterns: [],
  frame: "",
};

/** Lines by the words that the operations guide's log queries look for. */
it.each([
  ["rule", false, ["packet_dropped", "attack_detected"]],
  ["limit", false, ["packet_dropped", "attack_detected", "rate_limited"]],
  ["block", false, ["packet_dropped", "attack_detected"]],
  ["default", false, ["packet_dropped"]],
  ["limit", true, []],
])("a packet dropped by %s (shadow: %s) says %j", async (reason, shadow, words) => {
  const folder = mkdtempSync(join(tmpdir(), "piston-json-log-"));
  try {
    const fd = openSync(join(folder, "log"), "w");
    await jsonLogSink(fd).deliver([{ ...EVENT, reason, shadow }]);
    closeSync(fd);
    const line = readFileSync(join(folder, "log"), "utf8");
    for (const word of ["packet_dropped", "attack_detected", "rate_limited"])
      expect(line.includes(word), word).toBe(words.includes(word));
    expect(JSON.parse(line)).toMatchObject({ backend: "dns", reason, time: "1970-01-01T00:00:00.000Z" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
