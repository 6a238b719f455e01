import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { RuntimeFault } from "../errors.ts";
import { type HealthInput, healthReport, servingParts } from "../observe/health.ts";
import type { ApiCall } from "../observe/metrics.ts";
import { type HttpServer, parseAddress, serveMetrics, serveOperations } from "./http.ts";

const serving: HealthInput = {
  fleet: "edge",
  serving: { generation: "0123456789ab", bundleDigest: "sha256:0123456789ab", revision: "sha256:r" },
  previous: null,
  held: null,
  interfaces: [{ name: "eth0", mode: "native", attached: true, programId: 7 }],
  lastSwap: null,
  refused: null,
};
const report = (input: HealthInput) => healthReport(input, servingParts(input));
const metrics = { contentType: "text/plain; version=0.0.4", exposition: async () => "up 1\n" };

let server: HttpServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  sent = "",
): Promise<{ status: number; body: string }> {
  const [host, port] = [/^\[?(.*?)\]?:\d+$/.exec(server!.address)![1]!, /\d+$/.exec(server!.address)![0]];
  return new Promise((resolve, reject) => {
    const call = request({ host, port, method, path, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("error", reject);
    call.end(sent);
  });
}

describe("the metrics server", () => {
  it("gives metrics and health where a generation serves", async () => {
    server = await serveMetrics({ address: "127.0.0.1:0", metrics, health: () => report(serving) });
    expect(await ask("GET", "/metrics")).toEqual({ status: 200, body: "up 1\n" });
    expect((await ask("GET", "/healthz")).status).toBe(200);
    expect((await ask("GET", "/readyz")).status).toBe(200);
    expect(JSON.parse((await ask("GET", "/health")).body)).toMatchObject({
      status: "ok",
      fleet: "edge",
      generation: "0123456789ab",
      interfaces: [{ name: "eth0", programId: 7 }],
    });
  });

  it("is ready for a roll-out where the generation that it waits for serves, or is held", async () => {
    const held = `sha256:${"fedcba987654".padEnd(64, "0")}`;
    server = await serveMetrics({
      address: "127.0.0.1:0",
      metrics,
      health: () => report({ ...serving, held }),
    });
    expect((await ask("GET", "/readyz?generation=0123456789ab")).status).toBe(200);
    expect((await ask("GET", "/readyz?generation=fedcba987654")).status).toBe(200);
    expect(await ask("GET", "/readyz?generation=000000000000")).toEqual({
      status: 503,
      body: "not ready: ok, generation 0123456789ab\n",
    });
  });

  it("is alive and not ready where nothing serves", async () => {
    server = await serveMetrics({
      address: "127.0.0.1:0",
      metrics,
      health: () => report({ ...serving, serving: null }),
    });
    expect((await ask("GET", "/healthz")).status).toBe(200);
    expect((await ask("GET", "/readyz")).status).toBe(503);
    expect((await ask("GET", "/health")).status).toBe(503);
  });

  it("knows no other path and no other method", async () => {
    server = await serveMetrics({ address: "127.0.0.1:0", metrics, health: () => report(serving) });
    expect((await ask("GET", "/internal/status")).status).toBe(404);
    expect((await ask("POST", "/metrics")).status).toBe(405);
    expect(await ask("HEAD", "/metrics")).toEqual({ status: 200, body: "" });
  });

  it("tells how long each answer took, by labels of the catalogue's lists and no others", async () => {
    const calls: ApiCall[] = [];
    const observe = (call: ApiCall, seconds: number) => {
      expect(seconds).toBeGreaterThan(0);
      calls.push(call);
    };
    server = await serveMetrics({ address: "127.0.0.1:0", metrics, health: () => report(serving), observe });
    await ask("GET", "/metrics?x=1");
    await ask("GET", "/198.51.100.7");
    await ask("PROPFIND", "/readyz");
    await expect.poll(() => calls.length).toBe(3);
    expect(calls).toEqual([
      { route: "/metrics", method: "GET", status: "2xx" },
      { route: "other", method: "GET", status: "4xx" },
      { route: "/readyz", method: "other", status: "4xx" },
    ]);
  });

  it("names the address that is taken", async () => {
    server = await serveMetrics({ address: "127.0.0.1:0", metrics, health: () => report(serving) });
    const again = serveMetrics({ address: server.address, metrics, health: () => report(serving) });
    await expect(again).rejects.toMatchObject({
      code: "listen",
      errno: "EADDRINUSE",
      object: server.address,
    });
  });
});

describe("the operations server", () => {
  const operations = {
    rollback: async () => ({ generation: "b" }),
    status: () => ({ status: "ok" }),
    syncRules: (): Promise<unknown> =>
      Promise.reject(
        new RuntimeFault({
          code: "no-previous",
          operation: "roll back",
          object: "edge",
          message: "none",
          help: "load one",
        }),
      ),
    checkDrift: async () => ({}),
    collectGarbage: async () => ({}),
    stats: () => ({ rates: {} }),
    block: async (address: unknown, seconds: unknown) => ({ blocked: [address, seconds] }),
    unblock: async (address: unknown) => ({ unblocked: address }),
    blocks: async () => ({ blocks: [] }),
  };

  it("runs an operation for a POST, and says what is wrong with it", async () => {
    server = await serveOperations({ address: "127.0.0.1:0", operations });
    expect(await ask("POST", "/internal/rollback")).toEqual({ status: 200, body: '{"generation":"b"}\n' });
    expect((await ask("GET", "/internal/rollback")).status).toBe(405);
    const fault = await ask("POST", "/internal/sync-rules");
    expect(fault.status).toBe(409);
    expect(JSON.parse(fault.body)).toEqual({
      error: { code: "no-previous", message: "none", help: "load one", errno: null },
    });
  });

  it("hands a JSON body on, and refuses what is none or too long", async () => {
    server = await serveOperations({ address: "127.0.0.1:0", operations });
    const post = (body: string) => ask("POST", "/internal/block", {}, body);
    expect(await post('{"address":"192.0.2.1","seconds":5}')).toEqual({
      status: 200,
      body: '{"blocked":["192.0.2.1",5]}\n',
    });
    expect(await ask("POST", "/internal/unblock", {}, '{"address":"192.0.2.1"}')).toMatchObject({
      status: 200,
    });
    expect(await ask("GET", "/internal/blocks")).toEqual({ status: 200, body: '{"blocks":[]}\n' });
    for (const body of ["", "5", "null", "{"])
      expect(JSON.parse((await post(body)).body)).toMatchObject({ error: { code: "bad-request" } });
    expect((await post(`{"address":"${"1".repeat(4096 - 14)}"}`)).status).toBe(200);
    expect((await post(`{"address":"${"1".repeat(4097 - 14)}"}`)).status).toBe(413);
    expect((await post("1".repeat(1_000_000))).status).toBe(413);
  });

  it("refuses a browser: a foreign host name, or any origin", async () => {
    server = await serveOperations({ address: "127.0.0.1:0", operations });
    expect((await ask("POST", "/internal/rollback", { host: "evil.example" })).status).toBe(403);
    expect((await ask("POST", "/internal/rollback", { origin: "http://localhost" })).status).toBe(403);
    expect((await ask("POST", "/internal/rollback", { host: "localhost:9091" })).status).toBe(200);
  });

  it("does not listen beyond loopback", async () => {
    for (const address of [":9091", "0.0.0.0:9091", "192.0.2.1:9091", "localhost:9091"])
      await expect(serveOperations({ address, operations })).rejects.toMatchObject({
        code: "operations-address",
      });
  });
});

describe("an address to listen on", () => {
  it("is host and port, with brackets round IPv6, and no host for all of them", () => {
    expect(parseAddress(":9090")).toEqual({ kind: "tcp", host: null, port: 9090 });
    expect(parseAddress("127.0.0.1:9091")).toEqual({ kind: "tcp", host: "127.0.0.1", port: 9091 });
    expect(parseAddress("[::1]:0")).toEqual({ kind: "tcp", host: "::1", port: 0 });
    expect(parseAddress(":65535")).toMatchObject({ port: 65535 });
    expect(parseAddress("unix:/run/piston.sock")).toEqual({ kind: "unix", path: "/run/piston.sock" });
  });

  it("is refused otherwise", () => {
    for (const address of ["9090", ":", ":65536", "::1:9090", "a:b", "", "unix:", "unix:relative"])
      expect(() => parseAddress(address)).toThrow(RuntimeFault);
  });
});
