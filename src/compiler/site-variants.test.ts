// Sites other than the sample's: each compiles without a diagnostic, so every reference in what it emits finds its object.

import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { existingSecret, type SiteOptions, secret, site } from "../policy/index.ts";
import { compile } from "./compile.ts";
import { type LoadedPolicies, loadPolicies } from "./load/index.ts";

let input: LoadedPolicies;
beforeAll(async () => {
  input = await loadPolicies(fileURLToPath(new URL("../../policies", import.meta.url)));
});

const LEAST: SiteOptions = { name: "shield", domain: "example.com" };
const CREDENTIALS = {
  accessKeyId: existingSecret("aws", "id"),
  secretAccessKey: existingSecret("aws", "key"),
};
const password = existingSecret("database", "password");

function built(options: SiteOptions) {
  const { diagnostics, artifacts } = compile({ ...input, site: site(options) });
  expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
  return artifacts;
}

const VARIANTS: readonly [string, SiteOptions][] = [
  ["that says nothing", LEAST],
  ["without the Prometheus operator", { ...LEAST, prometheus: { operator: false } }],
  ["of Flux alone", { ...LEAST, gitops: "flux" }],
  ["of Argo CD alone", { ...LEAST, gitops: "argo-cd" }],
  ["with Cilium and nothing to protect", { ...LEAST, cilium: true }],
  ["with a gateway alone", { ...LEAST, workloads: { gateway: {} } }],
  ["with a dashboard alone, and Cilium", { ...LEAST, cilium: true, workloads: { frontend: {} } }],
  ["with a database alone", { ...LEAST, workloads: { postgresql: { password } } }],
  [
    "with Redis and its replicas alone",
    { ...LEAST, workloads: { redis: { password, readReplicas: { count: 1 } } } },
  ],
  ["with Velero alone", { ...LEAST, backup: { bucket: "abc", region: "eu-central-1", velero: {} } }],
  [
    "with a database and its dumps, without secrets of a store",
    {
      ...LEAST,
      workloads: { postgresql: { password } },
      backup: { bucket: "abc", region: "eu-central-1", database: CREDENTIALS },
    },
  ],
  [
    "with an issuer of its own namespace",
    { ...LEAST, certificates: { issuer: { kind: "Issuer", name: "ca", acme: { email: "a@example.com" } } } },
  ],
  [
    "with a webhook whose URL is a secret",
    {
      ...LEAST,
      notifications: { webhook: { url: existingSecret("hook", "url"), severities: ["critical"] } },
    },
  ],
];
const STORES = [
  { kind: "aws-secrets-manager", region: "eu-central-1" },
  { kind: "vault", server: "https://vault.example.com", path: "secret", role: "shield" },
  { kind: "gcp-secret-manager", project: "p", clusterLocation: "europe-west1", clusterName: "c" },
  { kind: "azure-key-vault", vaultUrl: "https://v.vault.azure.net", tenantId: "0a1b" },
  { kind: "existing", name: "shared" },
] as const;

describe("a site", () => {
  test.each(VARIANTS)("%s compiles", (_what, options) => {
    expect(built(options).length).toBeGreaterThan(10);
  });

  test.each(STORES)("with a store of the kind $kind compiles", (store) => {
    built({
      ...LEAST,
      secrets: { store },
      workloads: { auth: { jwtSecret: secret("shield/jwt") } },
      notifications: { pagerDuty: { routingKey: secret("shield/pager") } },
    });
  });

  test("may call its namespaces as it likes: nothing has the default's name", () => {
    const own = {
      platform: { name: "shield" },
      workers: { name: "shield-agents" },
      monitoring: "metrics",
      logging: "logs",
      ingress: "edge",
      argoCd: "cd",
      flux: "gitops",
      velero: "backups",
    };
    const { environments: _none, ...sample } = (input.site?.options ?? LEAST) satisfies SiteOptions;
    const artifacts = built({ ...sample, namespaces: own });
    const names = new Set(
      artifacts.flatMap(({ objects = [] }) =>
        objects.map(({ object }) => (object as { metadata: { namespace?: string } }).metadata.namespace),
      ),
    );
    const known = new Set<string | undefined>([
      undefined,
      ...Object.values(own).map((one) => (typeof one === "string" ? one : one.name)),
    ]);
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
    // In queries and configuration too. A dashboard is called `pistonprotection-workers` whatever the namespaces are.
    const stale = artifacts.flatMap(({ path, bytes }) =>
      path.startsWith("bundles/")
        ? []
        : Buffer.from(bytes)
            .toString()
            .split("\n")
            .filter((line) =>
              /namespace\W{1,4}(?:pistonprotection(?:-workers)?|monitoring|logging|argocd|flux-system|velero)\b|\.monitoring\.svc/.test(
                line,
              ),
            )
            .map((line) => `${path}: ${line.trim().slice(0, 120)}`),
    );
    expect(stale).toEqual([]);
  });
});
