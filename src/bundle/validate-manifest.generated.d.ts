// Made from manifest.schema.json by generate.mjs (npm run generate). Do not edit.
import type { Manifest } from "./manifest.generated.ts";

export interface ManifestFault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

declare const validate: {
  (data: unknown): data is Manifest;
  readonly errors?: readonly ManifestFault[] | null;
};
export default validate;
