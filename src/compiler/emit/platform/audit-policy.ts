// What the API server writes down about the platform: a file for its `--audit-policy-file`, no object of the cluster.
// https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/

import type { SiteIr } from "../../../ir/site.ts";

interface AuditRule {
  readonly level: "None" | "Metadata" | "Request" | "RequestResponse";
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly { readonly group: string; readonly resources?: readonly string[] }[];
  readonly namespaces?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
}
type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

export interface AuditPolicy {
  readonly apiVersion: "audit.k8s.io/v1";
  readonly kind: "Policy";
  readonly omitStages: readonly AuditStage[];
  readonly rules: readonly AuditRule[];
}

/** Whose kinds the platform is made of, without the core's. */
const GROUPS = [
  "apps",
  "autoscaling",
  "batch",
  "policy",
  "networking.k8s.io",
  "cilium.io",
  "rbac.authorization.k8s.io",
  "external-secrets.io",
  "cert-manager.io",
  "monitoring.coreos.com",
];
const STATUS = ["", ...GROUPS].map((group) => ({ group, resources: ["*/status"] }));

/** The first rule that fits decides; what none fits is not written down. */
export function auditPolicy({ namespaces, backup }: SiteIr): AuditPolicy {
  const ours = [namespaces.platform.name, namespaces.workers.name];
  const changes = ["create", "update", "patch", "delete", "deletecollection"];
  return {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      // Never with their bodies, or the log would hold the secrets.
      { level: "Metadata", namespaces: ours, resources: [{ group: "", resources: ["secrets"] }] },
      // Bundles are a megabyte a piece, and named by their content.
      {
        level: "Metadata",
        namespaces: [namespaces.workers.name],
        resources: [{ group: "", resources: ["configmaps"] }],
      },
      // A shell in an agent's pod is a shell with the node's packets.
      {
        level: "Metadata",
        namespaces: ours,
        resources: [{ group: "", resources: ["pods/exec", "pods/attach", "pods/portforward"] }],
      },
      // Controllers write down there what they see, each second: nobody has decided anything.
      { level: "None", namespaces: ours, resources: STATUS },
      {
        level: "RequestResponse",
        namespaces: ours,
        verbs: changes,
        resources: [
          { group: "", resources: ["configmaps", "serviceaccounts", "services"] },
          ...GROUPS.map((group) => ({ group })),
        ],
      },
      ...(backup?.velero
        ? [
            {
              level: "RequestResponse" as const,
              namespaces: [namespaces.velero],
              verbs: changes,
              resources: [{ group: "velero.io" }],
            },
          ]
        : []),
      { level: "Metadata", namespaces: ours },
    ],
  };
}
