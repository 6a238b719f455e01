import type { ICiliumNetworkPolicy } from "@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { IService } from "kubernetes-models/v1/Service";
import { beforeAll, describe, expect, it } from "vitest";
import { as, type EmittedObject, modelFaults } from "../../validate/object-checks.ts";
import { FLEETS } from "../fleet-fixture.ts";
import { EVERYTHING, find, objectsOf } from "../platform-fixture.ts";
import { DEFAULT_SITE, siteOf } from "../site-fixture.ts";
import { emitWorkloads } from "./index.ts";

const site = siteOf(EVERYTHING);
const objects = objectsOf(emitWorkloads(FLEETS, site));
const one = <T extends { kind: string }>(kind: T["kind"], name: string) => find<T>(objects, kind, name);

function podOf(object: EmittedObject): IPodSpec | null {
  for (const kind of ["Deployment", "StatefulSet"] as const) {
    const found = as<IDeployment | IStatefulSet>(kind, object);
    if (found) return found.spec!.template.spec as IPodSpec;
  }
  return (as<ICronJob>("CronJob", object)?.spec?.jobTemplate.spec?.template.spec as IPodSpec) ?? null;
}
const pods = objects.flatMap(({ object }) => {
  const pod = podOf(object);
  return pod ? [[`${object.kind} ${object.metadata.name}`, pod] as const] : [];
});

describe("the workloads", () => {
  it("are none where the site runs none", () => {
    expect(emitWorkloads(FLEETS, DEFAULT_SITE)).toEqual([]);
  });

  it("are a file each", () => {
    expect(emitWorkloads(FLEETS, site).map(({ path }) => path.replace("manifests/workloads/", ""))).toEqual([
      "gateway.yaml",
      "auth.yaml",
      "frontend.yaml",
      "metrics.yaml",
      "postgresql.yaml",
      "postgres-backup.yaml",
      "redis.yaml",
      "ingress.yaml",
      "network-policies.yaml",
      "manifests/cilium/workloads.yaml",
    ]);
  });

  it("leave out the one that is not run, and every flow to it", () => {
    const some = objectsOf(emitWorkloads(FLEETS, siteOf({ cilium: true, workloads: { frontend: {} } })));
    expect(new Set(some.map(({ path }) => path.split("/").at(-1)))).toEqual(
      new Set(["frontend.yaml", "ingress.yaml", "network-policies.yaml", "workloads.yaml"]),
    );
    const policy = find<INetworkPolicy>(some, "NetworkPolicy", "pistonprotection-frontend");
    // Names only: there is no gateway to talk to.
    expect(policy.spec?.egress).toHaveLength(1);
  });

  it("are in the platform's namespace, each once", () => {
    const names = objects.map(({ object }) => `${object.kind} ${object.metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
    for (const { object } of objects) expect(object.metadata.namespace).toBe("pistonprotection");
  });

  it("follow the name that the site gives the namespace", () => {
    const other = siteOf({ ...EVERYTHING, namespaces: { platform: { name: "shield" } } });
    for (const { object } of objectsOf(emitWorkloads(FLEETS, other)))
      expect(object.metadata.namespace).toBe("shield");
  });
});

describe("every object", () => {
  let faults: Map<string, readonly string[]>;
  beforeAll(async () => {
    faults = await modelFaults(objects.map(({ object }) => object));
  });

  it.each(objects.map(({ object }) => [object.kind, object.metadata.name] as const))(
    "%s %s is valid by its API's model",
    (kind, name) => {
      expect(faults.has(kind), `no model for ${kind}`).toBe(true);
      expect(faults.get(kind)!.filter((fault) => fault.startsWith(`${name}:`))).toEqual([]);
    },
  );
});

describe("every pod", () => {
  it.each(pods)("%s is admitted by the level `restricted`", (_name, pod) => {
    expect(pod).not.toHaveProperty("hostNetwork");
    expect(pod).not.toHaveProperty("hostPID");
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.securityContext?.runAsUser).toBeGreaterThan(0);
    for (const container of [...pod.containers, ...(pod.initContainers ?? [])])
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    for (const { name, ...source } of pod.volumes ?? [])
      expect(["configMap", "emptyDir", "persistentVolumeClaim"], name).toContain(Object.keys(source)[0]);
  });

  it.each(pods)("%s has limits, and mounts what it has", (_name, pod) => {
    const volumes = (pod.volumes ?? []).map(({ name }) => name);
    for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(container.resources?.limits).toHaveProperty("memory");
      expect(container.resources?.requests).toHaveProperty("cpu");
      for (const { name } of container.volumeMounts ?? []) expect([...volumes, "data"]).toContain(name);
    }
  });

  it.each(pods)("%s takes its secrets by reference, from a place that the site names", (_name, pod) => {
    const known = new Set(
      [...site.secrets.stored.map(({ name, key }) => `${name}/${key}`), "redis-password/password"].values(),
    );
    for (const container of [...pod.containers, ...(pod.initContainers ?? [])])
      for (const { name, value, valueFrom } of container.env ?? []) {
        if (valueFrom?.secretKeyRef)
          expect(known).toContain(`${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`);
        if (/PASSWORD|SECRET|_KEY/.test(name)) expect(value, name).toBeUndefined();
      }
  });

  it.each(pods)("%s uses ConfigMaps and a service account that are there", (_name, pod) => {
    one("ServiceAccount", pod.serviceAccountName!);
    for (const { configMap, persistentVolumeClaim } of pod.volumes ?? []) {
      if (configMap) one("ConfigMap", configMap.name!);
      if (persistentVolumeClaim) one("PersistentVolumeClaim", persistentVolumeClaim.claimName);
    }
  });

  it("gets a token of the API server only where it talks to it", () => {
    const withToken = pods.filter(([, pod]) => pod.automountServiceAccountToken).map(([name]) => name);
    expect(withToken).toEqual(["Deployment pistonprotection-gateway"]);
  });
});

describe("every Service, budget and autoscaler", () => {
  const templates = objects.flatMap(
    ({ object }) =>
      as<IDeployment | IStatefulSet>("Deployment", object)?.spec?.template ??
      as<IDeployment | IStatefulSet>("StatefulSet", object)?.spec?.template ??
      [],
  );
  const selected = (labels: Readonly<Record<string, string>>) =>
    templates.filter(({ metadata }) =>
      Object.entries(labels).every(([key, value]) => metadata?.labels?.[key] === value),
    );

  it("selects pods that are there, and ports that they have", () => {
    const services = objects.flatMap(({ object }) => as<IService>("Service", object) ?? []);
    expect(services.map(({ metadata }) => metadata?.name)).toEqual([
      "pistonprotection-gateway",
      "pistonprotection-auth",
      "pistonprotection-frontend",
      "pistonprotection-metrics",
      "postgresql",
      "postgresql-read",
      "redis-master",
      "redis-replica",
    ]);
    for (const { spec, metadata } of services) {
      const [template, ...others] = selected(spec?.selector ?? {});
      expect(others, metadata?.name).toEqual([]);
      const names = template!.spec!.containers[0]!.ports!.map(({ name }) => name);
      for (const { targetPort } of spec?.ports ?? []) expect(names).toContain(targetPort);
    }
  });

  it("covers each workload that can be disrupted", () => {
    const budgets = objects.flatMap(
      ({ object }) => as<IPodDisruptionBudget>("PodDisruptionBudget", object) ?? [],
    );
    const covered = budgets.flatMap(({ spec }) => selected(spec?.selector?.matchLabels ?? {}));
    // All but the metrics service, of which there is one.
    expect(covered).toHaveLength(templates.length - 1);
  });

  it("scales the gateway as the operations guide says", () => {
    expect(
      one<IHorizontalPodAutoscaler>("HorizontalPodAutoscaler", "pistonprotection-gateway-hpa").spec,
    ).toEqual({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "pistonprotection-gateway" },
      minReplicas: 3,
      maxReplicas: 20,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
        },
        {
          type: "Resource",
          resource: { name: "memory", target: { type: "Utilization", averageUtilization: 80 } },
        },
        {
          type: "Pods",
          pods: {
            metric: { name: "requests_per_second" },
            target: { type: "AverageValue", averageValue: "1000" },
          },
        },
      ],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 60,
          policies: [{ type: "Percent", value: 100, periodSeconds: 60 }],
        },
        scaleDown: {
          stabilizationWindowSeconds: 300,
          policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
        },
      },
    });
    // A number of replicas would fight the autoscaler at every sync.
    expect(one<IDeployment>("Deployment", "pistonprotection-gateway").spec).not.toHaveProperty("replicas");
  });
});

describe("the gateway", () => {
  const container = one<IDeployment>("Deployment", "pistonprotection-gateway").spec!.template.spec!
    .containers[0]!;

  it("has the resources of its tier, and twice as much at most", () => {
    expect(container.resources).toEqual({
      requests: { cpu: "2000m", memory: "2Gi" },
      limits: { cpu: "4000m", memory: "4Gi" },
    });
  });

  it("logs in as the database's owner, not as its superuser", () => {
    const env = Object.fromEntries(container.env!.map(({ name, ...rest }) => [name, rest]));
    expect(env["PGUSER"]).toEqual({ value: "pistonprotection" });
    expect(env["PGPASSWORD"]).toEqual({
      valueFrom: { secretKeyRef: { name: "pistonprotection-secrets", key: "db-password" } },
    });
  });

  it("logs in with the superuser's password only where the site names no other", () => {
    const { workloads, ...rest } = EVERYTHING;
    const { applicationPassword: _, ...postgresql } = workloads!.postgresql!;
    const some = objectsOf(
      emitWorkloads(FLEETS, siteOf({ ...rest, workloads: { ...workloads, postgresql } })),
    );
    const { env } = find<IDeployment>(some, "Deployment", "pistonprotection-gateway").spec!.template.spec!
      .containers[0]!;
    expect(env?.find(({ name }) => name === "PGPASSWORD")?.valueFrom?.secretKeyRef).toEqual({
      name: "postgresql",
      key: "postgres-password",
    });
  });

  it("may read one ConfigMap, by name, that holds the policies' backends", () => {
    expect(one<IRole>("Role", "pistonprotection-gateway-role").rules).toEqual([
      {
        apiGroups: [""],
        resources: ["configmaps"],
        resourceNames: ["pistonprotection-backends"],
        verbs: ["get", "list", "watch"],
      },
    ]);
    one<IConfigMap>("ConfigMap", "pistonprotection-backends");
  });

  it("runs on its pool, tainted as it is", () => {
    const pod = one<IDeployment>("Deployment", "pistonprotection-gateway").spec!.template.spec!;
    expect(pod.nodeSelector).toEqual({ "kubernetes.io/os": "linux", pool: "platform" });
    expect(pod.tolerations).toEqual([{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }]);
  });

  it("is reached by its host name, with the certificate of the site", () => {
    const { spec } = one<IIngress>("Ingress", "pistonprotection");
    expect(spec?.rules?.map(({ host }) => host)).toEqual(["api.example.com", "dashboard.example.com"]);
    expect(spec?.tls).toEqual([
      { hosts: ["api.example.com", "dashboard.example.com"], secretName: "pistonprotection-tls" },
    ]);
  });
});

describe("the network policies", () => {
  const policies = objects.flatMap(({ object }) => as<INetworkPolicy>("NetworkPolicy", object) ?? []);
  const cilium = objects.flatMap(
    ({ object }) => as<ICiliumNetworkPolicy>("CiliumNetworkPolicy", object) ?? [],
  );
  it("have no empty list of rules: the API server drops it, and every comparison would find a change", () => {
    expect(policies.length).toBeGreaterThan(5);
    for (const { metadata, spec } of policies)
      expect([spec?.ingress?.length, spec?.egress?.length], metadata?.name).not.toContain(0);
  });

  const appOf = (policy: INetworkPolicy) => policy.spec?.podSelector?.matchLabels?.["app"];

  it("select every pod, for both directions: what is not named is denied", () => {
    const apps = objects.flatMap(({ object }) => {
      const template =
        as<IDeployment>("Deployment", object)?.spec?.template ??
        as<IStatefulSet>("StatefulSet", object)?.spec?.template ??
        as<ICronJob>("CronJob", object)?.spec?.jobTemplate.spec?.template;
      return template?.metadata?.labels?.["app"] ?? [];
    });
    expect(new Set(policies.map((policy) => appOf(policy)))).toEqual(new Set(apps));
    for (const { spec } of policies) expect(spec?.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(cilium).toHaveLength(policies.length);
    for (const { spec } of cilium) {
      expect(spec?.ingress?.length).toBeGreaterThan(0);
      expect(spec?.egress?.length).toBeGreaterThan(0);
    }
  });

  it("say the same at both ends", () => {
    const between = (direction: "ingress" | "egress") =>
      policies.flatMap((policy) =>
        (policy.spec?.[direction] ?? []).flatMap((rule) => {
          const peers = ("from" in rule ? rule.from : "to" in rule ? rule.to : null) ?? [];
          return peers.flatMap(({ podSelector, namespaceSelector }) => {
            const other = podSelector?.matchLabels?.["app"];
            if (other === undefined || namespaceSelector) return [];
            const ports = rule.ports!.map(({ port }) => port).join();
            return direction === "egress"
              ? `${appOf(policy)} → ${other}:${ports}`
              : `${other} → ${appOf(policy)}:${ports}`;
          });
        }),
      );
    expect(between("egress").sort()).toEqual(between("ingress").sort());
    expect(between("egress")).toContain("pistonprotection-gateway → postgresql:5432");
    expect(between("egress")).not.toContain("pistonprotection-frontend → postgresql:5432");
  });

  it("give the database no way out but to its own servers and to names", () => {
    const { egress } = one<INetworkPolicy>("NetworkPolicy", "postgresql").spec!;
    expect(egress).toEqual([
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
      {
        to: [{ podSelector: { matchLabels: { app: "postgresql" } } }],
        ports: [{ port: 5432, protocol: "TCP" }],
      },
    ]);
  });

  it("let the backup out to the bucket, and not to addresses inside", () => {
    const { egress = [] } = one<INetworkPolicy>("NetworkPolicy", "postgres-backup").spec!;
    const outside = egress.find(({ ports }) => ports?.[0]?.port === 443);
    expect(outside?.to?.map(({ ipBlock }) => ipBlock?.cidr)).toEqual(["0.0.0.0/0", "::/0"]);
    expect(outside?.to?.[0]?.ipBlock?.except).toContain("169.254.0.0/16");
  });

  it("take the API server for an entity where Cilium knows it", () => {
    const gateway = cilium.find(({ metadata }) => metadata.name === "pistonprotection-gateway");
    expect(gateway?.spec?.egress).toContainEqual({
      toEntities: ["kube-apiserver"],
      toPorts: [
        {
          ports: [
            { port: "443", protocol: "TCP" },
            { port: "6443", protocol: "TCP" },
          ],
        },
      ],
    });
  });

  it("are Kubernetes' alone where the cluster has no Cilium", () => {
    const paths = emitWorkloads(FLEETS, siteOf({ ...EVERYTHING, cilium: false })).map(({ path }) => path);
    expect(paths.filter((path) => /network|cilium/.test(path))).toEqual([
      "manifests/workloads/network-policies.yaml",
    ]);
  });
});

describe("the databases", () => {
  it("keep their volumes, whoever deletes the set", () => {
    for (const name of ["postgresql", "postgresql-replica", "redis-master", "redis-replica"])
      expect(one<IStatefulSet>("StatefulSet", name).spec?.persistentVolumeClaimRetentionPolicy).toEqual({
        whenDeleted: "Retain",
        whenScaled: "Retain",
      });
  });

  it("start anew when a file of theirs changes, and not for a new version of the compiler", () => {
    const { template, volumeClaimTemplates } = one<IStatefulSet>("StatefulSet", "postgresql").spec!;
    expect(template.metadata?.annotations?.["pistonprotection.io/files"]).toMatch(/^[0-9a-f]{12}$/);
    expect(template.metadata?.labels).not.toHaveProperty("app.kubernetes.io/version");
    expect(volumeClaimTemplates?.[0]?.metadata?.labels).not.toHaveProperty("app.kubernetes.io/version");
  });

  it("have no replicas, and nothing for them, where none are asked for", () => {
    const { workloads, ...rest } = EVERYTHING;
    const { readReplicas: _p, ...postgresql } = workloads!.postgresql!;
    const { readReplicas: _r, ...redis } = workloads!.redis!;
    const some = objectsOf(emitWorkloads(FLEETS, siteOf({ ...rest, workloads: { postgresql, redis } }))).map(
      ({ object }) => `${object.kind} ${object.metadata.name}`,
    );
    expect(some.filter((text) => /replica|read/.test(text))).toEqual([]);
    expect(some).toContain("StatefulSet postgresql");
  });

  it("are backed up one dump after the other", () => {
    const spec = one<ICronJob>("CronJob", "postgres-backup").spec;
    expect(spec).toMatchObject({
      schedule: "0 * * * *",
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
    });
    const pod = spec.jobTemplate.spec!.template.spec!;
    expect(pod.restartPolicy).toBe("Never"); // the log of a failure stays
    expect(pod.initContainers?.[0]?.image).toBe(site.images.postgresql);
    expect(pod.containers[0]?.image).toBe(site.images.backup);
  });
});
