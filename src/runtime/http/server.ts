// An address and routes to a listening HTTP server: who may ask, how long it may take, and how a fault becomes an answer.

import { unlinkSync } from "node:fs";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { API_METHODS, API_ROUTES, STATUS_CLASSES } from "../../metrics/catalogue.ts";
import { errnoOf, messageOf, RuntimeFault } from "../errors.ts";
import type { ApiCall } from "../observe/metrics.ts";
import type { PressureLevel } from "../resources/pressure.ts";
import type { TlsCredentials } from "./tls.ts";

export interface ServerOptions {
  /** `:9090`, `127.0.0.1:9091`, `[::1]:0`, `unix:/run/piston.sock`. */
  readonly address: string;
  /** Told of each request, answered or broken off, and how long it took. */
  readonly observe?: ((call: ApiCall, seconds: number) => void) | undefined;
  /** null: clear text. */
  readonly tls?: TlsCredentials | null;
}

export interface HttpServer {
  /** `host:port` that it listens on, with the port that the kernel gave where 0 was asked for; or `unix:<path>`. */
  readonly address: string;
  /** Takes fewer connections the fewer descriptors there are; what is open stays open. */
  spare(fds: PressureLevel): void;
  close(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** `body`: of a POST, as text. */
export type Route = (url: URL, body: string) => Reply | Promise<Reply>;
/** By method and path: `GET /metrics`. */
export type Routes = Readonly<Record<string, Route>>;
/** null: the request is let through. */
export type Gate = (request: IncomingMessage) => Reply | null;

/** Characters. */
const BODY_MAX = 4096;

/** A connection that has not agreed on keys by then makes room. */
const HANDSHAKE_MS = 5_000;

/** Connections at a time, by the pressure on descriptors. The last is what the reserve of the resource manager bears. */
const CONNECTIONS_MAX = [64, 32, 8, 2] as const;

/** An ESM import of node:http costs 14 MiB and 95 ms more (STACK). */
const { createServer } = process.getBuiltinModule("node:http");
const { connect } = process.getBuiltinModule("node:net");

export type ListenAddress =
  /** `host` null: every address of the node. */
  | { readonly kind: "tcp"; readonly host: string | null; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** `:9090`, `127.0.0.1:9091`, `[::1]:0`, `unix:/run/piston.sock`. Throws RuntimeFault. */
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

/** Nobody but who may log in to the node. */
export function isLocal(where: ListenAddress): boolean {
  return where.kind === "unix" || where.host === "127.0.0.1" || where.host === "::1";
}

export async function listen(options: ServerOptions, routes: Routes, gate: Gate): Promise<HttpServer> {
  const { address, observe } = options;
  const where = parseAddress(address);
  const server = create(options.tls ?? null, (request, response) => {
    if (observe) response.once("close", timed(request, response, observe));
    void answer(routes, request, gate(request)).then(
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

/** Who shows no certificate is let in, for probes; a gate asks for more. */
function create(tls: TlsCredentials | null, listener: RequestListener): Server {
  if (tls === null) return createServer(listener);
  const server = process
    .getBuiltinModule("node:https")
    .createServer({ requestCert: true, rejectUnauthorized: false, handshakeTimeout: HANDSHAKE_MS }, listener);
  tls.serve((context) => server.setSecureContext(context));
  return server;
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

/** Labels are of the lists, whatever somebody asks for. */
function timed(
  request: IncomingMessage,
  response: ServerResponse,
  observe: (call: ApiCall, seconds: number) => void,
): () => void {
  const startedAt = performance.now();
  const path = pathOf(request)?.pathname;
  const route = API_ROUTES.find((one) => one === path) ?? "other";
  const method = API_METHODS.find((one) => one === request.method) ?? "other";
  return () => {
    const status = STATUS_CLASSES[Math.floor(response.statusCode / 100) - 1] ?? "5xx";
    observe({ route, method, status }, (performance.now() - startedAt) / 1000);
  };
}

/** The base only makes a URL of a path; its host is never looked at. A path of `//` has none, and parse() gives null. */
export function pathOf(request: IncomingMessage): URL | null {
  return URL.parse(request.url ?? "/", "http://localhost");
}

/** The client has shown a certificate of an authority that the server was given. */
export function isAuthorized({ socket }: IncomingMessage): boolean {
  return "authorized" in socket && socket.authorized === true;
}

async function answer(routes: Routes, request: IncomingMessage, refused: Reply | null): Promise<Reply> {
  if (request.method !== "POST" || refused) request.resume(); // nobody reads its body
  if (refused) return refused;
  const url = pathOf(request);
  if (url === null) return text(404, "not found\n");
  const path = url.pathname;
  const key = `${request.method === "HEAD" ? "GET" : request.method} ${path}`;
  const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
  if (route) {
    const body = request.method === "POST" ? await bodyOf(request) : "";
    return body === null ? text(413, "the body is too large\n") : route(url, body);
  }
  const known = Object.keys(routes).some((one) => one.endsWith(` ${path}`));
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

export function text(status: number, body: string): Reply {
  return { status, type: "text/plain; charset=utf-8", body };
}

export function json(status: number, value: unknown): Reply {
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
