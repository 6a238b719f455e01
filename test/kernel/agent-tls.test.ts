// An agent whose ports speak TLS: what its metrics and health say of the certificate, and what a broken file does.

import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeCertificate } from "../../src/runtime/http/certificate-fixture.ts";
import { status } from "../../src/runtime/operate.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME } from "../support/two-policies.ts";
import { event, folder, PIN_PATH, start, untilWell, useAgentBench } from "./agent-bench.ts";

function get(address: string, path: string, token: string): Promise<{ status: number; body: string }> {
  const port = Number(address.split(":").at(-1));
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const call = request({ host: "127.0.0.1", port, path, headers, rejectUnauthorized: false, agent: false });
    call.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        body += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("error", reject);
    call.end();
  });
}

describeKernel("an agent with TLS and tokens", () => {
  useAgentBench();

  it("tells when its certificate expires, and keeps the old one where the file is broken, degraded", async () => {
    const files = makeCertificate(folder, "edge.example.com", { days: 6 });
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "0123456789abcdef");
    const listen = {
      metrics: "127.0.0.1:0",
      operations: "0.0.0.0:0",
      tls: files,
      metricsTokenFile: tokenFile,
      operationsTokenFile: tokenFile,
    };
    const agent = await start({}, { listen });
    const metrics = () => get(agent.metricsAddress, "/metrics", "0123456789abcdef");
    expect((await get(agent.metricsAddress, "/metrics", "wrong")).status).toBe(401);
    const seconds = /^pistonprotection_certificate_expiry_seconds\{domain="edge.example.com"\} (\S+)$/m;
    const expiry = Number(seconds.exec((await metrics()).body)?.[1]);
    expect(expiry).toBeGreaterThan(5.9 * 86_400);
    expect(expiry).toBeLessThan(604_800); // what the alert on it asks

    const good = readFileSync(files.certFile);
    writeFileSync(files.certFile, "broken");
    await expect.poll(() => agent.health().components.tls?.state).toBe("degraded");
    expect(agent.health().status).toBe("degraded");
    expect(event("tls-refused")).toMatchObject({ level: "error", certFile: files.certFile });
    expect((await metrics()).status).toBe(200);
    writeFileSync(files.certFile, good);
    await untilWell(agent);

    // Commands on the node go on without the token: by a port of their own on loopback.
    expect(agent.operationsAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await status(PIN_PATH, FLEET_NAME)).agent).toEqual({ pid: process.pid });
  });
});
