// The agent's two HTTP servers: metrics and health for the cluster, operations for this node alone.

import { RuntimeFault } from "../errors.ts";
import { type HealthReport, isReady } from "../observe/health.ts";
import {
  type HttpServer,
  isAuthorized,
  isLocal,
  json,
  listen,
  parseAddress,
  pathOf,
  type Routes,
  type ServerOptions,
  text,
} from "./server.ts";

import type { TokenFile } from "./token.ts";

export { type HttpServer, parseAddress } from "./server.ts";

export interface MetricsSource {
  readonly contentType: string;
  exposition(): Promise<string>;
}

export interface MetricsServerOptions extends ServerOptions {
  readonly metrics: MetricsSource;
  readonly health: () => HealthReport;
  /** null: whoever reaches the port may read. */
  readonly token?: () => TokenFile | null;
}

const NO_TOKEN = () => null;
const NO_CERTIFICATE = text(403, "a client certificate is needed\n");
const UNAUTHORIZED = text(401, "a bearer token is needed\n");

/** Probes of the kubelet have neither token nor certificate. */
const PROBES = new Set(["/healthz", "/readyz"]);

export function serveMetrics(options: MetricsServerOptions): Promise<HttpServer> {
  const { metrics, health, token = NO_TOKEN, tls } = options;
  const routes: Routes = {
    "GET /metrics": async () => ({
      status: 200,
      type: metrics.contentType,
      body: await metrics.exposition(),
    }),
    // Alive: this process answers. Restarting it mends nothing that /health speaks of.
    "GET /healthz": () => text(200, "ok\n"),
    "GET /readyz": ({ searchParams }) => {
      const report = health();
      return isReady(report, searchParams.get("generation"))
        ? text(200, "ready\n")
        : text(503, `not ready: ${report.status}, generation ${report.generation ?? "none"}\n`);
    },
    "GET /health": () => {
      const report = health();
      return json(isReady(report) ? 200 : 503, report);
    },
  };
  return listen(options, routes, (request) => {
    if (PROBES.has(pathOf(request)?.pathname ?? "")) return null;
    if (tls?.requiresClients && !isAuthorized(request)) return NO_CERTIFICATE;
    return mayRead(token(), request.headers.authorization) ? null : UNAUTHORIZED;
  });
}

export interface Operations {
  rollback(): Promise<unknown>;
  status(): unknown;
  syncRules(): Promise<unknown>;
  checkDrift(): Promise<unknown>;
  collectGarbage(): Promise<unknown>;
  stats(): unknown;
  block(address: unknown, seconds: unknown): Promise<unknown>;
  unblock(address: unknown): Promise<unknown>;
  blocks(): Promise<unknown>;
}

export interface OperationsServerOptions extends ServerOptions {
  readonly operations: Operations;
  /** Asked for beyond loopback. On loopback, or a Unix socket, who may call is who may log in to the node. */
  readonly token?: () => TokenFile | null;
}

export async function serveOperations(options: OperationsServerOptions): Promise<HttpServer> {
  const { address, operations, token = NO_TOKEN, tls } = options;
  const local = isLocal(parseAddress(address));
  if (!local && token() === null) throw tokenMissing(address);
  const routes: Routes = {
    "POST /internal/rollback": async () => json(200, await operations.rollback()),
    "POST /internal/sync-rules": async () => json(200, await operations.syncRules()),
    "POST /internal/check-drift": async () => json(200, await operations.checkDrift()),
    "POST /internal/gc-maps": async () => json(200, await operations.collectGarbage()),
    "GET /internal/stats": () => json(200, operations.stats()),
    "POST /internal/block": async (_, body) => {
      const { address: source, seconds } = fieldsOf(body);
      return json(200, await operations.block(source, seconds));
    },
    "POST /internal/unblock": async (_, body) => json(200, await operations.unblock(fieldsOf(body).address)),
    "GET /internal/blocks": async () => json(200, await operations.blocks()),
    "GET /internal/status": () => json(200, operations.status()),
  };
  return listen(options, routes, (request) => {
    const { headers } = request;
    if (headers.origin) return text(403, "forbidden\n"); // a page in a browser
    if (!local) {
      if (tls?.requiresClients && !isAuthorized(request)) return NO_CERTIFICATE;
      return token()?.allows(headers.authorization) ? null : UNAUTHORIZED;
    }
    // A page in a browser on the node can post here under a name of its own that resolves to loopback.
    return /^(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$/.test(headers.host ?? "")
      ? null
      : text(403, "forbidden\n");
  });
}

function mayRead(token: TokenFile | null, authorization: string | undefined): boolean {
  return token === null || token.allows(authorization);
}

/** For an address beyond loopback. */
export function tokenMissing(address: string): RuntimeFault {
  return new RuntimeFault({
    code: "operations-address",
    operation: "listen",
    object: address,
    message: `the operations server changes what this node does: without a token it must listen on loopback, not on ${address}`,
    help: "use 127.0.0.1:PORT, [::1]:PORT or unix:PATH, or name a file with a token (listen.operationsTokenFile)",
  });
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
