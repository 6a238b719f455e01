import type { ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import type { IClusterIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer";
import type { IExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret";
import type { ISecretStore } from "@kubernetes-models/external-secrets/external-secrets.io/v1/SecretStore";
import { SecretStore } from "@kubernetes-models/external-secrets/external-secrets.io/v1/SecretStore";
import type { ICronJob } from "kubernetes-models/batch/v1/CronJob";
import type { IRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { SecretStore as SecretStoreOptions } from "../../../policy/index.ts";
import { modelFaults } from "../../validate/object-checks.ts";
import { EVERYTHING, find, objectsOf } from "../platform-fixture.ts";
import { DEFAULT_SITE, siteOf } from "../site-fixture.ts";
import { auditPolicy } from "./audit-policy.ts";
import { goDuration } from "./certificates.ts";
import { emitPlatform } from "./index.ts";
import type { IVeleroBackup, IVeleroBackupStorageLocation, IVeleroSchedule } from "./velero-types.ts";

const site = siteOf(EVERYTHING);
const artifacts = emitPlatform(site);
const objects = objectsOf(artifacts).filter(({ path }) => !path.startsWith("manifests/host/"));
const one = <T extends { kind: string }>(kind: T["kind"], name: string) => find<T>(objects, kind, name);

describe("the platform's objects", () => {
  it("are none where the site asks for none", () => {
    expect(emitPlatform(DEFAULT_SITE)).toEqual([]);
  });

  it("are in folders by the operator that serves them", () => {
    expect(artifacts.map(({ path }) => path)).toEqual([
      "manifests/secrets/secret-stores.yaml",
      "manifests/secrets/external-secrets.yaml",
      "manifests/certificates/certificates.yaml",
      "manifests/backup/cluster-backup.yaml",
      "manifests/cilium/cluster-backup.yaml",
      "manifests/velero/velero.yaml",
      "manifests/on-demand/velero-backup.yaml",
      "manifests/logging/fluentd.yaml",
      "manifests/host/audit-policy.yaml",
      "manifests/host/kubelet-log-rotation.yaml",
    ]);
  });

  describe("by their APIs' models", () => {
    let faults: Map<string, readonly string[]>;
    beforeAll(async () => {
      faults = await modelFaults(objects.map(({ object }) => object));
    });
    const known = objects.filter(({ object }) => !object.apiVersion.startsWith("velero.io/"));

    it.each(known.map(({ object }) => [object.kind, object.metadata.name] as const))(
      "%s %s is valid",
      (kind, name) => {
        expect(faults.has(kind), `no model for ${kind}`).toBe(true);
        expect(faults.get(kind)!.filter((fault) => fault.startsWith(`${name}:`))).toEqual([]);
      },
    );
  });
});

describe("secrets", () => {
  it("are fetched into each Secret by one object, and no value passes through", () => {
    expect(one<IExternalSecret>("ExternalSecret", "pistonprotection-secrets").spec).toEqual({
      refreshInterval: "30m",
      secretStoreRef: { name: "aws-secrets-manager", kind: "SecretStore" },
      target: { name: "pistonprotection-secrets", creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: [
        { secretKey: "db-password", remoteRef: { key: "site/db" } },
        { secretKey: "jwt-secret", remoteRef: { key: "site/jwt" } },
      ],
    });
    expect(objects.filter(({ object }) => object.kind === "Secret")).toEqual([]);
  });

  it("name the property of an entry that is a document", () => {
    expect(one<IExternalSecret>("ExternalSecret", "aws-credentials").spec?.data).toEqual([
      { secretKey: "access-key-id", remoteRef: { key: "site/aws", property: "id" } },
      { secretKey: "secret-access-key", remoteRef: { key: "site/aws", property: "key" } },
    ]);
  });

  it("that are there already are not fetched", () => {
    const names = objects.flatMap(({ object }) =>
      object.kind === "ExternalSecret" ? object.metadata.name : [],
    );
    expect(names).toEqual(["aws-credentials", "pistonprotection-secrets", "postgresql"]);
  });

  const stores: [SecretStoreOptions, object][] = [
    [
      {
        kind: "aws-secrets-manager",
        region: "eu-central-1",
        roleArn: "arn:aws:iam::123456789012:role/secrets",
      },
      {
        aws: {
          service: "SecretsManager",
          region: "eu-central-1",
          auth: { jwt: { serviceAccountRef: { name: "pistonprotection-secrets" } } },
        },
      },
    ],
    [
      { kind: "vault", server: "https://vault.example.com", path: "secret", role: "piston" },
      {
        vault: {
          server: "https://vault.example.com",
          path: "secret",
          version: "v2",
          auth: {
            kubernetes: {
              mountPath: "kubernetes",
              role: "piston",
              serviceAccountRef: { name: "pistonprotection-secrets" },
            },
          },
        },
      },
    ],
    [
      { kind: "gcp-secret-manager", project: "p", clusterLocation: "europe-west3", clusterName: "c" },
      {
        gcpsm: {
          projectID: "p",
          auth: {
            workloadIdentity: {
              clusterLocation: "europe-west3",
              clusterName: "c",
              serviceAccountRef: { name: "pistonprotection-secrets" },
            },
          },
        },
      },
    ],
    [
      { kind: "azure-key-vault", vaultUrl: "https://v.vault.azure.net", tenantId: "t", clientId: "i" },
      {
        azurekv: {
          authType: "WorkloadIdentity",
          vaultUrl: "https://v.vault.azure.net",
          tenantId: "t",
          serviceAccountRef: { name: "pistonprotection-secrets" },
        },
      },
    ],
    [
      { kind: "kubernetes", namespace: "vault" },
      {
        kubernetes: {
          remoteNamespace: "vault",
          server: {
            url: "https://kubernetes.default.svc",
            caProvider: { type: "ConfigMap", name: "kube-root-ca.crt", key: "ca.crt" },
          },
          auth: { serviceAccount: { name: "pistonprotection-secrets" } },
        },
      },
    ],
  ];
  it.each(stores)("of $kind come through a store that External Secrets accepts", (store, provider) => {
    const found = objectsOf(emitPlatform(siteOf({ ...EVERYTHING, secrets: { store } })));
    const object = find<ISecretStore>(found, "SecretStore", store.kind);
    expect(object.spec?.provider).toEqual(provider);
    expect(() => new SecretStore(object).validate()).not.toThrow();
    find(found, "ServiceAccount", "pistonprotection-secrets");
  });

  it("of a store that others look after need no store of ours", () => {
    const found = objectsOf(
      emitPlatform(siteOf({ ...EVERYTHING, secrets: { store: { kind: "existing", name: "company" } } })),
    );
    expect(found.filter(({ object }) => object.kind === "SecretStore")).toEqual([]);
    expect(find<IExternalSecret>(found, "ExternalSecret", "postgresql").spec?.secretStoreRef).toEqual({
      name: "company",
      kind: "ClusterSecretStore",
    });
  });
});

describe("the certificate", () => {
  it("is for the site's hosts, by the issuer that the site makes", () => {
    const { spec } = one<ICertificate>("Certificate", "pistonprotection-tls");
    expect(spec).toMatchObject({
      secretName: "pistonprotection-tls",
      issuerRef: { kind: "ClusterIssuer", name: "letsencrypt-prod" },
      dnsNames: ["api.example.com", "dashboard.example.com"],
      renewBefore: "720h0m0s",
    });
    const issuer = one<IClusterIssuer>("ClusterIssuer", "letsencrypt-prod");
    expect(issuer.metadata).not.toHaveProperty("namespace");
    // The challenge's pod is in a namespace where all else is denied.
    one("NetworkPolicy", "acme-http01-solver");
  });

  it("makes no issuer where one is there", () => {
    const found = objectsOf(
      emitPlatform(siteOf({ certificates: { issuer: { kind: "ClusterIssuer", name: "company" } } })),
    );
    expect(found.map(({ object }) => object.kind)).toEqual(["Certificate"]);
  });

  it.each([
    ["30d", "720h0m0s"],
    ["90m", "90m0s"],
    ["2h", "2h0m0s"],
    ["45s", "45s"],
  ] as const)("has %s as Go writes it", (duration, text) => {
    expect(goDuration(duration)).toBe(text);
  });
});

describe("the backup of the configuration", () => {
  it("may read the platform's objects in its two namespaces, and no Secret", () => {
    const roles = objects.filter(({ object }) => object.kind === "Role");
    expect(roles.map(({ object }) => object.metadata.namespace)).toEqual([
      "pistonprotection",
      "pistonprotection-workers",
    ]);
    for (const { object } of roles)
      for (const rule of (object as unknown as IRole).rules ?? []) {
        expect(rule.verbs).toEqual(["get", "list"]);
        expect(rule.resources).not.toContain("secrets");
        expect(rule.resources).not.toContain("*");
      }
  });

  it("reads exactly what its role allows", () => {
    const allowed = (one<IRole>("Role", "cluster-backup").rules ?? []).flatMap(({ apiGroups, resources }) =>
      (resources ?? []).map((resource) => [resource, apiGroups?.[0]].filter(Boolean).join(".")),
    );
    const script = one<IConfigMap>("ConfigMap", "cluster-backup-scripts").data?.["export.sh"] ?? "";
    expect(/for kind in (.*); do/.exec(script)?.[1]?.split(" ")).toEqual(allowed);
  });

  it("asks for no kind that the cluster does not serve", () => {
    const { backup } = EVERYTHING;
    const configuration = {
      ...backup!.configuration!,
    };
    const found = objectsOf(
      emitPlatform(
        siteOf({
          backup: { bucket: "backups", region: "eu-central-1", configuration },
          secrets: EVERYTHING.secrets!,
          prometheus: { operator: false },
        }),
      ),
    );
    const groups = (find<IRole>(found, "Role", "cluster-backup").rules ?? []).flatMap(
      ({ apiGroups }) => apiGroups,
    );
    expect(groups).not.toContain("cilium.io");
    expect(groups).not.toContain("cert-manager.io");
    expect(groups).not.toContain("monitoring.coreos.com");
    expect(groups).toContain("external-secrets.io");
  });

  it("runs each day as a pod that `restricted` admits", () => {
    const spec = one<ICronJob>("CronJob", "cluster-backup").spec;
    expect(spec.schedule).toBe("30 2 * * *");
    const pod = spec.jobTemplate.spec!.template.spec!;
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.containers[0]?.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
  });
});

describe("Velero", () => {
  it("backs up the two namespaces each night and keeps a week", () => {
    expect(one<IVeleroSchedule>("Schedule", "pistonprotection-daily")).toMatchObject({
      metadata: { namespace: "velero" },
      spec: {
        schedule: "0 3 * * *",
        template: {
          includedNamespaces: ["pistonprotection", "pistonprotection-workers"],
          ttl: "168h0m0s",
          storageLocation: "default",
        },
      },
    });
    expect(one<IVeleroBackupStorageLocation>("BackupStorageLocation", "default").spec).toEqual({
      provider: "aws",
      objectStorage: { bucket: "backups", prefix: "velero" },
      config: { region: "eu-central-1" },
      accessMode: "ReadWrite",
      default: true,
    });
  });

  it("leaves secrets to their store, and takes them along where there is none", () => {
    const excluded = (found: typeof objects) =>
      find<IVeleroSchedule>(found, "Schedule", "pistonprotection-daily").spec.template
        .excludedNamespaceScopedResources;
    expect(excluded(objects)).toEqual(["events", "secrets"]);
    const alone = siteOf({ backup: { bucket: "backups", region: "eu-central-1", velero: {} } });
    expect(excluded(objectsOf(emitPlatform(alone)))).toEqual(["events"]);
  });

  it("has its one backup outside of what is synced, with the schedule's own contents", () => {
    const backup = one<IVeleroBackup>("Backup", "pistonprotection-backup");
    expect(backup.spec).toEqual(one<IVeleroSchedule>("Schedule", "pistonprotection-daily").spec.template);
    expect(objects.find(({ object }) => object.kind === "Backup")?.path).toBe(
      "manifests/on-demand/velero-backup.yaml",
    );
  });
});

describe("the audit policy", () => {
  const policy = auditPolicy(site);

  it("is the file that is emitted", () => {
    const file = artifacts.find(({ path }) => path === "manifests/host/audit-policy.yaml");
    expect(parse(new TextDecoder().decode(file?.bytes))).toEqual(policy);
  });

  it("never writes a Secret's contents down: the first rule that fits a Secret is by metadata", () => {
    const first = policy.rules.find(({ resources }) =>
      resources === undefined
        ? true
        : resources.some((one) => one.group === "" && (one.resources?.includes("secrets") ?? true)),
    );
    expect(first?.level).toBe("Metadata");
  });

  it("leaves out what controllers write into status, and no more", () => {
    const none = policy.rules.filter(({ level }) => level === "None");
    expect(none).toHaveLength(1);
    for (const { resources } of none[0]!.resources!) expect(resources).toEqual(["*/status"]);
  });

  it("writes changes of configuration down whole, and reads as that they happened", () => {
    const changes = policy.rules.find(({ level }) => level === "RequestResponse");
    expect(changes?.verbs).toEqual(["create", "update", "patch", "delete", "deletecollection"]);
    expect(changes?.namespaces).toEqual(["pistonprotection", "pistonprotection-workers"]);
    expect(policy.rules.at(-1)).toEqual({
      level: "Metadata",
      namespaces: ["pistonprotection", "pistonprotection-workers"],
    });
  });
});
