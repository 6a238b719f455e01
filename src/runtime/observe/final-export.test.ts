import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportFinal } from "./final-export.ts";

const TEXT = `# HELP pistonprotection_traffic_packets_total Packets judged.
# TYPE pistonprotection_traffic_packets_total counter
pistonprotection_traffic_packets_total{fleet="edge"} 12
pistonprotection_rule_packets_total{fleet="edge",rule="a|b"} 3
pistonprotection_threads 7
`;
const NONE = { file: null, statsd: null, otel: null };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "piston-test-final-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the last exposition is written to a file as it was", async () => {
  const file = join(folder, "last.prom");
  await exportFinal(TEXT, { ...NONE, file });
  expect(readFileSync(file, "utf8")).toBe(TEXT);
});

test("StatsD gets each series as a gauge, labels as tags, several in a datagram", async () => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const received = once(socket, "message") as Promise<[Buffer]>;
  await exportFinal(TEXT, {
    ...NONE,
    statsd: { address: `127.0.0.1:${socket.address().port}`, prefix: "pp." },
  });
  const [datagram] = await received;
  socket.close();
  expect(datagram.toString().split("\n")).toEqual([
    "pp.traffic_packets_total:12|g|#fleet:edge",
    "pp.rule_packets_total:3|g|#fleet:edge,rule:a_b",
    "pp.threads:7|g",
  ]);
});

test("an OpenTelemetry collector gets one span with the totals", async () => {
  let body = "";
  const server = createServer((request, response) => {
    request.on("data", (data: Buffer) => {
      body += data.toString();
    });
    request.on("end", () => response.end("{}"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await exportFinal(TEXT, { ...NONE, otel: { endpoint: `http://127.0.0.1:${port}/v1/traces` } });
  server.close();
  const [span] = (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] })
    .resourceSpans[0]!.scopeSpans[0]!.spans;
  expect(span).toMatchObject({
    name: "pistonprotection.final_metrics",
    attributes: [
      { key: "pistonprotection_traffic_packets_total", value: { doubleValue: 12 } },
      { key: "pistonprotection_threads", value: { doubleValue: 7 } },
    ],
  });
});

test("a target that fails is named, and the others have theirs", async () => {
  const file = join(folder, "last.prom");
  const otel = { endpoint: "http://127.0.0.1:1/v1/traces" };
  await expect(exportFinal(TEXT, { ...NONE, file, otel })).rejects.toMatchObject({
    code: "final-metrics",
    object: otel.endpoint,
  });
  expect(readFileSync(file, "utf8")).toBe(TEXT);
});
