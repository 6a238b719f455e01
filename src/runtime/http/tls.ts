// Certificate files to what a TLS server speaks with. They are read again when they change; files that cannot be used leave
// the old certificate in force, and `fault` says why. Before the first good reading no handshake succeeds: the agent
// filters all the same.

import { X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import { messageOf } from "../errors.ts";
import { every, type Timer } from "../pulse.ts";
import { WatchedFiles } from "./watched-file.ts";

export interface TlsFiles {
  /** PEM: the certificate, then those that lead to its authority. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
  /** PEM: whoever asks for more than probes must show a certificate of one of these. */
  readonly clientCaFile?: string | null;
}

export interface CertificateInfo {
  /** The first name that it is for. */
  readonly domain: string;
  readonly expiresAtMs: number;
}

export interface TlsOptions {
  readonly checkMs?: number;
  /** The certificate in force changed, or `fault` did. */
  readonly onChange?: (credentials: TlsCredentials) => void;
}

const CHECK_MS = 2_000;

export class TlsCredentials {
  #requiresClients = false;
  #files: WatchedFiles;
  readonly #options: TlsOptions;
  readonly #servers: ((context: SecureContextOptions) => void)[] = [];
  #context: SecureContextOptions | null = null;
  #certificate: CertificateInfo | null = null;
  #fault: string | null = null;
  #timer: Timer | null = null;

  constructor(files: TlsFiles, options: TlsOptions = {}) {
    this.#options = options;
    this.#files = new WatchedFiles([]);
    this.use(files);
    this.#timer = every(options.checkMs ?? CHECK_MS, () => this.check());
  }

  /** From now on these files, and the certificate in force until they can be used. */
  use({ certFile, keyFile, clientCaFile = null }: TlsFiles): void {
    this.#requiresClients = clientCaFile !== null;
    this.#files = new WatchedFiles([certFile, keyFile, ...(clientCaFile === null ? [] : [clientCaFile])]);
    this.check();
  }

  /** Whoever asks for more than probes must show a certificate. */
  get requiresClients(): boolean {
    return this.#requiresClients;
  }

  /** null before the first good reading. */
  get context(): SecureContextOptions | null {
    return this.#context;
  }

  get certificate(): CertificateInfo | null {
    return this.#certificate;
  }

  /** Why the files' newest content is not in force; null where it is. */
  get fault(): string | null {
    return this.#fault;
  }

  /** `use` is called with each new certificate from now on. */
  serve(use: (context: SecureContextOptions) => void): void {
    this.#servers.push(use);
    if (this.#context) use(this.#context);
  }

  close(): void {
    this.#timer?.stop();
    this.#timer = null;
  }

  /** Reads the files where they have changed. */
  check(): void {
    const before = this.#fault;
    try {
      const change = this.#files.changed();
      if (change === null) return;
      const [cert, key, ca] = change.contents;
      const { context, info } = usable(cert!, key!, ca);
      this.#context = context;
      this.#certificate = info;
      this.#fault = null;
      for (const use of this.#servers) use(context);
      this.#options.onChange?.(this);
    } catch (error) {
      this.#files.forget(); // the next check says whether it still cannot be used
      this.#fault = messageOf(error);
      if (this.#fault !== before) this.#options.onChange?.(this);
    }
  }
}

/** Throws where the parts are none, or do not belong together. */
function usable(
  cert: Buffer,
  key: Buffer,
  ca: Buffer | undefined,
): { context: SecureContextOptions; info: CertificateInfo } {
  const context: SecureContextOptions = { cert, key, minVersion: "TLSv1.2", ...(ca ? { ca } : {}) };
  process.getBuiltinModule("node:tls").createSecureContext(context);
  const certificate = new X509Certificate(cert);
  const name =
    /DNS:([^,\s]+)/.exec(certificate.subjectAltName ?? "")?.[1] ?? /CN=(.+)/.exec(certificate.subject)?.[1];
  return { context, info: { domain: name ?? "", expiresAtMs: Date.parse(certificate.validTo) } };
}
