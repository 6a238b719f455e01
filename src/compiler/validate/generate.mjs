// The types of kubernetes-models to schemas.generated.ts: the fields of each kind, their types, and which must be there.
// `node src/compiler/validate/generate.mjs` writes the file; generate() returns its text for the test that finds a stale
// one. The models' own validators let unknown fields pass, and thirty of them take longer to load than a check may take.

import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// TypeScript 7 has no API; the schema generator brings the last version that has one. Its own walk stops where two
// modules export types of one name (Cilium's do).
const require = createRequire(createRequire(import.meta.url).resolve("ts-json-schema-generator"));
const ts = require("typescript");

const HERE = new URL("./", import.meta.url);
const BANNER =
  "// Made from the types of kubernetes-models by generate.mjs (npm run generate). Do not edit.\n\n";

/** Package, then API group to `version Kind Kind …`. Velero has no package: velero-shapes.ts. */
const KINDS = {
  "kubernetes-models": {
    "": "v1 Namespace ConfigMap Secret Service ServiceAccount PersistentVolumeClaim Pod LimitRange ResourceQuota",
    apps: "v1 DaemonSet Deployment StatefulSet",
    batch: "v1 CronJob Job",
    autoscaling: "v2 HorizontalPodAutoscaler",
    policy: "v1 PodDisruptionBudget",
    "networking.k8s.io": "v1 NetworkPolicy Ingress",
    "rbac.authorization.k8s.io": "v1 Role RoleBinding ClusterRole ClusterRoleBinding",
    "scheduling.k8s.io": "v1 PriorityClass",
    "storage.k8s.io": "v1 StorageClass",
  },
  "@kubernetes-models/prometheus-operator": {
    "monitoring.coreos.com":
      "v1 PodMonitor ServiceMonitor PrometheusRule Probe|v1alpha1 AlertmanagerConfig ScrapeConfig",
  },
  "@kubernetes-models/argo-cd": { "argoproj.io": "v1alpha1 AppProject Application ApplicationSet" },
  "@kubernetes-models/flux-cd": {
    "source.toolkit.fluxcd.io": "v1 GitRepository OCIRepository HelmRepository Bucket",
    "kustomize.toolkit.fluxcd.io": "v1 Kustomization",
    "notification.toolkit.fluxcd.io": "v1 Receiver|v1beta3 Alert Provider",
  },
  "@kubernetes-models/external-secrets": {
    "external-secrets.io": "v1 ExternalSecret SecretStore ClusterSecretStore ClusterExternalSecret",
  },
  "@kubernetes-models/cert-manager": { "cert-manager.io": "v1 Certificate Issuer ClusterIssuer" },
  "@kubernetes-models/cilium": { "cilium.io": "v2 CiliumNetworkPolicy CiliumClusterwideNetworkPolicy" },
};

function listOfKinds() {
  return Object.entries(KINDS).flatMap(([packageName, groups]) =>
    Object.entries(groups).flatMap(([group, text]) =>
      text.split("|").flatMap((part) => {
        const [version, ...names] = part.split(" ");
        return names.map((kind) => ({
          kind,
          apiVersion: group ? `${group}/${version}` : version,
          module: [packageName, group, version, kind].filter(Boolean).join("/"),
        }));
      }),
    ),
  );
}

/** @returns {string} */
export function generate() {
  const kinds = listOfKinds();
  const entry = fileURLToPath(new URL("kinds.generate.ts", HERE));
  const text = kinds
    .map(
      ({ kind, module }, index) =>
        `import type { I${kind} as K${index} } from "${module}"; export type T${index} = K${index};`,
    )
    .join("\n");
  const options = {
    strict: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (path, ...rest) =>
    path === entry
      ? ts.createSourceFile(path, text, options.target)
      : getSourceFile.call(host, path, ...rest);
  host.fileExists = (path) => path === entry || fileExists.call(host, path);
  host.readFile = (path) => (path === entry ? text : readFile.call(host, path));
  const checker = ts.createProgram([entry], options, host);
  const shapes = new Shapes(checker.getTypeChecker());
  const source = checker.getSourceFile(entry);
  const aliases = source.statements.filter((statement) => ts.isTypeAliasDeclaration(statement));
  const roots = Object.fromEntries(
    kinds.map(({ apiVersion, kind }, index) => [`${apiVersion} ${kind}`, shapes.root(aliases[index])]),
  );
  const lines = shapes.types.map((type) => JSON.stringify(type)).join(",\n");
  return `${BANNER}import type { Schemas } from "./shape.ts";

// As text: JSON.parse() reads it sooner than the engine reads an object literal.
export const SCHEMAS: Schemas = JSON.parse(\`{"roots":${JSON.stringify(roots)},\n"types":[\n${lines}\n]}\`) as Schemas;
`;
}

/** Each object type once; types name one another by their place in the list. */
class Shapes {
  types = [];
  #byType = new Map();
  #checker;

  constructor(checker) {
    this.#checker = checker;
  }

  root(alias) {
    return this.#of(this.#checker.getTypeFromTypeNode(alias.type));
  }

  #of(type) {
    const { TypeFlags } = ts;
    if (type.flags & (TypeFlags.Any | TypeFlags.Unknown | TypeFlags.NonPrimitive)) return "any";
    if (type.flags & TypeFlags.BooleanLike) return "boolean";
    if (type.isStringLiteral() || type.isNumberLiteral()) return { enum: [type.value] };
    if (type.flags & TypeFlags.StringLike) return "string";
    if (type.flags & TypeFlags.NumberLike) return "number";
    if (type.isUnion()) return this.#union(type.types);
    if (this.#checker.isArrayType(type)) return [this.#of(this.#checker.getTypeArguments(type)[0])];
    const properties = this.#checker.getPropertiesOfType(type);
    if (properties.length === 0) {
      const values = this.#checker.getIndexInfosOfType(type)[0]?.type;
      return values ? { map: this.#of(values) } : "any";
    }
    return this.#object(type, properties);
  }

  #union(members) {
    const { TypeFlags } = ts;
    const shapes = [];
    const values = [];
    for (const member of members) {
      if (member.flags & (TypeFlags.Undefined | TypeFlags.Null)) continue;
      if (member.isStringLiteral() || member.isNumberLiteral()) values.push(member.value);
      else {
        const shape = this.#of(member);
        if (!shapes.some((one) => JSON.stringify(one) === JSON.stringify(shape))) shapes.push(shape);
      }
    }
    if (values.length > 0) shapes.push({ enum: values.sort((a, b) => (a < b ? -1 : 1)) });
    return shapes.length === 1 ? shapes[0] : { any: shapes };
  }

  /** `name!` is a field that must be there. What only the cluster writes is left out. */
  #object(type, properties) {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const index = this.types.push(null) - 1;
    this.#byType.set(type, index);
    const names = new Set(properties.map((one) => one.name));
    const isKind = ["apiVersion", "kind", "metadata"].every((name) => names.has(name));
    const fields = properties
      .filter(({ name }) => !(isKind && name === "status"))
      .map((property) => {
        const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
        return [
          optional ? property.name : `${property.name}!`,
          this.#of(this.#checker.getTypeOfSymbol(property)),
        ];
      });
    this.types[index] = Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
    return index;
  }
}

if (import.meta.filename === process.argv[1])
  await writeFile(new URL("schemas.generated.ts", HERE), generate());
