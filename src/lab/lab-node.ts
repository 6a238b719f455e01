// A node of one's own: two namespaces, a bundle directory that changes as a projected volume does, and a real agent. The demo shows
// it, the kernel tests break it.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/format.ts";
import { generateKeys, signBundle } from "../bundle/sign.ts";
import { detach } from "../runtime/kernel/detach.ts";
import { AgentProcess, type AgentProcessOptions } from "./agent-process.ts";
import { createNamespaces, type Namespaces } from "./namespaces.ts";
import type { FrameBatch, PacketSocket } from "./packet-socket.ts";
import { Wire } from "./wire.ts";

export class LabNode {
  readonly fleet: string;
  readonly namespaces: Namespaces;
  readonly pinPath: string;
  /** Where the agent looks for its bundle. */
  readonly bundlePath: string;
  /** PEM file of the public key that the agent trusts. */
  readonly trustPath: string;
  #wire: Wire;
  readonly #folder: string;
  readonly #privateKey: string;
  #agent: AgentProcess | null = null;
  #published = 0;

  /**
   * @param prefix begins the names of all that it makes: `piston-test-swap`.
   * @param pinPath of its own where it is not given, below /sys/fs/bpf.
   */
  constructor(prefix: string, fleet: string, pinPath?: string) {
    this.fleet = fleet;
    this.pinPath = pinPath ?? `/sys/fs/bpf/${prefix}-${process.pid}`;
    this.#folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
    this.bundlePath = join(this.#folder, "bundle");
    this.trustPath = join(this.#folder, "release.pub");
    mkdirSync(this.bundlePath);
    const keys = generateKeys();
    this.#privateKey = keys.privateKeyPem;
    writeFileSync(this.trustPath, keys.publicKeyPem);
    this.namespaces = createNamespaces(prefix);
    this.#wire = new Wire(this.namespaces);
  }

  get world(): PacketSocket {
    return this.#wire.world;
  }

  get edge(): PacketSocket {
    return this.#wire.edge;
  }

  /** A new interface under the old name, as after a driver was loaded again. */
  plug(): void {
    this.namespaces.plug();
    this.#wire.close();
    this.#wire = new Wire(this.namespaces);
  }

  get agent(): AgentProcess {
    if (!this.#agent) throw new Error("no agent was started");
    return this.#agent;
  }

  /** Starts the agent, or another one after the last has ended. Does not wait for it. */
  startAgent(args: readonly string[] = [], options: Pick<AgentProcessOptions, "logFile"> = {}): AgentProcess {
    this.#agent = new AgentProcess({
      ...options,
      namespace: this.namespaces.edge,
      bundlePath: this.bundlePath,
      interface: this.namespaces.interface,
      pinPath: this.pinPath,
      socketFolder: this.#folder,
      args: ["--trust", this.trustPath, ...args],
    });
    return this.#agent;
  }

  /** Puts a signed bundle where the agent looks, in one step: `..data` is a link that is replaced, as the kubelet does. */
  publish(bundle: Uint8Array): void {
    this.publishFiles(bundle, signBundle(readBundle(bundle), this.#privateKey));
  }

  /** The same with any bytes: a broken bundle, a wrong signature, or none. */
  publishFiles(bundle: Uint8Array, signature: string | null): void {
    const name = `..${++this.#published}`;
    const file = `${this.fleet}.bundle`;
    const data = join(this.bundlePath, "..data");
    mkdirSync(join(this.bundlePath, name));
    writeFileSync(join(this.bundlePath, name, file), bundle);
    if (signature !== null) writeFileSync(join(this.bundlePath, name, `${file}.sig`), signature);
    const before = this.#published > 1 ? readlinkSync(data) : null;
    symlinkSync(name, `${data}_tmp`);
    renameSync(`${data}_tmp`, data);
    if (before !== null) rmSync(join(this.bundlePath, before), { recursive: true });
    else
      for (const link of [file, `${file}.sig`])
        symlinkSync(join("..data", link), join(this.bundlePath, link));
  }

  /** Sends frames from the world to the edge. */
  send(batch: FrameBatch): void {
    this.#wire.send(batch);
  }

  /** Frames that the filter let through, once all that was sent has had time to come. */
  async arrived(): Promise<Uint8Array[]> {
    const frames = await this.#wire.arrived();
    const lost = this.edge.dropped();
    if (lost > 0) throw new Error(`the receiver itself lost ${lost} frames; its counts mean nothing`);
    return frames;
  }

  async close(): Promise<void> {
    await this.#agent?.stop();
    detach(this.pinPath, this.fleet);
    if (existsSync(this.pinPath)) rmdirSync(this.pinPath);
    this.#wire.close();
    this.namespaces.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
