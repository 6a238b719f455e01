// Argo CD's side of the sync: a project that may touch nothing but what is emitted here, and an Application for each path.

import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IAppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import type { SiteIr } from "../../../ir/site.ts";
import { CLUSTER_PATH, commonLabels, MONITORING_PATH, NAMESPACE, WORKERS_NAMESPACE } from "../kubernetes.ts";

const ARGO_NAMESPACE = "argocd";
const SERVER = "https://kubernetes.default.svc";

export function argoCd(site: SiteIr): [IAppProject, ...IApplication[]] {
  return [
    project(site),
    application("pistonprotection", CLUSTER_PATH, site),
    application("pistonprotection-monitoring", MONITORING_PATH, site),
  ];
}

function project(site: SiteIr): IAppProject {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "pistonprotection", namespace: ARGO_NAMESPACE, labels: commonLabels("sync") },
    spec: {
      description: "PistonProtection: what `piston synth` emits, and nothing else",
      sourceRepos: [site.source.repository],
      destinations: [NAMESPACE, WORKERS_NAMESPACE].map((namespace) => ({ server: SERVER, namespace })),
      clusterResourceWhitelist: [{ group: "", kind: "Namespace" }],
      namespaceResourceWhitelist: [
        { group: "", kind: "ConfigMap" },
        { group: "", kind: "Service" },
        { group: "", kind: "ServiceAccount" },
        { group: "apps", kind: "DaemonSet" },
        { group: "monitoring.coreos.com", kind: "PodMonitor" },
        { group: "monitoring.coreos.com", kind: "PrometheusRule" },
      ],
    },
  };
}

function application(name: string, path: string, site: SiteIr): IApplication {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    // No finalizer: deleting the Application leaves the filter on.
    metadata: { name, namespace: ARGO_NAMESPACE, labels: commonLabels("sync") },
    spec: {
      project: "pistonprotection",
      source: {
        repoURL: site.source.repository,
        targetRevision: site.source.branch,
        path: `${site.source.directory}/${site.root}${path}`,
        directory: { recurse: true },
      },
      destination: { server: SERVER, namespace: WORKERS_NAMESPACE },
      syncPolicy: {
        automated: { prune: true, selfHeal: true, allowEmpty: false },
        syncOptions: [
          // Deletes only after everything new is healthy: the bundle that serves stays until its successor does.
          "PruneLast=true",
          // Client-side apply copies an object into an annotation of at most 256 KiB, which a bundle's shard exceeds.
          "ServerSideApply=true",
          "FailOnSharedResource=true",
        ],
        retry: { limit: 5, backoff: { duration: "10s", factor: 2, maxDuration: "5m" } },
      },
    },
  };
}
