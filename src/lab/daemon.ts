// A server of somebody else's as a child process: started on a port that it picks itself, waited for, asked, ended.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const START_TIMEOUT_MS = 60_000;
/** As Prometheus and Alertmanager log it: with the port that the kernel gave. */
const LISTENING = /msg="Listening on" address=(\S+)/;

export class Daemon {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:<port>`, once it listens. */
  readonly #url: Promise<string>;
  readonly #log: string[] = [];
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#ended = once(this.child, "close").catch(() => null);
    this.#url = new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail("does not listen"), START_TIMEOUT_MS);
      const fail = (what: string) => {
        clearTimeout(timer);
        reject(new Error(`${command} ${what}\n${this.log()}`));
      };
      this.child.once("error", (error) => fail(`does not start: ${error.message}`));
      this.child.once("close", (code) => fail(`ended with code ${code}`));
      createInterface({ input: this.child.stderr! }).on("line", (line) => {
        this.#log.push(line);
        const address = LISTENING.exec(line)?.[1];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(`http://${address}`);
      });
    });
    // Who waits for the address hears of it; the promise itself must not end the process.
    this.#url.catch(() => {});
  }

  /** Its URL, once it listens and says that it is ready. */
  async ready(): Promise<string> {
    const url = await this.#url;
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const response = await fetch(`${url}/-/ready`).catch(() => null);
      if (response?.ok) return url;
      if (Date.now() > deadline) throw new Error(`${url} is not ready\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The last lines that it logged, for a message. */
  log(): string {
    return this.#log.slice(-20).join("\n");
  }

  async json(path: string): Promise<unknown> {
    const response = await fetch(`${await this.#url}${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}\n${this.log()}`);
    return JSON.parse(text);
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.#ended;
  }
}
