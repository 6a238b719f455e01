import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configOf } from "../config/index.ts";
import {
  judgeCapabilities,
  judgeUnprivilegedBpf,
  keptCapabilities,
  lacking,
  readCredentials,
} from "./capabilities.ts";
import { hostAt } from "./host.ts";
import { judgeJit, judgeKernel } from "./kernel.ts";
import { compareReleases, isOlder, LEAST_KERNEL, parseRelease } from "./kernel-release.ts";
import { judgeFiles, judgeMemlock, judgeMemory } from "./limits.ts";
import { detectContainer, judgeSecurityModules } from "./lsm.ts";
import { programMapBytes } from "./program.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "piston-test-host-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A host with these files. */
function host(files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return hostAt(root);
}

const { resources } = configOf({ bundle: { path: "/b" } });

describe("a kernel release", () => {
  it.each([
    ["5.15.0-91-generic", 5, 15, 0],
    ["6.1.0-18-amd64", 6, 1, 0],
    ["5.14.0-503.11.1.el9_5.x86_64", 5, 14, 0],
    ["4.18.0-553.el8_10.x86_64", 4, 18, 0],
    ["6.8.0-1015-aws", 6, 8, 0],
    ["5.10.209-198.812.amzn2.x86_64", 5, 10, 209],
    ["6.7-rc3", 6, 7, 0],
    ["5.15.167.4-microsoft-standard-WSL2", 5, 15, 167],
    ["6.6.30+", 6, 6, 30],
  ])("%s is %i.%i.%i, whatever its vendor appends", (text, major, minor, patch) => {
    expect(parseRelease(text)).toEqual({ major, minor, patch });
  });

  it("is none where there are no numbers", () => {
    expect(parseRelease("unknown")).toBeNull();
    expect(parseRelease("v5")).toBeNull();
  });

  it("compares as numbers: 5.9 is older than 5.15, and 5.15 is not", () => {
    expect(isOlder(parseRelease("5.9.16")!, LEAST_KERNEL)).toBe(true);
    expect(isOlder(parseRelease("5.14.999")!, LEAST_KERNEL)).toBe(true);
    expect(isOlder(parseRelease("5.15.0")!, LEAST_KERNEL)).toBe(false);
    expect(isOlder(parseRelease("6.0.0")!, LEAST_KERNEL)).toBe(false);
    expect(compareReleases(parseRelease("5.15.9")!, parseRelease("5.15.10")!)).toBeLessThan(0);
  });
});

describe("the kernel", () => {
  const all = { missing: [], remedies: [], denied: null };

  it("with every feature is fine from 5.15 on, and worth a warning before: a vendor ported them back", () => {
    expect(judgeKernel("5.15.0", all).level).toBe("ok");
    expect(judgeKernel("5.14.0-503.el9.x86_64", all)).toMatchObject({
      level: "warning",
      message: expect.stringContaining("older than 5.15"),
    });
  });

  it("without a feature is refused by the feature's name, however new", () => {
    const lacking = { missing: ["BPF ring buffers"], remedies: ["kernel 5.8 or newer"], denied: null };
    expect(judgeKernel("6.9.0", lacking)).toEqual({
      check: "kernel",
      level: "error",
      message: "kernel 6.9.0 lacks BPF ring buffers",
      help: "needed: kernel 5.8 or newer",
    });
  });

  it("is not blamed for what permissions denied", () => {
    expect(judgeKernel("6.1.0", { ...all, denied: "EPERM" }).level).toBe("ok");
  });

  it("that interprets programs is worth a warning", () => {
    expect(judgeJit(host({ "proc/sys/net/core/bpf_jit_enable": "0\n" })).level).toBe("warning");
    expect(judgeJit(host({ "proc/sys/net/core/bpf_jit_enable": "1\n" })).level).toBe("ok");
  });
});

describe("capabilities", () => {
  // include/uapi/linux/capability.h: NET_ADMIN 12, SYS_ADMIN 21, PERFMON 38, BPF 39
  const NET_ADMIN = 1n << 12n;
  const SYS_ADMIN = 1n << 21n;
  const PERFMON = 1n << 38n;
  const BPF = 1n << 39n;
  const status = (effective: bigint, more = "") =>
    `Name:\tnode\nCapPrm:\t${effective.toString(16).padStart(16, "0")}\nCapEff:\t${effective.toString(16).padStart(16, "0")}\n${more}`;
  const whole = "         0          0 4294967295";

  it("are read from the process's status", () => {
    const files = {
      "proc/self/status": status(BPF | PERFMON, "NoNewPrivs:\t1\nSeccomp:\t2\n"),
      "proc/self/uid_map": whole,
    };
    expect(readCredentials(host(files))).toEqual({
      effective: BPF | PERFMON,
      permitted: BPF | PERFMON,
      noNewPrivileges: true,
      seccomp: true,
      initialUserNamespace: true,
    });
  });

  it("that are needed are three, and CAP_SYS_ADMIN stands for two of them", () => {
    expect(lacking(BPF | NET_ADMIN | PERFMON)).toEqual([]);
    expect(lacking(SYS_ADMIN | NET_ADMIN)).toEqual([]);
    expect(lacking(SYS_ADMIN)).toEqual(["NET_ADMIN"]);
    expect(lacking(0n)).toEqual(["BPF", "NET_ADMIN", "PERFMON"]);
  });

  it("that are kept are those, and CAP_SYS_ADMIN only where it stands for one", () => {
    expect(keptCapabilities((1n << 41n) - 1n)).toBe(BPF | NET_ADMIN | PERFMON);
    expect(keptCapabilities(SYS_ADMIN | NET_ADMIN | 1n)).toBe(SYS_ADMIN | NET_ADMIN);
  });

  it("of another user namespace do not count", () => {
    const files = {
      "proc/self/status": status((1n << 41n) - 1n),
      "proc/self/uid_map": "         0       1000          1",
    };
    expect(judgeCapabilities(readCredentials(host(files)), "EPERM")).toMatchObject({
      level: "error",
      message: expect.stringContaining("user namespace"),
    });
  });

  it("of others are worth a warning where everybody may load programs", () => {
    expect(judgeUnprivilegedBpf(host({ "proc/sys/kernel/unprivileged_bpf_disabled": "0" })).level).toBe(
      "warning",
    );
    expect(judgeUnprivilegedBpf(host({ "proc/sys/kernel/unprivileged_bpf_disabled": "2" })).level).toBe("ok");
  });
});

describe("limits", () => {
  const limits = (files: string, locked: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \n` +
    `Max locked memory         ${locked.padEnd(20)} unlimited            bytes     \n` +
    `Max open files            ${files.padEnd(20)} 1048576              files     \n`;

  it("of open files: refused below what the agent needs, a warning below its own limit", () => {
    const judge = (files: string) =>
      judgeFiles(host({ "proc/self/limits": limits(files, "unlimited") }), resources).level;
    expect(judge("127")).toBe("error");
    expect(judge("128")).toBe("warning");
    expect(judge("999")).toBe("warning");
    expect(judge("1000")).toBe("ok");
    expect(judge("unlimited")).toBe("ok");
  });

  it("of locked memory: count before kernel 5.11 alone, and not with CAP_SYS_RESOURCE", () => {
    const files = host({ "proc/self/limits": limits("1024", "8388608") });
    expect(judgeMemlock(files, { major: 5, minor: 10, patch: 200 }, 0n)).toMatchObject({
      level: "error",
      message: expect.stringContaining("8388608"),
    });
    expect(judgeMemlock(files, { major: 5, minor: 10, patch: 200 }, 1n << 24n).level).toBe("ok");
    expect(judgeMemlock(files, { major: 5, minor: 11, patch: 0 }, 0n).level).toBe("ok");
  });

  it("of memory: a warning where less is available than the agent may take", () => {
    const judge = (kibibytes: number) =>
      judgeMemory(host({ "proc/meminfo": `MemTotal: 9 kB\nMemAvailable:  ${kibibytes} kB\n` }), resources)
        .level;
    expect(judge(512 * 1024)).toBe("ok");
    expect(judge(512 * 1024 - 1)).toBe("warning");
  });
});

describe("security modules", () => {
  const PINS = "/sys/fs/bpf/pistonprotection";

  it("that are not there forbid nothing", () => {
    expect(judgeSecurityModules(host({}), PINS).level).toBe("ok");
  });

  it("SELinux: a container's ordinary type may not use BPF, spc_t may, and permissive forbids nothing", () => {
    const judge = (enforce: string, context: string) =>
      judgeSecurityModules(
        host({ "sys/fs/selinux/enforce": enforce, "proc/self/attr/current": `${context}\0` }),
        PINS,
      );
    expect(judge("1", "system_u:system_r:container_t:s0:c1,c2")).toMatchObject({
      level: "warning",
      help: expect.stringContaining("spc_t"),
    });
    expect(judge("1", "system_u:system_r:spc_t:s0")).toMatchObject({
      level: "ok",
      message: "SELinux enforcing, type spc_t",
    });
    expect(judge("0", "system_u:system_r:container_t:s0").level).toBe("ok");
  });

  it("AppArmor: a container's profile forbids pins below /sys, and not elsewhere", () => {
    const enforced = host({ "proc/self/attr/apparmor/current": "cri-containerd.apparmor.d (enforce)\n" });
    expect(judgeSecurityModules(enforced, PINS)).toMatchObject({
      level: "warning",
      message: expect.stringContaining("cri-containerd.apparmor.d"),
    });
    expect(judgeSecurityModules(enforced, "/run/pistonprotection/bpf").level).toBe("ok");
    expect(
      judgeSecurityModules(host({ "proc/self/attr/apparmor/current": "unconfined\n" }), PINS).level,
    ).toBe("ok");
  });

  it("lockdown: is named, and forbids this program nothing", () => {
    const locked = host({ "sys/kernel/security/lockdown": "none integrity [confidentiality]\n" });
    expect(judgeSecurityModules(locked, PINS)).toMatchObject({
      level: "ok",
      message: expect.stringContaining("lockdown confidentiality"),
    });
  });
});

describe("a container is known by", () => {
  it.each([
    [
      "kubernetes",
      "proc/self/cgroup",
      "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1f.scope\n",
    ],
    ["docker", ".dockerenv", ""],
    ["docker", "proc/self/cgroup", "12:cpu:/docker/1f00\n"],
    ["podman", "run/.containerenv", ""],
    ["cri-o", "proc/self/cgroup", "0::/system.slice/crio-1f.scope/../crio-1f\n0::/crio-1f\n"],
    ["container", "proc/self/mountinfo", "1 0 0:30 / / rw,relatime - overlay overlay rw,lowerdir=/l\n"],
  ])("%s: %s", (name, path, text) => {
    expect(detectContainer(host({ [path]: text }), {})).toBe(name);
  });

  it("Kubernetes' variables; and a host has none of it", () => {
    expect(detectContainer(host({}), { KUBERNETES_SERVICE_HOST: "10.0.0.1" })).toBe("kubernetes");
    const disk = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n";
    expect(
      detectContainer(host({ "proc/self/cgroup": "0::/user.slice\n", "proc/self/mountinfo": disk }), {}),
    ).toBeNull();
  });
});

describe("maps that an object declares", () => {
  it("take their values, rounded to eight bytes, for each CPU where they are per-CPU", () => {
    const map = { name: "m", keyBytes: 4, flags: 0 };
    expect(programMapBytes([{ ...map, type: "array", valueBytes: 12, maxEntries: 10 }], 4)).toBe(160);
    expect(programMapBytes([{ ...map, type: "percpu_array", valueBytes: 16, maxEntries: 10 }], 4)).toBe(640);
    expect(programMapBytes([{ ...map, type: "lru_hash", valueBytes: 8, maxEntries: 10 }], 4)).toBe(120);
    expect(
      programMapBytes([{ ...map, type: "ringbuf", keyBytes: 0, valueBytes: 0, maxEntries: 4096 }], 4),
    ).toBe(4096);
  });
});
