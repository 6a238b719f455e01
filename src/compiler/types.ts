// What goes into compile() and what comes out. compile() touches no disk, clock, network or environment: the loader
// (src/compiler/load) has read everything before, and the command line writes the artifacts after.

import type { CheckedFleet, SourceLocation } from "../ir/nodes.ts";
import type { SiteIr } from "../ir/site.ts";
import type { Site } from "../policy/site.ts";
import type { Fleet } from "../policy/types.ts";

export interface CompileInput {
  /** Fleets that the policy files export, in order of file name and export name. */
  readonly fleets: readonly Fleet[];
  /** What `site.ts` of the policy directory exports; without one, only what filtering needs is emitted. */
  readonly site?: Site | null;
  /** Text of every policy file, by the path that SourceLocation.file gives: relative to the policy directory's parent, with `/`. */
  readonly sources: ReadonlyMap<string, string>;
  /** Feed files, by path relative to the same root; a message instead of bytes where it could not be read. */
  readonly feeds: ReadonlyMap<string, FeedText>;
  /**
   * SHA-256 over the names and bytes of the sources and feeds that the fleets are made of: `sha256:<hex>`. Names the source
   * without a clock or a Git commit. What only the site needs is not in it: another channel for alerts is no other bundle.
   */
  readonly revision: string;
  /** Prefixes of each feed in the bundles of the last build, by the feed's path: what `maxChangePercent` compares with. */
  readonly lastBuild?: ReadonlyMap<string, number>;
  /** Found while loading; reported with what lower() finds. */
  readonly diagnostics?: readonly Diagnostic[];
}
export type FeedText =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "missing"; readonly message: string };

export type Severity = "error" | "warning";

/** STYLE: what, where, how to mend, and a stable code. Text, help and place are three things and tested apart. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly help: string;
  readonly location: SourceLocation;
  /** Length of the caret mark under the place, in characters; 1 at least. */
  readonly spanLength: number;
  /** Other places that the message speaks of. */
  readonly related: readonly { readonly location: SourceLocation; readonly message: string }[];
}

/** One file of `dist/`. Paths are relative to it, with `/`. */
export interface Artifact {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The Kubernetes objects of which the file is the text, in its order: what src/compiler/validate judges. */
  readonly objects?: readonly ManifestObject[];
}
export interface ManifestObject {
  readonly object: unknown;
  /** The call in a policy or a site that asked for it; null where the site as a whole did. */
  readonly location: SourceLocation | null;
}

export interface CompileResult {
  readonly diagnostics: readonly Diagnostic[];
  /** Empty where a diagnostic is an error. */
  readonly fleets: readonly CheckedFleet[];
  /** The site, and then its further environments; one node of defaults where there is no `site.ts`; empty after an error. */
  readonly sites: readonly SiteIr[];
  readonly artifacts: readonly Artifact[];
}
