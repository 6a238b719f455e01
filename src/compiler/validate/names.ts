// Names, labels and annotations by the rules of Kubernetes: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/

import { type Emitted, nameOf, namespaceOf } from "./emitted.ts";
import type { Report } from "./report.ts";

const LABEL_1123 = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN_1123 = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const ANNOTATIONS_MAX = 256 * 1024;

/** Kinds whose name becomes a DNS label. Of the others it is a DNS name; RBAC takes any segment of a path. */
const DNS_LABEL_KINDS = new Set(["Namespace"]);
/** Pods get names of the workload's and a suffix; as host names they have 63 characters. CronJobs add 11, StatefulSets a revision. */
const LONGEST: Readonly<Record<string, number>> = { CronJob: 52, StatefulSet: 52 };
const RBAC = /^(Cluster)?Role(Binding)?$/;

export function checkNames(emitted: readonly Emitted[], report: Report): void {
  const seen = new Map<string, string>();
  for (const { object, path, location } of emitted) {
    const { name, namespace, labels = {}, annotations = {} } = object.metadata;
    const fault = nameFault(object.kind, name);
    if (fault !== null)
      report.add({
        code: "bad-object-name",
        message: `${nameOf(object)}: the name is no ${fault.wanted}`,
        help: fault.help,
        location,
        mark: { value: name },
      });
    if (namespace !== undefined && !LABEL_1123.test(namespace))
      report.add({
        code: "bad-object-name",
        message: `${nameOf(object)}: the namespace is no DNS label`,
        help: "lower-case letters, digits and hyphens, 63 at most",
        location,
        mark: { value: namespace },
      });

    // GitOps files are alternatives of one another: one of them is applied.
    const scope = path.includes("/gitops/") ? path : "";
    const key = [scope, object.apiVersion.replace(/\/.*/, ""), object.kind, namespaceOf(object), name].join(
      "\n",
    );
    if (seen.has(key))
      report.add({
        code: "duplicate-object",
        message: `${nameOf(object)} is made twice, in ${seen.get(key)} and in ${path}`,
        help: "give one of them another name: of the two only the one applied last would be there",
        location,
        mark: { value: name },
      });
    else seen.set(key, path);

    for (const [at, list] of labelSets(object, labels))
      for (const [label, value] of Object.entries(list)) checkLabel(at, label, value);
    for (const annotation of Object.keys(annotations))
      if (!isQualified(annotation))
        report.add({
          code: "bad-annotation",
          message: `${nameOf(object)}: \`${annotation}\` is no name of an annotation`,
          help: QUALIFIED_HELP,
          location,
          mark: { property: annotation },
        });
    const bytes = Object.entries(annotations).reduce(
      (sum, [key, value]) => sum + Buffer.byteLength(key + value),
      0,
    );
    if (bytes > ANNOTATIONS_MAX)
      report.add({
        code: "annotations-too-large",
        message: `${nameOf(object)} has ${bytes} bytes of annotations, more than ${ANNOTATIONS_MAX}`,
        help: "put it into a ConfigMap",
        location,
      });

    function checkLabel(at: string, label: string, value: string): void {
      if (!isQualified(label))
        report.add({
          code: "bad-label-name",
          message: `${nameOf(object)}: \`${label}\` in ${at} is no name of a label`,
          help: QUALIFIED_HELP,
          location,
          mark: { property: label },
        });
      if (!LABEL_VALUE.test(value))
        report.add({
          code: "bad-label-value",
          message: `${nameOf(object)}: label \`${label}\` in ${at} may not be ${JSON.stringify(value)}`,
          help: "letters, digits, hyphens, underscores and points, 63 at most, a letter or digit at both ends",
          location,
          mark: { value, property: label },
        });
    }
  }
}

const QUALIFIED_HELP =
  "letters, digits, hyphens, underscores and points, 63 at most; before it a DNS name and a slash where it belongs to somebody";

function nameFault(kind: string, name: string): { wanted: string; help: string } | null {
  const help = "lower-case letters, digits and hyphens, a letter or digit at both ends";
  if (RBAC.test(kind))
    return /^[^/%]+$/.test(name) && !/^\.\.?$/.test(name)
      ? null
      : { wanted: "segment of a path", help: "leave `/` and `%` out" };
  if (kind === "Service")
    return LABEL_1035.test(name)
      ? null
      : { wanted: "DNS label of RFC 1035", help: `${help}, a letter first, 63 at most` };
  if (DNS_LABEL_KINDS.has(kind))
    return LABEL_1123.test(name) ? null : { wanted: "DNS label of RFC 1123", help: `${help}, 63 at most` };
  if (!SUBDOMAIN_1123.test(name))
    return { wanted: "DNS name of RFC 1123", help: `${help}, 253 at most; points between labels` };
  const longest = LONGEST[kind];
  return longest !== undefined && name.length > longest
    ? {
        wanted: `name that leaves room for what is added for its pods (${longest} characters)`,
        help: "make it shorter",
      }
    : null;
}

/** Also for what selects and what templates carry. */
function labelSets(
  object: object,
  own: Readonly<Record<string, string>>,
): [string, Readonly<Record<string, string>>][] {
  const found: [string, Readonly<Record<string, string>>][] = [["metadata.labels", own]];
  const visit = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const at = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      if (
        (key === "matchLabels" || at.endsWith("template.metadata.labels")) &&
        typeof item === "object" &&
        item !== null
      )
        found.push([at, withoutSource(item as Record<string, string>)]);
      else if (key !== "data" && key !== "binaryData" && key !== "groups") visit(item, at);
    }
  };
  visit((object as { spec?: unknown }).spec, "spec");
  return found;
}

/** Cilium's selectors may say where a label is from: `k8s:app`, `any:app`. */
function withoutSource(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [key.replace(/^(k8s|any|reserved):/, ""), value]),
  );
}

function isQualified(name: string): boolean {
  const slash = name.indexOf("/");
  return (
    QUALIFIED_NAME.test(name.slice(slash + 1)) &&
    (slash < 0 || (slash > 0 && SUBDOMAIN_1123.test(name.slice(0, slash))))
  );
}
