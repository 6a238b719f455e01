// The two namespaces, by what Pod Security allows in them.

import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { NamespaceIr, SiteIr } from "../../../ir/site.ts";
import { commonLabels, placed } from "../kubernetes.ts";

export function namespaces({ namespaces: { platform, workers } }: SiteIr): INamespace[] {
  return [namespace(platform), namespace(workers)];
}

function namespace({ name, podSecurity, location }: NamespaceIr): INamespace {
  const object: INamespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      labels: {
        ...commonLabels("namespace"),
        "pod-security.kubernetes.io/enforce": podSecurity,
        "pod-security.kubernetes.io/audit": podSecurity,
        "pod-security.kubernetes.io/warn": podSecurity,
      },
      annotations: {
        // A namespace takes all that is in it along: no sync may delete it.
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
      },
    },
  };
  return placed(object, location);
}
