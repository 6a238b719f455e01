// Where events go, outside of the worker.

import type { SinkName } from "../../../metrics/event-labels.ts";
import type { SampleEvent } from "../record.ts";

export interface Sink {
  readonly name: SinkName;
  /** All of the batch, or it rejects: then all of it has failed. Nothing of `events` may be kept once it has returned a promise. */
  deliver(events: readonly SampleEvent[]): Promise<void>;
  close(): Promise<void>;
}
