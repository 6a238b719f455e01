// The metrics server with TLS and tokens, over real connections.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HealthInput, healthReport, servingParts } from "../observe/health.ts";
import { makeCertificate, replaceWith } from "./certificate-fixture.ts";
import { type HttpServer, serveMetrics, serveOperations } from "./http.ts";
import { TlsCredentials } from "./tls.ts";
import { TokenFile } from "./token.ts";

const input: HealthInput = {
  fleet: "edge",
  serving: { generation: "0123456789ab", bundleDigest: "sha256:0123456789ab", revision: "sha256:r" },
  previous: null,
  held: null,
  interfaces: [{ name: "eth0", mode: "native", attached: true, programId: 7 }],
  lastSwap: null,
  refused: null,
};
const health = () => healthReport(input, servingParts(input));
const metrics = { contentType: "text/plain; version=0.0.4", exposition: async () => "up 1\n" };
const address = "127.0.0.1:0";

let folder: string;
let server: HttpServer | null = null;
let tls: TlsCredentials | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "piston-tls-"));
});
afterEach(async () => {
  tls?.close();
  await server?.close();
  server = null;
  tls = null;
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  /** The certificate's name. */
  readonly name: string;
}
function ask(path: string, options: Record<string, unknown> = {}): Promise<Answer> {
  const port = Number(/\d+$/.exec(server!.address)![0]);
  return new Promise((resolve, reject) => {
    const call = request(
      { host: "127.0.0.1", port, path, agent: false, rejectUnauthorized: false, ...options },
      (response) => {
        const certificate: PeerCertificate = (response.socket as TLSSocket).getPeerCertificate();
        response.resume();
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, name: certificate.subject.CN as string }),
        );
      },
    );
    call.on("error", reject);
    call.end();
  });
}

const NEVER_MS = 3_600_000;
function credentials(files: ConstructorParameters<typeof TlsCredentials>[0]): TlsCredentials {
  tls = new TlsCredentials(files, { checkMs: NEVER_MS });
  return tls;
}

describe("TLS on the metrics port", () => {
  it("speaks with the files' certificate, and says until when it is valid", async () => {
    const files = makeCertificate(folder, "metrics.example.com", { days: 5 });
    const opened = credentials(files);
    server = await serveMetrics({ address, metrics, health, tls: opened });
    expect(await ask("/metrics")).toEqual({ status: 200, name: "metrics.example.com" });
    expect(opened.certificate?.domain).toBe("metrics.example.com");
    const days = (opened.certificate!.expiresAtMs - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(4.9);
    expect(days).toBeLessThan(5.1);
  });

  it("takes a new certificate when the files change, without closing the port", async () => {
    const files = makeCertificate(folder, "old.example.com");
    const next = makeCertificate(folder, "new.example.com");
    const opened = credentials(files);
    server = await serveMetrics({ address, metrics, health, tls: opened });
    expect((await ask("/metrics")).name).toBe("old.example.com");
    replaceWith(files, readFileSync(next.certFile), readFileSync(next.keyFile));
    opened.check();
    expect((await ask("/metrics")).name).toBe("new.example.com");
  });

  it("looks at the files by itself", async () => {
    const files = makeCertificate(folder, "old.example.com");
    const next = makeCertificate(folder, "new.example.com");
    tls = new TlsCredentials(files, { checkMs: 10 });
    server = await serveMetrics({ address, metrics, health, tls });
    replaceWith(files, readFileSync(next.certFile), readFileSync(next.keyFile));
    await expect.poll(async () => (await ask("/metrics")).name).toBe("new.example.com");
  });

  it.each([
    ["text that is no certificate", (file: { certFile: string }) => writeFileSync(file.certFile, "broken")],
    [
      "another certificate's key",
      (file: { keyFile: string }) => {
        const other = makeCertificate(folder, "other.example.com");
        writeFileSync(file.keyFile, readFileSync(other.keyFile));
      },
    ],
    ["a file that is gone", (file: { keyFile: string }) => rmSync(file.keyFile)],
  ])("keeps the old certificate where it finds %s, says so once, and mends by itself", async (_, damage) => {
    const files = makeCertificate(folder, "metrics.example.com");
    const good = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
    const faults: (string | null)[] = [];
    tls = new TlsCredentials(files, { checkMs: NEVER_MS, onChange: ({ fault }) => faults.push(fault) });
    server = await serveMetrics({ address, metrics, health, tls });
    damage(files);
    tls.check();
    tls.check();
    expect(tls.fault).not.toBeNull();
    expect(await ask("/metrics")).toEqual({ status: 200, name: "metrics.example.com" });
    replaceWith(files, good.cert, good.key);
    tls.check();
    expect(tls.fault).toBeNull();
    expect(faults.map((fault) => fault !== null)).toEqual([false, true, false]);
  });

  it("opens the port where the files are broken from the start, and serves once they are not", async () => {
    const files = makeCertificate(folder, "metrics.example.com");
    const cert = readFileSync(files.certFile);
    writeFileSync(files.certFile, "");
    const opened = credentials(files);
    expect([opened.certificate, opened.fault === null]).toEqual([null, false]);
    server = await serveMetrics({ address, metrics, health, tls: opened });
    await expect(ask("/healthz")).rejects.toThrow(/handshake|EPROTO/);
    writeFileSync(files.certFile, cert);
    opened.check();
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("lets clients with a certificate of the authority read, others only probe", async () => {
    const authority = makeCertificate(folder, "authority.example.com");
    const files = makeCertificate(folder, "metrics.example.com");
    const client = makeCertificate(folder, "prometheus.example.com", { authority });
    const stranger = makeCertificate(folder, "stranger.example.com");
    server = await serveMetrics({
      address,
      metrics,
      health,
      tls: credentials({ ...files, clientCaFile: authority.certFile }),
    });
    const as = ({ certFile, keyFile }: typeof client) => ({
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
    });
    expect((await ask("/metrics", as(client))).status).toBe(200);
    expect((await ask("/metrics", as(stranger))).status).toBe(403);
    expect((await ask("/metrics")).status).toBe(403);
    expect((await ask("/health")).status).toBe(403);
    expect((await ask("/healthz")).status).toBe(200);
  });
});

describe("a token file", () => {
  const TOKEN = "0123456789abcdef";
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const write = (text: string) => {
    const path = join(folder, "token");
    writeFileSync(path, text);
    return path;
  };

  it("lets who has the token read metrics, and everybody probe", async () => {
    const token = new TokenFile(write(`${TOKEN}\n`));
    server = await serveMetrics({
      address,
      metrics,
      health,
      token: () => token,
      tls: credentials(makeCertificate(folder, "x.example")),
    });
    expect((await ask("/metrics")).status).toBe(401);
    expect((await ask("/health", bearer(`${TOKEN}x`))).status).toBe(401);
    expect((await ask("/metrics", bearer(TOKEN))).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(200);
  });

  it("is read again when it changes, and a broken one leaves the old token in force", () => {
    const path = write(TOKEN);
    const token = new TokenFile(path);
    const allows = (text: string) => token.allows(`Bearer ${text}`);
    write("fedcba9876543210-new");
    expect([allows(TOKEN), allows("fedcba9876543210-new"), token.fault]).toEqual([false, true, null]);
    rmSync(path);
    expect([allows("fedcba9876543210-new"), token.fault]).toEqual([true, `cannot read ${path}: ENOENT`]);
    write("fedcba9876543210-new");
    expect([allows("fedcba9876543210-new"), token.fault]).toEqual([true, null]);
  });

  it("lets nobody in where it is missing, or too short to be a secret: 15 characters, 16 do", () => {
    expect(new TokenFile(join(folder, "none")).allows("Bearer ")).toBe(false);
    expect(new TokenFile(write("")).allows("Bearer ")).toBe(false);
    const short = new TokenFile(write("0123456789abcde"));
    expect([short.allows("Bearer 0123456789abcde"), short.fault]).toEqual([
      false,
      expect.stringContaining("16 characters"),
    ]);
    expect(new TokenFile(write(TOKEN)).allows(`Bearer ${TOKEN}`)).toBe(true);
  });

  it("is what operations need to listen beyond loopback", async () => {
    const operations = {
      rollback: async () => ({}),
      status: () => ({}),
      syncRules: async () => ({}),
      checkDrift: async () => ({}),
      collectGarbage: async () => ({}),
      stats: () => ({ rates: {} }),
      block: async () => ({}),
      unblock: async () => ({}),
      blocks: async () => ({}),
    };
    const everywhere = "0.0.0.0:0";
    await expect(serveOperations({ address: everywhere, operations })).rejects.toMatchObject({
      code: "operations-address",
    });
    const token = new TokenFile(write(TOKEN));
    server = await serveOperations({
      address: everywhere,
      operations,
      token: () => token,
      tls: credentials(makeCertificate(folder, "x.example")),
    });
    const method = "POST";
    expect((await ask("/internal/sync-rules", { method })).status).toBe(401);
    expect((await ask("/internal/sync-rules", { method, ...bearer(TOKEN) })).status).toBe(200);
    const foreign = makeCertificate(folder, "authority.example");
    tls!.use({ ...makeCertificate(folder, "x.example"), clientCaFile: foreign.certFile });
    expect((await ask("/internal/sync-rules", { method, ...bearer(TOKEN) })).status).toBe(403);
    const fromPage = { headers: { ...bearer(TOKEN).headers, origin: "https://evil.example" } };
    expect((await ask("/internal/sync-rules", { method, ...fromPage })).status).toBe(403);
  });
});
