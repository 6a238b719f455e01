// A site to what it takes for granted: objects that others put into its cluster.

import type { SecretIr, SiteIr } from "../../ir/site.ts";
import type { External } from "./cluster.ts";
import { isRecord } from "./shape.ts";

export function externalOf(site: SiteIr): External {
  const { monitoring, logging, ingress, argoCd, flux, velero } = site.namespaces;
  const found = [monitoring, logging, ingress, argoCd, flux, velero].map((name) => `Namespace ${name}`);
  for (const { name } of existingSecrets(site)) found.push(`Secret ${name}`);
  const { store } = site.secrets;
  if (store?.kind === "existing") found.push(`${store.storeKind} ${store.name}`);
  const issuer = site.certificates?.issuer;
  if (issuer && issuer.acme === null) found.push(`${issuer.kind} ${issuer.name}`);
  // cert-manager starts the pod that answers a challenge.
  if (issuer?.acme) found.push("Pods acme.cert-manager.io/http01-solver=true");
  return new Set(found);
}

/** References to secrets that are in the cluster already, wherever in the site they stand. */
function existingSecrets(value: unknown): SecretIr[] {
  if (Array.isArray(value)) return value.flatMap(existingSecrets);
  if (!isRecord(value)) return [];
  if ("remote" in value && "namespace" in value && "key" in value)
    return value.remote === null ? [value as unknown as SecretIr] : [];
  return Object.values(value).flatMap(existingSecrets);
}
