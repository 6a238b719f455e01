// A site's namespaces to policies that deny every flow that nobody has allowed. What is needed is allowed where it is
// needed: by the policies of the workloads.
//
// The agents stand in the node's network, where policies for pods do not hold (Kubernetes: "undefined"; Cilium: host firewall).
// They listen on one port, for metrics and health, and are asked by nobody else; docs/SITE.md says how to close it.

import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, type KubernetesObject } from "../kubernetes.ts";

export function defaultDeny({ namespaces: { platform, workers } }: SiteIr): INetworkPolicy[] {
  return [platform, workers].map(({ name }) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "default-deny", namespace: name, labels: commonLabels("network") },
    // No pod is left out, and no rule allows anything.
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  }));
}

/** What of cilium.io/v2 is used here; the package's own types are too wide to be checked against. */
interface CiliumNetworkPolicy extends KubernetesObject {
  readonly apiVersion: "cilium.io/v2";
  readonly kind: "CiliumNetworkPolicy";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly description: string;
    /** Every pod of the namespace. */
    readonly endpointSelector: Readonly<Record<string, never>>;
    readonly ingress: readonly CiliumIngressRule[];
    readonly egress: readonly CiliumEgressRule[];
  };
}
interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
}
/** An empty rule allows nothing, and turns denial on for its direction. */
type CiliumIngressRule = Readonly<Record<string, never>>;
interface CiliumEgressRule {
  readonly toEndpoints: readonly LabelSelector[];
  readonly toPorts: readonly {
    readonly ports: readonly { readonly port: string; readonly protocol: "TCP" | "UDP" }[];
    /** Names go through Cilium's own resolver, which is how policies by name can work. */
    readonly rules: { readonly dns: readonly { readonly matchPattern: string }[] };
  }[];
}

/** Every pod in the platform's namespace, in both directions: names may be asked for, nothing else. */
export function ciliumDefaultDeny({ namespaces: { platform } }: SiteIr): CiliumNetworkPolicy[] {
  return [
    {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: {
        name: "pistonprotection-strict",
        namespace: platform.name,
        labels: commonLabels("network"),
      },
      spec: {
        description: "Denied unless another policy allows it; names may be asked for.",
        endpointSelector: {},
        ingress: [{}],
        egress: [
          {
            toEndpoints: [
              { matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns" } },
            ],
            toPorts: [
              {
                ports: [
                  { port: "53", protocol: "UDP" },
                  { port: "53", protocol: "TCP" },
                ],
                rules: { dns: [{ matchPattern: "*" }] },
              },
            ],
          },
        ],
      },
    },
  ];
}
