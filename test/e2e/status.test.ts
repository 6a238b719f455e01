// `piston status` and `--watch` on a real agent under traffic, into a pipe and on a terminal.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { backend, drop, fleet, policy } from "pistonprotection";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LabNode } from "../../src/lab/lab-node.ts";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import type { NodeStatus } from "../../src/runtime/operate.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME, numberedFrame } from "../support/two-policies.ts";
import { until } from "../support/until.ts";

const PISTON = fileURLToPath(new URL("../../bin/piston", import.meta.url));

const game = backend("game", {
  listen: ["203.0.113.9"],
  protocol: "udp",
  ports: 4000,
  origins: ["192.0.2.10:4000"],
});
const attackedFleet = fleet(FLEET_NAME, {
  interfaces: ["eth0"],
  management: [],
  defaultVerdict: "drop",
  policies: [
    policy("game", {
      owners: ["tests"],
      backend: game,
      rules: [drop("strangers", { source: "198.51.100.0/28" })],
    }),
  ],
});

/** What steers a terminal. */
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[[\\d;?]*[A-Za-z]`, "g");

describeKernel("piston status", () => {
  let node: LabNode;
  let traffic: NodeJS.Timeout;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "piston-test-status-"));
    node = new LabNode("piston-test-status", FLEET_NAME);
    node.publish(await bundleOf(attackedFleet));
    await node.startAgent().event("started");
    const dropped = frameBatch(Array.from({ length: 50 }, (_, i) => numberedFrame(0, i)));
    traffic = setInterval(() => node.world.send(dropped), 20);
  });
  afterAll(async () => {
    clearInterval(traffic);
    await node?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Not waited for synchronously: this process sends the traffic. */
  function run(
    command: readonly string[],
    onOutput: (sofar: string) => void = () => {},
  ): Promise<{ code: number | null; output: string }> {
    const [file, args] = inNamespace(node.namespaces.edge, command);
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TERM: "xterm" },
    });
    let output = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (data: string) => {
      output += data;
      onOutput(output);
    });
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
  }
  const piston = (...args: string[]) => run([PISTON, "status", "--pin-path", node.pinPath, ...args]);

  it("shows rates, the rule that drops and the source that sends, as JSON and as text", async () => {
    const reports: NodeStatus[] = [];
    await expect
      .poll(
        async () => {
          const { code, output } = await piston("--json");
          expect(code).toBe(0);
          const report = JSON.parse(output) as NodeStatus;
          reports.push(report);
          return (
            (report.stats?.rates.droppedPacketsPerSecond ?? 0) > 0 &&
            report.stats!.top_attack_sources.length > 0 &&
            (report.stats!.top_attacked_backends[0]?.samples ?? 0) > 0
          );
        },
        { interval: 500 },
      )
      .toBe(true);
    const { stats } = reports.at(-1)!;
    expect(stats?.top_rules[0]).toMatchObject({ rule: "game/strangers", action: "drop", mode: "enforce" });
    expect(stats!.top_rules[0]!.droppedPerSecond).toBeGreaterThan(0);
    expect(stats?.top_attack_sources[0]?.source).toBe("198.51.100.3");
    expect(stats?.totals.droppedPackets).toBeGreaterThan(0);

    let output = "";
    const well = new RegExp(`^${FLEET_NAME}  ok  generation [0-9a-f]{12}  agent \\d+$`, "m");
    await until(
      async () => well.test(({ output } = await piston()).output), // fewer events for a while are a degraded agent
      () => output,
    );
    expect(output).toMatch(/^interface {2}eth0 {2}native, program \d+$/m);
    expect(output).toMatch(/^game\/strangers +drop +[\d.,]+/m);
    expect(output).toMatch(/^198\.51\.100\.3 +[\d.,]+/m);
    expect(output).toMatch(/^game +[\d.,]+( [kM])? +[\d.,]+( [kM])? +[\d.,]+( [kM])? /m);
    expect(output).not.toContain("\u001b");
  });

  it("answers what the reference asks with curl and jq", async () => {
    const { status, body } = await node.agent.operation("GET", "/internal/stats");
    const stats = JSON.parse(body) as Record<string, unknown[]>;
    expect(status).toBe(200);
    expect(stats["top_attack_sources"]?.slice(0, 10)[0]).toMatchObject({ source: "198.51.100.3" });
    expect(stats["top_attacked_backends"]?.[0]).toMatchObject({
      backend: "game",
      samples: expect.any(Number) as number,
    });
  });

  it("prints one block after the other into a pipe, and JSON lines with --json", async () => {
    const { code, output } = await piston("--watch", "0.2", "--count", "2");
    expect(code).toBe(0);
    expect(output.match(new RegExp(`^${FLEET_NAME}  `, "gm"))).toHaveLength(2);
    expect(output).not.toContain("\u001b");
    const { output: json } = await piston("--watch", "0.2", "--count", "2", "--json");
    const lines = json.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as NodeStatus).fleet)).toEqual([FLEET_NAME, FLEET_NAME]);
  });

  it("draws on a terminal's other screen, within its size, and leaves the terminal as it was", async () => {
    const watch = `${PISTON} status --pin-path ${node.pinPath} --watch 0.2 --count 3`;
    const script = `stty rows 12 cols 60; stty -g; ${watch}; stty -g`;
    const { output } = await run(["script", "-qec", script, "/dev/null"]);
    const [before, rest] = output.split(/\r?\n/, 1).concat(output.slice(output.indexOf("\n") + 1)) as [
      string,
      string,
    ];
    const begin = rest.indexOf("\u001b[?1049h");
    const end = rest.lastIndexOf("\u001b[?1049l");
    expect(begin).toBe(0);
    expect(end).toBeGreaterThan(begin);
    expect(rest.slice(end + "\u001b[?1049l".length).trim()).toBe(before.trim()); // stty says the same as before
    expect(rest.lastIndexOf("\u001b[?25h")).toBeGreaterThan(rest.lastIndexOf("\u001b[?25l")); // the cursor is back
    const pictures = rest.slice(begin, end).split("\u001b[?2026h").slice(1);
    expect(pictures).toHaveLength(3);
    for (const picture of pictures) {
      expect(picture.startsWith("\u001b[H")).toBe(true); // over the last one, without clearing first: no flicker
      const lines = picture.replaceAll(SEQUENCE, "").split(/\r+\n/);
      expect(lines.length).toBeLessThanOrEqual(12);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
      expect(lines[0]).toContain(FLEET_NAME);
    }
  });

  it("ends by a signal as well, and leaves the terminal as it was", async () => {
    const watch = `${PISTON} status --pin-path ${node.pinPath} --watch 0.2`;
    const drawn = join(folder, "drawn");
    const script = `${watch} & until [ -e ${drawn} ]; do sleep 0.1; done; kill -TERM $!; wait; echo END`;
    const { output } = await run(["script", "-qec", script, "/dev/null"], (sofar) => {
      if (sofar.includes("\u001b[?2026h")) writeFileSync(drawn, "");
    });
    expect(output).toContain("\u001b[?1049l");
    expect(output.indexOf("END")).toBeGreaterThan(output.lastIndexOf("\u001b[?1049l"));
  });

  it("refuses a SECONDS that is none, and one without --watch", () => {
    const usage = (...args: string[]) => {
      try {
        execFileSync(PISTON, ["status", ...args], { stdio: ["ignore", "pipe", "pipe"] });
        return 0;
      } catch (error) {
        return (error as { status: number }).status;
      }
    };
    expect([usage("--watch", "soon"), usage("--watch", "0"), usage("5")]).toEqual([2, 2, 2]);
  });
});
