// What other rooms import of the bundle. The types come from manifest.schema.json.

export type {
  Manifest,
  ManifestBackend,
  ManifestFleet,
  ManifestLimit,
  ManifestLocation,
  ManifestPolicy,
  ManifestRule,
  ManifestSection,
  ManifestSet,
  Witness,
  WitnessStep,
} from "./manifest.generated.ts";
