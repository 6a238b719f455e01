// The tuning profiles: values between the defaults and what somebody says. docs/CONFIGURATION.md has them as a table.

import type { AgentConfig } from "./config.generated.ts";

/** Key path to value. */
export const PROFILES: Readonly<Record<AgentConfig["profile"], Readonly<Record<string, number>>>> = {
  default: {},
  "high-volume": {
    "events.bufferSize": 50_000,
    "events.batchSize": 500,
  },
  constrained: {
    "events.bufferSize": 1000,
    "events.rateLimit.perSecond": 1000,
    "events.rateLimit.burst": 2000,
    "events.rateLimit.minPerSecond": 100,
    "events.rateLimit.maxPerSecond": 1000,
    "events.backpressure.highRatio": 0.5,
    "events.backpressure.lowRatio": 0.1,
    "resources.memoryLimitBytes": 128 * 1024 * 1024,
  },
};
