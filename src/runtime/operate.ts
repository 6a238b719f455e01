// Operations on a fleet of this node from another process: through the agent where one runs, and in its place where none
// does. What `piston rollback`, `piston status` and `piston detach` call.

import type { RollbackResult } from "./agent.ts";
import { RuntimeFault } from "./errors.ts";
import { parseAddress } from "./http/http.ts";
import type { ActiveBlock } from "./kernel/blocks.ts";
import * as blocking from "./kernel/blocks.ts";
import { Fleet } from "./kernel/fleet.ts";
import { lockHolder } from "./kernel/lock.ts";
import { pinnedFleets, pinnedInterfaces } from "./kernel/pins.ts";
import { type HealthInput, type HealthReport, healthReport, servingParts } from "./observe/health.ts";
import { type Stats, TrafficStats } from "./observe/stats.ts";

export { detach } from "./kernel/detach.ts";

export interface NodeStatus extends HealthReport {
  /** null where no agent runs: then the kernel's own copy speaks. */
  readonly agent: { readonly pid: number } | null;
  /** Without an agent: totals, and no rates. */
  readonly stats: Stats | null;
}

/** `fleet` null: the only one that is pinned. Throws a fault where there is no previous generation. */
export async function rollback(pinPath: string, fleet: string | null): Promise<RollbackResult> {
  const name = fleet ?? onlyFleet(pinPath);
  const holder = await lockHolder(pinPath, name);
  if (holder) return (await call(holder.operations, "POST", "/internal/rollback", name)) as RollbackResult;
  return withFleet(pinPath, name, async (opened) => {
    const { from, to } = opened.rollBack();
    return { from, generation: to.generation, bundleDigest: to.bundleDigest };
  });
}

export async function status(pinPath: string, fleet: string | null): Promise<NodeStatus> {
  const name = fleet ?? onlyFleet(pinPath);
  const holder = await lockHolder(pinPath, name);
  if (holder) return (await call(holder.operations, "GET", "/internal/status", name)) as NodeStatus;
  return withFleet(pinPath, name, async (opened) => {
    const held = opened.journal.held;
    const input: HealthInput = {
      fleet: name,
      serving: opened.serving,
      previous: opened.previous,
      held: held === null ? null : `sha256:${held}`,
      interfaces: opened.interfaces(),
      lastSwap: opened.serving && {
        at: new Date(opened.journal.committedAtMs).toISOString(),
        generation: opened.serving.generation,
        previous: opened.previous?.generation ?? null,
        durationMs: null,
      },
      refused: null,
    };
    const traffic = new TrafficStats({
      accounts: () => opened.accounts(),
      sources: () => [],
      backends: () => [],
    });
    const serving = { fleet: name, generation: opened.serving?.generation ?? null };
    return { ...healthReport(input, servingParts(input)), agent: null, stats: traffic.stats(serving) };
  });
}

/** For so many seconds from now on. Throws a fault where the address is none. */
export async function block(
  pinPath: string,
  fleet: string | null,
  address: string,
  seconds: number,
): Promise<ActiveBlock> {
  const name = fleet ?? onlyFleet(pinPath);
  const holder = await lockHolder(pinPath, name);
  if (!holder)
    return withFleet(pinPath, name, async (opened) =>
      blocking.block(opened.blocks, address, seconds, (until) => opened.announceBlock(until)),
    );
  const body = { address, seconds };
  return (await call(holder.operations, "POST", "/internal/block", name, body)) as ActiveBlock;
}

export async function unblock(
  pinPath: string,
  fleet: string | null,
  address: string,
): Promise<blocking.Unblocked> {
  const name = fleet ?? onlyFleet(pinPath);
  const holder = await lockHolder(pinPath, name);
  if (!holder) return withFleet(pinPath, name, async (opened) => blocking.unblock(opened.blocks, address));
  const answer = await call(holder.operations, "POST", "/internal/unblock", name, { address });
  return answer as blocking.Unblocked;
}

export async function blocks(pinPath: string, fleet: string | null): Promise<readonly ActiveBlock[]> {
  const name = fleet ?? onlyFleet(pinPath);
  const holder = await lockHolder(pinPath, name);
  if (!holder)
    return withFleet(pinPath, name, async (opened) =>
      blocking.listBlocks(opened.blocks, (id) => opened.ruleName(id)),
    );
  const answer = await call(holder.operations, "GET", "/internal/blocks", name);
  return (answer as { blocks: readonly ActiveBlock[] }).blocks;
}

async function withFleet<T>(pinPath: string, name: string, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  if (!pinnedFleets(pinPath).includes(name)) throw nothingPinned(pinPath, name);
  const holder = () => ({ pid: process.pid, operations: null });
  // What is attached is what this process speaks of: only the agent knew which interfaces it was told to serve.
  const interfaces = pinnedInterfaces(pinPath, name);
  const fleet = await Fleet.open({ pinPath, fleet: name, interfaces, mode: null, holder });
  try {
    return await work(fleet);
  } finally {
    await fleet.close();
  }
}

function onlyFleet(pinPath: string): string {
  const fleets = pinnedFleets(pinPath);
  if (fleets.length === 1) return fleets[0]!;
  if (fleets.length === 0) throw nothingPinned(pinPath, null);
  throw new RuntimeFault({
    code: "which-fleet",
    operation: "find fleet",
    object: pinPath,
    message: `several fleets are pinned under ${pinPath}: ${fleets.join(", ")}`,
    help: "name one with --fleet",
  });
}

function nothingPinned(pinPath: string, fleet: string | null): RuntimeFault {
  return new RuntimeFault({
    code: "nothing-pinned",
    operation: "find fleet",
    object: pinPath,
    message: `${fleet === null ? "no fleet" : `fleet ${fleet}`} is ${fleet === null ? "" : "not "}pinned under ${pinPath}`,
    help: "start an agent with `piston node`, or name its --pin-path",
  });
}

/** An agent's answer, or its fault as ours. */
async function call(
  address: string | null,
  method: string,
  route: string,
  fleet: string,
  body?: object,
): Promise<unknown> {
  if (address === null) {
    throw new RuntimeFault({
      code: "busy",
      operation: `${method} ${route}`,
      object: `fleet ${fleet}`,
      message: `another process works on fleet ${fleet} and takes no calls`,
      help: "try again when it has ended",
    });
  }
  const where = parseAddress(address);
  const target =
    where.kind === "unix"
      ? { socketPath: where.path }
      : { host: where.host ?? "127.0.0.1", port: where.port };
  const { request } = process.getBuiltinModule("node:http");
  const { code, text: answered } = await new Promise<{ code: number; text: string }>((resolve, reject) => {
    const outgoing = request({ ...target, method, path: route, timeout: 30_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${address} does not answer`)));
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const answer = JSON.parse(answered) as {
    error?: { code: string; message: string; help: string; errno: string | null };
  };
  if (code === 200) return answer;
  const error = answer.error ?? { code: "operations", message: answered, help: "", errno: null };
  throw new RuntimeFault({ ...error, operation: `${method} ${route}`, object: address });
}
