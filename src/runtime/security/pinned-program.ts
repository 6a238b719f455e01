// The digest of the XDP object that this build came with. `npm run build` puts it here: into the bundled agent by a
// definition, into the package by a file in this one's place. A checkout has none (docs/adr/0013).

declare const PISTON_PROGRAM_SHA256: string | undefined;

export const PINNED_PROGRAM_SHA256: string | null =
  typeof PISTON_PROGRAM_SHA256 === "string" ? PISTON_PROGRAM_SHA256 : null;
