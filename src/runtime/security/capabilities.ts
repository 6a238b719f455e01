// Effective capabilities of this process against what the agent needs.

import { dropCapabilities } from "../bpf/index.ts";
import { error, type Finding, ok, warning } from "./finding.ts";
import type { Host } from "./host.ts";

/** include/uapi/linux/capability.h */
export const CAPABILITY = { NET_ADMIN: 12, SYS_ADMIN: 21, SYS_RESOURCE: 24, PERFMON: 38, BPF: 39 } as const;
export type Capability = keyof typeof CAPABILITY;

/** Load programs and maps; attach to interfaces; what the verifier asks of a program with pointer arithmetic. */
const NEEDED = ["BPF", "NET_ADMIN", "PERFMON"] as const satisfies readonly Capability[];

export interface ProcessCredentials {
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly noNewPrivileges: boolean;
  /** A seccomp filter judges this process's system calls. */
  readonly seccomp: boolean;
  /** Capabilities of another user namespace count for nothing in bpf(). */
  readonly initialUserNamespace: boolean;
}

/** Of /proc/<process>/status and uid_map. */
export function readCredentials(host: Host, process = "self"): ProcessCredentials {
  const status = host.read(`/proc/${process}/status`) ?? "";
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "0";
  const map = host.read(`/proc/${process}/uid_map`);
  return {
    effective: BigInt(`0x${field("CapEff")}`),
    permitted: BigInt(`0x${field("CapPrm")}`),
    noNewPrivileges: field("NoNewPrivs") === "1",
    seccomp: field("Seccomp") === "2",
    initialUserNamespace: map === null || /^0\s+0\s+4294967295$/.test(map),
  };
}

export function has(set: bigint, capability: Capability): boolean {
  return ((set >> BigInt(CAPABILITY[capability])) & 1n) === 1n;
}

/** Of those that the agent knows; others by their number. */
export function capabilityNames(set: bigint): string[] {
  const known = new Map<number, string>(
    Object.entries(CAPABILITY).map(([name, bit]) => [bit, `CAP_${name}`]),
  );
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((set >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => known.get(bit) ?? `CAP_${bit}`);
}

/** CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, as it did before kernel 5.8. */
export function lacking(set: bigint): Capability[] {
  return NEEDED.filter((one) => !has(set, one) && !(one !== "NET_ADMIN" && has(set, "SYS_ADMIN")));
}

export function judgeCapabilities(credentials: ProcessCredentials, denied: string | null): Finding {
  const missing = lacking(credentials.effective).map((one) => `CAP_${one}`);
  if (missing.length > 0) {
    const names = missing.map((one) => one.toLowerCase()).join(",");
    const add = missing.map((one) => one.slice("CAP_".length)).join(", ");
    return error(
      "capabilities",
      `the agent lacks ${missing.join(", ")}`,
      `run it as root, or with setpriv --ambient-caps, or setcap ${names}+ep on node; in Kubernetes securityContext.capabilities.add: [${add}]`,
    );
  }
  if (!credentials.initialUserNamespace) {
    return error(
      "capabilities",
      "the agent is in a user namespace of its own, where capabilities do not reach BPF",
      "run it in the node's user namespace: no rootless container, and hostUsers: true in Kubernetes",
    );
  }
  if (denied !== null) {
    const by = credentials.seccomp ? "the seccomp filter of its container" : "a security module, or lockdown";
    return error(
      "capabilities",
      `the agent has its capabilities, and bpf() is denied all the same (${denied}): by ${by}`,
      credentials.seccomp
        ? "use a seccomp profile that allows bpf to CAP_BPF (containerd 1.6.9, Docker 23), or a Localhost profile; see docs/adr/0006-agent-without-root.md"
        : "see dmesg and the audit log for what denied it",
    );
  }
  return ok("capabilities", `CAP_${NEEDED.join(", CAP_")}`);
}

/** Anybody's programs beside ours are none of our doing, and yet worth knowing. */
export function judgeUnprivilegedBpf(host: Host): Finding {
  if (host.read("/proc/sys/kernel/unprivileged_bpf_disabled") !== "0")
    return ok("unprivileged-bpf", "only privileged processes may use BPF");
  const help = "sysctl -w kernel.unprivileged_bpf_disabled=1";
  return warning("unprivileged-bpf", "every process of this host may load BPF programs", help);
}

/** What is kept: what later generations, roll-backs and returning interfaces need. */
export function keptCapabilities(permitted: bigint): bigint {
  let keep = 0n;
  for (const one of NEEDED) {
    const kept: Capability = has(permitted, one) || one === "NET_ADMIN" ? one : "SYS_ADMIN";
    keep |= 1n << BigInt(CAPABILITY[kept]);
  }
  return keep & permitted;
}

/**
 * Drops every other capability on every thread, for good, and sets no_new_privs. Gives the threads that it did not reach,
 * by name.
 */
export function dropOthers(host: Host, threads: () => readonly string[]): readonly string[] {
  const { permitted } = readCredentials(host);
  const keep = keptCapabilities(permitted);
  dropCapabilities(keep);
  return threads().flatMap((thread) => {
    const left = readCredentials(host, `self/task/${thread}`);
    const dropped = (left.permitted & ~keep) === 0n && left.noNewPrivileges;
    return dropped ? [] : [host.read(`/proc/self/task/${thread}/comm`) ?? thread];
  });
}
