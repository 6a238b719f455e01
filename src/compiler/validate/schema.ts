// Are the objects what their API takes? Unknown fields are faults: the API server drops them without a word, and what the
// author wanted does not happen.

import { nearest, suggest } from "../diagnostics/index.ts";
import type { Emitted } from "./emitted.ts";
import { nameOf } from "./emitted.ts";
import type { Report } from "./report.ts";
import { SCHEMAS } from "./schemas.generated.ts";
import { isRecord, type ShapeFault, shapeFaults } from "./shape.ts";
import { VELERO_SCHEMAS } from "./velero-shapes.ts";

/** Versions that manuals still show and that clusters no longer serve. */
const SUPERSEDED: Readonly<Record<string, string>> = {
  "external-secrets.io/v1beta1": "external-secrets.io/v1",
  "source.toolkit.fluxcd.io/v1beta2": "source.toolkit.fluxcd.io/v1",
  "kustomize.toolkit.fluxcd.io/v1beta2": "kustomize.toolkit.fluxcd.io/v1",
  "autoscaling/v2beta2": "autoscaling/v2",
  "batch/v1beta1": "batch/v1",
  "policy/v1beta1": "policy/v1",
  "networking.k8s.io/v1beta1": "networking.k8s.io/v1",
};

export interface Judged {
  /** Without a fault: the other checks may take them for what their kind says. */
  readonly sound: readonly Emitted[];
  /** With faults, but not such that nobody could read them: what they make is there for others to refer to. */
  readonly readable: readonly Emitted[];
}

export function checkSchemas(emitted: readonly Emitted[], report: Report): Judged {
  const readable: Emitted[] = [];
  const sound = emitted.filter((one) => {
    const { object, location } = one;
    const schemas = object.apiVersion.startsWith("velero.io/") ? VELERO_SCHEMAS : SCHEMAS;
    const root = schemas.roots[`${object.apiVersion} ${object.kind}`];
    if (root === undefined) {
      unknownKind(one, report);
      return false;
    }
    if (!isRecord(object.metadata) || typeof object.metadata.name !== "string") {
      report.add({
        code: "missing-field",
        message: `a ${object.kind} has no \`metadata.name\``,
        help: "give it a name: an object without one cannot be synced",
        location,
        mark: { value: object.kind },
      });
      return false;
    }
    const faults = shapeFaults(object, root, schemas.types);
    for (const fault of faults) report.add({ ...described(fault, nameOf(object)), location });
    // No field of a string or a number is there; reading one of null throws.
    if (
      faults.every(
        ({ kind, value }) => kind !== "wrong-type" || (typeof value !== "object" && value !== undefined),
      )
    )
      readable.push(one);
    return faults.length === 0;
  });
  return { sound, readable: readable.filter((one) => !sound.includes(one)) };
}

function described(fault: ShapeFault, object: string) {
  const { path, name, value, wanted } = fault;
  switch (fault.kind) {
    case "unknown-field":
      return {
        code: "unknown-field",
        message: `${object} has no field \`${path}\``,
        help: suggest(name, wanted, "fields"),
        mark: { property: name },
      };
    case "missing-field":
      return {
        code: "missing-field",
        message: `${object} lacks \`${path}\``,
        help: `give it ${wanted.join()}`,
        mark: {},
      };
    case "wrong-type":
      return {
        code: "wrong-type",
        message: `\`${path}\` of ${object} is ${JSON.stringify(value)}`,
        help:
          wanted[0] === "a string"
            ? `write it in quotes: ${JSON.stringify(String(value))}`
            : `write ${wanted.join()}`,
        mark: isRecord(value) || Array.isArray(value) ? { property: name } : { value, property: name },
      };
    case "bad-choice":
      return {
        code: "bad-choice",
        message: `\`${path}\` of ${object} may not be ${JSON.stringify(value)}`,
        help: suggest(String(value), wanted, "values"),
        mark: { value, property: name },
      };
  }
}

function unknownKind({ object, location }: Emitted, report: Report): void {
  const { apiVersion, kind } = object;
  const current = SUPERSEDED[apiVersion];
  if (current !== undefined) {
    report.add({
      code: "superseded-api",
      message: `${nameOf(object)} is of ${apiVersion}, which clusters no longer serve`,
      help: `write \`${current}\``,
      location,
      mark: { value: apiVersion },
    });
    return;
  }
  const known = [...Object.keys(SCHEMAS.roots), ...Object.keys(VELERO_SCHEMAS.roots)];
  const near = nearest(`${apiVersion} ${kind}`, known);
  report.add({
    code: "unknown-kind",
    message: `no kind \`${kind}\` of \`${apiVersion}\` is known here, so nothing can be said of ${nameOf(object)}`,
    help:
      near === null ? "apply what the compiler does not know by other means" : `did you mean \`${near}\`?`,
    location,
    mark: { value: kind },
  });
}
