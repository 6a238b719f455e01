// A fleet to the DaemonSet of its agents, and what they share: the service account and the Service.

import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IIoK8sApiCoreV1Container } from "kubernetes-models/v1/Container";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { FleetDeploymentIr, Resources, SiteIr } from "../../../ir/site.ts";
import {
  AGENT_PRIORITY,
  commonLabels,
  FLEET_LABEL,
  METRICS_PORT,
  placed,
  REVISION_ANNOTATION,
  WORKER_APP,
} from "../kubernetes.ts";
import { guaranteed } from "../restricted-pod.ts";
import { BUNDLE_PATH, CONFIG_FILE, TRUST_PATH } from "./agent-config.ts";
import type { BundleObjects } from "./bundle-config-maps.ts";
import { workerResources } from "./worker-resources.ts";

/** ConfigMap with the public keys, `<name>.pem`. People make it: synthesis knows no keys. */
const TRUST_NAME = "pistonprotection-trust";

/** The agent's default pin path on the node, so that `piston status` there finds what the pod runs. */
const HOST_PIN_PATH = "/sys/fs/bpf/pistonprotection";
/**
 * Not under /sys: the container's sysfs is read-only, so the mount point could not be made there, and the AppArmor profile
 * that container runtimes apply denies writes below /sys/fs/bpf by path.
 */
const PIN_PATH = "/run/pistonprotection/bpf";
const CONFIG_PATH = "/etc/pistonprotection";
const AGENT = "agent";
/** The one that `kubectl exec` and `kubectl logs` mean where nobody names one. */
const DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container";
const USER_ID = 65532;

export function serviceAccount({ namespaces }: SiteIr): IServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: WORKER_APP, namespace: namespaces.workers.name, labels: commonLabels("worker") },
    // The agent never talks to the API server: it has no token and no role.
    automountServiceAccountToken: false,
  };
}

/** Gives Prometheus without the operator its endpoints. */
export function metricsService({ namespaces }: SiteIr): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: WORKER_APP,
      namespace: namespaces.workers.name,
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

export interface WorkerParts {
  readonly bundle: BundleObjects;
  readonly config: IConfigMap;
  readonly revision: string;
}

/**
 * There is no PodDisruptionBudget: draining a node leaves a DaemonSet's pods alone, and the disruption controller can not count
 * what has no scale. `maxUnavailable` limits what a roll-out takes at once.
 */
export function workerDaemonSet(
  fleet: CheckedFleet,
  deployment: FleetDeploymentIr,
  site: SiteIr,
  { bundle, config, revision }: WorkerParts,
): IDaemonSet {
  const { nodePool, maxUnavailable } = deployment;
  const selector = { app: WORKER_APP, [FLEET_LABEL]: fleet.name };
  const labels = { ...selector, ...commonLabels("worker"), "app.kubernetes.io/instance": fleet.name };
  const daemonSet: IDaemonSet = {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: `${WORKER_APP}-${fleet.name}`,
      namespace: site.namespaces.workers.name,
      labels,
      annotations: { [REVISION_ANNOTATION]: revision },
    },
    spec: {
      selector: { matchLabels: selector },
      // Node after node, each ready for a while first: a bundle that a node refuses goes no further. Filtering does
      // not stop between two pods, because links and maps are pinned.
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable } },
      minReadySeconds: 5,
      revisionHistoryLimit: 10,
      template: {
        metadata: { labels, annotations: { [DEFAULT_CONTAINER_ANNOTATION]: AGENT } },
        spec: {
          serviceAccountName: WORKER_APP,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          // XDP attaches to the node's own interfaces.
          hostNetwork: true,
          dnsPolicy: "Default",
          priorityClassName: AGENT_PRIORITY,
          // Longer than the agent's own deadline for stopping in order.
          terminationGracePeriodSeconds: 45,
          nodeSelector: {
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            ...nodePool?.labels,
            ...fleet.nodeSelector,
          },
          // A tainted node gets packets as any other does.
          tolerations: [{ operator: "Exists" }],
          initContainers: [ownPins(site)],
          containers: [agent(bundle.generation, workerResources(deployment.tier, fleet), site)],
          volumes: [
            { name: "bundle", projected: { defaultMode: 0o444, sources: [...bundle.sources] } },
            // Optional, so that the pod starts and says which key it lacks. Without a key it takes no bundle.
            { name: "trust", configMap: { name: TRUST_NAME, defaultMode: 0o444, optional: true } },
            { name: "config", configMap: { name: config.metadata?.name ?? "", defaultMode: 0o444 } },
            { name: "pins", hostPath: { path: HOST_PIN_PATH, type: "DirectoryOrCreate" } },
          ],
        },
      },
    },
  };
  return placed(daemonSet, deployment.location);
}

/** The kubelet makes the directory as root; the agent is not root. */
function ownPins(site: SiteIr): IIoK8sApiCoreV1Container {
  return {
    name: "own-pins",
    image: site.images.agent,
    command: ["chown", `${USER_ID}:${USER_ID}`, PIN_PATH],
    // As the agent's: one container whose requests are not its limits, and the pod is Burstable.
    resources: guaranteed({ cpu: "100m", memory: "32Mi" }),
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

function agent(generation: string, resources: Resources, site: SiteIr): IIoK8sApiCoreV1Container {
  const probe = (path: string) => ({
    httpGet: { path, port: "metrics", scheme: "HTTP" as const },
    timeoutSeconds: 2,
  });
  return {
    name: AGENT,
    image: site.images.agent,
    args: ["node", "--config", `${CONFIG_PATH}/${CONFIG_FILE}`],
    // An environment variable, for the agent and for `piston status` beside it.
    env: [{ name: "PISTON_BUNDLE_PIN_PATH", value: PIN_PATH }],
    ports: [{ name: "metrics", containerPort: METRICS_PORT, hostPort: METRICS_PORT, protocol: "TCP" }],
    startupProbe: { ...probe("/healthz"), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe("/healthz"), periodSeconds: 10, failureThreshold: 3 },
    // Of this pod's bundle, not of one that the agent has adopted: a bundle that is refused stops the roll-out here.
    readinessProbe: { ...probe(`/readyz?generation=${generation}`), periodSeconds: 5, failureThreshold: 2 },
    resources: guaranteed(resources),
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
      { name: "config", mountPath: CONFIG_PATH, readOnly: true },
      { name: "pins", mountPath: PIN_PATH },
    ],
  };
}
