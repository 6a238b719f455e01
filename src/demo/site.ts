// The demo's machine: two namespaces, a signed bundle in a directory that changes as a projected volume does, and a real agent.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/format.ts";
import { generateKeys, signBundle } from "../bundle/sign.ts";
import { AgentProcess } from "../lab/agent-process.ts";
import { createNamespaces, type Namespaces } from "../lab/namespaces.ts";
import { PacketSocket } from "../lab/packet-socket.ts";
import { ktimeNs } from "../runtime/bpf/index.ts";
import { detach } from "../runtime/detach.ts";
import type { Burst } from "./expect.ts";

/** How long a frame may take from one namespace to the other before it counts as lost. */
const SETTLE_MS = 50;

export class DemoSite {
  readonly fleet: string;
  readonly agent: AgentProcess;
  readonly #namespaces: Namespaces;
  readonly #folder: string;
  readonly #privateKey: string;
  readonly #pinPath: string;
  readonly #world: PacketSocket;
  readonly #edge: PacketSocket;
  #generation = 0;

  static async start(fleet: string, bundle: Uint8Array): Promise<DemoSite> {
    const site = new DemoSite(fleet, bundle);
    try {
      await site.agent.event("generation-committed");
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  private constructor(fleet: string, bundle: Uint8Array) {
    this.fleet = fleet;
    this.#folder = mkdtempSync(join(tmpdir(), "piston-demo-"));
    this.#pinPath = `/sys/fs/bpf/piston-demo-${process.pid}`;
    this.#namespaces = createNamespaces("piston-demo");
    try {
      const keys = generateKeys();
      this.#privateKey = keys.privateKeyPem;
      const trust = join(this.#folder, "release.pub");
      writeFileSync(trust, keys.publicKeyPem);
      mkdirSync(join(this.#folder, "bundle"));
      this.publish(bundle);
      this.#world = new PacketSocket(this.#namespaces.interface, this.#namespaces.world);
      this.#edge = new PacketSocket(this.#namespaces.interface, this.#namespaces.edge);
      this.agent = new AgentProcess({
        namespace: this.#namespaces.edge,
        bundlePath: join(this.#folder, "bundle"),
        interface: this.#namespaces.interface,
        pinPath: this.#pinPath,
        socketFolder: this.#folder,
        args: ["--trust", trust],
      });
    } catch (error) {
      this.#namespaces.close();
      rmSync(this.#folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Puts a signed bundle where the agent looks, in one step: `..data` is a link that is replaced, as the kubelet does. */
  publish(bundle: Uint8Array): void {
    const folder = join(this.#folder, "bundle");
    const name = `..${++this.#generation}`;
    const file = `${this.fleet}.bundle`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, file), bundle);
    writeFileSync(join(folder, name, `${file}.sig`), signBundle(readBundle(bundle), this.#privateKey));
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    if (this.#generation > 1) return;
    for (const link of [file, `${file}.sig`]) symlinkSync(join("..data", link), join(folder, link));
  }

  /** Sends frames from the world to the edge, and says when. */
  send(frames: readonly Uint8Array[], batch: Parameters<PacketSocket["send"]>[0]): Burst {
    const begunNs = ktimeNs();
    this.#world.send(batch);
    return { frames, begunNs, endedNs: ktimeNs() };
  }

  /** Frames that the filter let through, once all that was sent has had time to come. */
  async arrived(): Promise<Uint8Array[]> {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const frames = this.#edge.drain();
    const lost = this.#edge.dropped();
    if (lost > 0) throw new Error(`the demo's own receiver lost ${lost} frames; its counts mean nothing`);
    return frames;
  }

  async close(): Promise<void> {
    await this.agent.stop();
    detach(this.#pinPath, this.fleet);
    this.#world.close();
    this.#edge.close();
    this.#namespaces.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
