// One agent for each fleet and pin path. The lock is a listening abstract Unix socket: the kernel drops it with its
// process, however that ends, and it needs no writable file system. Whoever connects is told who holds it and where its
// operations server listens, so that `piston rollback` finds a running agent.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { Server } from "node:net";
import { errnoOf, RuntimeFault } from "../errors.ts";
import { pinLayout } from "./pins.ts";

export interface LockHolder {
  readonly pid: number;
  /** `host:port`; null where it has none. */
  readonly operations: string | null;
}

export interface AgentLock {
  release(): Promise<void>;
}

/** A holder answers as soon as its thread is free, which a busy machine may not give it for seconds. */
const ANSWER_MS = 10_000;

const net = process.getBuiltinModule("node:net");

/** Abstract names hold 107 bytes, and belong to a network namespace, as the interfaces do that an agent serves. */
function socketName(pinPath: string, fleet: string): string {
  const root = pinLayout(pinPath, fleet).root;
  const inode = statSync(root, { throwIfNoEntry: false });
  const identity = inode ? `${inode.dev}:${inode.ino}` : root;
  return `\0pistonprotection-${createHash("sha256").update(identity).digest("hex").slice(0, 32)}`;
}

/** The directories of the fleet must be there. Throws a fault that names the holder where another process has it. */
export async function acquireLock(
  pinPath: string,
  fleet: string,
  holder: () => LockHolder,
): Promise<AgentLock> {
  const server: Server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`${JSON.stringify(holder())}\n`);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socketName(pinPath, fleet), resolve);
    });
  } catch (error) {
    if (errnoOf(error) !== "EADDRINUSE") throw error;
    const other = await lockHolder(pinPath, fleet);
    throw new RuntimeFault({
      code: "already-running",
      operation: "lock",
      object: `fleet ${fleet} under ${pinPath}`,
      message: `another agent${other ? ` (process ${other.pid})` : ""} serves fleet ${fleet} under ${pinPath}`,
      help: "stop it first, or give this one another --pin-path",
      cause: error,
    });
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Who holds the lock; null where nobody does. */
export async function lockHolder(pinPath: string, fleet: string): Promise<LockHolder | null> {
  const text = await new Promise<string | null>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(socketName(pinPath, fleet));
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => resolve(null));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
  if (!text) return null;
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return null;
  }
}
