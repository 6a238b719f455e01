// The two namespaces, by what Pod Security allows in them.

import type { INamespace } from "kubernetes-models/v1/Namespace";
import { commonLabels, NAMESPACE, WORKERS_NAMESPACE } from "../kubernetes.ts";

export function namespaces(): INamespace[] {
  return [namespace(NAMESPACE, "restricted"), namespace(WORKERS_NAMESPACE, "privileged")];
}

function namespace(name: string, level: "restricted" | "privileged"): INamespace {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      labels: {
        ...commonLabels("namespace"),
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/audit": level,
        "pod-security.kubernetes.io/warn": level,
      },
      annotations: {
        // A namespace takes all that is in it along: no sync may delete it.
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
      },
    },
  };
}
