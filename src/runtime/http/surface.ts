// What of the agent can be reached from outside its process: both HTTP servers, their certificate and their tokens.

import type { AgentConfig, ConfigChanges } from "../config/index.ts";
import { RuntimeFault } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type ComponentReading, type Components, degraded, failed, OK } from "../observe/components.ts";
import type { HealthReport } from "../observe/health.ts";
import type { AgentMetrics } from "../observe/metrics.ts";
import type { PressureLevel } from "../resources/pressure.ts";
import {
  type HttpServer,
  type Operations,
  parseAddress,
  serveMetrics,
  serveOperations,
  tokenMissing,
} from "./http.ts";
import { isLocal } from "./server.ts";
import { TlsCredentials } from "./tls.ts";
import { TokenFile } from "./token.ts";

export interface SurfaceParts {
  readonly metrics: AgentMetrics;
  readonly components: Components;
  readonly health: () => HealthReport;
  readonly operations: Operations;
  readonly logger: Logger;
  readonly changes: ConfigChanges;
}

export class Surface {
  /** Closed in reverse. */
  readonly #closers: (() => void | Promise<void>)[] = [];
  readonly #servers: HttpServer[] = [];
  #metricsToken: TokenFile | null = null;
  #operationsToken: TokenFile | null = null;
  metricsAddress = "";
  /** Where commands on this node reach it; null before it listens. */
  operationsAddress: string | null = null;

  private constructor() {}

  /** Throws RuntimeFault. */
  static async open(listen: AgentConfig["listen"], parts: SurfaceParts): Promise<Surface> {
    const surface = new Surface();
    try {
      await surface.#open(listen, parts);
      return surface;
    } catch (error) {
      await surface.close();
      throw error;
    }
  }

  /** Takes fewer connections the fewer descriptors there are. */
  spare(fds: PressureLevel): void {
    for (const server of this.#servers) server.spare(fds);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    this.#servers.length = 0;
  }

  async #open(listen: AgentConfig["listen"], parts: SurfaceParts): Promise<void> {
    const { metrics, components, health, operations } = parts;
    const observe = metrics.apiCall.bind(metrics);
    const tls = this.#tls(listen, parts);
    this.#metricsToken = tokenOf(listen.metricsTokenFile);
    this.#operationsToken = tokenOf(listen.operationsTokenFile);
    const endComponent = components.register("tls", () =>
      secretsReading(tls, [this.#metricsToken, this.#operationsToken]),
    );
    this.#closers.push(endComponent);
    this.#followConfig(listen, tls, parts.changes);

    const serve = async (server: Promise<HttpServer>): Promise<string> => {
      const opened = await server;
      this.#servers.push(opened);
      this.#closers.push(() => opened.close());
      return opened.address;
    };
    const token = () => this.#metricsToken;
    this.metricsAddress = await serve(
      serveMetrics({ address: listen.metrics, metrics, health, observe, tls, token }),
    );
    const address = listen.operations;
    if (isLocal(parseAddress(address))) {
      this.operationsAddress = await serve(serveOperations({ address, operations, observe }));
      return;
    }
    const operationsToken = () => this.#operationsToken;
    await serve(serveOperations({ address, operations, observe, tls, token: operationsToken }));
    // Commands on this node have no token, and need none.
    this.operationsAddress = await serve(serveOperations({ address: "127.0.0.1:0", operations, observe }));
  }

  /** Files may take the place of others while the servers run; TLS itself is for a restart. */
  #followConfig(before: AgentConfig["listen"], tls: TlsCredentials | null, changes: ConfigChanges): void {
    this.#closers.push(
      changes.onReload("listen.tls", ({ listen }) => {
        if ((listen.tls === null) !== (tls === null)) throw tlsNeedsRestart(listen.tls !== null);
        if (listen.tls) tls?.use(listen.tls);
      }),
      changes.onChange("listen.metricsTokenFile", ({ listen }) => {
        this.#metricsToken = tokenOf(listen.metricsTokenFile);
      }),
      changes.onChange("listen.operationsTokenFile", ({ listen }) => {
        if (listen.operationsTokenFile === null && !isLocal(parseAddress(before.operations)))
          throw tokenMissing(before.operations);
        this.#operationsToken = tokenOf(listen.operationsTokenFile);
      }),
    );
  }

  #tls(listen: AgentConfig["listen"], { metrics, components, logger }: SurfaceParts): TlsCredentials | null {
    if (listen.tls === null) return null;
    const { certFile } = listen.tls;
    const onChange = ({ certificate, fault }: TlsCredentials) => {
      if (fault !== null) {
        components.error("tls", "tls-files");
        const kept = certificate ? "the old certificate serves on" : "no handshake succeeds";
        logger.error(
          {
            event: "tls-refused",
            certFile,
            fault,
            help: "put a certificate and its key there; they are read again by themselves",
          },
          `the TLS files cannot be used: ${fault}; ${kept}`,
        );
      } else if (certificate) {
        const expiresAt = new Date(certificate.expiresAtMs).toISOString();
        logger.info(
          { event: "tls-loaded", certFile, domain: certificate.domain, expiresAt },
          `certificate of ${certificate.domain}, valid until ${expiresAt}`,
        );
      }
    };
    const tls = new TlsCredentials(listen.tls, { onChange });
    metrics.certificate = () => tls.certificate;
    this.#closers.push(() => tls.close());
    return tls;
  }
}

function tokenOf(path: string | null): TokenFile | null {
  return path === null ? null : new TokenFile(path);
}

function tlsNeedsRestart(on: boolean): RuntimeFault {
  return new RuntimeFault({
    code: "needs-restart",
    operation: "reload",
    object: "listen.tls",
    message: `TLS cannot be turned ${on ? "on" : "off"} while the ports are open`,
    help: "restart the agent: filtering goes on meanwhile",
  });
}

function secretsReading(tls: TlsCredentials | null, tokens: readonly (TokenFile | null)[]): ComponentReading {
  if (tls && !tls.certificate) return failed(`no certificate: ${tls.fault}`);
  if (tls?.certificate && tls.certificate.expiresAtMs < Date.now())
    return degraded(`the certificate has expired at ${new Date(tls.certificate.expiresAtMs).toISOString()}`);
  const fault = tls?.fault ?? tokens.find((token) => token?.fault)?.fault ?? null;
  return fault === null ? OK : degraded(`what was read before is in force: ${fault}`);
}
