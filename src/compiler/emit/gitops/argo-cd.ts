// Argo CD's side of the sync: a project that may touch nothing but what is emitted here, and an Application for each folder.

import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IAppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";
import { nameIn } from "./names.ts";
import { groupOf, type SyncedFolder, unique } from "./synced.ts";

export function argoCd(site: SiteIr, folders: readonly SyncedFolder[]): KubernetesObject[] {
  return [project(site, folders), ...folders.map((folder) => application(site, folder))];
}

function project(site: SiteIr, folders: readonly SyncedFolder[]): IAppProject {
  const objects = folders.flatMap((folder) => folder.objects);
  const isInNamespace = ({ metadata }: KubernetesObject) => metadata?.namespace !== undefined;
  const namespaces = unique([
    site.namespaces.workers.name,
    ...objects.flatMap(({ metadata }) => metadata?.namespace ?? []),
  ]);
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: nameIn(site), namespace: site.namespaces.argoCd, labels: commonLabels("sync") },
    spec: {
      description: "PistonProtection: what `piston synth` emits, and nothing else",
      sourceRepos: [site.source.repository],
      destinations: namespaces.map((namespace) => ({ server: site.gitops.server, namespace })),
      clusterResourceWhitelist: kindsOf(objects.filter((object) => !isInNamespace(object))),
      namespaceResourceWhitelist: kindsOf(objects.filter(isInNamespace)),
    },
  };
}

function kindsOf(objects: readonly KubernetesObject[]): { group: string; kind: string }[] {
  return unique(objects.map((object) => `${groupOf(object)}/${object.kind}`)).map((key) => {
    const [group = "", kind = ""] = key.split("/");
    return { group, kind };
  });
}

function application(site: SiteIr, { suffix, path }: SyncedFolder): IApplication {
  const { repository, branch, directory } = site.source;
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    // No finalizer: deleting the Application leaves the filter on.
    metadata: {
      name: nameIn(site, suffix),
      namespace: site.namespaces.argoCd,
      labels: commonLabels("sync"),
    },
    spec: {
      project: nameIn(site),
      source: {
        repoURL: repository,
        targetRevision: branch,
        path: `${directory}/${site.root}${path}`,
        directory: { recurse: true },
      },
      destination: { server: site.gitops.server, namespace: site.namespaces.workers.name },
      syncPolicy: {
        automated: { prune: true, selfHeal: true, allowEmpty: false },
        syncOptions: [
          // Deletes only after everything new is healthy: the bundle that serves stays until its successor does. Objects
          // carry waves, so that a DaemonSet is not changed before the bundle that it names is there.
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
