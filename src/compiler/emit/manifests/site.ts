// Where this installation gets its image and its manifests from.

export interface Site {
  /** Image of the agent, without tag. */
  readonly image: string;
  /** Git repository that holds `dist/`. */
  readonly repository: string;
  readonly branch: string;
  /** Directory of `dist/` in that repository. */
  readonly directory: string;
  /** OCI repository to which a release pushes `dist/`, for clusters that read no Git. */
  readonly artifact: string;
}

export const DEFAULT_SITE: Site = Object.freeze({
  image: "ghcr.io/pistonprotection/agent",
  repository: "https://github.com/pistonprotection/pistonprotection",
  branch: "main",
  directory: "dist",
  artifact: "oci://ghcr.io/pistonprotection/manifests",
});
