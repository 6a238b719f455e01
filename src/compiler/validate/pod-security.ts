// Pods against the level that their namespace enforces: the Pod Security Standards of Kubernetes 1.34, rule by rule.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/

import type { INamespace } from "kubernetes-models/v1/Namespace";
import { as, type Emitted, nameOf, namespaceOf } from "./emitted.ts";
import { type Container, containersOf, type PodSpec, podOf } from "./pods.ts";
import type { Report } from "./report.ts";

export type Level = "privileged" | "baseline" | "restricted";

export interface Violation {
  readonly level: "baseline" | "restricted";
  /** Name of the control in the standard. */
  readonly control: string;
  readonly message: string;
  readonly help: string;
}

export function checkPodSecurity(emitted: readonly Emitted[], report: Report): void {
  const levels = new Map<string, Level>();
  for (const { object } of emitted) {
    const labels = as<INamespace>("Namespace", object)?.metadata?.labels;
    const level = labels?.["pod-security.kubernetes.io/enforce"];
    if (level === undefined) continue;
    levels.set(object.metadata.name, level as Level);
  }
  for (const { object, location } of emitted) {
    const pod = podOf(object);
    const level = levels.get(namespaceOf(object)) ?? "privileged";
    if (!pod || level === "privileged") continue;
    for (const violation of violations(pod.spec)) {
      if (level === "baseline" && violation.level === "restricted") continue;
      report.add({
        code: `pod-security-${violation.level}`,
        message: `${nameOf(object)}: ${violation.message} (${violation.control}), and namespace ${namespaceOf(object)} is ${level}`,
        help: violation.help,
        location,
        mark: { value: object.metadata.name },
      });
    }
  }
}

const BASELINE_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);
const SELINUX_TYPES = new Set([
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
]);
const SAFE_SYSCTLS = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);
const RESTRICTED_VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);
const PROFILES = ["RuntimeDefault", "Localhost"];

function violations(pod: PodSpec): Violation[] {
  const found: Violation[] = [];
  const containers = containersOf(pod);
  baseline();
  restricted();
  return found;

  function add(level: Violation["level"], control: string, message: string, help: string): void {
    found.push({ level, control, message, help });
  }
  function each(
    level: Violation["level"],
    control: string,
    test: (one: Container) => string | null,
    help: string,
  ): void {
    for (const container of containers) {
      const message = test(container);
      if (message !== null) add(level, control, `container \`${container.name}\` ${message}`, help);
    }
  }

  function baseline(): void {
    const host = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => pod[field]);
    if (host.length > 0)
      add(
        "baseline",
        "host namespaces",
        `the pod has ${host.join(", ")}`,
        "leave it out, or run the pod in a privileged namespace",
      );
    each(
      "baseline",
      "privileged containers",
      ({ securityContext }) => (securityContext?.privileged ? "is privileged" : null),
      "write `privileged: false`",
    );
    each(
      "baseline",
      "capabilities",
      ({ securityContext }) => {
        const added = (securityContext?.capabilities?.add ?? []).filter(
          (name) => !BASELINE_CAPABILITIES.has(name),
        );
        return added.length > 0 ? `adds ${added.join(", ")}` : null;
      },
      "leave the capabilities out, or run the pod in a privileged namespace",
    );
    const hostPaths = (pod.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => `\`${name}\``);
    if (hostPaths.length > 0)
      add(
        "baseline",
        "hostPath volumes",
        `${hostPaths.join(", ")} is a path of the node`,
        "use an emptyDir or a claim, or a privileged namespace",
      );
    each(
      "baseline",
      "host ports",
      ({ ports = [] }) => {
        const taken = ports.flatMap(({ hostPort }) => hostPort || []);
        return taken.length > 0 ? `takes port ${taken.join(", ")} of the node` : null;
      },
      "leave `hostPort` out",
    );
    each(
      "baseline",
      "host probes",
      ({ livenessProbe, readinessProbe, startupProbe, lifecycle }) =>
        [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].some(
          (one) => one?.httpGet?.host || one?.tcpSocket?.host,
        )
          ? "has a probe that names a host"
          : null,
      "leave `host` out: a probe asks the pod itself",
    );
    for (const [of, context] of contexts()) {
      const profile = context?.appArmorProfile?.type;
      if (profile !== undefined && ![...PROFILES, ""].includes(profile))
        add(
          "baseline",
          "AppArmor",
          `${of} has the AppArmor profile ${profile}`,
          "write RuntimeDefault, or leave it out",
        );
      const selinux = context?.seLinuxOptions;
      if (selinux && (!SELINUX_TYPES.has(selinux.type ?? "") || selinux.user || selinux.role))
        add("baseline", "SELinux", `${of} has SELinux options of its own`, "leave `seLinuxOptions` out");
      if (context?.seccompProfile?.type === "Unconfined")
        add(
          "baseline",
          "seccomp",
          `${of} is without seccomp`,
          'write `seccompProfile: { type: "RuntimeDefault" }`',
        );
      if (context?.windowsOptions?.hostProcess)
        add("baseline", "host processes", `${of} is a process of the host`, "leave `hostProcess` out");
    }
    each(
      "baseline",
      "/proc mount type",
      ({ securityContext }) =>
        (securityContext?.procMount ?? "Default") === "Default" ? null : "sees all of /proc",
      "leave `procMount` out",
    );
    const sysctls = (pod.securityContext?.sysctls ?? [])
      .map(({ name }) => name)
      .filter((name) => !SAFE_SYSCTLS.has(name));
    if (sysctls.length > 0)
      add("baseline", "sysctls", `the pod sets ${sysctls.join(", ")}`, "set it on the node");
  }

  function restricted(): void {
    for (const volume of pod.volumes ?? []) {
      const kind = Object.keys(volume).find((key) => key !== "name");
      if (kind !== undefined && kind !== "hostPath" && !RESTRICTED_VOLUMES.has(kind))
        add(
          "restricted",
          "volume types",
          `volume \`${volume.name}\` is of type ${kind}`,
          `use one of ${[...RESTRICTED_VOLUMES].join(", ")}`,
        );
    }
    each(
      "restricted",
      "privilege escalation",
      ({ securityContext }) =>
        securityContext?.allowPrivilegeEscalation === false ? null : "may gain privileges",
      "write `allowPrivilegeEscalation: false` in its securityContext",
    );
    each(
      "restricted",
      "running as non-root",
      ({ securityContext }) =>
        (securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) === true
          ? null
          : "may run as root",
      "write `runAsNonRoot: true` in the pod's securityContext",
    );
    for (const [of, context] of contexts())
      if (context?.runAsUser === 0)
        add("restricted", "running as non-root user", `${of} runs as user 0`, "write another `runAsUser`");
    each(
      "restricted",
      "seccomp",
      ({ securityContext }) =>
        // Unconfined is the baseline's to tell.
        [...PROFILES, "Unconfined"].includes(
          securityContext?.seccompProfile?.type ?? pod.securityContext?.seccompProfile?.type ?? "",
        )
          ? null
          : "has no seccomp profile",
      'write `seccompProfile: { type: "RuntimeDefault" }` in the pod\'s securityContext',
    );
    each(
      "restricted",
      "capabilities",
      ({ securityContext }) => {
        const { drop = [], add: added = [] } = securityContext?.capabilities ?? {};
        if (!drop.includes("ALL")) return "keeps capabilities";
        const more = added.filter((name) => name !== "NET_BIND_SERVICE" && BASELINE_CAPABILITIES.has(name));
        return more.length > 0 ? `adds ${more.join(", ")}` : null;
      },
      'write `capabilities: { drop: ["ALL"] }`, and add NET_BIND_SERVICE at most',
    );
  }

  function contexts(): [string, Container["securityContext"]][] {
    return [
      ["the pod", pod.securityContext],
      ...containers.map((one): [string, Container["securityContext"]] => [
        `container \`${one.name}\``,
        one.securityContext,
      ]),
    ];
  }
}
