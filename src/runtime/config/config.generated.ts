// Made from config.schema.json by generate.mjs (npm run generate). Do not edit.

/**
 * How `piston node` runs: the agent's configuration.
 */
export interface AgentConfig {
  /**
   * Values to start from, below what a file, the environment or a flag says: `high-volume` and `constrained` as in docs/CONFIGURATION.md.
   */
  readonly profile: "default" | "high-volume" | "constrained";
  /**
   * What is served, and by whom it must be signed.
   */
  readonly bundle: {
    /**
     * A bundle, or a directory that holds one or its shards. Watched for changes.
     */
    readonly path: string;
    /**
     * Interfaces to filter. Empty: those that the fleet's policy names.
     */
    readonly interfaces: readonly string[];
    /**
     * XDP attach mode. null: as the fleet's policy says.
     */
    readonly mode: "native" | "generic" | null;
    /**
     * Public keys in PEM, or directories of them. A bundle must be signed by one.
     */
    readonly trustKeys: readonly string[];
    /**
     * Serve bundles that nobody signed, where no key is trusted.
     */
    readonly allowUnsigned: boolean;
    /**
     * Fleet to take over where no bundle can be read and several fleets are pinned.
     */
    readonly fleet: string | null;
    /**
     * Where kernel objects are pinned: a directory on a BPF file system.
     */
    readonly pinPath: string;
  };
  /**
   * The agent's HTTP servers.
   */
  readonly listen: {
    /**
     * Metrics and health: HOST:PORT, :PORT or unix:/PATH.
     */
    readonly metrics: string;
    /**
     * Operations, on loopback or a Unix socket; elsewhere only with operationsTokenFile.
     */
    readonly operations: string;
    /**
     * TLS for the metrics server; the files are read again when they change. Turned on or off only by a restart.
     */
    readonly tls: {
      /**
       * Certificate chain in PEM.
       */
      readonly certFile: string;
      /**
       * Its private key in PEM.
       */
      readonly keyFile: string;
      /**
       * Certificates in PEM that a client's must be signed by. null: clients need none.
       */
      readonly clientCaFile: string | null;
    } | null;
    /**
     * File with the bearer token that the metrics server asks for. null: none.
     */
    readonly metricsTokenFile: string | null;
    /**
     * File with the bearer token that the operations server asks for beyond loopback.
     */
    readonly operationsTokenFile: string | null;
  };
  /**
   * The agent's log.
   */
  readonly log: {
    /**
     * Least level that is written.
     */
    readonly level: "debug" | "info" | "warn" | "error";
    /**
     * One JSON object a line on standard output; else lines for people on standard error.
     */
    readonly json: boolean;
  };
  /**
   * What the agent asks of its environment.
   */
  readonly security: {
    /**
     * Refuse to start where the security checks warn.
     */
    readonly strict: boolean;
    /**
     * Between two security checks of a running agent.
     */
    readonly checkIntervalSeconds: number;
    /**
     * After start keep only the capabilities that later work needs.
     */
    readonly dropCapabilities: boolean;
    /**
     * Object file of the XDP program. null: the one that came with the agent.
     */
    readonly programFile: string | null;
    /**
     * Load an XDP program whose digest is not the one that this agent was built with.
     */
    readonly allowOtherProgram: boolean;
    /**
     * Most kernel memory that the maps of one generation may take.
     */
    readonly memoryLimitBytes: number;
  };
  /**
   * From the ring buffer's samples to sinks.
   */
  readonly events: {
    /**
     * Read samples at all.
     */
    readonly enabled: boolean;
    /**
     * Events that may wait for the sinks.
     */
    readonly bufferSize: number;
    /**
     * Events handed to sinks at once.
     */
    readonly batchSize: number;
    /**
     * Longest that an event waits for its batch.
     */
    readonly intervalMs: number;
    /**
     * Token bucket before the queue.
     */
    readonly rateLimit: {
      /**
       * Events a second.
       */
      readonly perSecond: number;
      /**
       * Events at once.
       */
      readonly burst: number;
      /**
       * Move the rate between least and most by event-loop lag, CPU and memory.
       */
      readonly adaptive: boolean;
      /**
       * Least rate that adaptation goes down to.
       */
      readonly minPerSecond: number;
      /**
       * Greatest rate that adaptation goes up to.
       */
      readonly maxPerSecond: number;
    };
    /**
     * When the queue fills.
     */
    readonly backpressure: {
      /**
       * Queue's fill, of bufferSize, at which backpressure begins.
       */
      readonly highRatio: number;
      /**
       * Queue's fill at which it ends.
       */
      readonly lowRatio: number;
      /**
       * Longest that it lasts.
       */
      readonly timeoutSeconds: number;
    };
    /**
     * One for each sink.
     */
    readonly circuitBreaker: {
      /**
       * Share of failures that opens it.
       */
      readonly failureRatio: number;
      /**
       * Before it lets a trial through.
       */
      readonly openSeconds: number;
      /**
       * Trials that must succeed before it closes.
       */
      readonly halfOpenTrials: number;
    };
  };
  /**
   * Where events go beside the metrics.
   */
  readonly sinks: {
    /**
     * A log line for each event.
     */
    readonly jsonLog: boolean;
    /**
     * StatsD over UDP.
     */
    readonly statsd: {
      /**
       * HOST:PORT.
       */
      readonly address: string;
      /**
       * Before each name.
       */
      readonly prefix: string;
    } | null;
    /**
     * OpenTelemetry traces over OTLP/HTTP.
     */
    readonly otel: {
      /**
       * URL of the collector's traces.
       */
      readonly endpoint: string;
    } | null;
    /**
     * Top sources and backends.
     */
    readonly topK: {
      /**
       * How many are kept.
       */
      readonly size: number;
    };
  };
  /**
   * What the agent may take of its host.
   */
  readonly resources: {
    /**
     * Resident memory.
     */
    readonly memoryLimitBytes: number;
    /**
     * CPU, as a share of one core.
     */
    readonly cpuLimitRatio: number;
    /**
     * Open file descriptors.
     */
    readonly fdLimit: number;
    /**
     * Share of a limit at which pressure begins.
     */
    readonly warnRatio: number;
    /**
     * Between two readings.
     */
    readonly checkIntervalMs: number;
  };
  /**
   * Exponential back-off for what lies outside the process.
   */
  readonly retry: {
    /**
     * First delay.
     */
    readonly initialMs: number;
    /**
     * Greatest delay.
     */
    readonly maxMs: number;
    /**
     * Each delay over the last.
     */
    readonly multiplier: number;
    /**
     * Up to this share is taken off each delay, at random.
     */
    readonly jitter: number;
  };
  /**
   * What the agent looks after by itself.
   */
  readonly health: {
    /**
     * Between two comparisons of the kernel's tables with the bundle's.
     */
    readonly driftCheckSeconds: number;
    /**
     * Check the health of the policies' backends.
     */
    readonly backendChecks: boolean;
  };
  /**
   * How the agent ends.
   */
  readonly shutdown: {
    /**
     * For all steps together; a step that hangs is cut off.
     */
    readonly timeoutSeconds: number;
    /**
     * Take the filter off. Else filtering goes on without the agent.
     */
    readonly detachOnExit: boolean;
    /**
     * File that the last metrics are written to. null: none.
     */
    readonly metricsFile: string | null;
  };
}
