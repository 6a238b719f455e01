// A real agent started with one thing missing at a time: one line names it and the remedy, and what is pinned filters on.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleAgent } from "../../src/bench/agent-bundle.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { inNamespace } from "../../src/lab/namespaces.ts";
import { XdpLink } from "../../src/runtime/bpf/index.ts";
import { linkPin, pinLayout } from "../../src/runtime/kernel/pins.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel, kernelSkipReason } from "../support/kernel.ts";
import { FLEET_NAME, firstFleet } from "../support/two-policies.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PISTON = join(ROOT, "bin/piston");
/** Nobody's: an owner that is not the agent. */
const STRANGER = 65534;
const EPERM = "1";
const EINVAL = "22";
const ENOSYS = "38";
/** enum bpf_cmd */
const BPF_PROG_TEST_RUN = "10";
const BPF_MAP_FREEZE = "22";
const BPF_LINK_CREATE = "28";

/** Not in a chroot, nor where the kernel was told to refuse them (user.max_user_namespaces). */
const hasUserNamespaces = spawnSync("unshare", ["--user", "true"]).status === 0;
if (kernelSkipReason === null && !hasUserNamespaces)
  console.error("skipping a test in a user namespace: the kernel refuses to make one");

interface Line {
  readonly level: string;
  readonly event: string;
  readonly code?: string;
  readonly msg: string;
  readonly help?: string;
}

describeKernel("an agent that lacks", () => {
  let folder: string;
  /** Of `npm run build`'s kind. */
  let built: string;
  const pinPath = `/sys/fs/bpf/piston-test-missing-${process.pid}`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "piston-test-missing-"));
    mkdirSync(join(folder, "bundle"));
    built = (await bundleAgent(join(folder, "built"))).program;
    execFileSync("gcc", ["-O1", "-o", join(folder, "deny-bpf"), join(ROOT, "test/support/deny-bpf.c")]);
  });
  afterAll(() => {
    if (folder) rmSync(folder, { recursive: true, force: true });
    if (existsSync(pinPath)) rmSync(pinPath, { recursive: true });
  });

  interface Run {
    /** Before the agent's own command: what takes something away from it. */
    readonly through?: readonly string[];
    readonly program?: readonly string[];
    readonly args?: readonly string[];
    readonly pins?: string;
    readonly bundle?: string;
  }

  function command({
    through = [],
    program = [PISTON],
    args = [],
    pins = pinPath,
    bundle = join(folder, "bundle"),
  }: Run) {
    const paths = ["--bundle", bundle, "--pin-path", pins];
    const addresses = [
      "--metrics-address",
      `unix:${folder}/m.sock`,
      "--operations-address",
      `unix:${folder}/o.sock`,
    ];
    return [...through, ...program, "node", ...paths, ...addresses, "--allow-unsigned", "--json", ...args];
  }

  /** Runs until it ends, and gives the one line that says why. */
  function refusal(run: Run): Line {
    const [file, ...args] = command(run);
    const result = spawnSync(file!, args, { encoding: "utf8", timeout: 120_000 });
    const lines = result.stdout
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
    const errors = lines.filter((line) => line.level === "error");
    expect(errors, result.stdout + result.stderr).toHaveLength(1);
    expect(result.stderr).toBe("");
    expect(result.status).toBe(1);
    expect(errors[0]!.event).toBe("start-failed");
    return errors[0]!;
  }

  const without = (...capabilities: string[]) => [
    "capsh",
    `--drop=${capabilities.join(",")}`,
    "--",
    "-c",
    'exec "$@"',
    "agent",
  ];
  const shell = (before: string, ...through: string[]) => [
    ...through,
    "sh",
    "-c",
    `${before} exec "$@"`,
    "agent",
  ];
  const denying = (bpfCommand: string, errno: string) => [join(folder, "deny-bpf"), bpfCommand, errno];

  describe("a capability:", () => {
    it.each([
      ["CAP_BPF", ["cap_bpf", "cap_sys_admin"]],
      ["CAP_PERFMON", ["cap_perfmon", "cap_sys_admin"]],
      ["CAP_NET_ADMIN", ["cap_net_admin"]],
    ])("%s", (name, dropped) => {
      const line = refusal({ through: without(...dropped) });
      expect(line).toMatchObject({
        code: "security-capabilities",
        msg: expect.stringContaining(`the agent lacks ${name}`),
      });
      expect(line.help).toContain(`setcap ${name.toLowerCase()}+ep`);
    });

    it.skipIf(!hasUserNamespaces)("all of them, in a user namespace of its own", () => {
      const line = refusal({ through: ["unshare", "--user", "--map-root-user"] });
      expect(line).toMatchObject({
        code: "security-capabilities",
        msg: expect.stringContaining("user namespace"),
      });
    });

    it("none, where a seccomp filter denies bpf() all the same", () => {
      const line = refusal({ through: denying("-1", EPERM) });
      expect(line).toMatchObject({
        code: "security-capabilities",
        msg: expect.stringContaining("by the seccomp filter"),
      });
    });
  });

  describe("a feature of the kernel:", () => {
    it.each([
      ["the bpf() system call", "-1", ENOSYS, "CONFIG_BPF_SYSCALL"],
      ["bpf_link for XDP", BPF_LINK_CREATE, EINVAL, "kernel 5.9"],
      ["BPF_PROG_TEST_RUN", BPF_PROG_TEST_RUN, EINVAL, "kernel"],
      ["frozen maps", BPF_MAP_FREEZE, EINVAL, "kernel 5.2"],
    ])("%s", (name, bpfCommand, errno, remedy) => {
      const line = refusal({ through: denying(bpfCommand, errno) });
      expect(line).toMatchObject({
        code: "security-kernel",
        msg: expect.stringMatching(/^the agent cannot start: kernel \S+ lacks /),
      });
      expect(line.msg).toContain(name);
      expect(line.help).toContain(remedy);
    });
  });

  describe("something of its host:", () => {
    it("a BPF file system", () => {
      const line = refusal({
        through: shell("while umount /sys/fs/bpf 2>/dev/null; do :; done;", "unshare", "--mount"),
      });
      expect(line).toMatchObject({
        code: "security-bpffs",
        help: expect.stringContaining("mount -t bpf bpf /sys/fs/bpf"),
      });
    });

    it("write access to its pins", () => {
      const line = refusal({ through: shell("mount -o remount,bind,ro /sys/fs/bpf;", "unshare", "--mount") });
      expect(line).toMatchObject({ code: "security-pin-path", msg: expect.stringContaining("EROFS") });
    });

    it("file descriptors", () => {
      const line = refusal({ through: shell("ulimit -n 100;") });
      expect(line).toMatchObject({
        code: "security-open-files",
        msg: expect.stringContaining("allows 100 open files"),
      });
      expect(line.help).toContain("LimitNOFILE");
    });

    it("locked memory, on a kernel that charges maps to it", () => {
      const line = refusal({
        through: [...without("cap_sys_resource"), ...shell("ulimit -l 8192;", "setarch", "--uname-2.6")],
      });
      expect(line).toMatchObject({
        code: "security-locked-memory",
        msg: expect.stringMatching(/kernel 2\.6\.\d+ charges .* RLIMIT_MEMLOCK, which allows 8388608 bytes/),
        help: expect.stringContaining("LimitMEMLOCK=infinity"),
      });
    });

    it("leave to read its bundle", () => {
      const bundle = join(folder, "theirs");
      mkdirSync(bundle);
      chownSync(bundle, STRANGER, STRANGER);
      chmodSync(bundle, 0o700);
      const line = refusal({ through: without("cap_dac_override", "cap_dac_read_search"), bundle });
      expect(line).toMatchObject({
        code: "security-bundle-path",
        msg: expect.stringContaining(`cannot read ${bundle}: EACCES`),
      });
    });
  });

  describe("a part of itself:", () => {
    const program = () => [process.execPath, "--disable-sigusr1", built];
    const object = () => join(folder, "built/filter.bpf.o");

    it("nothing, and then starts and says that the object is the build's own", async () => {
      // It waits for a bundle; so it has started.
      const line = await firstLine(
        command({ program: program(), args: ["--log-level", "debug"] }),
        "started",
        "program",
      );
      expect(line).toMatchObject({
        level: "debug",
        msg: expect.stringMatching(/^XDP object sha256:\S+, the one of the build$/),
      });
    });

    it("the object that it was built with", () => {
      appendFileSync(object(), "\0");
      const line = refusal({ program: program() });
      expect(line).toMatchObject({
        code: "security-program",
        msg: expect.stringMatching(/SHA-256 is [0-9a-f]{64}, and this agent was built with [0-9a-f]{64}/),
      });
      expect(line.help).toContain("security.allowOtherProgram");
    });

    it("but not where the operator says so in plain words", async () => {
      const run = command({
        program: program(),
        args: ["--log-level", "debug", "--set", "security.allowOtherProgram=true"],
      });
      expect(await firstLine(run, "started", "program")).toMatchObject({
        msg: expect.stringContaining("allowed by security.allowOtherProgram"),
      });
    });

    it("a pin, in a checkout: strict mode refuses what is a warning else", () => {
      const line = refusal({ args: ["--strict"] });
      expect(line).toMatchObject({
        code: "security-program",
        msg: expect.stringContaining("is not pinned: this agent runs from a checkout"),
      });
      expect(line.msg).toContain("(security.strict)");
    });

    it("an object at all", () => {
      rmSync(object());
      expect(refusal({ program: program() })).toMatchObject({
        code: "no-object",
        help: expect.stringContaining("install the agent anew"),
      });
    });

    it("its addon", () => {
      execFileSync("cp", [join(ROOT, "build/filter.bpf.o"), object()]);
      rmSync(join(folder, "built/piston_bpf.node"));
      expect(refusal({ program: program() }).msg).toContain("the BPF addon is not built");
    });
  });

  it("a configuration that fits: every fault is printed with place and help, and nothing starts", () => {
    const config = join(folder, "bad.yaml");
    writeFileSync(config, "bundel: { path: /b }\nevents: { batchSize: 0 }\n");
    const { status, stdout, stderr } = spawnSync(PISTON, ["node", "--config", config, "--mode", "nativ"], {
      encoding: "utf8",
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`${config}:1:1  error  config-unknown-key\n`);
    expect(stderr).toContain("  help: did you mean `bundle`?\n");
    expect(stderr).toContain(`${config}:2:11  error  config-value\n`);
    expect(stderr).toContain("--mode  error  config-value\n");
  });

  it("nothing but the wish to start: --print-config shows what would hold, and why", () => {
    const env = { ...process.env, PISTON_LOG_LEVEL: "warn" };
    const run = (...args: string[]) =>
      spawnSync(PISTON, ["node", "--print-config", "--profile", "constrained", ...args], {
        encoding: "utf8",
        env,
      });
    const { config, sources } = JSON.parse(run("--bundle", "/b", "--json").stdout) as Record<
      string,
      Record<string, unknown>
    >;
    expect(config).toMatchObject({ log: { level: "warn", json: true }, events: { bufferSize: 1000 } });
    expect(sources).toMatchObject({
      "log.level": "PISTON_LOG_LEVEL",
      "log.json": "--json",
      "events.bufferSize": "profile constrained",
    });
    const text = run();
    expect(text.status).toBe(0);
    expect(text.stdout).toMatch(/^ {2}# path: +# missing$/m);
    expect(text.stderr).toContain("config-missing");
  });

  describe("something while a generation is pinned", () => {
    let node: LabNode;
    beforeAll(async () => {
      node = new LabNode("piston-test-missing", FLEET_NAME);
      node.publish(await bundleOf(firstFleet));
      await node.startAgent().event("generation-committed");
      await node.agent.stop();
    });
    afterAll(async () => {
      await node?.close();
    });

    const attached = () => {
      using link = XdpLink.openPinned(
        linkPin(pinLayout(node.pinPath, FLEET_NAME), node.namespaces.interface),
      );
      return link.info.programId;
    };

    it("says that it filters on, and it does", () => {
      const before = attached();
      const line = refusal({ through: without("cap_net_admin"), pins: node.pinPath });
      expect(line.msg).toContain(`what is pinned of fleet ${FLEET_NAME} filters on`);
      expect(attached()).toBe(before);
    });

    it("but leave to read the bundle: it adopts what is pinned, and says so in one error", async () => {
      chownSync(node.bundlePath, STRANGER, STRANGER);
      chmodSync(node.bundlePath, 0o700);
      const through = without("cap_dac_override", "cap_dac_read_search");
      const [file, args] = inNamespace(
        node.namespaces.edge,
        command({ through, pins: node.pinPath, bundle: node.bundlePath }),
      );
      const lines = await linesUntil([file, ...args], "started");
      expect(lines.filter((line) => line.event === "adopted")).toHaveLength(1);
      expect(lines.filter((line) => line.level === "error")).toMatchObject([{ event: "bundle-refused" }]);
    });
  });
});

/** Runs until a line of that event, ends the process, and gives the lines up to it. */
async function linesUntil(run: readonly string[], event: string): Promise<Line[]> {
  const child = spawn(run[0]!, run.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  const lines: Line[] = [];
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      lines.push(JSON.parse(text) as Line);
      if (lines.at(-1)!.event === event) return lines;
    }
    throw new Error(`it ended before ${event}: ${JSON.stringify(lines)}`);
  } finally {
    child.kill("SIGTERM");
    if (child.exitCode === null) await new Promise((resolve) => child.once("close", resolve));
  }
}

async function firstLine(run: readonly string[], until: string, check: string): Promise<Line | undefined> {
  const lines = await linesUntil(run, until);
  return lines.find((line) => "check" in line && line.check === check);
}
