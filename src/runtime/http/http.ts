// The agent's two HTTP servers: metrics and health for the cluster, operations for this node alone.

import { unlinkSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { errnoOf, messageOf, RuntimeFault } from "../errors.ts";
import { type HealthReport, isReady } from "../observe/health.ts";
import type { PressureLevel } from "../resources/pressure.ts";

export interface MetricsSource {
  readonly contentType: string;
  exposition(): Promise<string>;
}

export interface HttpServer {
  /** `host:port` that it listens on, with the port that the kernel gave where 0 was asked for; or `unix:<path>`. */
  readonly address: string;
  /** Takes fewer connections the fewer descriptors there are; what is open stays open. */
  spare(fds: PressureLevel): void;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
/** `body`: of a POST, as text. */
type Route = (url: URL, body: string) => Reply | Promise<Reply>;

/** Characters. */
const BODY_MAX = 4096;

/** Connections at a time, by the pressure on descriptors. The last is what the reserve of the resource manager bears. */
const CONNECTIONS_MAX = [64, 32, 8, 2] as const;

/** An ESM import of node:http costs 14 MiB and 95 ms more (STACK). */
const { createServer } = process.getBuiltinModule("node:http");
const { connect } = process.getBuiltinModule("node:net");

export function serveMetrics(
  address: string,
  metrics: MetricsSource,
  health: () => HealthReport,
): Promise<HttpServer> {
  return listen(
    address,
    new Map<string, Route>([
      [
        "GET /metrics",
        async () => ({ status: 200, type: metrics.contentType, body: await metrics.exposition() }),
      ],
      // Alive: this process answers. Restarting it mends nothing that /health speaks of.
      ["GET /healthz", () => text(200, "ok\n")],
      [
        "GET /readyz",
        ({ searchParams }) => {
          const report = health();
          return isReady(report, searchParams.get("generation"))
            ? text(200, "ready\n")
            : text(503, `not ready: ${report.status}, generation ${report.generation ?? "none"}\n`);
        },
      ],
      [
        "GET /health",
        () => {
          const report = health();
          return json(isReady(report) ? 200 : 503, report);
        },
      ],
    ]),
  );
}

export interface Operations {
  rollback(): Promise<unknown>;
  status(): unknown;
  syncRules(): Promise<unknown>;
  block(address: unknown, seconds: unknown): Promise<unknown>;
  unblock(address: unknown): Promise<unknown>;
  blocks(): Promise<unknown>;
}

/** On loopback only: who may call it is who may log in to the node. */
export async function serveOperations(address: string, operations: Operations): Promise<HttpServer> {
  const where = parseAddress(address);
  if (where.kind === "tcp" && where.host !== "127.0.0.1" && where.host !== "::1") {
    throw new RuntimeFault({
      code: "operations-address",
      operation: "listen",
      object: address,
      message: `the operations server must listen on loopback, not on ${address}`,
      help: "use 127.0.0.1:PORT, [::1]:PORT or unix:PATH",
    });
  }
  return listen(
    address,
    new Map<string, Route>([
      ["POST /internal/rollback", async () => json(200, await operations.rollback())],
      ["POST /internal/sync-rules", async () => json(200, await operations.syncRules())],
      [
        "POST /internal/block",
        async (_, body) => {
          const { address: source, seconds } = fieldsOf(body);
          return json(200, await operations.block(source, seconds));
        },
      ],
      [
        "POST /internal/unblock",
        async (_, body) => json(200, await operations.unblock(fieldsOf(body).address)),
      ],
      ["GET /internal/blocks", async () => json(200, await operations.blocks())],
      ["GET /internal/status", () => json(200, operations.status())],
    ]),
    // A page in a browser on the node can post here under a name of its own that resolves to loopback.
    (request) =>
      /^(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$/.test(request.headers.host ?? "") && !request.headers.origin,
  );
}

export type ListenAddress =
  /** `host` null: every address of the node. */
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** `:9090`, `127.0.0.1:9091`, `[::1]:0`, `unix:/run/piston.sock`. */
export function parseAddress(address: string): ListenAddress {
  if (/^unix:\/./.test(address)) return { kind: "unix", path: address.slice("unix:".length) };
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/]*)):(\d{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65535) {
    throw new RuntimeFault({
      code: "bad-address",
      operation: "listen",
      object: address,
      message: `${JSON.stringify(address)} is not HOST:PORT`,
      help: "write :9090, 127.0.0.1:9091, [::1]:9091 or unix:/run/piston.sock",
    });
  }
  return { kind: "tcp", host: match[1] ?? (match[2] || null), port };
}

async function listen(
  address: string,
  routes: ReadonlyMap<string, Route>,
  allowed: (request: IncomingMessage) => boolean = () => true,
): Promise<HttpServer> {
  const where = parseAddress(address);
  const server = createServer((request, response) => {
    void answer(routes, request, allowed(request)).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, failure(error)),
    );
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.maxConnections = CONNECTIONS_MAX[0];
  try {
    if (where.kind === "unix") await removeStaleSocket(where.path);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(listenOptions(where), resolve);
    });
  } catch (error) {
    throw new RuntimeFault({
      code: "listen",
      operation: "listen",
      object: address,
      message: `cannot listen on ${address}: ${errnoOf(error) ?? messageOf(error)}`,
      help:
        where.kind === "tcp"
          ? "free the port, or choose another address"
          : "its folder must exist, and nobody listen there",
      cause: error,
    });
  }
  return {
    address: where.kind === "unix" ? address : listeningOn(server),
    spare(fds) {
      server.maxConnections = CONNECTIONS_MAX[fds];
      if (fds > 0) server.closeIdleConnections();
    },
    close: () => close(server),
  };
}

function listenOptions(where: ListenAddress): { path: string } | { port: number; host?: string } {
  if (where.kind === "unix") return { path: where.path };
  return where.host === null ? { port: where.port } : { port: where.port, host: where.host };
}

/** A killed agent leaves its socket's file behind, and nobody answers there. */
async function removeStaleSocket(path: string): Promise<void> {
  const stale = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (error) => resolve(errnoOf(error) === "ECONNREFUSED"));
  });
  if (stale) unlinkSync(path);
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  allowed: boolean,
): Promise<Reply> {
  if (request.method !== "POST" || !allowed) request.resume(); // nobody reads its body
  if (!allowed) return text(403, "forbidden\n");
  // The base only makes a URL of a path; its host is never looked at. A path of `//` has none, and parse() gives null.
  const url = URL.parse(request.url ?? "/", "http://localhost");
  if (url === null) return text(404, "not found\n");
  const path = url.pathname;
  const route = routes.get(`${request.method === "HEAD" ? "GET" : request.method} ${path}`);
  if (route) {
    const body = request.method === "POST" ? await bodyOf(request) : "";
    return body === null ? text(413, "the body is too large\n") : route(url, body);
  }
  const known = [...routes.keys()].some((key) => key.endsWith(` ${path}`));
  return known ? text(405, "method not allowed\n") : text(404, "not found\n");
}

/** null where it is longer than any route takes. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  let body = "";
  request.setEncoding("utf8");
  for await (const part of request as AsyncIterable<string>) {
    if (body.length <= BODY_MAX) body += part; // the rest is read, so that the answer can be
  }
  return body.length <= BODY_MAX ? body : null;
}

/** The fields of a JSON object. Throws RuntimeFault. */
function fieldsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Said below: what is no JSON is no object of it either.
  }
  throw new RuntimeFault({
    code: "bad-request",
    operation: "read request",
    object: "body",
    message: "the body is not a JSON object",
    help: 'send {"address":"198.51.100.7","seconds":600}',
  });
}

function failure(error: unknown): Reply {
  if (error instanceof RuntimeFault) {
    const { code, message, help, errno } = error;
    return json(409, { error: { code, message, help, errno } });
  }
  return json(500, {
    error: { code: "internal", message: messageOf(error), help: "", errno: errnoOf(error) },
  });
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": Buffer.byteLength(reply.body),
    "cache-control": "no-store",
  });
  response.end(response.req.method === "HEAD" ? undefined : reply.body);
}

function text(status: number, body: string): Reply {
  return { status, type: "text/plain; charset=utf-8", body };
}

function json(status: number, value: unknown): Reply {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function listeningOn(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") return `unix:${address}`;
  return address.family === "IPv6"
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
