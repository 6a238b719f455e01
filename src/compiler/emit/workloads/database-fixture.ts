// For tests: the files of the databases' pods, run as a pod would run them, on this machine's own servers and loopback.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";

/** Where Debian keeps the newest server's programs; null without one. */
export function postgresqlPrograms(): string | null {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return null;
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  const found = `${root}/${newest}/bin`;
  return existsSync(`${found}/initdb`) ? found : null;
}

/** Uid and gid of a user of this machine. */
export function userOf(name: string): { uid: number; gid: number } | null {
  const ids = ["-u", "-g"].map((flag) => spawnSync("id", [flag, name], { encoding: "utf8" }));
  if (ids.some(({ status }) => status !== 0)) return null;
  const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout));
  return { uid, gid };
}

/** Below those that the kernel gives to whoever asks for any (ip_local_port_range): nobody gets it before the server does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_240 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export interface Shell {
  readonly uid: number;
  readonly gid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(file: string, args: readonly string[], shell: Shell, input?: Buffer | string): Outcome {
  const { status, stdout, stderr } = spawnSync(file, args, {
    ...shell,
    ...(input === undefined ? {} : { input }),
    timeout: 120_000,
    maxBuffer: 2 ** 26,
  });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** A server in the foreground, as in a container. */
export class Server {
  readonly #child: ChildProcess;
  #log = "";
  readonly exited: Promise<number | null>;

  constructor(file: string, args: readonly string[], shell: Shell) {
    this.#child = spawn(file, args, { ...shell, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (data: Buffer) => {
        this.#log += data.toString();
      });
    this.exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  get log(): string {
    return this.#log;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.exited;
  }
}
