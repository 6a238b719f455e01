// Selectors that select nothing, and ports that nobody opens: a Service without endpoints, a policy that guards no pod, a
// monitor that scrapes nobody.

import type { IPodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import type { IServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IService } from "kubernetes-models/v1/Service";
import { suggest } from "../diagnostics/index.ts";
import type { Cluster } from "./cluster.ts";
import { as, type Emitted, nameOf, namespaceOf } from "./emitted.ts";
import { containersOf, podOf } from "./pods.ts";
import { each } from "./references-of.ts";
import type { Report } from "./report.ts";
import { isRecord } from "./shape.ts";

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}
type Labels = Readonly<Record<string, string>>;

export function matches(selector: Selector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const among = value !== undefined && values.includes(value);
      return operator === "In" ? among : !among;
    })
  );
}

export function checkSelectors(cluster: Cluster, report: Report): void {
  const { pods } = cluster;
  for (const one of cluster.emitted) {
    ownSelector(one);
    service(one);
    disruptionBudget(one);
    networkPolicy(one);
    cilium(one);
    monitors(one);
    ingress(one);
  }

  function podsMatching(selector: Selector | undefined, namespaces: readonly string[] | "any") {
    return pods.filter(
      ({ namespace, template }) =>
        (namespaces === "any" || namespaces.includes(namespace)) && matches(selector, template.labels),
    );
  }

  function nothing(
    { object, location }: Emitted,
    selector: Selector | undefined,
    at: string,
    what = "pods",
  ): void {
    const [key, value] = Object.entries(selector?.matchLabels ?? {})[0] ?? [];
    if (cluster.isExternal("Pods", `${key}=${value}`)) return;
    const known = pods.flatMap(({ template }) => (key === undefined ? [] : (template.labels[key] ?? [])));
    report.add({
      code: "selector-matches-nothing",
      message: `${at} of ${nameOf(object)} selects ${what} with ${inWords(selector)}, and there are none`,
      help:
        key === undefined || value === undefined
          ? "give it labels that pods have"
          : suggest(value, [...new Set(known)], `values of ${key}`),
      location,
      mark: value === undefined ? {} : { value },
    });
  }

  function ownSelector({ object, location }: Emitted): void {
    const template = podOf(object);
    const { selector } = (object as unknown as { spec?: { selector?: Selector } }).spec ?? {};
    if (!template || object.kind === "Pod" || object.kind === "Job" || object.kind === "CronJob") return;
    if (!matches(selector, template.labels))
      report.add({
        code: "selector-mismatch",
        message: `${nameOf(object)} selects pods with ${inWords(selector)}, and its own have other labels`,
        help: "give `template.metadata.labels` the labels of `selector.matchLabels`: the API server refuses it",
        location,
        mark: { property: "matchLabels" },
      });
  }

  function service(one: Emitted): void {
    const spec = as<IService>("Service", one.object)?.spec;
    if (!spec?.selector || spec.type === "ExternalName") return;
    const selector = { matchLabels: spec.selector };
    const selected = podsMatching(selector, [namespaceOf(one.object)]);
    if (selected.length === 0) nothing(one, selector, "selector");
    else
      for (const { port, targetPort = port } of spec.ports ?? [])
        openPort(one, targetPort, selected, `port ${port}`);
  }

  /** A number counts only against pods that declare ports: they need not. */
  function openPort(
    { object, location }: Emitted,
    port: string | number,
    selected: typeof pods,
    at: string,
  ): void {
    const ports = selected.flatMap(({ template }) =>
      containersOf(template.spec).flatMap((one) => one.ports ?? []),
    );
    if (
      typeof port === "number" &&
      (ports.length === 0 || ports.some(({ containerPort }) => containerPort === port))
    )
      return;
    if (typeof port === "string" && ports.some(({ name }) => name === port)) return;
    report.add({
      code: "missing-port",
      message: `${at} of ${nameOf(object)} leads to \`${port}\`, which no container of the pods opens`,
      help: suggest(
        String(port),
        ports.map(({ name, containerPort }) =>
          typeof port === "string" && name ? name : String(containerPort),
        ),
        "ports",
      ),
      location,
      mark: { value: port },
    });
  }

  function disruptionBudget(one: Emitted): void {
    const spec = as<IPodDisruptionBudget>("PodDisruptionBudget", one.object)?.spec;
    if (spec && podsMatching(spec.selector, [namespaceOf(one.object)]).length === 0)
      nothing(one, spec.selector, "selector");
  }

  function networkPolicy(one: Emitted): void {
    const spec = as<INetworkPolicy>("NetworkPolicy", one.object)?.spec;
    if (!spec) return;
    const own = namespaceOf(one.object);
    const isAll = isEmpty(spec.podSelector);
    const guarded = podsMatching(spec.podSelector, [own]);
    if (!isAll && guarded.length === 0) nothing(one, spec.podSelector, "podSelector");
    for (const [rules, peersOf] of [
      [spec.ingress ?? [], "from"],
      [spec.egress ?? [], "to"],
    ] as const)
      for (const [index, rule] of rules.entries()) {
        const at = `${peersOf === "from" ? "ingress" : "egress"}[${index}]`;
        const peers = ((rule as { from?: Peer[]; to?: Peer[] })[peersOf] ?? []).map((peer) =>
          peerPods(one, peer, at),
        );
        // Incoming packets go to the guarded pods' ports, outgoing ones to the peers'.
        const owners = peersOf === "from" ? guarded : peers.flatMap((found) => found ?? []);
        const known = peersOf === "from" || peers.every((found) => found !== null);
        for (const { port } of rule.ports ?? [])
          if (port !== undefined && known && owners.length > 0) openPort(one, port, owners, at);
      }
  }

  interface Peer {
    podSelector?: Selector;
    namespaceSelector?: Selector;
    ipBlock?: unknown;
  }
  /** Pods of ours that the peer is; null where it is others'. */
  function peerPods(
    one: Emitted,
    { podSelector, namespaceSelector, ipBlock }: Peer,
    at: string,
  ): typeof pods | null {
    if (ipBlock !== undefined) return null;
    const namespaces = namespaceSelector ? selectedNamespaces(namespaceSelector) : [namespaceOf(one.object)];
    if (namespaces === null) return null;
    if (namespaces.length === 0) {
      nothing(one, namespaceSelector, at, "namespaces");
      return null;
    }
    const found = podsMatching(podSelector, namespaces);
    if (found.length === 0 && podSelector && !isEmpty(podSelector)) nothing(one, podSelector, at);
    return found;
  }

  /** null: others' namespaces are among them, or all. */
  function selectedNamespaces(selector: Selector): string[] | null {
    if (isEmpty(selector)) return null;
    const name = selector.matchLabels?.["kubernetes.io/metadata.name"];
    if (name !== undefined && cluster.isExternal("Namespace", name)) return null;
    return cluster.emitted
      .filter(
        ({ object }) =>
          object.kind === "Namespace" &&
          matches(selector, {
            ...object.metadata.labels,
            "kubernetes.io/metadata.name": object.metadata.name,
          }),
      )
      .map(({ object }) => object.metadata.name);
  }

  function cilium(one: Emitted): void {
    if (!one.object.kind.startsWith("Cilium")) return;
    each(one.object, (field, value) => {
      if (!["endpointSelector", "fromEndpoints", "toEndpoints"].includes(field) || !isRecord(value)) return;
      const selector = value as Selector;
      if (isEmpty(selector)) return;
      const labels = Object.entries(selector.matchLabels ?? {}).map(
        ([key, text]) => [key.replace(/^(k8s|any):/, ""), text] as const,
      );
      const namespace = labels.find(([key]) => key === "io.kubernetes.pod.namespace")?.[1];
      if (namespace !== undefined && !cluster.isOurs(namespace)) return;
      const clean: Selector = {
        matchLabels: Object.fromEntries(
          labels.filter(([key]) => !key.startsWith("io.kubernetes.pod.") && !key.startsWith("reserved:")),
        ),
        ...(selector.matchExpressions
          ? {
              matchExpressions: selector.matchExpressions.filter(
                ({ key }) => !key.includes("io.kubernetes.pod"),
              ),
            }
          : {}),
      };
      const own = namespace ?? one.object.metadata.namespace;
      if (!isEmpty(clean) && podsMatching(clean, own === undefined ? "any" : [own]).length === 0)
        nothing(one, clean, field);
    });
  }

  function monitors(one: Emitted): void {
    const own = namespaceOf(one.object);
    const podMonitor = as<IPodMonitor>("PodMonitor", one.object)?.spec;
    if (podMonitor) {
      const selected = podsMatching(podMonitor.selector, namespacesOf(podMonitor.namespaceSelector, own));
      if (selected.length === 0) nothing(one, podMonitor.selector, "selector");
      else
        for (const { port } of podMonitor.podMetricsEndpoints ?? [])
          if (port !== undefined) openPort(one, port, selected, "podMetricsEndpoints");
    }
    const serviceMonitor = as<IServiceMonitor>("ServiceMonitor", one.object)?.spec;
    if (!serviceMonitor) return;
    const namespaces = namespacesOf(serviceMonitor.namespaceSelector, own);
    const services = cluster.emitted.filter(
      ({ object }) =>
        object.kind === "Service" &&
        (namespaces === "any" || namespaces.includes(namespaceOf(object))) &&
        matches(serviceMonitor.selector, object.metadata.labels ?? {}),
    );
    if (services.length === 0) nothing(one, serviceMonitor.selector, "selector", "services");
    else
      for (const { port } of serviceMonitor.endpoints ?? []) {
        const ports = services.flatMap(
          ({ object }) =>
            as<IService>("Service", object)?.spec?.ports?.flatMap(({ name }) => name ?? []) ?? [],
        );
        if (port !== undefined && !ports.includes(port))
          report.add({
            code: "missing-port",
            message: `endpoints of ${nameOf(one.object)} ask port \`${port}\`, which no service of its selector has`,
            help: suggest(port, ports, "ports"),
            location: one.location,
            mark: { value: port },
          });
      }
  }

  function ingress({ object, location }: Emitted): void {
    for (const { http } of as<IIngress>("Ingress", object)?.spec?.rules ?? [])
      for (const { backend } of http?.paths ?? []) {
        const target = backend.service && cluster.find("Service", namespaceOf(object), backend.service.name);
        const ports = target ? (as<IService>("Service", target)?.spec?.ports ?? []) : [];
        const { name, number } = backend.service?.port ?? {};
        if (target && !ports.some((one) => (name !== undefined ? one.name === name : one.port === number)))
          report.add({
            code: "missing-port",
            message: `${nameOf(object)} leads to port \`${name ?? number}\` of service ${backend.service?.name}, which has none`,
            help: suggest(
              String(name ?? number),
              ports.map((one) => one.name ?? String(one.port)),
              "ports",
            ),
            location,
            mark: { value: name ?? number },
          });
      }
  }
}

function namespacesOf(
  selector: { any?: boolean; matchNames?: string[] } | undefined,
  own: string,
): string[] | "any" {
  return selector?.any ? "any" : (selector?.matchNames ?? [own]);
}

function isEmpty(selector: Selector | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0
  );
}

function inWords(selector: Selector | undefined): string {
  const parts = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) =>
      `${key} ${operator} ${values.join("|")}`.trim(),
    ),
  ];
  return parts.length > 0 ? `\`${parts.join(", ")}\`` : "any labels";
}
