// Security modules of the kernel, and what each would forbid the agent.

import { type Finding, ok, warning } from "./finding.ts";
import type { Host } from "./host.ts";

const SYSFS = "/sys/";

/** `pinPath`: AppArmor's profiles for containers judge it by its name. */
export function judgeSecurityModules(host: Host, pinPath: string): Finding {
  const active = host.read("/sys/kernel/security/lsm");
  const said: string[] = [];
  if (host.read("/sys/fs/selinux/enforce") === "1") {
    const context = host.read("/proc/self/attr/current") ?? "";
    const type = context.split(":")[2] ?? "unknown";
    if (/^container(_\w+)?_t$/.test(type)) {
      return warning(
        "security-modules",
        `SELinux enforces, and the type ${type} may use neither bpf() nor bpffs`,
        "run the container with the type spc_t (securityContext.seLinuxOptions.type), or a policy of your own that allows class bpf",
      );
    }
    said.push(`SELinux enforcing, type ${type}`);
  }
  const profile = host.read("/proc/self/attr/apparmor/current") ?? host.read("/proc/self/attr/current") ?? "";
  const enforced = /^(\S+) \(enforce\)$/.exec(profile)?.[1];
  if (enforced !== undefined) {
    if (pinPath.startsWith(SYSFS)) {
      return warning(
        "security-modules",
        `the AppArmor profile ${enforced} of containers forbids writing below ${SYSFS}, where bundle.pinPath is (${pinPath})`,
        "mount the directory of the bpffs elsewhere, as the DaemonSet does (/run/pistonprotection/bpf), or set appArmorProfile.type: Unconfined",
      );
    }
    said.push(`AppArmor profile ${enforced}`);
  }
  const lockdown = /\[(\w+)\]/.exec(host.read("/sys/kernel/security/lockdown") ?? "")?.[1] ?? "none";
  // Confidentiality forbids programs to read kernel memory; ours reads packets and its maps.
  if (lockdown !== "none") said.push(`lockdown ${lockdown}, which does not concern the XDP program`);
  if (said.length === 0)
    said.push(active === null ? "none that shows itself" : `nothing in the way (${active})`);
  return ok("security-modules", said.join("; "));
}

/** `kubernetes`, `docker`, `containerd`, `cri-o`, `podman`, `container`, or null on a host. */
export function detectContainer(
  host: Host,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  const groups = `${host.read("/proc/self/cgroup") ?? ""}\n${host.read("/proc/self/mountinfo") ?? ""}`;
  if (/kubepods/.test(groups) || environment.KUBERNETES_SERVICE_HOST !== undefined) return "kubernetes";
  if (host.exists("/.dockerenv") || /\/docker[/-]/.test(groups)) return "docker";
  if (host.exists("/run/.containerenv") || /libpod/.test(groups)) return "podman";
  if (/\/crio-/.test(groups)) return "cri-o";
  if (/containerd/.test(groups)) return "containerd";
  // An overlay as the root is what every runtime makes, and no distribution installs.
  return / \/ \/ \S+ .*- overlay /.test(groups) ? "container" : null;
}

export function judgeContainer(container: string | null): Finding {
  return ok(
    "container",
    container === null ? "on the host, in no container" : `in a container (${container})`,
  );
}
