// A bundle to the immutable ConfigMaps that carry it, and to the sources of the projected volume that joins them again.
//
// Every name holds a digest of what is inside, the index's too, so a pod template names one bundle and no other: a pod
// that starts again in the middle of a roll-out, or after a roll-back, finds the bundle that it belongs to
// (docs/adr/0005-bundle-transport-in-a-cluster.md).

import assert from "node:assert/strict";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IIoK8sApiCoreV1VolumeProjection } from "kubernetes-models/v1/VolumeProjection";
import { generationOf } from "../../../bundle/digest.ts";
import { SHARDS_MAX, splitBundle } from "../../../bundle/shards.ts";
import type { SiteIr } from "../../../ir/site.ts";
import { commonLabels, FLEET_LABEL, REVISION_ANNOTATION } from "../kubernetes.ts";
import { KEPT_BY_FLUX, nameByContent } from "./immutable.ts";

const GENERATION_LABEL = "pistonprotection.io/generation";

export interface BundleObjects {
  /** First 12 hex digits of the bundle's digest. */
  readonly generation: string;
  readonly configMaps: readonly IConfigMap[];
  readonly sources: readonly IIoK8sApiCoreV1VolumeProjection[];
}

export function bundleObjects(
  fleet: string,
  bundle: Uint8Array,
  revision: string,
  { namespaces }: SiteIr,
): BundleObjects {
  const { bundleDigest, index, shards } = splitBundle(fleet, bundle);
  const generation = generationOf(bundleDigest);
  // A check tells the author before; this is the emitter's own refusal.
  assert(shards.length <= SHARDS_MAX, `fleet ${fleet}: ${shards.length} shards are too many for ConfigMaps`);

  const metadata = (name: string) => ({
    name,
    namespace: namespaces.workers.name,
    labels: { ...commonLabels("bundle"), [FLEET_LABEL]: fleet, [GENERATION_LABEL]: generation },
    annotations: {
      [REVISION_ANNOTATION]: revision,
      "pistonprotection.io/bundle-digest": bundleDigest,
      ...KEPT_BY_FLUX,
    },
  });
  const indexName = nameByContent(`${fleet}-bundle-index`, index);
  // Two shards of the same bytes are one ConfigMap.
  const shardsByName = new Map(shards.map((shard) => [shard.name, shard]));
  return {
    generation,
    configMaps: [
      ...[...shardsByName].map(
        ([name, shard]): IConfigMap => ({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: metadata(name),
          immutable: true,
          binaryData: { shard: Buffer.from(shard.bytes).toString("base64") },
        }),
      ),
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: metadata(indexName),
        immutable: true,
        data: { "index.json": index },
      },
    ],
    sources: [
      ...shards.map(({ name, path }) => ({ configMap: { name, items: [{ key: "shard", path }] } })),
      { configMap: { name: indexName, items: [{ key: "index.json", path: "index.json" }] } },
      {
        // Made at release, never by synthesis: the DSSE envelope under the key `signature`.
        configMap: {
          name: `${fleet}-bundle-signature-${generation}`,
          items: [{ key: "signature", path: "signature" }],
          optional: true,
        },
      },
    ],
  };
}
