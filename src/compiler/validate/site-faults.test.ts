// What an author may write wrongly in a site, planted as text into policies/site.ts: each fault is found once, by its own
// code, at the words that are wrong, with what to do.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { loadPolicies } from "../load/index.ts";

const POLICY = `import { drop, fleet, policy } from "pistonprotection";
const hygiene = policy("hygiene", { owners: ["team"], rules: [drop("bogons", { source: "192.0.2.0/24" })] });
export default fleet("edge", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies: [hygiene] });
`;

const SECURITY = `securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, seccompProfile: { type: "RuntimeDefault" } }`;

function object(kind: string, name: string, rest: string, apiVersion = "v1", metadata = ""): string {
  return `{ apiVersion: "${apiVersion}", kind: "${kind}", metadata: { name: "${name}", namespace: "pistonprotection"${metadata} }, ${rest} }`;
}
const configMap = (data: string, name = "mine", metadata = "") =>
  object("ConfigMap", name, `data: { ${data} }`, "v1", metadata);
/** A pod of one container, with what the container has besides. */
const pod = (container: string, spec = "") =>
  object(
    "Pod",
    "mine",
    `spec: { containers: [{ name: "main", image: "example.com/app:1", ${SECURITY}, ${container} }], ${spec} }`,
    "v1",
    `, labels: { app: "mine" }`,
  );
const objects = (...list: readonly string[]) => `extra: { objects: [${list.join(", ")}] }`;
const alert = (fields: string) =>
  `extra: { alerts: [{ name: "Mine", severity: "warning", summary: "Mine", expression: "sum(rate(pistonprotection_packets_dropped_total[5m])) > 1", ${fields} }] }`;
const panels = (...list: readonly string[]) =>
  `grafana: { loki: "loki" }, extra: { panels: [${list.join(", ")}] }`;
const DROPS = "rate(pistonprotection_packets_dropped_total[5m])";

/** What stands in the site, its code, what is marked, and words of the message and of the help. */
type Fault = readonly [site: string, code: string, mark: string, message: string, help: string];

const FAULTS: readonly Fault[] = [
  // Schemas
  [
    objects(object("ConfigMap", "mine", `dta: { a: "b" }`)),
    "unknown-field",
    "dta",
    "has no field `dta`",
    "did you mean `data`?",
  ],
  [
    objects(
      object(
        "Deployment",
        "mine",
        `spec: { template: { metadata: {}, spec: { containers: [] } } }`,
        "apps/v1",
      ),
    ),
    "missing-field",
    "site",
    "lacks `spec.selector`",
    "give it an object",
  ],
  [
    objects(configMap(`a: true`)),
    "wrong-type",
    "true",
    "`data.a` of ConfigMap",
    'write it in quotes: "true"',
  ],
  [
    objects(pod(`imagePullPolicy: "Allways"`)),
    "bad-choice",
    '"Allways"',
    "may not be",
    "did you mean `Always`?",
  ],
  [
    objects(object("ExternalSecret", "mine", `spec: {}`, "external-secrets.io/v1beta1")),
    "superseded-api",
    '"external-secrets.io/v1beta1"',
    "no longer serve",
    "write `external-secrets.io/v1`",
  ],
  [
    objects(object("ConfigMaps", "mine", `data: {}`)),
    "unknown-kind",
    '"ConfigMaps"',
    "no kind `ConfigMaps`",
    "did you mean `v1 ConfigMap`?",
  ],
  // Names
  [
    objects(`{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine" } }`),
    "no-namespace",
    '"mine"',
    "names no namespace",
    "metadata.namespace",
  ],
  [
    objects(configMap("").replace(`"pistonprotection"`, `"pistonprotecton"`)),
    "missing-namespace",
    '"pistonprotecton"',
    "names Namespace `pistonprotecton`",
    "did you mean `pistonprotection`?",
  ],
  [objects(configMap("", "My_Map")), "bad-object-name", '"My_Map"', "is no DNS name", "lower-case"],
  [
    objects(configMap(""), configMap(`a: "b"`)),
    "duplicate-object",
    '"mine"',
    "is made twice",
    "another name",
  ],
  [
    objects(configMap("", "mine", `, labels: { "my label": "x" }`)),
    "bad-label-name",
    '"my label"',
    "is no name of a label",
    "letters, digits",
  ],
  [
    objects(configMap("", "mine", `, labels: { team: "a/b" }`)),
    "bad-label-value",
    '"a/b"',
    "label `team`",
    "63 at most",
  ],
  [
    objects(configMap("", "mine", `, annotations: { "a/b/c": "x" }`)),
    "bad-annotation",
    '"a/b/c"',
    "is no name of an annotation",
    "a slash",
  ],
  // Sizes
  [
    objects(configMap(`a: "x".repeat(2 ** 20)`)),
    "config-map-too-large",
    '"mine"',
    "more than 1 MiB",
    "split it",
  ],
  [objects(configMap(`"a/b": "x"`)), "bad-data-key", '"a/b"', "cannot be a key", "the name of a file"],
  // Pods
  [
    objects(
      pod(
        `volumeMounts: [{ name: "scratch", mountPath: "/tmp" }]`,
        `volumes: [{ name: "scrach", emptyDir: {} }]`,
      ),
    ),
    "missing-volume",
    '"scratch"',
    "the pod has no such volume",
    "did you mean `scrach`?",
  ],
  [
    objects(pod("").replace("example.com/app:1", "example.com/app:latest")),
    "floating-image",
    '"example.com/app:latest"',
    "changes by itself",
    "a version or a digest",
  ],
  [
    objects(pod("").replace("example.com/app:1", "Example/App")),
    "bad-image",
    '"Example/App"',
    "the image of container `main`",
    "registry/path:tag",
  ],
  [
    objects(pod(`resources: { limits: { cpu: "half" } }`)),
    "bad-quantity",
    '"half"',
    "limits.cpu",
    "write `500m`",
  ],
  [
    objects(pod(`resources: { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } }`)),
    "request-above-limit",
    '"2Gi"',
    "requests 2Gi of memory",
    "raise the limit",
  ],
  [
    objects(pod(`ports: [{ name: "Web", containerPort: 80 }]`)),
    "bad-port-name",
    '"Web"',
    "may not be called `Web`",
    "lower-case",
  ],
  [
    objects(pod(`livenessProbe: { httpGet: { path: "/", port: "web" } }`)),
    "missing-probe-port",
    '"web"',
    "asks port `web`",
    "there are no ports here",
  ],
  [
    objects(pod("", "hostNetwork: true")),
    "pod-security-baseline",
    '"mine"',
    "the pod has hostNetwork",
    "privileged namespace",
  ],
  [
    objects(pod("").replace("runAsNonRoot: true, ", "")),
    "pod-security-restricted",
    '"mine"',
    "may run as root",
    "runAsNonRoot: true",
  ],
  // References
  [
    objects(pod(`envFrom: [{ configMapRef: { name: "settings" } }]`)),
    "missing-config-map",
    '"settings"',
    "names ConfigMap `settings`",
    "ConfigMap objects here",
  ],
  [
    objects(
      configMap(`colour: "red"`),
      pod(`env: [{ name: "C", valueFrom: { configMapKeyRef: { name: "mine", key: "color" } } }]`),
    ),
    "missing-config-map-key",
    '"color"',
    "reads key `color`",
    "did you mean `colour`?",
  ],
  [
    objects(pod(`env: [{ name: "T", valueFrom: { secretKeyRef: { name: "tokens", key: "t" } } }]`)),
    "missing-secret",
    '"tokens"',
    "names Secret `tokens`",
    "Secret",
  ],
  [
    objects(
      object("Secret", "mine", `data: {}`),
      pod(`env: [{ name: "T", valueFrom: { secretKeyRef: { name: "mine", key: "t" } } }]`),
    ),
    "missing-secret-key",
    '"t"',
    "reads key `t` of Secret `mine`",
    "there are no keys here",
  ],
  [
    objects(pod("", `serviceAccountName: "reader"`)),
    "missing-service-account",
    '"reader"',
    "names ServiceAccount `reader`",
    "ServiceAccount",
  ],
  [
    objects(pod("", `priorityClassName: "urgent"`)),
    "missing-priority-class",
    '"urgent"',
    "names PriorityClass `urgent`",
    "PriorityClass",
  ],
  [
    objects(pod("", `volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }]`)),
    "missing-claim",
    '"data"',
    "names PersistentVolumeClaim `data`",
    "PersistentVolumeClaim",
  ],
  [
    objects(
      object(
        "ExternalSecret",
        "mine",
        `spec: { secretStoreRef: { name: "vault" }, data: [] }`,
        "external-secrets.io/v1",
      ),
    ),
    "missing-secret-store",
    '"vault"',
    "names SecretStore `vault`",
    "SecretStore",
  ],
  [
    objects(
      object(
        "Certificate",
        "mine",
        `spec: { secretName: "mine-tls", dnsNames: ["a.example"], issuerRef: { name: "ca" } }`,
        "cert-manager.io/v1",
      ),
    ),
    "missing-issuer",
    '"ca"',
    "names Issuer `ca`",
    "Issuer",
  ],
  [
    objects(
      object(
        "HorizontalPodAutoscaler",
        "mine",
        `spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } }`,
        "autoscaling/v2",
      ),
    ),
    "missing-scale-target",
    '"web"',
    "names Deployment `web`",
    "Deployment",
  ],
  [
    objects(
      object(
        "RoleBinding",
        "mine",
        `subjects: [], roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" }`,
        "rbac.authorization.k8s.io/v1",
      ),
    ),
    "missing-role",
    '"reader"',
    "names Role `reader`",
    "Role",
  ],
  // Selectors and ports
  [
    objects(object("Service", "mine", `spec: { selector: { app: "yours" }, ports: [{ port: 80 }] }`)),
    "selector-matches-nothing",
    '"yours"',
    "selects pods with `app=yours`",
    "app",
  ],
  [
    objects(
      object(
        "Deployment",
        "mine",
        `spec: { selector: { matchLabels: { app: "mine" } }, template: { metadata: { labels: { app: "yours" } }, spec: { ${SECURITY.replace('allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, ', "")}, containers: [{ name: "main", image: "example.com/app:1", ${SECURITY} }] } } }`,
        "apps/v1",
      ),
    ),
    "selector-mismatch",
    "matchLabels",
    "its own have other labels",
    "template.metadata.labels",
  ],
  [
    objects(
      pod(`ports: [{ name: "web", containerPort: 8080 }]`),
      object(
        "Service",
        "mine",
        `spec: { selector: { app: "mine" }, ports: [{ port: 80, targetPort: "wbe" }] }`,
      ),
    ),
    "missing-port",
    '"wbe"',
    "leads to `wbe`",
    "did you mean `web`?",
  ],
  // Alerts
  [alert(`expression: "sum(${DROPS}"`), "promql-syntax", "site", "it ends too early", "basics"],
  [
    alert(`expression: "sum(pistonprotection_packets_dropped_total[5m]) > 1"`),
    "promql-type",
    "site",
    "a range of samples where an instant vector belongs",
    "rate()",
  ],
  [
    alert(`expression: "pistonprotection_drops > 1"`),
    "unknown-metric",
    "site",
    "nobody emits the metric `pistonprotection_drops`",
    "metrics here",
  ],
  [
    alert(`expression: "sum by (backnd) (pistonprotection_attacks_detected_total) > 1"`),
    "unknown-metric-label",
    "site",
    "groups by `backnd`",
    "did you mean `backend`?",
  ],
  [
    alert(`expression: 'sum(rate(pistonprotection_reason_packets_total{reason="limits"}[5m])) > 1'`),
    "impossible-matcher",
    "site",
    "no `reason` of",
    "did you mean `limit`?",
  ],
  [
    alert(`severity: "page" as never`),
    "unrouted-alert",
    '"page"',
    'has the severity "page"',
    "severities here",
  ],
  [
    alert(`for: "five minutes" as never`),
    "bad-duration",
    '"five minutes"',
    "`for` of alert `Mine`",
    "write `30s`",
  ],
  [
    alert(`description: "on {{ $labels.backend }}"`),
    "unknown-template-label",
    "description",
    "shows label `backend`",
    "labels",
  ],
  [
    `extra: { alerts: [1, 2].map(() => ({ name: "Mine", severity: "warning" as const, summary: "s", expression: "sum(${DROPS}) > 1" })) }`,
    "duplicate-alert",
    '"Mine"',
    "stands twice",
    "leave one of them out",
  ],
  // Panels
  [
    panels(
      `{ title: "A", query: "sum(${DROPS})" }`,
      `{ title: "B", query: "sum(${DROPS})", place: { x: 6, y: 0, width: 6, height: 8 } }`,
    ),
    "dashboard-overlap",
    '"B"',
    "lies on `A`",
    "move it",
  ],
  [
    panels(`{ title: "A", query: "sum(${DROPS})", place: { x: 20, y: 0, width: 6, height: 8 } }`),
    "dashboard-off-grid",
    '"A"',
    "24 columns",
    "gridPos",
  ],
  [
    panels(`{ title: "A", query: "sum(pistonprotection_packets_dropped_total{fleet=~'$flet'})" }`),
    "dashboard-unknown-variable",
    `"sum(pistonprotection_packets_dropped_total{fleet=~'$flet'})"`,
    "asks for variable `flet`",
    "did you mean `fleet`?",
  ],
  [
    panels(`{ title: "A", logs: '{container_name="agent"}' }`),
    "unknown-log-label",
    "site",
    "no label `container_name`",
    "labels here",
  ],
  [
    panels(`{ title: "A", logs: '{namespace="a"} | jsn' }`),
    "logql-syntax",
    "site",
    "is no stage",
    "grafana.com",
  ],
  [
    `extra: { panels: [{ title: "A", logs: '{namespace="a"}' }] }`,
    "logs-without-loki",
    "extra",
    "the site has no Loki",
    "grafana: { loki",
  ],
];

describe("faults that an author writes into a site", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "piston-faults-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  let number = 0;
  async function compiled(settings: string) {
    const policies = join(folder, String(++number), "policies");
    mkdirSync(policies, { recursive: true });
    writeFileSync(join(policies, "edge.policy.ts"), POLICY);
    const site = `import { site } from "pistonprotection";\n\nexport default site({\n  name: "planted",\n  domain: "example.com",\n  ${settings},\n});\n`;
    writeFileSync(join(policies, "site.ts"), site);
    const input = await loadPolicies(policies);
    return { ...compile(input), site };
  }

  it("are none without one", async () => {
    const { diagnostics, artifacts } = await compiled(
      `grafana: { loki: "loki" }, extra: {
        objects: [${configMap(`a: "b"`)}],
        alerts: [{ name: "Mine", severity: "warning", summary: "s", expression: "sum by (fleet) (${DROPS}) > 1", description: "on {{ $labels.fleet }}" }],
        panels: [{ title: "A", query: "sum by (fleet) (${DROPS})", legend: "{{fleet}}" }, { title: "B", logs: '{namespace="a"} |= "error"' }],
      }`,
    );
    expect(diagnostics).toEqual([]);
    const paths = artifacts.map(({ path }) => path);
    for (const path of [
      "manifests/extra/objects.yaml",
      "alerts/extra.rules.yaml",
      "manifests/monitoring/extra-rule.yaml",
      "dashboards/extra.json",
    ])
      expect(paths).toContain(path);
  });

  it("have a code each", () => {
    const codes = FAULTS.map(([, code]) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.length).toBeGreaterThanOrEqual(30);
  });

  it.each(FAULTS.map((fault) => [fault[1], fault] as const))(
    "%s",
    async (_, [settings, code, mark, message, help]) => {
      const { diagnostics, artifacts, site } = await compiled(settings);
      expect(diagnostics.map((one) => one.code)).toEqual([code]);
      // An error: nothing is written.
      expect(artifacts).toEqual([]);
      const [one] = diagnostics;
      expect(one!.message).toContain(message);
      expect(one!.help).toContain(help);
      expect(one!.location.file).toBe("policies/site.ts");
      const line = site.split("\n")[one!.location.line - 1]!;
      expect(line.slice(one!.location.column - 1, one!.location.column - 1 + one!.spanLength)).toBe(mark);
    },
  );
});
