// What immutable ConfigMaps of a pod template share: a name that holds a digest of what is inside, so that a template names
// one content and no other, and annotations that keep them until no pod needs them.

import { sha256Hex } from "../../../bundle/digest.ts";

/**
 * Flux prunes before the new pods are ready, and a node that restarts then needs the old content still. Argo CD prunes
 * last, by the Application's PruneLast.
 */
export const KEPT_BY_FLUX = Object.freeze({ "kustomize.toolkit.fluxcd.io/prune": "disabled" });

export function nameByContent(prefix: string, content: string): string {
  return `${prefix}-${sha256Hex(content).slice(0, 10)}`;
}
