import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Planted } from "./plant.ts";

const NAMESPACE = "pistonprotection";
const configMap = (name: string, data: Record<string, string>, more: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: NAMESPACE },
  data,
  ...more,
});
const restricted = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const pod = (spec: object, container: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "planted", namespace: NAMESPACE, labels: { app: "planted" } },
  spec: {
    containers: [{ name: "main", image: "example.com/app:1", securityContext: restricted, ...container }],
    ...spec,
  },
});
const networkPolicy = (spec: object) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "planted", namespace: "pistonprotection-workers" },
  spec,
});

interface Fault {
  readonly what: string;
  readonly plant: (site: Planted) => void;
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

const agent = (site: Planted) => site.object("DaemonSet")["spec"]!["template"]!["spec"]!;

const FAULTS: readonly Fault[] = [
  {
    what: "a typo in a field",
    plant: (site) => Object.assign(agent(site)["containers"]![0]!, { readinesProbe: {} }),
    code: "unknown-field",
    message: "has no field `spec.template.spec.containers[0].readinesProbe`",
    help: "did you mean `readinessProbe`?",
  },
  {
    what: "a field that is not there",
    plant: (site) => delete (agent(site)["containers"]![0]! as Record<string, unknown>)["name"],
    code: "missing-field",
    message: "lacks `spec.template.spec.containers[0].name`",
    help: "give it a string",
  },
  {
    what: "a boolean where a string belongs",
    plant: (site) => Object.assign(site.object("ServiceAccount")["metadata"]!["labels"]!, { enabled: true }),
    code: "wrong-type",
    message: "`metadata.labels.enabled` of ServiceAccount",
    help: 'write it in quotes: "true"',
  },
  {
    what: "a word that the API does not know",
    plant: (site) => Object.assign(agent(site)["containers"]![0]!, { imagePullPolicy: "IfNotPresnt" }),
    code: "bad-choice",
    message: ".imagePullPolicy` of DaemonSet",
    help: "did you mean `IfNotPresent`?",
  },
  {
    what: "a version that is no longer served",
    plant: (site) =>
      site.add({
        apiVersion: "external-secrets.io/v1beta1",
        kind: "ExternalSecret",
        metadata: { name: "planted", namespace: NAMESPACE },
      }),
    code: "superseded-api",
    message: "is of external-secrets.io/v1beta1, which clusters no longer serve",
    help: "write `external-secrets.io/v1`",
  },
  {
    what: "a kind that nobody knows",
    plant: (site) =>
      site.add({ apiVersion: "apps/v1", kind: "Deploymnet", metadata: { name: "x", namespace: NAMESPACE } }),
    code: "unknown-kind",
    message: "no kind `Deploymnet` of `apps/v1`",
    help: "did you mean `apps/v1 Deployment`?",
  },
  {
    what: "an object without namespace",
    plant: (site) => site.add({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "planted" } }),
    code: "no-namespace",
    message: "ConfigMap planted names no namespace",
    help: "write `metadata.namespace`",
  },
  {
    what: "a namespace that nothing makes",
    plant: (site) =>
      site.add({ ...configMap("planted", {}), metadata: { name: "planted", namespace: "pistonprotecton" } }),
    code: "missing-namespace",
    message: "names Namespace `pistonprotecton`",
    help: "did you mean `pistonprotection`?",
  },
  {
    what: "a name with capitals",
    plant: (site) => site.add(configMap("Planted_Map", {})),
    code: "bad-object-name",
    message: "the name is no DNS name of RFC 1123",
    help: "lower-case letters",
  },
  {
    what: "two objects of one name",
    plant: (site) => [site.add(configMap("planted", {})), site.add(configMap("planted", { a: "b" }))],
    code: "duplicate-object",
    message: "ConfigMap pistonprotection/planted is made twice",
    help: "give one of them another name",
  },
  {
    what: "a label's name with a space",
    plant: (site) =>
      Object.assign(site.object("ServiceAccount")["metadata"]!["labels"]!, { "my label": "x" }),
    code: "bad-label-name",
    message: "`my label` in metadata.labels is no name of a label",
    help: "letters, digits",
  },
  {
    what: "a label's value of 64 characters",
    plant: (site) =>
      Object.assign(site.object("ServiceAccount")["metadata"]!["labels"]!, { long: "x".repeat(64) }),
    code: "bad-label-value",
    message: "label `long` in metadata.labels may not be",
    help: "63 at most",
  },
  {
    what: "an annotation's name with two slashes",
    plant: (site) =>
      site.add({
        ...configMap("planted", {}),
        metadata: { name: "planted", namespace: NAMESPACE, annotations: { "a/b/c": "x" } },
      }),
    code: "bad-annotation",
    message: "`a/b/c` is no name of an annotation",
    help: "a slash",
  },
  {
    what: "a ConfigMap of more than 1 MiB",
    plant: (site) => site.add(configMap("planted", { a: "x".repeat(2 ** 20) })),
    code: "config-map-too-large",
    message: "holds 1,048,577 bytes, more than 1 MiB",
    help: "split it",
  },
  {
    what: "a key that cannot be a file",
    plant: (site) => site.add(configMap("planted", { "a/b": "x" })),
    code: "bad-data-key",
    message: "`a/b` cannot be a key",
    help: "the name of a file",
  },
  {
    what: "a ConfigMap that nobody makes",
    plant: (site) => site.add(pod({ volumes: [{ name: "c", configMap: { name: "no-such-map" } }] })),
    code: "missing-config-map",
    message: "names ConfigMap `no-such-map` (volume c)",
    help: "ConfigMap objects here: ",
  },
  {
    what: "a key that the ConfigMap has not",
    plant: (site) => [
      site.add(configMap("planted", { "config.yaml": "x" })),
      site.add(
        pod({
          volumes: [{ name: "c", configMap: { name: "planted", items: [{ key: "config.yml", path: "x" }] } }],
        }),
      ),
    ],
    code: "missing-config-map-key",
    message: "reads key `config.yml` of ConfigMap `planted`",
    help: "did you mean `config.yaml`?",
  },
  {
    what: "a Secret that nobody makes",
    plant: (site) =>
      site.add(
        pod({}, { env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "tokens", key: "token" } } }] }),
      ),
    code: "missing-secret",
    message: "names Secret `tokens` (env TOKEN)",
    help: "Secret",
  },
  {
    what: "a key that the ExternalSecret does not write",
    plant: (site) => [
      site.add({
        apiVersion: "external-secrets.io/v1",
        kind: "SecretStore",
        metadata: { name: "store", namespace: NAMESPACE },
        spec: { provider: { fake: { data: [] } } },
      }),
      site.add({
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { name: "tokens", namespace: NAMESPACE },
        spec: { secretStoreRef: { name: "store" }, data: [{ secretKey: "token", remoteRef: { key: "x" } }] },
      }),
      site.add(
        pod({}, { env: [{ name: "T", valueFrom: { secretKeyRef: { name: "tokens", key: "tokn" } } }] }),
      ),
    ],
    code: "missing-secret-key",
    message: "reads key `tokn` of Secret `tokens`",
    help: "did you mean `token`?",
  },
  {
    what: "a service account that nobody makes",
    plant: (site) => Object.assign(agent(site), { serviceAccountName: "pistonprotection-wroker" }),
    code: "missing-service-account",
    message: "names ServiceAccount `pistonprotection-wroker`",
    help: "did you mean `pistonprotection-worker`?",
  },
  {
    what: "a priority class that nobody makes",
    plant: (site) => Object.assign(agent(site), { priorityClassName: "system-node-critcal" }),
    code: "missing-priority-class",
    message: "names PriorityClass `system-node-critcal`",
    help: "PriorityClass",
  },
  {
    what: "a claim that nobody makes",
    plant: (site) =>
      site.add(pod({ volumes: [{ name: "d", persistentVolumeClaim: { claimName: "no-such-claim" } }] })),
    code: "missing-claim",
    message: "names PersistentVolumeClaim `no-such-claim`",
    help: "PersistentVolumeClaim",
  },
  {
    what: "a store that nobody makes",
    plant: (site) =>
      site.add({
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { name: "tokens", namespace: NAMESPACE },
        spec: { secretStoreRef: { name: "aws", kind: "SecretStore" }, data: [] },
      }),
    code: "missing-secret-store",
    message: "names SecretStore `aws`",
    help: "SecretStore",
  },
  {
    what: "an issuer that nobody makes",
    plant: (site) =>
      site.add({
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name: "planted-tls", namespace: NAMESPACE },
        spec: {
          secretName: "planted-tls",
          issuerRef: { kind: "ClusterIssuer", name: "letsencrypt-prd" },
          dnsNames: ["a.example"],
        },
      }),
    code: "missing-issuer",
    message: "names ClusterIssuer `letsencrypt-prd`",
    help: "did you mean `letsencrypt-prod`?",
  },
  {
    what: "a scaler of nothing",
    plant: (site) =>
      site.add({
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: { name: "planted", namespace: NAMESPACE },
        spec: {
          maxReplicas: 2,
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "no-such-deployment" },
        },
      }),
    code: "missing-scale-target",
    message: "names Deployment `no-such-deployment`",
    help: "Deployment",
  },
  {
    what: "a role that nobody makes",
    plant: (site) =>
      site.add({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "planted", namespace: NAMESPACE },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
        subjects: [],
      }),
    code: "missing-role",
    message: "names Role `reader` (roleRef)",
    help: "Role",
  },
  {
    what: "a project that nobody makes",
    plant: (site) => Object.assign(site.object("Application")["spec"]!, { project: "pistonprotecton" }),
    code: "missing-project",
    message: "names AppProject `pistonprotecton`",
    help: "did you mean `pistonprotection`?",
  },
  {
    what: "a source that nobody makes",
    plant: (site) => Object.assign(site.object("Kustomization")["spec"]!["sourceRef"]!, { name: "pistn" }),
    code: "missing-source",
    message: "Repository `pistn` (sourceRef)",
    help: "Repository objects here",
  },
  {
    what: "a volume that the pod has not",
    plant: (site) => Object.assign(agent(site)["containers"]![0]!["volumeMounts"]![0]!, { name: "bundel" }),
    code: "missing-volume",
    message: "mounts `bundel` at /bundle, and the pod has no such volume",
    help: "did you mean `bundle`?",
  },
  {
    what: "a Service whose selector matches no pod",
    plant: (site) =>
      Object.assign(site.object("Service")["spec"]!["selector"]!, { app: "pistonprotection-wroker" }),
    code: "selector-matches-nothing",
    message: "selects pods with `app=pistonprotection-wroker`",
    help: "did you mean `pistonprotection-worker`?",
  },
  {
    what: "a workload that does not select its own pods",
    plant: (site) =>
      Object.assign(site.object("DaemonSet")["spec"]!["selector"]!["matchLabels"]!, {
        "pistonprotection.io/fleet": "other",
      }),
    code: "selector-mismatch",
    message: "and its own have other labels",
    help: "the labels of `selector.matchLabels`",
  },
  {
    what: "a monitor of a port that no container opens",
    plant: (site) =>
      Object.assign(site.object("PodMonitor")["spec"]!["podMetricsEndpoints"]![0]!, { port: "metric" }),
    code: "missing-port",
    message: "leads to `metric`, which no container of the pods opens",
    help: "did you mean `metrics`?",
  },
  {
    what: "a network policy for a port that no container opens",
    plant: (site) =>
      site.add(
        networkPolicy({
          podSelector: { matchLabels: { app: "pistonprotection-worker" } },
          ingress: [{ ports: [{ port: 9099 }] }],
        }),
      ),
    code: "missing-port",
    message: "ingress[0] of NetworkPolicy pistonprotection-workers/planted leads to `9099`",
    help: "`9090`",
  },
  {
    what: "a probe of a port that the container has not",
    plant: (site) =>
      Object.assign(agent(site)["containers"]![0]!["livenessProbe"]!["httpGet"]!, { port: "metricz" }),
    code: "missing-probe-port",
    message: "asks port `metricz`",
    help: "did you mean `metrics`?",
  },
  {
    what: "a quantity that is none",
    plant: (site) => Object.assign(agent(site)["containers"]![0]!["resources"]!["limits"]!, { cpu: "500mm" }),
    code: "bad-quantity",
    message: "limits.cpu of container `agent`",
    help: "write `500m`",
  },
  {
    what: "a request above its limit",
    plant: (site) => Object.assign(agent(site)["containers"]![0]!["resources"]!["requests"]!, { cpu: "64" }),
    code: "request-above-limit",
    message: "requests 64 of cpu and may have",
    help: "raise the limit",
  },
  {
    what: "an image without version",
    plant: (site) => site.add(pod({}, { image: "example.com:5000/app" })),
    code: "floating-image",
    message: "the image `example.com:5000/app` of container `main`",
    help: "name a version or a digest",
  },
  {
    what: "an image that is no image",
    plant: (site) => site.add(pod({}, { image: "Example.com/App:1" })),
    code: "bad-image",
    message: 'is "Example.com/App:1"',
    help: "registry/path:tag",
  },
  {
    what: "a port's name that is too long",
    plant: (site) => site.add(pod({}, { ports: [{ name: "sixteen-letters-", containerPort: 80 }] })),
    code: "bad-port-name",
    message: "may not be called `sixteen-letters-`",
    help: "15 at most",
  },
  {
    what: "a privileged pod in a restricted namespace",
    plant: (site) => site.add(pod({}, { securityContext: { ...restricted, privileged: true } })),
    code: "pod-security-baseline",
    message:
      "container `main` is privileged (privileged containers), and namespace pistonprotection is restricted",
    help: "write `privileged: false`",
  },
  {
    what: "a pod that may run as root in a restricted namespace",
    plant: (site) => site.add(pod({}, { securityContext: { ...restricted, runAsNonRoot: false } })),
    code: "pod-security-restricted",
    message: "container `main` may run as root (running as non-root)",
    help: "write `runAsNonRoot: true`",
  },
  {
    what: "YAML that readers take for different things",
    plant: (site) =>
      site.text("manifests/cluster/workers.yaml", (text) => `${text}annotations:\n  mode: 0o7\n`),
    code: "ambiguous-yaml",
    message: 'has "0o7" without quotes, which may be read as an octal number in YAML 1.2',
    help: "quote it",
  },
];

describe("docs/diagnostics.md", () => {
  it("has every code that is told of the output", () => {
    const room = dirname(fileURLToPath(import.meta.url));
    const files = readdirSync(room, { recursive: true, encoding: "utf8" }).filter((name) =>
      /(?<!\.test|\.generated)\.ts$/.test(name),
    );
    const texts = files.map((name) => readFileSync(join(room, name), "utf8")).join("\n");
    const codes = [
      ...texts.matchAll(/(?:code: |"promql-syntax"\n? *\| )"([a-z]+(?:-[a-z]+)+)"/g),
      ...texts.matchAll(/^ {2}\w+: "(missing-[a-z-]+)",$/gm),
    ].map(([, code]) => code!);
    expect(new Set(codes).size).toBeGreaterThan(50);
    const documented = readFileSync(join(room, "../../../docs/diagnostics.md"), "utf8");
    for (const code of codes) expect(documented, code).toContain(`\`${code}\``);
  });
});

describe("faults in what is emitted", () => {
  it("are none in the sample site", () => {
    expect(new Planted().found()).toEqual([]);
  });

  it.each(FAULTS)("$what: $code", ({ plant, code, message, help }) => {
    const site = new Planted();
    plant(site);
    const found = site.found();
    expect(found.map((one) => one.code)).toEqual([code]);
    const [one] = found;
    expect(one!.severity).toBe("error");
    expect(one!.message).toContain(message);
    expect(one!.help).toContain(help);
    expect(one!.location.file).toMatch(/^policies\//);
  });
});
