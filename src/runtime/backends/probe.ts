// One health check of one origin: what a policy's `healthCheck` says, asked over the network. An answer is about the
// origin; a fault of this node (no descriptors left, no route) is thrown, because it says nothing about the origin.

import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { ManifestHealthCheck } from "../../bundle/manifest.generated.ts";
import { errnoOf, messageOf } from "../errors.ts";

export type HealthCheck = Pick<ManifestHealthCheck, "kind" | "port" | "path" | "timeoutSeconds">;

/** null: healthy. Else why not, in a few words. */
export type Finding = string | null;

/** The node, not the origin, stopped the check. */
export class LocalFault extends Error {}

const LOCAL = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPERM", "EACCES", "EADDRNOTAVAIL"]);

/** An ESM import of these costs memory and time (STACK). They are asked for at the first check that needs them. */
const builtin = process.getBuiltinModule.bind(process);

/** Throws LocalFault. */
export function probe(host: string, check: HealthCheck): Promise<Finding> {
  switch (check.kind) {
    case "tcp":
      return probeTcp(host, check);
    case "udp":
      return probeUdp(host, check);
    case "http":
    case "https":
      return probeHttp(host, check);
  }
}

/** A connection that is made, and ended at once. */
function probeTcp(host: string, { port, timeoutSeconds }: HealthCheck): Promise<Finding> {
  return untilSettled(timeoutSeconds, (settle, fail) => {
    const socket = builtin("node:net").connect({ host, port });
    socket.once("connect", () => settle(null));
    socket.on("error", fail);
    return { silence: "no connection", end: () => socket.destroy() };
  });
}

/**
 * 200 to 399 is healthy. A request, and what TLS needs, are made once there is a connection: an origin that is gone is asked
 * as often as one that answers.
 */
function probeHttp(host: string, check: HealthCheck): Promise<Finding> {
  const { port, path, timeoutSeconds } = check;
  return untilSettled(timeoutSeconds, (settle, fail) => {
    let request: ClientRequest | null = null;
    const socket = builtin("node:net").connect({ host, port });
    socket.on("error", fail);
    socket.once("connect", () => {
      const [defaultPort, createConnection] =
        check.kind === "http" ? [80, () => socket] : [443, () => secured(socket, host)];
      request = builtin("node:http").get({ host, port, defaultPort, path: path ?? "/", createConnection });
      request.once("response", (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        settle(status >= 200 && status < 400 ? null : `status ${status}`);
      });
      request.on("error", fail);
    });
    const end = () => {
      request?.destroy();
      socket.destroy();
    };
    return { silence: "no answer", end };
  });
}

let secureContext: SecureContext | null = null;

/** A certificate is not verified, so nobody's authorities are loaded: origins are asked by address, and are the fleet's own. */
function secured(socket: Socket, host: string): Socket {
  const tls = builtin("node:tls");
  secureContext ??= tls.createSecureContext({ ca: [] });
  const name = builtin("node:net").isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({ socket, secureContext, rejectUnauthorized: false, ...name });
}

/** A query for the name servers of the root: RFC 1035 §4.1. Whatever the answer, a server gave it. */
const DNS_QUERY = Buffer.from("5049000000010000000000000000020001", "hex");

/**
 * A datagram. Port 53 is asked a DNS query and must answer. Of other protocols nobody here knows a question, so silence
 * is taken for health, and only the origin's own "port unreachable" is not.
 */
function probeUdp(host: string, { port, timeoutSeconds }: HealthCheck): Promise<Finding> {
  return untilSettled(timeoutSeconds, (settle, fail) => {
    const isDns = port === 53;
    const socket = builtin("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.on("error", fail);
    socket.once("message", () => settle(null));
    socket.once("connect", () => {
      socket.send(isDns ? DNS_QUERY : Buffer.alloc(0), (error) => {
        if (error) fail(error);
      });
    });
    socket.connect(port, host);
    return { silence: isDns ? "no answer" : null, end: () => closeQuietly(socket) };
  });
}

function closeQuietly(socket: { close(): void }): void {
  try {
    socket.close();
  } catch {
    // It was never opened: its error has been told.
  }
}

interface Attempt {
  /** What it means where nothing comes in time. */
  readonly silence: Finding;
  end(): void;
}

function untilSettled(
  timeoutSeconds: number,
  begin: (settle: (finding: Finding) => void, fail: (error: unknown) => void) => Attempt,
): Promise<Finding> {
  return new Promise((resolve, reject) => {
    let attempt: Attempt | null = null;
    let timer: NodeJS.Timeout | null = null;
    let settled = false;
    const finish = (give: () => void) => {
      if (settled) return;
      settled = true;
      if (timer) clearTimeout(timer);
      attempt?.end();
      give();
    };
    const fail = (error: unknown) =>
      finish(() => {
        const errno = errnoOf(error);
        if (errno !== null && LOCAL.has(errno)) reject(new LocalFault(`${errno}: ${messageOf(error)}`));
        else resolve(errno ?? messageOf(error));
      });
    try {
      attempt = begin((finding) => finish(() => resolve(finding)), fail);
    } catch (error) {
      fail(error); // a socket that could not be made
      return;
    }
    const { silence } = attempt;
    timer = setTimeout(() => finish(() => resolve(silence)), timeoutSeconds * 1000);
    timer.unref();
  });
}
