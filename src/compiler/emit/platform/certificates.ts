// The site's certificate to cert-manager's objects: the Certificate, its issuer where the site makes one, and the way of the
// challenge to the pod that answers it.

import type { ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import type { IClusterIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer";
import type { IIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { DurationText, SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

export function certificates(site: SiteIr): KubernetesObject[] {
  const { certificates } = site;
  if (!certificates) return [];
  const namespace = site.namespaces.platform.name;
  const labels = commonLabels("certificates");
  const { issuer, dnsNames, secretName, renewBefore } = certificates;
  const certificate: ICertificate = {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name: secretName, namespace, labels },
    spec: {
      secretName,
      issuerRef: { group: "cert-manager.io", kind: issuer.kind, name: issuer.name },
      dnsNames: [...dnsNames],
      renewBefore: goDuration(renewBefore),
      // Each renewal has a new key: one that leaked is of use for a while and not for ever.
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  };
  return [...issuerOf(site), certificate];
}

/** Go's durations know no days. */
export function goDuration(duration: DurationText): string {
  const unit = duration.at(-1) as keyof typeof UNIT_SECONDS;
  const seconds = Number.parseInt(duration, 10) * UNIT_SECONDS[unit];
  if (seconds % 3600 === 0) return `${seconds / 3600}h0m0s`;
  if (seconds % 60 === 0) return `${seconds / 60}m0s`;
  return `${seconds}s`;
}

function issuerOf(site: SiteIr): KubernetesObject[] {
  const issuer = site.certificates?.issuer;
  if (!issuer?.acme) return [];
  const { email, server, ingressClass } = issuer.acme;
  const namespace = site.namespaces.platform.name;
  const labels = commonLabels("certificates");
  const spec: IIssuer["spec"] = {
    acme: {
      email,
      server,
      privateKeySecretRef: { name: `${issuer.name}-account-key` },
      solvers: [{ http01: { ingress: { ingressClassName: ingressClass } } }],
    },
  };
  const clusterIssuer: IClusterIssuer = {
    apiVersion: "cert-manager.io/v1",
    kind: "ClusterIssuer",
    metadata: { name: issuer.name, labels },
    spec,
  };
  const ownIssuer: IIssuer = {
    apiVersion: "cert-manager.io/v1",
    kind: "Issuer",
    metadata: { name: issuer.name, namespace, labels },
    spec,
  };
  return [issuer.kind === "ClusterIssuer" ? clusterIssuer : ownIssuer, solverPolicy(site)];
}

/** cert-manager starts a pod that answers the challenge in the certificate's namespace, where all that is not named is denied. */
function solverPolicy(site: SiteIr): INetworkPolicy {
  const { platform, ingress } = site.namespaces;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "acme-http01-solver", namespace: platform.name, labels: commonLabels("certificates") },
    spec: {
      podSelector: { matchLabels: { "acme.cert-manager.io/http01-solver": "true" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": ingress } } }],
          ports: [{ port: 8089, protocol: "TCP" }],
        },
      ],
      // No rule for Egress: nothing is allowed.
    },
  };
}
