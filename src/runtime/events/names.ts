// A manifest to what the collector needs of it: names for rules, and where the fleet is managed.

import type { Manifest } from "../../bundle/index.ts";
import { emptyHeaders, readHeaders } from "./headers.ts";
import type { Names } from "./messages.ts";

/** `generations`: digests of the bundles that the agent has put in charge, `sha256:…`. */
export function namesOf(
  manifest: Pick<Manifest, "rules" | "witnesses">,
  generations: readonly string[],
): Names {
  return {
    rules: new Map(manifest.rules.map(({ stableId, id, backend }) => [stableId, { id, backend }])),
    generations: generations.map((digest) => digest.slice("sha256:".length, "sha256:".length + 16)),
    services: managementServices(manifest),
  };
}

/**
 * Protocol and port of each management flow, out of its witness: the manifest has no rule's fields, but for every flow a
 * packet that it passes.
 */
function managementServices({ witnesses }: Pick<Manifest, "witnesses">): number[] {
  const headers = emptyHeaders();
  const services = new Set<number>();
  for (const { steps } of witnesses) {
    for (const { packet, reason } of steps) {
      if (reason !== "management") continue;
      const bytes = Buffer.from(packet, "base64");
      const { protocol, destinationPort } = readHeaders(bytes, 0, bytes.length, headers);
      if (destinationPort >= 0) services.add((protocol << 16) | destinationPort);
    }
  }
  return [...services];
}
