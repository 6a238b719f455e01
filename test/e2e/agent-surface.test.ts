// What an agent shows to the outside: its metrics as Prometheus takes them, its health, and its respect for others' programs.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { readBundle } from "../../src/bundle/format.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import { METRIC_NAMES } from "../../src/metrics/catalogue.ts";
import { BpfMap } from "../../src/runtime/bpf/index.ts";
import { pinLayout } from "../../src/runtime/kernel/pins.ts";
import type { DriftReport } from "../../src/runtime/observe/drift.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME, firstFleet, numberedFrame } from "../support/two-policies.ts";

describeKernel("a running agent", () => {
  let node: LabNode;
  let bundle: Uint8Array;

  beforeAll(async () => {
    bundle = await bundleOf(firstFleet);
    node = new LabNode("piston-test-surface", FLEET_NAME);
    node.publish(bundle);
    // The default port: what `curl :9090/metrics` asks on a node.
    await node.startAgent(["--metrics-address", ":9090"]).event("generation-committed");
    node.send(frameBatch([numberedFrame(0, 0), numberedFrame(0, 1), numberedFrame(1, 0)]));
  });

  afterAll(async () => {
    await node?.close();
  });

  function get(path: string): string {
    const program = `const r = await fetch("http://127.0.0.1:9090${path}"); process.stdout.write(await r.text());`;
    const [file, args] = inNamespace(node.namespaces.edge, [
      process.execPath,
      "--input-type=module",
      "-e",
      program,
    ]);
    return execFileSync(file, args, { encoding: "utf8" });
  }

  it("serves metrics on :9090 that `promtool check metrics` takes", () => {
    const metrics = get("/metrics");
    const check = spawnSync("promtool", ["check", "metrics"], { input: metrics, encoding: "utf8" });
    expect(`${check.stdout}${check.stderr}`).toBe("");
    expect(check.status).toBe(0);
    const dropped =
      /^pistonprotection_rule_packets_total\{[^}]*rule="a0"[^}]*outcome="decided"[^}]*\} (\d+)$/m;
    expect(dropped.exec(metrics)?.[1]).toBe("2");
  });

  it("declares every metric of the catalogue and no other: nothing can be alerted on that nobody emits", () => {
    const declared = [...get("/metrics").matchAll(/^# TYPE pistonprotection_(\w+) /gm)].map(
      ([, name]) => name!,
    );
    expect(declared.toSorted()).toEqual(METRIC_NAMES.toSorted());
  });

  it("compares the kernel with its generation by the few capabilities that it keeps, and says what it may not mend", async () => {
    const check = async () =>
      JSON.parse((await node.agent.operation("POST", "/internal/check-drift")).body) as DriftReport;
    expect(await check()).toMatchObject({
      state: "in-sync",
      findings: [],
      kernelDigest: readBundle(bundle).digest,
    });
    await node.agent.event("capabilities-dropped"); // before, it may pin what is not its own
    const { tables } = pinLayout(node.pinPath, FLEET_NAME);
    const table = join(tables, readdirSync(tables).find((name) => name.startsWith("rules-"))!);
    using map = BpfMap.openPinned(table);
    rmSync(table);
    const report = await check();
    expect(report).toMatchObject({ state: "kernel-differs", findings: [{ part: "table", mended: false }] });
    expect(report.findings[0]?.help).toMatch(/could not mend it: .*EPERM/);
    map.pin(table);
    expect((await check()).state).toBe("in-sync");
  });

  it("says in /health what runs", () => {
    const health = JSON.parse(get("/health")) as Record<string, unknown>;
    const { digest, generation, manifest } = readBundle(bundle);
    expect(health).toMatchObject({ bundleDigest: digest, generation, revision: manifest.revision });
    expect(health.interfaces).toMatchObject([{ name: "eth0", attached: true, mode: "native" }]);
  });
});

describeKernel("an interface with a foreign XDP program", () => {
  let node: LabNode;
  let folder: string;

  afterEach(async () => {
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("makes the agent refuse, name the program, and change nothing", async () => {
    node = new LabNode("piston-test-foreign", FLEET_NAME);
    folder = mkdtempSync(join(tmpdir(), "piston-foreign-"));
    const source = join(folder, "foreign.bpf.c");
    const object = join(folder, "foreign.bpf.o");
    writeFileSync(
      source,
      "int foreign_filter(void *context) { return 2; }\n" +
        '__attribute__((section("xdp"), used)) int somebody_elses(void *context) { return foreign_filter(context); }\n' +
        'char license_text[] __attribute__((section("license"), used)) = "GPL";\n',
    );
    execFileSync("clang", ["-O2", "-target", "bpf", "-c", source, "-o", object]);
    const within = (...command: string[]) => {
      const [file, args] = inNamespace(node.namespaces.edge, command);
      return execFileSync(file, args, { encoding: "utf8" });
    };
    within("ip", "link", "set", "eth0", "xdpdrv", "obj", object, "sec", "xdp");
    const before = within("ip", "-d", "link", "show", "eth0");
    const id = /prog\/xdp id (\d+)/.exec(before)?.[1];
    expect(id).toBeDefined();

    node.publish(await bundleOf(firstFleet));
    const agent = node.startAgent();
    const refusal = await agent.waitFor((line) => String(line.msg).includes("somebody_elses"));
    expect(String(refusal.msg)).toContain(`id ${id}`);
    expect(agent.log.some((line) => line.event === "generation-committed")).toBe(false);
    expect(/prog\/xdp id (\d+)/.exec(within("ip", "-d", "link", "show", "eth0"))?.[1]).toBe(id);
  });
});
