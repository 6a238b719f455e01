// One key of the configuration, as config-keys.generated.ts lists them.

export interface ConfigKey {
  /** `events.rateLimit.perSecond` */
  readonly path: string;
  /** `PISTON_EVENTS_RATE_LIMIT_PER_SECOND` */
  readonly environment: string;
  /** `object`: one that may be null; its own keys follow it. */
  readonly type: "string" | "integer" | "number" | "boolean" | "array" | "object" | "enum";
  readonly nullable: boolean;
  /** Of an enum. */
  readonly values: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Missing: it must be given. */
  readonly default?: unknown;
  /** SIGHUP changes it in a running agent. */
  readonly live: boolean;
}
