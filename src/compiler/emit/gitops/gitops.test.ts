import type { IApplication } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/Application";
import type { IAppProject } from "@kubernetes-models/argo-cd/argoproj.io/v1alpha1/AppProject";
import type { IKustomization } from "@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import { describe, expect, it, test } from "vitest";
import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { BUNDLES, FLEETS, REVISION } from "../fleet-fixture.ts";
import { type KubernetesObject, kubernetesFile } from "../kubernetes.ts";
import { emitManifests } from "../manifests/index.ts";
import { siteOf, sitesOf } from "../site-fixture.ts";
import { emitGitOps } from "./index.ts";
import { ModelCluster, syncByArgoCd, syncByFlux, waveOf } from "./sync-model.ts";
import { groupOf, resourceOf } from "./synced.ts";

const site = siteOf({ name: "shield", cilium: true });

/** As a workload of the platform brings it: a role that reads what nothing else here may. */
const ROLE = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "reader", namespace: "pistonprotection" },
  rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: ["jwt"] }],
};
const emit = (site: SiteIr, bundles = BUNDLES): Artifact[] => {
  const emitted = [
    ...emitManifests(FLEETS, site, { bundles, revision: REVISION }),
    kubernetesFile("manifests/workloads/gateway.yaml", "", [ROLE]),
    kubernetesFile("manifests/on-demand/backup.yaml", "", [
      { apiVersion: "velero.io/v1", kind: "Backup", metadata: { name: "now", namespace: "velero" } },
    ]),
  ];
  return [...emitted, ...emitGitOps(emitted, site)];
};
const objectsIn = (artifacts: readonly Artifact[], path: string): KubernetesObject[] =>
  artifacts
    .filter((one) => one.path.startsWith(path))
    .flatMap(({ objects = [] }) => objects.map(({ object }) => object as KubernetesObject));
const artifacts = emit(site);
const folders = ["cluster", "cilium", "monitoring", "workloads"];
const synced = folders.flatMap((folder) => objectsIn(artifacts, `manifests/${folder}/`));
const ofKind = <T extends KubernetesObject>(objects: readonly KubernetesObject[], kind: T["kind"]) =>
  objects.filter((object) => object.kind === kind) as unknown as T[];

describe("Argo CD", () => {
  const objects = objectsIn(artifacts, "manifests/gitops/argo-cd.yaml");
  const [project] = ofKind<IAppProject & KubernetesObject>(objects, "AppProject");
  const applications = ofKind<IApplication & KubernetesObject>(objects, "Application");

  it("has an Application for each folder, and none for what is applied by hand", () => {
    expect(applications.map(({ metadata, spec }) => [metadata.name, spec.source?.path])).toEqual([
      ["shield", "dist/manifests/cluster"],
      ["shield-cilium", "dist/manifests/cilium"],
      ["shield-monitoring", "dist/manifests/monitoring"],
      ["shield-workloads", "dist/manifests/workloads"],
    ]);
  });

  it("deletes only after everything new is healthy, and keeps the filter on without the Application", () => {
    for (const { spec, metadata } of applications) {
      expect(spec.syncPolicy?.syncOptions).toContain("PruneLast=true");
      expect(spec.syncPolicy?.syncOptions).toContain("ServerSideApply=true");
      // A finalizer would take the filter down with the Application.
      expect(metadata.finalizers).toBeUndefined();
    }
  });

  it("may touch every kind that is emitted, in every namespace that has one, and no other", () => {
    const { spec } = project!;
    const kinds = (objects: readonly KubernetesObject[]) =>
      new Set(objects.map((object) => `${groupOf(object)}/${object.kind}`));
    const inNamespace = synced.filter(({ metadata }) => metadata?.namespace !== undefined);
    const listed = (list: { group: string; kind: string }[] | undefined) =>
      new Set(list?.map(({ group, kind }) => `${group}/${kind}`));
    expect(listed(spec.namespaceResourceWhitelist)).toEqual(kinds(inNamespace));
    expect(listed(spec.clusterResourceWhitelist)).toEqual(
      kinds(synced.filter((object) => !inNamespace.includes(object))),
    );
    expect(spec.destinations?.map(({ namespace }) => namespace)).toEqual([
      "pistonprotection",
      "pistonprotection-workers",
    ]);
  });

  it("brings what a pod needs before the pod", () => {
    const wave = (kind: string) => new Set(synced.filter((one) => one.kind === kind).map(waveOf));
    for (const kind of ["Namespace", "PriorityClass", "ServiceAccount", "NetworkPolicy", "ConfigMap"])
      expect(Math.max(...wave(kind)), kind).toBeLessThan(Math.min(...wave("DaemonSet")));
  });

  it("finds another environment in its own cluster, branch and folder, under its own name", () => {
    const [, staging] = sitesOf({
      name: "shield",
      environments: {
        staging: { source: { branch: "next" }, cluster: { server: "https://staging.example.com" } },
      },
    });
    const [project, application] = objectsIn(emit(staging!), "manifests/gitops/argo-cd.yaml") as unknown as [
      IAppProject,
      IApplication,
    ];
    expect(project.metadata.name).toBe("shield-staging");
    expect(application.metadata.name).toBe("shield-staging");
    expect(application.spec).toMatchObject({
      project: "shield-staging",
      source: { targetRevision: "next", path: "dist/environments/staging/manifests/cluster" },
      destination: { server: "https://staging.example.com" },
    });
  });
});

describe.each(["flux-git", "flux-oci"])("Flux by %s", (file) => {
  const objects = objectsIn(artifacts, `manifests/gitops/${file}.yaml`);
  const roles = objects.filter(({ kind }) => /^(?:Cluster)?Role$/.test(kind)) as unknown as IRole[];
  const isAllowed = (object: KubernetesObject, verb: string) =>
    roles.some(
      ({ metadata, rules = [] }) =>
        (metadata?.namespace === undefined || metadata.namespace === object.metadata?.namespace) &&
        rules.some(
          (rule) =>
            rule.verbs.includes(verb) &&
            rule.apiGroups?.includes(groupOf(object)) &&
            rule.resources?.includes(resourceOf(object.kind)) &&
            (rule.resourceNames?.includes(object.metadata?.name ?? "") ?? true),
        ),
    );

  it("has a Kustomization for each folder, in the directory that its source has", () => {
    const root = file === "flux-git" ? "./dist/" : "./";
    expect(
      ofKind<IKustomization & KubernetesObject>(objects, "Kustomization").map(({ metadata, spec }) => [
        metadata?.name,
        spec?.path,
        spec?.deletionPolicy,
      ]),
    ).toEqual([
      ["shield", `${root}manifests/cluster`, "Orphan"],
      ["shield-cilium", `${root}manifests/cilium`, "Orphan"],
      ["shield-monitoring", `${root}manifests/monitoring`, "Orphan"],
      ["shield-workloads", `${root}manifests/workloads`, "Orphan"],
    ]);
  });

  it("may touch every object that is emitted, in its namespace", () => {
    for (const object of synced)
      for (const verb of ["get", "patch"])
        expect(isAllowed(object, verb), `${verb} ${object.kind} ${object.metadata?.name}`).toBe(true);
  });

  it("may delete no namespace, and read no secret but where a role that it makes may", () => {
    const other = (kind: string, name: string, namespace?: string) => ({
      apiVersion: "v1",
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    });
    expect(isAllowed(other("Namespace", "pistonprotection"), "delete")).toBe(false);
    expect(isAllowed(other("Namespace", "kube-system"), "get")).toBe(false);
    expect(isAllowed(other("Secret", "jwt", "pistonprotection"), "get")).toBe(true);
    expect(isAllowed(other("Secret", "other", "pistonprotection"), "get")).toBe(false);
    expect(isAllowed(other("Secret", "jwt", "pistonprotection-workers"), "get")).toBe(false);
    expect(isAllowed(other("ConfigMap", "x", "default"), "get")).toBe(false);
  });
});

test.each([
  ["argo-cd", ["argo-cd"]],
  ["flux", ["flux-git", "flux-oci"]],
  ["both", ["argo-cd", "flux-git", "flux-oci"]],
] as const)("the engine %s has its files", (gitops, files) => {
  const paths = emit(siteOf({ gitops })).map(({ path }) => path);
  expect(paths.filter((path) => path.startsWith("manifests/gitops/"))).toEqual(
    files.map((file) => `manifests/gitops/${file}.yaml`),
  );
});

describe("two builds one after the other", () => {
  const bundle = BUNDLES.get("edge")!;
  const another = bundle.slice();
  another[1000]! ^= 1;
  const cluster = (site: SiteIr, bytes: Uint8Array) =>
    objectsIn(emit(site, new Map([["edge", bytes]])), "manifests/cluster/");
  const application = ofKind<IApplication & KubernetesObject>(
    objectsIn(artifacts, "manifests/gitops/argo-cd.yaml"),
    "Application",
  )[0]!.spec;
  const debugging = siteOf({ name: "shield", fleets: { edge: { agent: { logLevel: "debug" } } } });
  const steps = [cluster(site, bundle), cluster(site, another), cluster(debugging, another)];

  it("share no ConfigMap that is other in the second", () => {
    const state = new ModelCluster();
    for (const objects of steps) for (const object of objects) state.apply(object);
    expect(state.refused).toEqual([]);
  });

  it("leave no node without a bundle at any step of Argo CD, and nothing behind", () => {
    const state = new ModelCluster();
    for (const objects of steps) syncByArgoCd(state, objects, application);
    expect(state.torn).toEqual([]);
    expect(state.objects.size).toBe(steps.at(-1)!.length);
  });

  it("leave no node without a bundle at any step of Flux", () => {
    const state = new ModelCluster();
    for (const objects of steps) syncByFlux(state, objects);
    expect(state.torn).toEqual([]);
  });

  it("would, without what keeps them: the model finds it", () => {
    const argo = new ModelCluster();
    const careless = { ...application, syncPolicy: { ...application.syncPolicy, syncOptions: [] } };
    for (const objects of steps) syncByArgoCd(argo, objects, careless);
    expect(argo.torn.length).toBeGreaterThan(0);

    const flux = new ModelCluster();
    const stripped = steps.map((objects) =>
      objects.map((object) => ({
        ...object,
        metadata: { name: object.metadata?.name ?? "", namespace: object.metadata?.namespace ?? "" },
      })),
    );
    for (const objects of stripped) syncByFlux(flux, objects);
    expect(flux.torn.length).toBeGreaterThan(0);

    // All in one wave, the DaemonSet first.
    const early = new ModelCluster();
    for (const objects of steps) {
      early.apply(objects.find(({ kind }) => kind === "DaemonSet")!);
      early.rollOut();
    }
    expect(early.torn.length).toBeGreaterThan(0);
  });
});

// Plurals as `kubectl api-resources` prints them.
test.each([
  ["ConfigMap", "configmaps"],
  ["NetworkPolicy", "networkpolicies"],
  ["CiliumNetworkPolicy", "ciliumnetworkpolicies"],
  ["PriorityClass", "priorityclasses"],
  ["Ingress", "ingresses"],
  ["PodDisruptionBudget", "poddisruptionbudgets"],
  ["Gateway", "gateways"],
])("the resource of a %s is %s", (kind, resource) => {
  expect(resourceOf(kind)).toBe(resource);
});
