// Velero's kinds, of which there are no typed models: https://velero.io/docs/v1.16/api-types/

import { SCHEMAS } from "./schemas.generated.ts";
import type { ObjectShape, Schemas } from "./shape.ts";

const metadata = SCHEMAS.types[SCHEMAS.roots["v1 Namespace"] ?? 0]?.["metadata"] ?? "any";
const metadataShape = typeof metadata === "number" ? (SCHEMAS.types[metadata] ?? {}) : {};
const [METADATA, SELECTOR, REQUIREMENT, BACKUP_SPEC, SCHEDULE_SPEC, LOCATION_SPEC, RESTORE_SPEC] = [
  0, 1, 2, 3, 4, 5, 6,
];

const backupSpec: ObjectShape = {
  csiSnapshotTimeout: "string",
  datamover: "string",
  defaultVolumesToFsBackup: "boolean",
  excludedClusterScopedResources: ["string"],
  excludedNamespaceScopedResources: ["string"],
  excludedNamespaces: ["string"],
  excludedResources: ["string"],
  hooks: "any",
  includeClusterResources: "boolean",
  includedClusterScopedResources: ["string"],
  includedNamespaceScopedResources: ["string"],
  includedNamespaces: ["string"],
  includedResources: ["string"],
  itemOperationTimeout: "string",
  labelSelector: SELECTOR,
  metadata: { map: { map: "string" } },
  orLabelSelectors: [SELECTOR],
  orderedResources: { map: "string" },
  resourcePolicy: "any",
  snapshotMoveData: "boolean",
  snapshotVolumes: "boolean",
  storageLocation: "string",
  ttl: "string",
  uploaderConfig: "any",
  volumeSnapshotLocations: ["string"],
};

export const VELERO_SCHEMAS: Schemas = {
  roots: {
    "velero.io/v1 Backup": 7,
    "velero.io/v1 Schedule": 8,
    "velero.io/v1 BackupStorageLocation": 9,
    "velero.io/v1 Restore": 10,
  },
  types: [
    metadataWithoutReferences(metadataShape),
    { matchExpressions: [REQUIREMENT], matchLabels: { map: "string" } },
    {
      "key!": "string",
      "operator!": { enum: ["In", "NotIn", "Exists", "DoesNotExist"] },
      values: ["string"],
    },
    backupSpec,
    {
      "schedule!": "string",
      "template!": BACKUP_SPEC,
      paused: "boolean",
      skipImmediately: "boolean",
      useOwnerReferencesInBackup: "boolean",
    },
    {
      "provider!": "string",
      "objectStorage!": "any",
      accessMode: { enum: ["ReadOnly", "ReadWrite"] },
      backupSyncPeriod: "string",
      config: { map: "string" },
      credential: "any",
      default: "boolean",
      validationFrequency: "string",
    },
    {
      backupName: "string",
      scheduleName: "string",
      excludedNamespaces: ["string"],
      excludedResources: ["string"],
      existingResourcePolicy: { enum: ["none", "update"] },
      includeClusterResources: "boolean",
      includedNamespaces: ["string"],
      includedResources: ["string"],
      itemOperationTimeout: "string",
      labelSelector: SELECTOR,
      namespaceMapping: { map: "string" },
      preserveNodePorts: "boolean",
      restorePVs: "boolean",
      restoreStatus: "any",
    },
    kind("Backup", BACKUP_SPEC),
    kind("Schedule", SCHEDULE_SPEC),
    kind("BackupStorageLocation", LOCATION_SPEC),
    kind("Restore", RESTORE_SPEC),
  ],
};

function kind(name: string, spec: number): ObjectShape {
  return {
    "apiVersion!": { enum: ["velero.io/v1"] },
    "kind!": { enum: [name] },
    "metadata!": METADATA,
    "spec!": spec,
  };
}

/** Numbers name places in the other list of types. */
function metadataWithoutReferences(shape: ObjectShape): ObjectShape {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [
      name,
      typeof field === "number" || Array.isArray(field)
        ? name === "finalizers"
          ? ["string"]
          : "any"
        : field,
    ]),
  );
}
