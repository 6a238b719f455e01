// The agent on a real kernel: what it loads, proves, commits, adopts and refuses.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SECTION_NAMES } from "../../src/bundle/abi.ts";
import { generateKeys, readBundle, signBundle, splitBundle } from "../../src/bundle/index.ts";
import { frameBatch } from "../../src/lab/packet-socket.ts";
import { Wire } from "../../src/lab/wire.ts";
import type { Agent } from "../../src/runtime/agent.ts";
import { describeKernel } from "../support/kernel.ts";
import { FLEET_NAME, numberedFrame } from "../support/two-policies.ts";
import {
  bundlePath,
  digestOf,
  event,
  first,
  folder,
  ip,
  LAYOUT,
  log,
  names,
  PIN_PATH,
  programOn,
  second,
  start,
  stop,
  untilWell,
  useAgentBench,
  withManifest,
} from "./agent-bench.ts";

describeKernel("the agent", () => {
  useAgentBench();

  it("commits the first bundle that it finds, and says so", async () => {
    const agent = await start();
    const { digest, generation, manifest } = readBundle(first);
    await untilWell(agent);
    expect(agent.health()).toMatchObject({
      fleet: FLEET_NAME,
      generation,
      bundleDigest: digest,
      revision: manifest.revision,
      interfaces: [{ name: "eth0", mode: "native", attached: true, programId: programOn("eth0") }],
      refused: null,
    });
    const committed = event("generation-committed")!;
    expect(committed).toMatchObject({
      generation,
      bundleDigest: digest,
      previous: null,
      revision: manifest.revision,
    });
    expect(Object.keys(committed.durationMs as object)).toEqual(["verify", "build", "prove", "commit"]);
    expect(committed.packetsProven).toBeGreaterThanOrEqual(manifest.rules.length);
    expect(event("started")).toMatchObject({ metricsAddress: agent.metricsAddress });
  });

  it("counts packets by rule and reason, over a swap and a restart", async () => {
    using wire = new Wire(names);
    const total = async (agent: Agent, series: RegExp) => {
      const text = await (await fetch(`http://${agent.metricsAddress}/metrics`)).text();
      return Number(new RegExp(`^pistonprotection_${series.source} (\\d+)$`, "m").exec(text)?.[1]);
    };
    let agent = await start();
    wire.send(frameBatch([numberedFrame(0, 1), numberedFrame(0, 2), numberedFrame(1, 3)]));
    expect(await wire.arrived()).toHaveLength(1);
    expect(await total(agent, /rule_packets_total\{[^}]*rule="a0"[^}]*\}/)).toBe(2);
    expect(await total(agent, /reason_packets_total\{[^}]*reason="rule",verdict="pass"\}/)).toBe(1);
    expect(await total(agent, /packets_dropped_total\{[^}]*\}/)).toBe(2);

    writeFileSync(bundlePath, second);
    await agent.syncRules();
    wire.send(frameBatch([numberedFrame(0, 4)]));
    await wire.arrived();
    expect(await total(agent, /rule_packets_total\{[^}]*rule="b1"[^}]*\}/)).toBe(1);
    expect(await total(agent, /traffic_packets_total\{[^}]*\}/)).toBe(4);

    await stop(agent);
    wire.send(frameBatch([numberedFrame(0, 5)])); // nobody but the kernel is there
    expect(await wire.arrived()).toHaveLength(0);
    agent = await start();
    expect(await total(agent, /rule_packets_total\{[^}]*rule="b1"[^}]*\}/)).toBe(2);
    expect(await total(agent, /traffic_packets_total\{[^}]*\}/)).toBe(5);
  });

  it("swaps to a bundle that takes the place of another, and keeps the one before and no more", async () => {
    await start();
    const third = withManifest(readBundle(first), () => ({ revision: `sha256:${"3".repeat(64)}` }));
    for (const bundle of [second, third]) {
      writeFileSync(bundlePath, bundle);
      await expect.poll(() => event("generation-committed")?.bundleDigest).toBe(digestOf(bundle));
    }
    expect(event("generation-committed")).toMatchObject({ previous: readBundle(second).generation });
    expect(readdirSync(LAYOUT.generations)).toHaveLength(2);
    // Both are pinned, so every table is in use by one of them.
    const sections = new Set(
      [first, second].flatMap((bundle) =>
        readBundle(bundle).manifest.sections.map((s) => `${s.name}-${s.sha256.slice(0, 16)}`),
      ),
    );
    sections.delete([...sections].find((name) => name.startsWith("config"))!);
    for (const table of readdirSync(LAYOUT.tables))
      expect([...sections].includes(table) || table.endsWith("-f5a5fd42d16a2030"), table).toBe(true);
  });

  it("shares tables that two generations have in common", async () => {
    const agent = await start();
    writeFileSync(
      bundlePath,
      withManifest(readBundle(first), () => ({ revision: `sha256:${"3".repeat(64)}` })),
    );
    await agent.syncRules();
    expect(event("generation-committed")?.sharedTables).toBe(SECTION_NAMES.length - 1); // all of them; config is .rodata
  });

  it("loads nothing where the bundle path holds what serves", async () => {
    const before = await start();
    const program = programOn("eth0");
    await stop(before);
    log.length = 0;
    const agent = await start();
    expect(programOn("eth0")).toBe(program);
    expect(event("adopted")).toMatchObject({ bundleDigest: digestOf(first), rolledForward: false });
    expect(event("generation-committed")).toBeUndefined();
    expect(await agent.syncRules()).toMatchObject({ result: "unchanged" });
  });

  it("adopts what runs where the bundle cannot be read, and says both", async () => {
    await stop(await start());
    const program = programOn("eth0");
    writeFileSync(bundlePath, "no bundle");
    const agent = await start();
    expect(programOn("eth0")).toBe(program);
    expect(agent.health()).toMatchObject({
      status: "degraded",
      bundleDigest: digestOf(first),
      revision: readBundle(first).manifest.revision,
      refused: { part: "header", code: "not-a-bundle" },
      components: { bundle: { state: "degraded" }, program: { state: "ok" }, interfaces: { state: "ok" } },
    });
  });

  it("waits for a bundle where none is there and nothing runs", async () => {
    rmSync(bundlePath);
    const agent = await start();
    expect(agent.health()).toMatchObject({
      status: "failed",
      generation: null,
      refused: { code: "unreadable" },
    });
    writeFileSync(bundlePath, first);
    await untilWell(agent);
  });

  it.each([
    ["a table that is new to the kernel", "second"],
    ["a table that the kernel holds already", "first"],
  ])("refuses a bundle with a corrupt section of %s, and the old one serves on", async (_, which) => {
    const agent = await start();
    const program = programOn("eth0");
    const tables = readdirSync(LAYOUT.tables);
    const broken = (which === "first" ? first : second).slice();
    const rules = readBundle(broken).manifest.sections.find((section) => section.name === "rules")!;
    broken[rules.offset + 9]! ^= 1;
    writeFileSync(bundlePath, broken);
    expect(await agent.syncRules()).toMatchObject({ result: "refused", bundleDigest: digestOf(first) });
    const refused = event("bundle-refused")!;
    expect(refused).toMatchObject({
      part: "section rules",
      code: "bad-digest",
      operation: "verify",
      bundleDigest: null,
      serving: readBundle(first).generation,
    });
    expect(readdirSync(LAYOUT.tables)).toEqual(tables);
    expect(readdirSync(LAYOUT.generations)).toHaveLength(1);
    expect(refused.help).not.toBe("");
    expect(refused.message).toContain("serves on");
    expect(programOn("eth0")).toBe(program);
  });

  it("waits for a set of shards that is not whole yet, and says nothing", async () => {
    const shards = join(folder, "shards");
    mkdirSync(shards);
    const split = splitBundle(FLEET_NAME, first);
    writeFileSync(join(shards, "index.json"), split.index);
    const agent = await start({ path: shards });
    expect(agent.health()).toMatchObject({ generation: null, refused: null, status: "starting" });
    expect(event("bundle-refused")).toBeUndefined();
    for (const { path, bytes } of split.shards) writeFileSync(join(shards, path), bytes);
    await expect.poll(() => agent.health().bundleDigest).toBe(digestOf(first));
  });

  it("refuses a bundle whose witness the kernel does not confirm, by its name, with both decisions", async () => {
    const agent = await start();
    const tables = readdirSync(LAYOUT.tables);
    const wrong = withManifest(readBundle(second), ({ witnesses }) => ({
      witnesses: witnesses.map((witness) => {
        if (witness.rule !== "second/b1" || witness.steps[0]?.rule !== "second/b1") return witness;
        const steps = witness.steps.map((step) => ({ ...step, verdict: "pass" as const }));
        return { ...witness, name: "b1 turned round", steps };
      }),
    }));
    writeFileSync(bundlePath, wrong);
    expect(await agent.syncRules()).toMatchObject({ result: "refused" });
    const refused = event("bundle-refused")!;
    expect(refused).toMatchObject({ part: "witness b1 turned round", code: "witness-failed" });
    expect(refused.message).toContain(
      "expected pass by second/b1 (rule), the kernel gives drop by second/b1 (rule)",
    );
    expect(agent.health().bundleDigest).toBe(digestOf(first));
    expect(readdirSync(LAYOUT.generations)).toHaveLength(1);
    expect(readdirSync(LAYOUT.tables)).toEqual(tables);
  });

  it("takes no bundle without keys, and with keys only what one of them signed", async () => {
    const keys = generateKeys();
    const others = generateKeys();
    writeFileSync(join(folder, "release.pem"), keys.publicKeyPem);
    const silent = await start({ allowUnsigned: false });
    expect(event("bundle-refused")).toMatchObject({ part: "signature", code: "unsigned" });
    expect(event("bundle-refused")?.help).toContain("--allow-unsigned");
    await stop(silent);

    const agent = await start({ allowUnsigned: false, trustKeys: [folder] });
    expect(event("bundle-refused")).toMatchObject({ code: "unsigned" });
    writeFileSync(`${bundlePath}.sig`, signBundle(readBundle(first), others.privateKeyPem));
    expect(await agent.syncRules()).toMatchObject({ result: "refused", refused: { code: "untrusted-key" } });
    writeFileSync(`${bundlePath}.sig`, signBundle(readBundle(first), keys.privateKeyPem));
    expect(await agent.syncRules()).toMatchObject({ bundleDigest: digestOf(first), refused: null });
  });

  it("does not touch a foreign program, and names it", async () => {
    const foreign = join(folder, "foreign.bpf.c");
    writeFileSync(
      foreign,
      '__attribute__((section("xdp"), used)) int somebody_elses(void *c) { return 2; }\nchar l[] __attribute__((section("license"), used)) = "GPL";\n',
    );
    execFileSync("clang", ["-O2", "-target", "bpf", "-c", foreign, "-o", `${foreign}.o`]);
    ip("link", "set", "eth0", "xdpdrv", "obj", `${foreign}.o`, "sec", "xdp");
    const program = programOn("eth0");
    try {
      await expect(start()).rejects.toMatchObject({ code: "foreign-program", errno: "EBUSY" });
      await expect(start()).rejects.toThrow(`id ${program}, name somebody_elses`);
      expect(programOn("eth0")).toBe(program);
      expect(readdirSync(LAYOUT.links)).toEqual([]);
      expect(readdirSync(LAYOUT.generations)).toEqual([]);
    } finally {
      ip("link", "set", "eth0", "xdpdrv", "off");
    }
  });

  it("does not start where the interface is not there, or another agent serves the fleet", async () => {
    await expect(start({ interfaces: ["eth7"] })).rejects.toMatchObject({
      code: "no-interface",
      errno: "ENODEV",
    });
    await start();
    await expect(start()).rejects.toMatchObject({ code: "already-running" });
    await expect(start()).rejects.toThrow(`process ${process.pid}`);
  });

  it("puts the first interface back where a later one fails", async () => {
    const before = await start();
    const program = programOn("eth0");
    await stop(before);
    writeFileSync(bundlePath, second);
    const agent = await start({ interfaces: ["eth0", "lo"] }); // lo has no native XDP
    expect(event("commit-failed")).toMatchObject({
      code: "attach",
      object: "interface lo",
      serving: readBundle(first).generation,
    });
    expect(programOn("eth0")).toBe(program);
    expect(agent.health()).toMatchObject({ bundleDigest: digestOf(first), status: "degraded" });
    expect(readdirSync(LAYOUT.generations)).toHaveLength(1);
  });

  it("attaches again where its interface goes away and comes back", async () => {
    const make = () => ip("link", "add", "veth7", "type", "veth", "peer", "name", "veth8");
    make();
    const agent = await start({ interfaces: ["veth7"] });
    ip("link", "delete", "veth7");
    await expect.poll(() => agent.health().interfaces[0]?.attached).toBe(false);
    expect(agent.health().status).toBe("failed");
    make();
    try {
      await untilWell(agent);
      expect(event("attached")).toMatchObject({ interface: "veth7" });
    } finally {
      await stop(agent);
      ip("link", "delete", "veth7");
    }
  });

  it("takes the program off on request when it stops", async () => {
    const agent = await start({}, { shutdown: { detachOnExit: true } });
    expect(programOn("eth0")).not.toBeNull();
    await stop(agent);
    expect(programOn("eth0")).toBeNull();
    expect(readdirSync(PIN_PATH)).toEqual([]);
  });
});
