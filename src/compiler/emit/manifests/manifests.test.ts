import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { joinShards } from "../../../bundle/shards.ts";
import type { SiteIr } from "../../../ir/site.ts";
import { loadConfig } from "../../../runtime/config/index.ts";
import type { Artifact } from "../../types.ts";
import {
  as,
  type EmittedObject,
  type Found,
  missingReferences,
  modelFaults,
} from "../../validate/object-checks.ts";
import { emitAlerts } from "../alerts/index.ts";
import { emitDashboards } from "../dashboards/index.ts";
import { BUNDLES, FLEET, FLEETS, REVISION } from "../fleet-fixture.ts";
import { emitGitOps } from "../gitops/index.ts";
import { DEFAULT_SITE, siteOf } from "../site-fixture.ts";
import { emitManifests } from "./index.ts";
import { workerResources } from "./worker-resources.ts";

const manifests = (site: SiteIr) => emitManifests(FLEETS, site, { bundles: BUNDLES, revision: REVISION });
const emitted = [
  ...manifests(DEFAULT_SITE),
  ...emitAlerts(FLEETS, DEFAULT_SITE),
  ...emitDashboards(FLEETS, DEFAULT_SITE),
];
const artifacts = [...emitted, ...emitGitOps(emitted, DEFAULT_SITE)];
const bundle = BUNDLES.get("edge")!;

const objects: Found[] = artifacts
  .filter(({ path }) => path.startsWith("manifests/"))
  .flatMap(({ path, bytes }) =>
    // Kubernetes reads YAML 1.1.
    parseAllDocuments(new TextDecoder().decode(bytes), { version: "1.1" }).map((document) => {
      expect(document.errors).toEqual([]);
      return { path, object: document.toJS() as Found["object"] };
    }),
  );
const synced = objects.filter(({ path }) => !path.startsWith("manifests/gitops/"));
function one<T extends { kind: string }>(kind: T["kind"], name: string): T {
  const found = objects.find(({ object }) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found.object as unknown as T;
}
const podOf = (daemonSet: IDaemonSet) => daemonSet.spec!.template.spec!;
function daemonSetIn(artifacts: readonly Artifact[]): IDaemonSet {
  const found = artifacts
    .flatMap(({ objects = [] }) => objects)
    .flatMap(({ object }) => as<IDaemonSet>("DaemonSet", object as EmittedObject) ?? []);
  return found[0]!;
}
const podIn = (artifacts: readonly Artifact[]) => podOf(daemonSetIn(artifacts));

describe("the manifests", () => {
  it("are the same bytes each time", () => {
    expect(manifests(DEFAULT_SITE)).toEqual(manifests(DEFAULT_SITE));
  });

  it("are files of their own, in the folders that are synced apart", () => {
    expect(manifests(siteOf({ cilium: true })).map(({ path }) => path)).toEqual([
      "manifests/cluster/namespaces.yaml",
      "manifests/cluster/network-policies.yaml",
      "manifests/cluster/priority-classes.yaml",
      "manifests/cluster/workers.yaml",
      "manifests/cluster/edge-bundle.yaml",
      "manifests/cluster/edge-workers.yaml",
      "manifests/cilium/network-policies.yaml",
      "manifests/monitoring/pod-monitor.yaml",
    ]);
    const least = siteOf({ prometheus: { operator: false } });
    expect(manifests(least).filter(({ path }) => !path.startsWith("manifests/cluster/"))).toEqual([]);
  });

  it("need no custom resource for filtering: only core kinds are in the cluster folder", () => {
    const kinds = objects
      .filter(({ path }) => path.startsWith("manifests/cluster/"))
      .map(({ object }) => object.kind);
    expect(new Set(kinds)).toEqual(
      new Set([
        "Namespace",
        "NetworkPolicy",
        "PriorityClass",
        "ServiceAccount",
        "Service",
        "ConfigMap",
        "DaemonSet",
      ]),
    );
  });

  it("hold each object once", () => {
    const names = synced.map(({ object: { apiVersion, kind, metadata } }) =>
      [apiVersion, kind, metadata.namespace, metadata.name].join(" "),
    );
    expect(names).toEqual([...new Set(names)]);
  });

  it("refuse a fleet whose name Kubernetes would refuse, and one without a bundle", () => {
    const emit = (name: string) =>
      emitManifests([{ ...FLEET, name }], DEFAULT_SITE, { bundles: BUNDLES, revision: REVISION });
    expect(() => emit("Edge")).toThrow("fleet name Edge");
    expect(() => emit("a".repeat(34))).toThrow("fleet name");
    expect(() => emit("a".repeat(33))).toThrow("has no bundle");
  });
});

describe("every object", () => {
  let faults: Map<string, readonly string[]>;
  beforeAll(async () => {
    faults = await modelFaults(objects.map(({ object }) => object));
  });

  it.each(objects.map(({ path, object }) => [path, object.kind, object.metadata.name, object] as const))(
    "%s: %s %s is valid by its API's model",
    (_path, kind, _name, object) => {
      expect(faults.has(kind), `no model for ${kind}`).toBe(true);
      expect(faults.get(kind)!.filter((fault) => fault.startsWith(object.metadata.name))).toEqual([]);
    },
  );

  it("refers only to what is there", () => {
    expect(missingReferences(objects.map(({ object }) => object))).toEqual([]);
  });

  it("has a name that is a DNS label", () => {
    for (const { object } of objects)
      expect(object.metadata.name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  });
});

describe("the bundle in ConfigMaps", () => {
  const sources = podOf(one<IDaemonSet>("DaemonSet", "pistonprotection-worker-edge")).volumes!.find(
    ({ name }) => name === "bundle",
  )!.projected!.sources!;

  it("comes out of the projected volume as it went in", async () => {
    const files = new Map<string, Uint8Array>();
    for (const { configMap } of sources) {
      if (configMap?.optional) continue;
      const { data = {}, binaryData = {} } = one<IConfigMap>("ConfigMap", configMap!.name!);
      for (const { key, path } of configMap!.items!)
        files.set(path, data[key] ? Buffer.from(data[key]) : Buffer.from(binaryData[key]!, "base64"));
    }
    expect(files.size).toBe(3);
    const joined = await joinShards(async (path) => files.get(path) ?? null);
    expect(Buffer.from(joined.bytes).equals(bundle)).toBe(true);
  });

  it("is immutable, below 1 MiB a piece, and kept by Flux when it is superseded", () => {
    const maps = synced.flatMap(({ object }) =>
      object.metadata.name.startsWith("edge-bundle-") ? (as<IConfigMap>("ConfigMap", object) ?? []) : [],
    );
    expect(maps).toHaveLength(3);
    for (const { immutable, metadata, data, binaryData } of maps) {
      expect(immutable).toBe(true);
      expect(metadata?.annotations?.["kustomize.toolkit.fluxcd.io/prune"]).toBe("disabled");
      const values = Object.values({ ...data, ...binaryData });
      expect(values.join("").length).toBeLessThan(2 ** 20);
    }
  });

  it("has other names where the bundle has another byte, so that the pods are rolled", () => {
    const changed = bundle.slice();
    changed[0]! ^= 1;
    const text = (bytes: Uint8Array) =>
      new TextDecoder().decode(
        emitManifests(FLEETS, DEFAULT_SITE, {
          bundles: new Map([["edge", bytes]]),
          revision: REVISION,
        }).find(({ path }) => path.endsWith("edge-workers.yaml"))!.bytes,
      );
    expect(text(changed)).not.toBe(text(bundle));
    expect(text(bundle.slice())).toBe(text(bundle));
  });

  it("takes a signature that release has made for this bundle, where there is one", () => {
    expect(sources.at(-1)).toEqual({
      configMap: {
        name: expect.stringMatching(/^edge-bundle-signature-[0-9a-f]{12}$/),
        items: [{ key: "signature", path: "signature" }],
        optional: true,
      },
    });
  });
});

describe("the agent's pod", () => {
  const pod = podOf(one<IDaemonSet>("DaemonSet", "pistonprotection-worker-edge"));
  const agent = pod.containers[0]!;

  it("has three capabilities, and no more", () => {
    expect(agent.securityContext?.capabilities).toEqual({
      drop: ["ALL"],
      add: ["BPF", "NET_ADMIN", "PERFMON"],
    });
    expect(agent.securityContext).toMatchObject({
      privileged: false,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
  });

  it("has no token for the API server", () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(one<IServiceAccount>("ServiceAccount", pod.serviceAccountName!).automountServiceAccountToken).toBe(
      false,
    );
  });

  it("has a configuration that the agent's own reader takes", async () => {
    expect(agent.args).toEqual(["node", "--config", "/etc/pistonprotection/agent.yaml"]);
    const volume = pod.volumes!.find(({ name }) => name === "config")!.configMap!;
    const map = one<IConfigMap>("ConfigMap", volume.name!);
    expect(map.immutable).toBe(true);
    const directory = await mkdtemp(join(tmpdir(), "piston-agent-config-"));
    try {
      const file = join(directory, "agent.yaml");
      await writeFile(file, map.data!["agent.yaml"]!);
      const { config, warnings } = await loadConfig({
        file,
        environment: Object.fromEntries(agent.env!.map(({ name, value }) => [name, value])),
        settings: [],
        flags: new Map(),
      });
      expect(warnings).toEqual([]);
      expect(config).toMatchObject({
        profile: "default",
        bundle: {
          path: "/bundle",
          interfaces: ["eth0", "eth1.100"],
          trustKeys: ["/trust"],
          allowUnsigned: false,
          pinPath: "/run/pistonprotection/bpf",
        },
        listen: { metrics: ":9090", operations: "127.0.0.1:9091" },
        log: { level: "info", json: true },
        resources: { memoryLimitBytes: 512 * 2 ** 20 },
        shutdown: { detachOnExit: false },
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("is another one where its configuration is: the pods are rolled", () => {
    const template = (site: SiteIr) => JSON.stringify(podIn(manifests(site)));
    expect(template(siteOf({ fleets: { edge: { agent: { logLevel: "debug" } } } }))).not.toBe(
      template(siteOf()),
    );
    expect(template(siteOf({ alerting: { alerts: { HighDropRate: { threshold: 0.1 } } } }))).toBe(
      template(siteOf()),
    );
  });

  it("runs where and as the site says", () => {
    const site = siteOf({
      images: { agent: "registry.example.com/piston:1.2.3" },
      nodePools: { edge: { labels: { pool: "edge" } } },
      fleets: { edge: { nodePool: "edge", maxUnavailable: "10%" } },
      namespaces: { workers: { name: "filters" } },
    });
    const daemonSet = daemonSetIn(manifests(site));
    expect(daemonSet.metadata?.namespace).toBe("filters");
    expect(daemonSet.spec?.updateStrategy?.rollingUpdate?.maxUnavailable).toBe("10%");
    expect(podOf(daemonSet).containers[0]!.image).toBe("registry.example.com/piston:1.2.3");
    expect(podOf(daemonSet).nodeSelector).toMatchObject({
      pool: "edge",
      "pistonprotection.io/fleet": "edge",
    });
  });

  it("has a priority of its own, above everything that is not the cluster's", () => {
    const { value, globalDefault } = one<IPriorityClass>("PriorityClass", pod.priorityClassName!);
    expect({ value, globalDefault }).toEqual({ value: 1_000_000_000, globalDefault: false });
  });

  it("is ready when its own bundle serves, so that a refused one stops the roll-out", () => {
    const digest = createHash("sha256").update(bundle).digest("hex");
    expect(agent.readinessProbe?.httpGet?.path).toBe(`/readyz?generation=${digest.slice(0, 12)}`);
    expect(agent.livenessProbe?.httpGet?.path).toBe("/healthz");
  });

  it("runs on the fleet's nodes, tainted ones too", () => {
    expect(pod.nodeSelector).toMatchObject({ "pistonprotection.io/fleet": "edge" });
    expect(pod.tolerations).toEqual([{ operator: "Exists" }]);
  });

  it("runs on x86-64, or on arm64 where the fleet or its pool says so", () => {
    const arch = { "kubernetes.io/arch": "arm64" };
    expect(pod.nodeSelector).toMatchObject({ "kubernetes.io/arch": "amd64" });
    const pools = siteOf({ nodePools: { edge: { labels: arch } }, fleets: { edge: { nodePool: "edge" } } });
    expect(podIn(manifests(pools)).nodeSelector).toMatchObject(arch);
    const fleets = [{ ...FLEET, nodeSelector: { ...FLEET.nodeSelector, ...arch } }];
    const files = emitManifests(fleets, DEFAULT_SITE, { bundles: BUNDLES, revision: REVISION });
    expect(podIn(files).nodeSelector).toMatchObject({ ...FLEET.nodeSelector, ...arch });
  });

  // The operations guide: workers by load. Memory is added for the fleet's tables, three generations of them.
  it.each([
    ["low", "500m", 256],
    ["medium", "1000m", 512],
    ["high", "2000m", 1024],
    ["very-high", "4000m", 2048],
  ] as const)("has the CPU and memory of the tier %s, and that of its tables", (tier, cpu, memory) => {
    const { resources } = podIn(manifests(siteOf({ tier }))).containers[0]!;
    expect(resources).toEqual({
      requests: { cpu, memory: `${memory + 3 * 64}Mi` },
      limits: { cpu, memory: `${memory + 3 * 64}Mi` },
    });
  });

  it("is the last that a node short of memory evicts: no container of it asks for less than it may take", () => {
    for (const { name, resources } of [...pod.initContainers!, ...pod.containers])
      expect(resources?.requests, name).toEqual(resources?.limits);
  });

  it("is what `kubectl exec` means, with the pins where `piston status` looks for them", () => {
    const annotations = daemonSetIn(manifests(siteOf())).spec!.template.metadata!.annotations!;
    expect(annotations["kubectl.kubernetes.io/default-container"]).toBe(agent.name);
    const pins = agent.volumeMounts!.find(({ name }) => name === "pins")!.mountPath;
    expect(agent.env).toEqual([{ name: "PISTON_BUNDLE_PIN_PATH", value: pins }]);
  });

  it("has memory for a budget that is no whole number of MiB", () => {
    expect(workerResources("low", { memoryBudgetBytes: 2 ** 20 }).memory).toBe("259Mi");
    expect(workerResources("low", { memoryBudgetBytes: 2 ** 20 + 1 }).memory).toBe("262Mi");
  });
});

describe("a namespace", () => {
  it.each([
    ["pistonprotection", "restricted"],
    ["pistonprotection-workers", "privileged"],
  ])("%s enforces the Pod Security level %s", (name, level) => {
    expect(one<INamespace>("Namespace", name).metadata?.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": level,
      "pod-security.kubernetes.io/audit": level,
      "pod-security.kubernetes.io/warn": level,
    });
  });

  it("denies every flow that nobody allows", () => {
    const denied = objects.flatMap(({ object }) => as<INetworkPolicy>("NetworkPolicy", object) ?? []);
    expect(denied.map(({ metadata }) => metadata?.namespace ?? "").toSorted()).toEqual([
      "pistonprotection",
      "pistonprotection-workers",
    ]);
    for (const { spec } of denied)
      expect(spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });
});

describe("the checks of these tests", () => {
  it("find what is planted", async () => {
    const daemonSet = structuredClone(one<IDaemonSet>("DaemonSet", "pistonprotection-worker-edge"));
    podOf(daemonSet).serviceAccountName = "nobody";
    podOf(daemonSet).volumes = podOf(daemonSet).volumes!.filter(({ name }) => name !== "pins");
    const planted = daemonSet as unknown as EmittedObject;
    expect(missingReferences([planted]).filter((text) => !text.includes("ConfigMap"))).toEqual([
      "DaemonSet pistonprotection-worker-edge: Namespace pistonprotection-workers",
      "DaemonSet pistonprotection-worker-edge: ServiceAccount nobody",
      "DaemonSet pistonprotection-worker-edge: volume pins",
      "DaemonSet pistonprotection-worker-edge: volume pins",
    ]);
    daemonSet.spec!.minReadySeconds = "5" as never;
    expect((await modelFaults([planted])).get("DaemonSet")).toHaveLength(1);
  });
});
