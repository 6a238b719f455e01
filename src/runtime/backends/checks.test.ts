// Real origins on loopback, and no time but the checks' own.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { ManifestBackend } from "../../bundle/manifest.generated.ts";
import { type LogFields, SILENT } from "../log.ts";
import { Components } from "../observe/components.ts";
import { BackendChecks } from "./checks.ts";

const components = new Components();
const log: LogFields[] = [];
const note = (level: string) => (fields: LogFields) => void log.push({ level, ...fields });
const checks = new BackendChecks(components, { ...SILENT, info: note("info"), warn: note("warn") });

let server: Server | null = null;
afterEach(() => {
  checks.close();
  server?.close();
});

const backend = (name: string, host: string, port: number): ManifestBackend => ({
  name,
  listen: [],
  protocols: [],
  origins: [`${host}:${port}`],
  healthCheck: {
    kind: "tcp",
    port,
    path: null,
    intervalSeconds: 1,
    timeoutSeconds: 60,
    unhealthyThreshold: 1,
  },
});
const isRegistered = () => components.read().has("backends");
const statuses = () => checks.states().map(({ backend, status }) => [backend, status]);

it("checks what serves while it is turned on, and is no part of health while it is off", async () => {
  server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  checks.update([backend("web", "127.0.0.1", port)]);
  expect([isRegistered(), statuses()]).toEqual([false, []]);
  checks.turn(true);
  expect([isRegistered(), statuses()]).toEqual([true, [["web", "unknown"]]]);
  await expect.poll(statuses).toEqual([["web", "healthy"]]);
  expect(components.read().get("backends")).toMatchObject({ state: "ok" });
  expect(log).toMatchObject([{ level: "info", event: "origin-healthy", backend: "web", reason: null }]);
  checks.turn(true);
  expect(statuses()).toEqual([["web", "healthy"]]); // as it was: nothing began anew

  checks.turn(false);
  expect([isRegistered(), statuses()]).toEqual([false, []]);
  // Nobody listens there, and nobody can on all addresses while the server does on one.
  checks.update([backend("dns", "127.0.0.2", port)]);
  expect(statuses()).toEqual([]);
  checks.turn(true);
  expect([isRegistered(), statuses()]).toEqual([true, [["dns", "unknown"]]]);
  await expect.poll(statuses).toEqual([["dns", "unhealthy"]]);
  expect(log.slice(1)).toMatchObject([
    { level: "warn", event: "origin-unhealthy", origin: `127.0.0.2:${port}`, reason: "ECONNREFUSED" },
  ]);
});
