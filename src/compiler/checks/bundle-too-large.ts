// A bundle that ConfigMaps cannot carry. Found after the bundle is made: compression decides.

import { SHARD_BYTES, SHARDS_MAX, splitBundle } from "../../bundle/shards.ts";
import type { CheckedFleet } from "../../ir/nodes.ts";
import type { Diagnostic } from "../types.ts";
import { fleetDiagnostic } from "./report.ts";

export function bundleTooLarge(fleet: CheckedFleet, bundle: Uint8Array): Diagnostic[] {
  if (bundle.length <= SHARDS_MAX * SHARD_BYTES) return [];
  const { shards } = splitBundle(fleet.name, bundle);
  if (shards.length <= SHARDS_MAX) return [];
  return [
    fleetDiagnostic(
      fleet,
      "bundle-too-large",
      "error",
      `the compressed bundle of fleet \`${fleet.name}\` takes ${shards.length} ConfigMaps; ${SHARDS_MAX} at most carry one`,
      "make its sets smaller, or carry it as an OCI artifact or over HTTPS, by digest",
    ),
  ];
}
