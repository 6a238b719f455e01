// A real agent in a process of its own, in the `edge` namespace, as a node would run it: started, asked, killed. Its log
// is its JSON lines; its servers listen on Unix sockets, which reach across network namespaces.

import { type ChildProcess, spawn } from "node:child_process";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inNamespace } from "./namespaces.ts";

const PISTON = fileURLToPath(new URL("../../bin/piston", import.meta.url));

export interface AgentProcessOptions {
  /** Path of the network namespace. */
  readonly namespace: string;
  readonly bundlePath: string;
  readonly interface: string;
  readonly pinPath: string;
  /** Folder for the Unix sockets of the servers. */
  readonly socketFolder: string;
  /** What is run with `node` and the rest; the checkout's bin/piston where it is not given. */
  readonly program?: readonly string[];
  /** A file that its log goes to; then `log` stays empty. */
  readonly logFile?: string;
  /** Further arguments: `["--trust", "key.pub"]`. */
  readonly args: readonly string[];
}

/** A line of the agent's log. */
export interface LogLine {
  readonly event?: string;
  readonly msg?: string;
  readonly [key: string]: unknown;
}

export class AgentProcess {
  readonly child: ChildProcess;
  readonly log: LogLine[] = [];
  readonly #metricsSocket: string;
  readonly #operationsSocket: string;
  #stderr = "";
  #changed: () => void = () => {};
  readonly exited: Promise<number | null>;

  constructor(options: AgentProcessOptions) {
    this.#metricsSocket = `${options.socketFolder}/metrics.sock`;
    this.#operationsSocket = `${options.socketFolder}/operations.sock`;
    const to = options.logFile;
    const [file, args] = inNamespace(options.namespace, [
      ...(to === undefined ? [] : ["sh", "-c", 'exec >>"$0" && exec "$@"', to]),
      ...(options.program ?? [PISTON]),
      "node",
      "--bundle",
      options.bundlePath,
      "--interface",
      options.interface,
      "--pin-path",
      options.pinPath,
      "--metrics-address",
      `unix:${this.#metricsSocket}`,
      "--operations-address",
      `unix:${this.#operationsSocket}`,
      "--json",
      ...options.args,
    ]);
    this.child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      try {
        this.log.push(JSON.parse(line) as LogLine);
      } catch {
        this.log.push({ event: "not-json", msg: line });
      }
      this.#changed();
    });
    this.child.stderr!.on("data", (data: Buffer) => {
      this.#stderr += data.toString();
    });
    this.exited = new Promise((resolve) => {
      this.child.once("close", (code) => {
        resolve(code);
        this.#changed();
      });
    });
  }

  /** What went wrong, for the message of a test or the demo. */
  describe(): string {
    const tail = this.log.slice(-8).map((line) => JSON.stringify(line));
    return `agent exit code ${this.child.exitCode}, signal ${this.child.signalCode}\n${tail.join("\n")}\n${this.#stderr}`;
  }

  /** The first line from `after` on (an index of `log`) that fits. Throws where the agent ends, or after `timeoutMs`. */
  async waitFor(fits: (line: LogLine) => boolean, after = 0, timeoutMs = 60_000): Promise<LogLine> {
    const deadline = Date.now() + timeoutMs;
    for (let next = after; ; ) {
      while (next < this.log.length) {
        const line = this.log[next++]!;
        if (fits(line)) return line;
      }
      const remaining = deadline - Date.now();
      if (remaining <= 0) throw new Error(`the agent did not log what was waited for\n${this.describe()}`);
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the agent ended early\n${this.describe()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, remaining);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  event(name: string, after = 0, timeoutMs?: number): Promise<LogLine> {
    return this.waitFor((line) => line.event === name, after, timeoutMs);
  }

  metrics(path = "/metrics"): Promise<{ status: number; body: string }> {
    return ask(this.#metricsSocket, "GET", path);
  }

  async health(): Promise<Record<string, unknown>> {
    const { body } = await this.metrics("/health");
    return JSON.parse(body) as Record<string, unknown>;
  }

  operation(method: "GET" | "POST", path: string, body?: object): Promise<{ status: number; body: string }> {
    return ask(this.#operationsSocket, method, path, body);
  }

  get metricsSocket(): string {
    return this.#metricsSocket;
  }

  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null> {
    return this.kill("SIGTERM");
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const query = request({ socketPath, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on("error", reject);
    });
    query.on("error", reject);
    query.end(body && JSON.stringify(body));
  });
}
