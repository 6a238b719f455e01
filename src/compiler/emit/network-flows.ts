// Who talks to whom, once, to the policies of both ends: a NetworkPolicy for each app, and the same as CiliumNetworkPolicy.
//
// Each policy selects its app for both directions, so whatever is not a flow is denied. A flow gives the egress of its source
// and the ingress of its destination: neither can be forgotten.

import type { ICiliumNetworkPolicy } from "@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { commonLabels } from "./kubernetes.ts";

export interface Port {
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}
export const tcp = (port: number): Port => ({ port, protocol: "TCP" });
export const udp = (port: number): Port => ({ port, protocol: "UDP" });

export type Peer =
  /** Pods of the policies' own namespace, by their label `app`. */
  | { readonly kind: "app"; readonly app: string }
  /** Pods of another namespace; all of them without labels. */
  | {
      readonly kind: "namespace";
      readonly namespace: string;
      readonly labels: Readonly<Record<string, string>>;
      /** In the nodes' network: a CNI may take them for the node and not for pods, so Cilium is told of nodes. */
      readonly isHostNetwork?: boolean;
    }
  /** Its address is no pod's, and known to nobody here. Cilium knows it; other CNIs are given the ports alone. */
  | { readonly kind: "api-server" }
  /** Whatever is outside the cluster. */
  | { readonly kind: "world" };

export interface Flow {
  readonly from: Peer;
  readonly to: Peer;
  readonly ports: readonly Port[];
}

export const app = (name: string): Peer => ({ kind: "app", app: name });
export const API_SERVER: Peer = { kind: "api-server" };
export const WORLD: Peer = { kind: "world" };

/** Every app asks for names. */
export function dnsFlows(apps: readonly string[]): Flow[] {
  const to: Peer = { kind: "namespace", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
  return apps.map((name) => ({ from: app(name), to, ports: [udp(53), tcp(53)] }));
}

/** What a pod must not take for the outside: private ranges and the clouds' metadata services (RFC 1918, 6598, 3927, 4193, 4291). */
const WORLD_BLOCKS = [
  {
    cidr: "0.0.0.0/0",
    except: ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  },
  { cidr: "::/0", except: ["fc00::/7", "fe80::/10"] },
];

type IngressRule = NonNullable<NonNullable<INetworkPolicy["spec"]>["ingress"]>[number];
type PolicyPeer = NonNullable<IngressRule["from"]>[number];

interface Ends {
  readonly incoming: readonly Flow[];
  readonly outgoing: readonly Flow[];
}

function endsOf(name: string, flows: readonly Flow[]): Ends {
  const isIt = (peer: Peer) => peer.kind === "app" && peer.app === name;
  return { incoming: flows.filter(({ to }) => isIt(to)), outgoing: flows.filter(({ from }) => isIt(from)) };
}

function metadata(name: string, namespace: string) {
  return { name, namespace, labels: { app: name, ...commonLabels("network") } };
}

export function networkPolicies(
  namespace: string,
  apps: readonly string[],
  flows: readonly Flow[],
): INetworkPolicy[] {
  return apps.map((name) => {
    const { incoming, outgoing } = endsOf(name, flows);
    return {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: metadata(name, namespace),
      spec: {
        podSelector: { matchLabels: { app: name } },
        // Denied by itself where no rule stands below. An empty list says the same, but the API server leaves it out: whoever
        // compares would find a difference for ever.
        policyTypes: ["Ingress", "Egress"],
        ...(incoming.length > 0 && {
          ingress: incoming.map(({ from, ports }) => ({ from: peersOf(from), ports: portsOf(ports) })),
        }),
        ...(outgoing.length > 0 && {
          egress: outgoing.map(({ to, ports }) =>
            to.kind === "api-server" ? { ports: portsOf(ports) } : { to: peersOf(to), ports: portsOf(ports) },
          ),
        }),
      },
    };
  });
}

function portsOf(ports: readonly Port[]) {
  return ports.map(({ port, protocol }) => ({ port, protocol }));
}

function peersOf(peer: Peer): PolicyPeer[] {
  switch (peer.kind) {
    case "app":
      return [{ podSelector: { matchLabels: { app: peer.app } } }];
    case "namespace":
      return [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peer.namespace } },
          ...(Object.keys(peer.labels).length > 0
            ? { podSelector: { matchLabels: { ...peer.labels } } }
            : {}),
        },
      ];
    case "api-server":
    case "world":
      return structuredClone(WORLD_BLOCKS).map((ipBlock) => ({ ipBlock }));
  }
}

type CiliumRule = NonNullable<ICiliumNetworkPolicy["spec"]>;
type CiliumIngress = NonNullable<CiliumRule["ingress"]>[number];
type CiliumEgress = NonNullable<CiliumRule["egress"]>[number];
type CiliumPorts = NonNullable<CiliumEgress["toPorts"]>;

/** The same flows in Cilium's own words, which know entities and names. */
export function ciliumNetworkPolicies(
  namespace: string,
  apps: readonly string[],
  flows: readonly Flow[],
): ICiliumNetworkPolicy[] {
  return apps.map((name) => {
    const { incoming, outgoing } = endsOf(name, flows);
    const ingress = incoming.map(
      ({ from, ports }): CiliumIngress => ({ ...ciliumFrom(from), toPorts: ciliumPorts(ports, false) }),
    );
    const egress = outgoing.map(
      ({ to, ports }): CiliumEgress => ({ ...ciliumTo(to), toPorts: ciliumPorts(ports, isDns(to)) }),
    );
    return {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: metadata(name, namespace),
      spec: {
        endpointSelector: { matchLabels: { app: name } },
        // An empty rule allows nothing, and turns the default deny of its direction on.
        ingress: ingress.length > 0 ? ingress : [{}],
        egress: egress.length > 0 ? egress : [{}],
      },
    };
  });
}

function isDns(peer: Peer): boolean {
  return peer.kind === "namespace" && peer.labels["k8s-app"] === "kube-dns";
}

function ciliumPorts(ports: readonly Port[], isForNames: boolean): CiliumPorts {
  return [
    {
      ports: ports.map(({ port, protocol }) => ({ port: String(port), protocol })),
      // Cilium's DNS proxy then sees the questions: they appear in Hubble.
      ...(isForNames ? { rules: { dns: [{ matchPattern: "*" }] } } : {}),
    },
  ];
}

function selectorOf(peer: Extract<Peer, { kind: "app" | "namespace" }>) {
  if (peer.kind === "app") return { matchLabels: { app: peer.app } };
  return { matchLabels: { "k8s:io.kubernetes.pod.namespace": peer.namespace, ...peer.labels } };
}

function ciliumFrom(peer: Peer): CiliumIngress {
  switch (peer.kind) {
    case "app":
      return { fromEndpoints: [selectorOf(peer)] };
    case "namespace":
      return peer.isHostNetwork
        ? { fromEntities: ["host", "remote-node"] }
        : { fromEndpoints: [selectorOf(peer)] };
    case "api-server":
      return { fromEntities: ["kube-apiserver"] };
    case "world":
      return { fromEntities: ["world"] };
  }
}

function ciliumTo(peer: Peer): CiliumEgress {
  switch (peer.kind) {
    case "app":
      return { toEndpoints: [selectorOf(peer)] };
    case "namespace":
      return peer.isHostNetwork
        ? { toEntities: ["host", "remote-node"] }
        : { toEndpoints: [selectorOf(peer)] };
    case "api-server":
      return { toEntities: ["kube-apiserver"] };
    case "world":
      return { toEntities: ["world"] };
  }
}
