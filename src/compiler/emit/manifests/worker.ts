// A fleet to the DaemonSet of its agents, and what they share: the service account and the Service.

import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IIoK8sApiCoreV1Container } from "kubernetes-models/v1/Container";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { SiteIr } from "../../../ir/site.ts";
import {
  commonLabels,
  FLEET_LABEL,
  METRICS_PORT,
  REVISION_ANNOTATION,
  WORKER_APP,
  WORKERS_NAMESPACE,
} from "../kubernetes.ts";
import type { BundleObjects } from "./bundle-config-maps.ts";

/** ConfigMap with the public keys, `<name>.pem`. People make it: synthesis knows no keys. */
export const TRUST_NAME = "pistonprotection-trust";

const BUNDLE_PATH = "/bundle";
const TRUST_PATH = "/trust";
/** The agent's default pin path on the node, so that `piston status` there finds what the pod runs. */
const HOST_PIN_PATH = "/sys/fs/bpf/pistonprotection";
/**
 * Not under /sys: the container's sysfs is read-only, so the mount point could not be made there, and the AppArmor profile
 * that container runtimes apply denies writes below /sys/fs/bpf by path.
 */
const PIN_PATH = "/run/pistonprotection/bpf";
const USER_ID = 65532;
const MEBIBYTE = 2 ** 20;

export function serviceAccount(): IServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: WORKER_APP, namespace: WORKERS_NAMESPACE, labels: commonLabels("worker") },
    // The agent never talks to the API server: it has no token and no role.
    automountServiceAccountToken: false,
  };
}

/** Gives Prometheus without the operator its endpoints. */
export function metricsService(): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: WORKER_APP,
      namespace: WORKERS_NAMESPACE,
      labels: { app: WORKER_APP, ...commonLabels("worker") },
    },
    spec: {
      clusterIP: "None",
      selector: { app: WORKER_APP },
      // An agent that is not ready is the one whose metrics are wanted most.
      publishNotReadyAddresses: true,
      ports: [{ name: "metrics", port: METRICS_PORT, targetPort: "metrics", protocol: "TCP" }],
    },
  };
}

export function workerDaemonSet(
  fleet: CheckedFleet,
  bundle: BundleObjects,
  revision: string,
  site: SiteIr,
): IDaemonSet {
  const selector = { app: WORKER_APP, [FLEET_LABEL]: fleet.name };
  const labels = { ...selector, ...commonLabels("worker"), "app.kubernetes.io/instance": fleet.name };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: `${WORKER_APP}-${fleet.name}`,
      namespace: WORKERS_NAMESPACE,
      labels,
      annotations: { [REVISION_ANNOTATION]: revision },
    },
    spec: {
      selector: { matchLabels: selector },
      // One node after another, each ready for a while first: a bundle that a node refuses goes no further. Filtering does
      // not stop between two pods, because links and maps are pinned.
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      minReadySeconds: 5,
      revisionHistoryLimit: 10,
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: WORKER_APP,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // XDP attaches to the node's own interfaces.
          hostNetwork: true,
          dnsPolicy: "Default",
          priorityClassName: "system-node-critical",
          terminationGracePeriodSeconds: 15,
          nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", ...fleet.nodeSelector },
          // A tainted node gets packets as any other does.
          tolerations: [{ operator: "Exists" }],
          initContainers: [ownPins(site)],
          containers: [agent(fleet, bundle.generation, site)],
          volumes: [
            { name: "bundle", projected: { defaultMode: 0o444, sources: [...bundle.sources] } },
            // Optional, so that the pod starts and says which key it lacks. Without a key it takes no bundle.
            { name: "trust", configMap: { name: TRUST_NAME, defaultMode: 0o444, optional: true } },
            { name: "pins", hostPath: { path: HOST_PIN_PATH, type: "DirectoryOrCreate" } },
          ],
        },
      },
    },
  };
}

/** The kubelet makes the directory as root; the agent is not root. */
function ownPins(site: SiteIr): IIoK8sApiCoreV1Container {
  return {
    name: "own-pins",
    image: site.images.agent,
    command: ["chown", `${USER_ID}:${USER_ID}`, PIN_PATH],
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "100m", memory: "32Mi" } },
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: ["CHOWN"] },
      seccompProfile: { type: "RuntimeDefault" },
      seLinuxOptions: { type: "spc_t" },
    },
    volumeMounts: [{ name: "pins", mountPath: PIN_PATH }],
  };
}

function agent(fleet: CheckedFleet, generation: string, site: SiteIr): IIoK8sApiCoreV1Container {
  const probe = (path: string) => ({
    httpGet: { path, port: "metrics", scheme: "HTTP" as const },
    timeoutSeconds: 2,
  });
  const memory = memoryLimit(fleet.memoryBudgetBytes);
  return {
    name: "agent",
    image: site.images.agent,
    args: [
      "node",
      "--bundle",
      BUNDLE_PATH,
      ...fleet.interfaces.flatMap((name) => ["--interface", name]),
      "--trust",
      TRUST_PATH,
      "--pin-path",
      PIN_PATH,
      "--json",
      "--metrics-address",
      `:${METRICS_PORT}`,
    ],
    ports: [{ name: "metrics", containerPort: METRICS_PORT, hostPort: METRICS_PORT, protocol: "TCP" }],
    startupProbe: { ...probe("/healthz"), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe("/healthz"), periodSeconds: 10, failureThreshold: 3 },
    // Of this pod's bundle, not of one that the agent has adopted: a bundle that is refused stops the roll-out here.
    readinessProbe: { ...probe(`/readyz?generation=${generation}`), periodSeconds: 5, failureThreshold: 2 },
    // Requests equal limits: a node short of memory evicts others first.
    resources: { requests: { cpu: "500m", memory }, limits: { cpu: "500m", memory } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      readOnlyRootFilesystem: true,
      privileged: false,
      // The capabilities come to a user that is not root as file capabilities of the image's Node.js. no_new_privs lets
      // them be, because the runtime has them permitted already (docs/adr/0006-agent-without-root.md).
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"], add: ["BPF", "NET_ADMIN", "PERFMON"] },
      // Allows bpf() where CAP_BPF is given: containerd 1.6.9 (pull request 7301), Docker 23 (43987) and newer.
      seccompProfile: { type: "RuntimeDefault" },
      // Where SELinux enforces, an ordinary container may not use the BPF file system; elsewhere this says nothing.
      seLinuxOptions: { type: "spc_t" },
    },
    volumeMounts: [
      { name: "bundle", mountPath: BUNDLE_PATH, readOnly: true },
      { name: "trust", mountPath: TRUST_PATH, readOnly: true },
      { name: "pins", mountPath: PIN_PATH },
    ],
  };
}

/**
 * 256 MiB for the agent and the state maps, and the fleet's tables three times: the generation that serves, the one before
 * it, and the one being built. The kernel charges a map to the container that makes it (memory cgroups, Linux 5.11).
 */
export function memoryLimit(memoryBudgetBytes: number): string {
  return `${256 + 3 * Math.ceil(memoryBudgetBytes / MEBIBYTE)}Mi`;
}
