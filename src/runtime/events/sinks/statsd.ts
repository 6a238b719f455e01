// Events to StatsD counters. hot-shots makes the lines; they go out through a connected UDP socket of our own, because
// only that one hears of a server that is not there (ICMP port unreachable comes back as ECONNREFUSED).

import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { StatsD } from "hot-shots";
import type { SampleEvent } from "../record.ts";
import type { Sink } from "./sink.ts";

/** A datagram of this size fits every path (IPv6's least MTU of 1,280 with its headers). */
const DATAGRAM_BYTES = 1_200;
/** A refusal on the same host or network comes back within this. */
const REFUSAL_MS = 5;

/** An ESM import costs more memory (STACK). */
const { createSocket } = process.getBuiltinModule("node:dgram");

/** `address`: HOST:PORT. */
export function statsdSink(address: string, prefix: string): Sink {
  const { host, port } = parseHostPort(address);
  const lines: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk);
      done();
    },
  });
  const client = new StatsD({ protocol: "stream", stream, prefix, maxBufferSize: 0, errorHandler: () => {} });
  let connection: Connection | null = null;
  return {
    name: "statsd",
    async deliver(events) {
      lines.length = 0;
      for (const [name, count] of countersOf(events)) client.increment(name, count);
      client.increment(
        "samples.bytes",
        events.reduce((sum, event) => sum + event.frameBytes, 0),
      );
      const datagrams = packed(lines.splice(0));
      try {
        connection ??= await connect(host, port);
        await connection.send(datagrams);
      } catch (error) {
        connection?.close();
        connection = null;
        throw error;
      }
    },
    async close() {
      connection?.close();
      connection = null;
    },
  };
}

/** Names have no label: plain StatsD knows none. Each one's parts are from short lists. */
function countersOf(events: readonly SampleEvent[]): Map<string, number> {
  const counters = new Map<string, number>();
  const count = (name: string) => counters.set(name, (counters.get(name) ?? 0) + 1);
  for (const { priority, reason, shadow, patterns } of events) {
    count("samples");
    count(`samples.priority.${priority}`);
    count(`samples.reason.${reason}`);
    if (shadow) count("samples.shadow");
    for (const pattern of patterns) count(`samples.pattern.${pattern}`);
  }
  return counters;
}

function packed(lines: readonly Buffer[]): Buffer[] {
  const datagrams: Buffer[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    if (bytes + line.length > DATAGRAM_BYTES) {
      datagrams.push([]);
      bytes = 0;
    }
    datagrams.at(-1)!.push(line);
    bytes += line.length;
  }
  return datagrams.map((parts) => Buffer.concat(parts));
}

interface Connection {
  send(datagrams: readonly Buffer[]): Promise<void>;
  close(): void;
}

async function connect(host: string, port: number): Promise<Connection> {
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
  let fault: Error | null = null;
  socket.unref();
  const connected = new Promise<void>((resolve, reject) => {
    socket.on("error", (error) => {
      fault = error;
      reject(error);
    });
    socket.connect(port, host, () => resolve());
  });
  try {
    await connected;
  } catch (error) {
    socket.close();
    throw error;
  }
  const one = (datagram: Buffer) =>
    new Promise<void>((resolve, reject) => {
      socket.send(datagram, (error) => (error ? reject(error) : resolve()));
    });
  return {
    async send(datagrams) {
      for (const datagram of datagrams) await one(datagram);
      await sleep(REFUSAL_MS);
      if (fault) throw fault;
    },
    close: () => socket.close(),
  };
}

/** Throws where it is not HOST:PORT. */
function parseHostPort(address: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65_535) throw new Error(`${JSON.stringify(address)} is not HOST:PORT`);
  return { host: match[1] ?? match[2]!, port };
}
