// Flux' side of the sync, from Git or from an OCI artifact: one source, a Kustomization for each folder, and a service account
// that may touch nothing but what is emitted here. One of the two files is applied, once.

import type { IKustomization } from "@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization";
import type { IGitRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/GitRepository";
import type { IOCIRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/OCIRepository";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";
import { accessOf } from "./access.ts";
import { nameIn } from "./names.ts";
import type { SyncedFolder } from "./synced.ts";

export function fluxFromGit(site: SiteIr, folders: readonly SyncedFolder[]): KubernetesObject[] {
  const { repository, branch, directory } = site.source;
  const source: IGitRepository = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: metadata(nameIn(site), site),
    spec: {
      url: repository,
      ref: { branch },
      interval: "1m",
      timeout: "60s",
      sparseCheckout: [`${directory}/${site.root}manifests`],
    },
  };
  return [
    ...access(site, folders),
    source,
    ...kustomizations("GitRepository", `${directory}/`, site, folders),
  ];
}

/** For what `flux push artifact --path dist` of a release has pushed. */
export function fluxFromOci(site: SiteIr, folders: readonly SyncedFolder[]): KubernetesObject[] {
  const { artifact, branch } = site.source;
  const source: IOCIRepository = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "OCIRepository",
    metadata: metadata(nameIn(site), site),
    spec: { url: artifact, ref: { tag: branch }, interval: "1m", timeout: "60s" },
  };
  return [...access(site, folders), source, ...kustomizations("OCIRepository", "", site, folders)];
}

function kustomizations(
  sourceKind: "GitRepository" | "OCIRepository",
  directory: string,
  site: SiteIr,
  folders: readonly SyncedFolder[],
): IKustomization[] {
  // None waits for another: alerts must come where the workers do not, and filtering where no operator is.
  return folders.map(({ suffix, path }) => ({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: metadata(nameIn(site, suffix), site),
    spec: {
      sourceRef: { kind: sourceKind, name: nameIn(site) },
      path: `./${directory}${site.root}${path}`,
      serviceAccountName: accountOf(site),
      interval: "10m",
      retryInterval: "1m",
      timeout: "10m",
      wait: true,
      // Bundles are exempt, by annotation. Deleting the Kustomization leaves the filter on.
      prune: true,
      deletionPolicy: "Orphan",
    },
  }));
}

/** The namespaces stand here too, because the roles are in them. Their bytes are those of the synced file. */
function access(site: SiteIr, folders: readonly SyncedFolder[]): KubernetesObject[] {
  const objects = folders.flatMap((folder) => folder.objects);
  const account = { name: accountOf(site), namespace: site.namespaces.flux };
  return [...objects.filter(({ kind }) => kind === "Namespace"), ...accessOf(objects, account)];
}

function accountOf(site: SiteIr): string {
  return nameIn(site, "sync");
}

function metadata(name: string, { namespaces }: SiteIr) {
  return { name, namespace: namespaces.flux, labels: commonLabels("sync") };
}
