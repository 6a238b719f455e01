// Workloads to the pods that they make, and what can be said of a pod by itself: its volumes, ports, quantities, images.

import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IIoK8sApiCoreV1Container } from "kubernetes-models/v1/Container";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IIoK8sApiCoreV1PodSpec } from "kubernetes-models/v1/PodSpec";
import { suggest } from "../diagnostics/index.ts";
import { as, type Emitted, type EmittedObject, nameOf } from "./emitted.ts";
import type { Report } from "./report.ts";

export type PodSpec = IIoK8sApiCoreV1PodSpec;
export type Container = IIoK8sApiCoreV1Container;

export interface PodTemplate {
  readonly spec: PodSpec;
  readonly labels: Readonly<Record<string, string>>;
  /** Volumes that a StatefulSet claims for each of its pods. */
  readonly claims: readonly string[];
}

export function podOf(object: EmittedObject): PodTemplate | null {
  const template = templateOf(object);
  if (!template?.spec) return null;
  const stateful = as<IStatefulSet>("StatefulSet", object);
  return {
    spec: template.spec,
    labels: template.metadata?.labels ?? {},
    claims: stateful?.spec?.volumeClaimTemplates?.map(({ metadata }) => metadata?.name ?? "") ?? [],
  };
}

function templateOf(
  object: EmittedObject,
): { spec?: PodSpec; metadata?: { labels?: Record<string, string> } } | undefined {
  const pod = as<IPod>("Pod", object);
  if (pod)
    return { ...(pod.spec ? { spec: pod.spec } : {}), metadata: { labels: pod.metadata?.labels ?? {} } };
  return (
    as<IDaemonSet>("DaemonSet", object)?.spec?.template ??
    as<IDeployment>("Deployment", object)?.spec?.template ??
    as<IStatefulSet>("StatefulSet", object)?.spec?.template ??
    as<IJob>("Job", object)?.spec?.template ??
    as<ICronJob>("CronJob", object)?.spec?.jobTemplate.spec?.template
  );
}

export function containersOf(spec: PodSpec): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

const QUANTITY = /^[+-]?(\d+|\d+\.\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;
/** host[:port]/path[:tag][@digest] */
const IMAGE =
  /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+|\/)[a-z0-9]+)*(?<tag>:[\w][\w.-]{0,127})?(?<digest>@sha256:[0-9a-f]{64})?$/;
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

export function checkPods(emitted: readonly Emitted[], report: Report): void {
  for (const { object, location } of emitted) {
    const pod = podOf(object);
    if (!pod) continue;
    const where = nameOf(object);
    const volumes = [...(pod.spec.volumes?.map(({ name }) => name) ?? []), ...pod.claims];
    const portNames = new Set<string>();
    for (const container of containersOf(pod.spec)) {
      const inside = `container \`${container.name}\` of ${where}`;
      for (const { name, mountPath } of container.volumeMounts ?? [])
        if (!volumes.includes(name))
          report.add({
            code: "missing-volume",
            message: `${inside} mounts \`${name}\` at ${mountPath}, and the pod has no such volume`,
            help: suggest(name, volumes, "volumes"),
            location,
            mark: { value: name },
          });
      checkImage(container.image, inside);
      checkQuantities(container, inside);
      for (const { name, containerPort } of container.ports ?? []) {
        if (name !== undefined && (!PORT_NAME.test(name) || portNames.has(name)))
          report.add({
            code: "bad-port-name",
            message: `port ${containerPort} of ${inside} may not be called \`${name}\``,
            help: portNames.has(name)
              ? "another port of the pod has that name"
              : "lower-case letters, digits and hyphens, 15 at most, one letter at least",
            location,
            mark: { value: name },
          });
        if (name !== undefined) portNames.add(name);
      }
      const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
      for (const port of probes.flatMap((probe) => probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? []))
        if (typeof port === "string" && !container.ports?.some(({ name }) => name === port))
          report.add({
            code: "missing-probe-port",
            message: `a probe of ${inside} asks port \`${port}\`, and the container has none of that name`,
            help: suggest(port, container.ports?.flatMap(({ name }) => name ?? []) ?? [], "ports"),
            location,
            mark: { value: port },
          });
    }

    function checkImage(image: string | undefined, inside: string): void {
      const parts = IMAGE.exec(image ?? "");
      if (parts === null)
        report.add({
          code: "bad-image",
          message: `the image of ${inside} is ${JSON.stringify(image)}`,
          help: "write `registry/path:tag` or `registry/path@sha256:…`",
          location,
          mark: { value: image },
        });
      else if (
        parts.groups?.["digest"] === undefined &&
        [undefined, ":latest"].includes(parts.groups?.["tag"])
      )
        report.add({
          code: "floating-image",
          message: `the image \`${image}\` of ${inside} changes by itself`,
          help: "name a version or a digest: a pod that starts again would run something else",
          location,
          mark: { value: image },
        });
    }

    function checkQuantities({ resources = {} }: Container, inside: string): void {
      for (const [part, list] of [
        ["requests", resources.requests],
        ["limits", resources.limits],
      ] as const)
        for (const [resource, quantity] of Object.entries(list ?? {}))
          if (!QUANTITY.test(String(quantity)))
            report.add({
              code: "bad-quantity",
              message: `${part}.${resource} of ${inside} is ${JSON.stringify(quantity)}`,
              help: "write `500m` or `2` for CPU, `512Mi` or `2Gi` for memory",
              location,
              mark: { value: quantity },
            });
      for (const [resource, request] of Object.entries(resources.requests ?? {})) {
        const limit = resources.limits?.[resource];
        if (limit !== undefined && quantityOf(String(request)) > quantityOf(String(limit)))
          report.add({
            code: "request-above-limit",
            message: `${inside} requests ${request} of ${resource} and may have ${limit} at most`,
            help: "raise the limit or lower the request: the API server refuses the pod",
            location,
            mark: { value: request },
          });
      }
    }
  }
}

const FACTOR: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** NaN where it is none: no comparison holds then. */
function quantityOf(text: string): number {
  const [, number = "", suffix = ""] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  return suffix === "" ? Number(number || "NaN") : Number(number) * (FACTOR[suffix] ?? Number.NaN);
}
