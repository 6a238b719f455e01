// Checks against real servers on loopback.

import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../http/certificate-fixture.ts";
import { LocalFault, probe } from "./probe.ts";

const HOST = "127.0.0.1";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function serveUdp(port: number, answer: (socket: Socket, from: AddressInfo) => void): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (_, from) => answer(socket, from));
  await new Promise<void>((resolve) => socket.bind(port, HOST, resolve));
  closers.push(() => socket.close());
  return socket.address().port;
}

/** A port that nobody listens on: it was taken, and given back. */
async function closedPort(): Promise<number> {
  const port = await serve(createServer());
  closers.splice(-1)[0]?.();
  return port;
}

const check = (kind: "tcp" | "udp" | "http" | "https", port: number, path: string | null = null) => ({
  kind,
  port,
  path,
  timeoutSeconds: 30,
});
/** Of one that is waited for in vain. */
const hasty = (...args: Parameters<typeof check>) => ({ ...check(...args), timeoutSeconds: 0.3 });

describe("a TCP check", () => {
  it("finds a server that accepts healthy, and a closed port not", async () => {
    const port = await serve(createServer((socket) => socket.destroy()));
    expect(await probe(HOST, check("tcp", port))).toBeNull();
    expect(await probe(HOST, check("tcp", await closedPort()))).toBe("ECONNREFUSED");
  });

  it("finds a host that does not exist not healthy", async () => {
    expect(await probe("no-such-host.invalid", check("tcp", 80))).not.toBeNull();
  });
});

describe("an HTTP check", () => {
  const withStatus = (status: number) =>
    serve(
      createHttpServer((request, response) => {
        response.writeHead(request.url === "/healthz" ? status : 404).end();
      }),
    );

  it.each([
    [200, null],
    [399, null],
    [400, "status 400"],
    [503, "status 503"],
  ])("takes status %i for %j", async (status, finding) => {
    expect(await probe(HOST, check("http", await withStatus(status), "/healthz"))).toBe(finding);
  });

  it("asks the path that the policy names", async () => {
    expect(await probe(HOST, check("http", await withStatus(200), "/other"))).toBe("status 404");
  });

  it("waits no longer than its timeout for a server that accepts and is silent", async () => {
    const port = await serve(createServer(() => {}));
    expect(await probe(HOST, hasty("http", port, "/"))).toBe("no answer");
  });
});

describe("an HTTPS check", () => {
  let folder: string;
  let certificate: { readonly cert: Buffer; readonly key: Buffer };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "piston-probe-"));
    const { certFile, keyFile } = makeCertificate(folder, "origin.example");
    certificate = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("takes any certificate, asks for the path, and judges the status", async () => {
    const hosts: (string | undefined)[] = [];
    const server = createHttpsServer(certificate, (request, response) => {
      hosts.push(request.headers.host);
      response.writeHead(request.url === "/healthz" ? 204 : 503).end();
    });
    const port = await serve(server);
    expect(await probe(HOST, check("https", port, "/healthz"))).toBeNull();
    expect(await probe(HOST, check("https", port))).toBe("status 503");
    expect(hosts).toEqual([`${HOST}:${port}`, `${HOST}:${port}`]);
  });

  it("finds a closed port, one that speaks no TLS, and one that is silent not healthy", async () => {
    expect(await probe(HOST, check("https", await closedPort()))).toBe("ECONNREFUSED");
    const plain = await serve(createServer((socket) => socket.end("220 mail.example\r\n")));
    expect(await probe(HOST, check("https", plain))).toMatch(/^E[A-Z]+$/);
    expect(await probe(HOST, hasty("https", await serve(createServer(() => {}))))).toBe("no answer");
  });
});

describe("a UDP check", () => {
  it("finds a closed port not healthy, and silence healthy: most protocols answer no stranger", async () => {
    expect(await probe(HOST, hasty("udp", await serveUdp(0, () => {})))).toBeNull();
    const port = await serveUdp(0, () => {});
    closers.splice(-1)[0]?.();
    expect(await probe(HOST, check("udp", port))).toBe("ECONNREFUSED");
  });

  it("finds a server that answers healthy", async () => {
    const port = await serveUdp(0, (socket, { address, port }) => socket.send("x", port, address));
    expect(await probe(HOST, check("udp", port))).toBeNull();
  });
});

describe("a check that this node cannot make", () => {
  it("says nothing of the origin", async () => {
    // 255.255.255.255 without SO_BROADCAST: the kernel refuses it (EACCES) whatever stands there.
    await expect(probe("255.255.255.255", check("udp", 9))).rejects.toThrow(LocalFault);
  });
});
