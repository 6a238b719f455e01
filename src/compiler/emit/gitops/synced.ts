// What an environment has emitted to what a GitOps tool syncs of it: folders, and the objects that it must be allowed to
// touch. Read from the artifacts themselves, so that no list of kinds can fall behind.

import type { Artifact } from "../../types.ts";
import { CLUSTER_PATH, type KubernetesObject, MANIFESTS_PATH } from "../kubernetes.ts";

/** Applied by people: what tells a tool to sync, and what is wanted once in a while. */
const BY_HAND = new Set(["gitops", "on-demand"]);

export interface SyncedFolder {
  /** Of the folder under `manifests/`; empty for the one that filtering needs. */
  readonly suffix: string;
  /** `manifests/cluster` */
  readonly path: string;
  readonly objects: readonly KubernetesObject[];
}

/** In order of path, the one that filtering needs first. */
export function syncedFolders(artifacts: readonly Artifact[]): readonly SyncedFolder[] {
  const byPath = new Map<string, KubernetesObject[]>();
  for (const { path, objects = [] } of artifacts) {
    const [top, folder = ""] = path.split("/");
    if (top !== MANIFESTS_PATH || BY_HAND.has(folder) || objects.length === 0) continue;
    const key = `${MANIFESTS_PATH}/${folder}`;
    byPath.set(key, [...(byPath.get(key) ?? []), ...objects.map(({ object }) => object as KubernetesObject)]);
  }
  return [...byPath]
    .map(([path, objects]) => ({
      suffix: path === CLUSTER_PATH ? "" : path.slice(MANIFESTS_PATH.length + 1),
      path,
      objects,
    }))
    .sort((a, b) => (a.suffix < b.suffix ? -1 : 1));
}

export function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** `NetworkPolicy` to `networkpolicies`: how roles name a kind. */
export function resourceOf(kind: string): string {
  const word = kind.toLowerCase();
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** Sorted, each once. */
export function unique(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}
