// The configured sinks. What each one needs is imported only where it is configured: most agents have none.

import type { SinkName } from "../../../metrics/event-labels.ts";
import type { CollectorOptions } from "../options.ts";
import type { Sink } from "./sink.ts";

/** A sink that cannot be loaded fails at each delivery, and its circuit breaker says so. */
export async function loadSinks({ sinks, timing }: CollectorOptions): Promise<Sink[]> {
  const { jsonLog, statsd, otel } = sinks;
  const loaded: Promise<Sink>[] = [];
  if (jsonLog) loaded.push(load("json-log", async () => (await import("./json-log.ts")).jsonLogSink()));
  if (statsd)
    loaded.push(
      load("statsd", async () => (await import("./statsd.ts")).statsdSink(statsd.address, statsd.prefix)),
    );
  if (otel)
    loaded.push(
      load("otel", async () => (await import("./otel.ts")).otelSink(otel.endpoint, timing.sinkTimeoutMs)),
    );
  return Promise.all(loaded);
}

async function load(name: SinkName, make: () => Promise<Sink>): Promise<Sink> {
  try {
    return await make();
  } catch (error) {
    return { name, deliver: () => Promise.reject(error), close: () => Promise.resolve() };
  }
}
