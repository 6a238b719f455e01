// The last exposition of an agent that ends, to where nobody scrapes it any more: a file, StatsD, an OpenTelemetry span.

import { createSocket } from "node:dgram";
import { renameSync, writeFileSync } from "node:fs";
import { messageOf, RuntimeFault } from "../errors.ts";

export interface FinalTargets {
  readonly file: string | null;
  readonly statsd: { readonly address: string; readonly prefix: string } | null;
  readonly otel: { readonly endpoint: string } | null;
}

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** What an Ethernet frame carries without fragments, less headers. */
const DATAGRAM_BYTES = 1400;
const OTEL_TIMEOUT_MS = 3000;

/** Tries each target; throws a RuntimeFault that names those which failed. */
export async function exportFinal(exposition: string, targets: FinalTargets): Promise<void> {
  const { file, statsd, otel } = targets;
  const samples = parseExposition(exposition);
  const work = [
    file === null ? null : { target: file, run: async () => writeWhole(file, exposition) },
    statsd && { target: `statsd ${statsd.address}`, run: () => sendStatsd(samples, statsd) },
    otel && { target: otel.endpoint, run: () => sendSpan(samples, otel.endpoint) },
  ].filter((one) => one !== null);
  const outcomes = await Promise.allSettled(work.map((one) => one.run()));
  const failed = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [{ target: work[index]!.target, reason: outcome.reason as unknown }] : [],
  );
  if (failed.length === 0) return;
  throw new RuntimeFault({
    code: "final-metrics",
    operation: "export",
    object: failed.map((one) => one.target).join(", "),
    message: `the last metrics did not reach ${failed.map((one) => `${one.target} (${messageOf(one.reason)})`).join(", ")}`,
    help: "see whether it answers or may be written; what was scraped before is not lost",
    cause: failed[0]!.reason,
  });
}

/** Series of the Prometheus text format, without comments. */
function parseExposition(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match || line.startsWith("#")) return [];
    const pairs = (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
    return {
      name: match[1]!,
      labels: new Map(Array.from(pairs, (pair) => [pair[1]!, pair[2]!])),
      value: Number(match[3]),
    };
  });
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

async function sendStatsd(
  samples: readonly Sample[],
  { address, prefix }: NonNullable<FinalTargets["statsd"]>,
): Promise<void> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(colon + 1));
  const lines = samples.map(({ name, labels, value }) => {
    const tags = Array.from(labels, ([key, text]) => `${key}:${text.replaceAll(/[|,#\n]/g, "_")}`).join(",");
    return `${prefix}${name.replace(/^pistonprotection_/, "")}:${value}|g${tags === "" ? "" : `|#${tags}`}`;
  });
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  try {
    for (const datagram of packed(lines))
      await new Promise<void>((resolve, reject) => {
        socket.send(datagram, port, host, (error) => (error ? reject(error) : resolve()));
      });
  } finally {
    socket.close();
  }
}

function packed(lines: readonly string[]): string[] {
  const datagrams: string[] = [];
  for (const line of lines) {
    const last = datagrams.at(-1);
    if (last !== undefined && Buffer.byteLength(last) + 1 + Buffer.byteLength(line) <= DATAGRAM_BYTES)
      datagrams[datagrams.length - 1] = `${last}\n${line}`;
    else datagrams.push(line);
  }
  return datagrams;
}

/** One span with the totals: series of a fleet as a whole, not those of each rule. */
async function sendSpan(samples: readonly Sample[], endpoint: string): Promise<void> {
  const { randomBytes } = await import("node:crypto");
  const totals = samples.filter(({ labels }) => [...labels.keys()].every((name) => name === "fleet"));
  const nowNs = String(BigInt(Date.now()) * 1_000_000n);
  const span = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "pistonprotection.final_metrics",
    kind: 1,
    startTimeUnixNano: nowNs,
    endTimeUnixNano: nowNs,
    attributes: totals.map(({ name, value }) => ({ key: name, value: { doubleValue: value } })),
  };
  const attributes = [{ key: "service.name", value: { stringValue: "pistonprotection-agent" } }];
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      resourceSpans: [
        { resource: { attributes }, scopeSpans: [{ scope: { name: "pistonprotection" }, spans: [span] }] },
      ],
    }),
    signal: AbortSignal.timeout(OTEL_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
}
