// The site's configuration backup to its objects: a CronJob that reads the platform's own objects as they are in the cluster and
// puts them into the bucket. Secrets are not among them: their store has them, and the job's role does not let it read them.

import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";
import {
  API_SERVER,
  app,
  ciliumNetworkPolicies,
  dnsFlows,
  type Flow,
  networkPolicies,
  tcp,
  WORLD,
} from "../network-flows.ts";
import {
  fromSecret,
  guaranteed,
  onNodes,
  RESTRICTED_CONTAINER,
  restrictedPod,
  USER_ID,
} from "../restricted-pod.ts";

const CLUSTER_BACKUP = "cluster-backup";
const SCRIPTS = "cluster-backup-scripts";
const SCRIPT_PATH = "/scripts";

interface Exported {
  readonly group: string;
  readonly resources: readonly string[];
}

/** What is read, and no more than what the role allows: kinds that the cluster serves only with an operator are left out without it. */
function exported({ cilium, secrets, certificates, prometheus }: SiteIr): Exported[] {
  const kinds: (Exported & { readonly isThere: boolean })[] = [
    {
      group: "",
      resources: ["configmaps", "services", "serviceaccounts"],
      isThere: true,
    },
    { group: "apps", resources: ["daemonsets", "deployments", "statefulsets"], isThere: true },
    { group: "autoscaling", resources: ["horizontalpodautoscalers"], isThere: true },
    { group: "batch", resources: ["cronjobs"], isThere: true },
    { group: "networking.k8s.io", resources: ["networkpolicies", "ingresses"], isThere: true },
    { group: "policy", resources: ["poddisruptionbudgets"], isThere: true },
    { group: "rbac.authorization.k8s.io", resources: ["roles", "rolebindings"], isThere: true },
    { group: "cilium.io", resources: ["ciliumnetworkpolicies"], isThere: cilium },
    {
      group: "external-secrets.io",
      resources: ["externalsecrets", "secretstores"],
      isThere: secrets.store !== null,
    },
    { group: "cert-manager.io", resources: ["certificates", "issuers"], isThere: certificates !== null },
    {
      group: "monitoring.coreos.com",
      resources: ["podmonitors", "servicemonitors", "prometheusrules"],
      isThere: prometheus.operator,
    },
  ];
  return kinds.filter(({ isThere }) => isThere).map(({ group, resources }) => ({ group, resources }));
}

export function clusterBackup(site: SiteIr): KubernetesObject[] {
  const configuration = site.backup?.configuration;
  if (!configuration) return [];
  const { platform, workers } = site.namespaces;
  const labels = { app: CLUSTER_BACKUP, ...commonLabels("backup") };
  const metadata = (name: string, namespace = platform.name) => ({ name, namespace, labels });
  const account: IServiceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(CLUSTER_BACKUP),
    automountServiceAccountToken: false,
  };
  const roles = [platform.name, workers.name].flatMap((namespace): [IRole, IRoleBinding] => [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: metadata(CLUSTER_BACKUP, namespace),
      rules: exported(site).map(({ group, resources }) => ({
        apiGroups: [group],
        resources: [...resources],
        verbs: ["get", "list"],
      })),
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: metadata(CLUSTER_BACKUP, namespace),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: CLUSTER_BACKUP },
      subjects: [{ kind: "ServiceAccount", name: CLUSTER_BACKUP, namespace: platform.name }],
    },
  ]);
  const scripts: IConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(SCRIPTS),
    data: { "export.sh": exportScript(site) },
  };
  return [
    account,
    ...roles,
    scripts,
    cronJob(site, configuration, metadata(CLUSTER_BACKUP)),
    ...networkPolicies(platform.name, APPS, FLOWS),
  ];
}

type Configuration = NonNullable<NonNullable<SiteIr["backup"]>["configuration"]>;

function cronJob(site: SiteIr, configuration: Configuration, metadata: ICronJob["metadata"]): ICronJob {
  const { bucket = "", region = "" } = site.backup ?? {};
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    ...(metadata ? { metadata } : {}),
    spec: {
      schedule: configuration.schedule,
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 900,
          template: {
            metadata: { labels: { app: CLUSTER_BACKUP, ...commonLabels("backup") } },
            spec: {
              serviceAccountName: CLUSTER_BACKUP,
              automountServiceAccountToken: true,
              enableServiceLinks: false,
              // A pod for each try, so that the log of one that failed stays.
              restartPolicy: "Never",
              securityContext: restrictedPod(USER_ID),
              ...onNodes(null),
              containers: [
                {
                  name: "export",
                  image: site.images.backup,
                  command: ["sh", `${SCRIPT_PATH}/export.sh`],
                  env: [
                    { name: "HOME", value: "/tmp" },
                    { name: "AWS_DEFAULT_REGION", value: region },
                    { name: "TARGET", value: `s3://${bucket}/${configuration.prefix}` },
                    fromSecret("AWS_ACCESS_KEY_ID", configuration.accessKeyId),
                    fromSecret("AWS_SECRET_ACCESS_KEY", configuration.secretAccessKey),
                  ],
                  resources: guaranteed({ cpu: "250m", memory: "256Mi" }),
                  securityContext: RESTRICTED_CONTAINER,
                  volumeMounts: [
                    { name: "scripts", mountPath: SCRIPT_PATH, readOnly: true },
                    { name: "tmp", mountPath: "/tmp" },
                  ],
                },
              ],
              volumes: [
                { name: "scripts", configMap: { name: SCRIPTS, defaultMode: 0o444 } },
                { name: "tmp", emptyDir: { sizeLimit: "512Mi" } },
              ],
            },
          },
        },
      },
    },
  };
}

/**
 * What the API server has added of its own, and would refuse or take amiss in an object that is made anew; and what every namespace
 * has without us. The rest is as it was.
 */
const MADE_BY_THE_CLUSTER = `{apiVersion: "v1", kind: "List", items: [.items[]
  | select(.metadata.name != "kube-root-ca.crt")
  | del(.status, .metadata.uid, .metadata.resourceVersion, .metadata.creationTimestamp, .metadata.generation,
        .metadata.managedFields, .metadata.selfLink)
  | if .kind == "Service" and .spec.clusterIP != "None" then del(.spec.clusterIP, .spec.clusterIPs) else . end]}`;

/** One file for each namespace and kind. The shell stops at the first that cannot be read: half a backup has no name. */
function exportScript(site: SiteIr): string {
  const { platform, workers } = site.namespaces;
  const kinds = exported(site).flatMap(({ group, resources }) =>
    resources.map((resource) => (group === "" ? resource : `${resource}.${group}`)),
  );
  return `set -eu
cd /tmp
name="configuration-$(date -u +%Y%m%d-%H%M%S)"
rm -rf "$name" "$name.tar.gz"
mkdir "$name"
for namespace in ${platform.name} ${workers.name}; do
  for kind in ${kinds.join(" ")}; do
    kubectl get "$kind" --namespace="$namespace" --output=json > raw.json
    jq '${MADE_BY_THE_CLUSTER}' raw.json > "$name/$namespace.$kind.json"
  done
done
tar -czf "$name.tar.gz" "$name"
aws s3 cp --only-show-errors "$name.tar.gz" "$TARGET$name.tar.gz"
rm -rf "$name" "$name.tar.gz" raw.json
echo "$TARGET$name.tar.gz"
`;
}

const APPS = [CLUSTER_BACKUP];
const FLOWS: readonly Flow[] = [
  ...dnsFlows(APPS),
  { from: app(CLUSTER_BACKUP), to: API_SERVER, ports: [tcp(443), tcp(6443)] },
  { from: app(CLUSTER_BACKUP), to: WORLD, ports: [tcp(443)] },
];

export function clusterBackupForCilium(site: SiteIr): KubernetesObject[] {
  if (!site.backup?.configuration || !site.cilium) return [];
  return ciliumNetworkPolicies(site.namespaces.platform.name, APPS, FLOWS);
}
