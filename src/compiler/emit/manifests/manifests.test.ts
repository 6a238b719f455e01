import { createHash } from "node:crypto";
import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IAppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { joinShards } from "../../../bundle/shards.ts";
import { emitAlerts } from "../alerts/index.ts";
import { emitDashboards } from "../dashboards/index.ts";
import { BUNDLES, FLEET, FLEETS, REVISION } from "../fleet-fixture.ts";
import { DEFAULT_SITE } from "../site-fixture.ts";
import { emitManifests } from "./index.ts";
import { as, type EmittedObject, type Found, missingReferences, modelFaults } from "./object-checks.ts";
import { memoryLimit } from "./worker.ts";

const artifacts = [
  ...emitManifests(FLEETS, DEFAULT_SITE, { bundles: BUNDLES, revision: REVISION }),
  ...emitAlerts(FLEETS, DEFAULT_SITE),
  ...emitDashboards(FLEETS, DEFAULT_SITE),
];
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
const kindOf = ({ apiVersion, kind }: EmittedObject) =>
  `${apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : ""}/${kind}`;
const podOf = (daemonSet: IDaemonSet) => daemonSet.spec!.template.spec!;

describe("the manifests", () => {
  it("are the same bytes each time", () => {
    expect(emitManifests(FLEETS, DEFAULT_SITE, { bundles: BUNDLES, revision: REVISION })).toEqual(
      artifacts.slice(0, -4),
    );
  });

  it("are files of their own, in the folders that are synced apart", () => {
    expect(artifacts.map(({ path }) => path)).toEqual([
      "manifests/cluster/namespaces.yaml",
      "manifests/cluster/workers.yaml",
      "manifests/cluster/edge-bundle.yaml",
      "manifests/cluster/edge-workers.yaml",
      "manifests/monitoring/pod-monitor.yaml",
      "manifests/gitops/argo-cd.yaml",
      "manifests/gitops/flux-git.yaml",
      "manifests/gitops/flux-oci.yaml",
      "alerts/pistonprotection.rules.yaml",
      "manifests/monitoring/prometheus-rule.yaml",
      "dashboards/overview.json",
      "manifests/monitoring/dashboards.yaml",
    ]);
  });

  it("need no custom resource for filtering: only core kinds are in the cluster folder", () => {
    const kinds = objects
      .filter(({ path }) => path.startsWith("manifests/cluster/"))
      .map(({ object }) => object.kind);
    expect(new Set(kinds)).toEqual(
      new Set(["Namespace", "ServiceAccount", "Service", "ConfigMap", "DaemonSet"]),
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
    expect(Buffer.from(await joinShards(async (path) => files.get(path) ?? null)).equals(bundle)).toBe(true);
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
        emitManifests(FLEETS, DEFAULT_SITE, { bundles: new Map([["edge", bytes]]), revision: REVISION })[3]!
          .bytes,
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

  it("is told every interface of the fleet", () => {
    expect(agent.args?.join(" ")).toBe(
      "node --bundle /bundle --interface eth0 --interface eth1.100 --trust /trust --pin-path /run/pistonprotection/bpf --json --metrics-address :9090",
    );
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

  it("may use memory for three generations of tables", () => {
    // 256 + 3 × 64, and a budget that is not a whole number of MiB rounds up.
    expect(agent.resources?.limits?.["memory"]).toBe("448Mi");
    expect(memoryLimit(2 ** 20)).toBe("259Mi");
    expect(memoryLimit(2 ** 20 + 1)).toBe("262Mi");
  });
});

describe("a sync", () => {
  it("by Argo CD deletes only after everything new is healthy", () => {
    for (const name of ["pistonprotection", "pistonprotection-monitoring"]) {
      const application = one<IApplication>("Application", name);
      expect(application.spec.syncPolicy?.syncOptions).toContain("PruneLast=true");
      expect(application.spec.syncPolicy?.syncOptions).toContain("ServerSideApply=true");
      // A finalizer would take the filter down with the Application.
      expect(application.metadata.finalizers).toBeUndefined();
    }
  });

  it("by Argo CD may touch every kind that is emitted, and no other", () => {
    const { spec } = one<IAppProject>("AppProject", "pistonprotection");
    const allowed = [...spec.clusterResourceWhitelist!, ...spec.namespaceResourceWhitelist!];
    expect(new Set(allowed.map(({ group, kind }) => `${group}/${kind}`))).toEqual(
      new Set(synced.map(({ object }) => kindOf(object))),
    );
  });

  it.each(["flux-git", "flux-oci"])(
    "by %s may touch every object that is emitted, in its namespace",
    (file) => {
      const roles = objects
        .filter(({ path, object }) => path.includes(file) && /^(Cluster)?Role$/.test(object.kind))
        .map(({ object }) => object as unknown as IRole);
      for (const { object } of synced) {
        const [group = "", kind = ""] = kindOf(object).split("/");
        const allowed = roles.some(
          ({ metadata, rules = [] }) =>
            (metadata?.namespace === undefined || metadata.namespace === object.metadata.namespace) &&
            rules.some(
              (rule) =>
                rule.apiGroups?.includes(group) &&
                rule.resources?.includes(`${kind.toLowerCase()}s`) &&
                (rule.resourceNames?.includes(object.metadata.name) ?? true),
            ),
        );
        expect(allowed, `${group} ${kind} ${object.metadata.name}`).toBe(true);
      }
    },
  );
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
