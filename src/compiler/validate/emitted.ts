// Artifacts to the objects that their files hold: what the checks of this room read.

import type { SourceLocation } from "../../ir/nodes.ts";
import type { Artifact } from "../types.ts";
import { isRecord } from "./shape.ts";

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** An object as it stands in a file. `as` gives it its kind's type, by whose shape it has been judged. */
export interface EmittedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

export interface Emitted {
  /** Of the file, under `dist/`. */
  readonly path: string;
  readonly object: EmittedObject;
  /** The call that asked for it; null where the site as a whole did. */
  readonly location: SourceLocation | null;
}

export function emittedObjects(artifacts: readonly Artifact[]): Emitted[] {
  return artifacts.flatMap(({ path, objects = [] }) =>
    objects.map(({ object, location }) => ({
      path,
      object: object as EmittedObject,
      location,
    })),
  );
}

export function as<T extends { kind: string }>(kind: T["kind"], object: EmittedObject): T | null {
  return object.kind === kind ? (object as unknown as T) : null;
}

/** `ConfigMap monitoring/dashboards`; for messages, and to tell objects apart. */
export function nameOf({ kind, metadata }: EmittedObject): string {
  const name = isRecord(metadata) && typeof metadata.name === "string" ? metadata.name : "(no name)";
  return `${kind} ${isRecord(metadata) && metadata.namespace ? `${metadata.namespace}/` : ""}${name}`;
}

export function namespaceOf(object: EmittedObject): string {
  return object.metadata.namespace ?? "default";
}
