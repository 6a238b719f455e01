// For tests: a cluster with one DaemonSet's pods, and how Argo CD and Flux bring it from one build to the next. At every
// step any node may restart, so every ConfigMap that a pod's template names has to be there.

import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { KubernetesObject } from "../kubernetes.ts";
import { SYNC_WAVE } from "../sync-wave.ts";

const NODES = 3;

type Template = NonNullable<NonNullable<IDaemonSet["spec"]>["template"]["spec"]>;

export class ModelCluster {
  readonly objects = new Map<string, KubernetesObject>();
  /** What a node lacked at some step: `after prune: ConfigMap x`. */
  readonly torn: string[] = [];
  /** ConfigMaps that were changed although they are immutable. */
  readonly refused: string[] = [];
  pods: Template[] = [];

  apply(object: KubernetesObject): void {
    const before = this.objects.get(keyOf(object));
    if (object.kind === "ConfigMap" && before && dataOf(before) !== dataOf(object) && isImmutable(before))
      this.refused.push(keyOf(object));
    this.objects.set(keyOf(object), object);
    this.#look(`apply ${keyOf(object)}`);
  }

  remove(key: string): void {
    this.objects.delete(key);
    this.#look(`remove ${key}`);
  }

  /** One node after another takes the DaemonSet's template. */
  rollOut(): void {
    const template = [...this.objects.values()].flatMap((object) =>
      object.kind === "DaemonSet" ? ((object as unknown as IDaemonSet).spec?.template.spec ?? []) : [],
    )[0];
    if (!template) return;
    for (let node = 0; node < NODES; node++) {
      this.pods[node] = template;
      this.#look(`node ${node} rolled`);
    }
  }

  #look(step: string): void {
    for (const template of this.pods)
      for (const name of configMapsOf(template))
        if (![...this.objects.keys()].some((key) => key.endsWith(` ${name}`)))
          this.torn.push(`after ${step}: ${name}`);
  }
}

/** Wave by wave, each healthy before the next; what is no longer wanted goes last, or at once without `PruneLast`. */
export function syncByArgoCd(
  cluster: ModelCluster,
  wanted: readonly KubernetesObject[],
  { syncPolicy }: IApplication["spec"],
): void {
  const prune = () => {
    for (const [key, object] of cluster.objects)
      if (!wanted.some((one) => keyOf(one) === key) && !keptByArgoCd(object)) cluster.remove(key);
  };
  const isLast = syncPolicy?.syncOptions?.includes("PruneLast=true") === true;
  if (!isLast) prune();
  const waves = [...new Set(wanted.map(waveOf))].sort((a, b) => a - b);
  for (const wave of waves) {
    for (const object of wanted) if (waveOf(object) === wave) cluster.apply(object);
    cluster.rollOut();
  }
  if (isLast) prune();
}

/** Everything at once, then what is no longer wanted goes, and only then are the pods waited for. */
export function syncByFlux(cluster: ModelCluster, wanted: readonly KubernetesObject[]): void {
  for (const object of wanted) cluster.apply(object);
  for (const [key, object] of cluster.objects)
    if (!wanted.some((one) => keyOf(one) === key) && !keptByFlux(object)) cluster.remove(key);
  cluster.rollOut();
}

export function waveOf(object: KubernetesObject): number {
  return Number(object.metadata?.annotations?.[SYNC_WAVE] ?? "0");
}

export function keyOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata?.namespace ?? ""} ${metadata?.name ?? ""}`;
}

function configMapsOf(template: Template): string[] {
  return (template.volumes ?? []).flatMap(({ configMap, projected }) =>
    [configMap, ...(projected?.sources ?? []).map((source) => source.configMap)].flatMap((one) =>
      one && !one.optional ? (one.name ?? []) : [],
    ),
  );
}

function keptByArgoCd({ metadata }: KubernetesObject): boolean {
  return metadata?.annotations?.["argocd.argoproj.io/sync-options"]?.includes("Prune=false") === true;
}

function keptByFlux({ metadata }: KubernetesObject): boolean {
  return metadata?.annotations?.["kustomize.toolkit.fluxcd.io/prune"] === "disabled";
}

function dataOf(object: KubernetesObject): string {
  const { data, binaryData } = object as { data?: unknown; binaryData?: unknown };
  return JSON.stringify([data, binaryData]);
}

function isImmutable(object: KubernetesObject): boolean {
  return (object as { immutable?: boolean }).immutable === true;
}
