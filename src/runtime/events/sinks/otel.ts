// Events to OpenTelemetry spans over OTLP/HTTP: one span an event, from the packet to the event being kept. Batches are the
// collector's own, so that its account and the exporter's outcome are of the same events. Loaded only where it is configured: 20 MiB.

import { type Attributes, SpanKind } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { type ReadableSpan, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { VERSION } from "../../../version.ts";
import type { SampleEvent } from "../record.ts";
import type { Sink } from "./sink.ts";

export function otelSink(endpoint: string, timeoutMs: number): Sink {
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: timeoutMs });
  const ended: ReadableSpan[] = [];
  const collect: SpanProcessor = {
    onStart() {},
    onEnd: (span) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracer = new TracerProvider({ spanProcessors: [collect] }).getTracer("pistonprotection", VERSION);
  return {
    name: "otel",
    async deliver(events) {
      ended.length = 0;
      const now = Date.now();
      for (const event of events) {
        const attributes = attributesOf(event);
        const options = { root: true, kind: SpanKind.INTERNAL, startTime: event.atMs, attributes };
        tracer.startSpan("packet not passed", options).end(Math.max(now, event.atMs));
      }
      const spans = ended.splice(0);
      await new Promise<void>((resolve, reject) => {
        exporter.export(spans, ({ code, error }) => {
          // ExportResultCode of @opentelemetry/core: SUCCESS is 0.
          if (!code) resolve();
          else reject(error ?? new Error(`the exporter gave result ${code}`));
        });
      });
    },
    close: () => exporter.shutdown(),
  };
}

/** Names of the semantic conventions where there are some. */
function attributesOf(event: SampleEvent): Attributes {
  const all: Record<string, string | number | boolean | string[] | null> = {
    "source.address": event.source,
    "source.port": event.sourcePort,
    "destination.address": event.destination,
    "destination.port": event.destinationPort,
    "network.interface.name": event.interface,
    "piston.protocol": event.protocol,
    "piston.priority": event.priority,
    "piston.rule": event.rule,
    "piston.backend": event.backend,
    "piston.reason": event.reason,
    "piston.verdict": event.verdict,
    "piston.shadow": event.shadow,
    "piston.generation": event.generation,
    "piston.frame_bytes": event.frameBytes,
    "piston.patterns": [...event.patterns],
  };
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(all)) if (value !== null) attributes[name] = value;
  return attributes;
}
