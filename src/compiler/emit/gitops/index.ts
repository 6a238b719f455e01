// What an environment has emitted to what makes a GitOps tool sync it. Applied once in each cluster.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { GITOPS_PATH, kubernetesFile } from "../kubernetes.ts";
import { argoCd } from "./argo-cd.ts";
import { fluxFromGit, fluxFromOci } from "./flux.ts";
import { syncedFolders } from "./synced.ts";

/** `emitted`: every other artifact of the environment. */
export function emitGitOps(emitted: readonly Artifact[], site: SiteIr): Artifact[] {
  const { engine } = site.gitops;
  const folders = syncedFolders(emitted);
  return [
    ...(engine === "flux"
      ? []
      : [kubernetesFile(`${GITOPS_PATH}/argo-cd.yaml`, "Argo CD: apply once.", argoCd(site, folders))]),
    ...(engine === "argo-cd"
      ? []
      : [
          kubernetesFile(
            `${GITOPS_PATH}/flux-git.yaml`,
            "Flux, reading Git: apply once, instead of flux-oci.yaml.",
            fluxFromGit(site, folders),
          ),
          kubernetesFile(
            `${GITOPS_PATH}/flux-oci.yaml`,
            "Flux, reading an OCI artifact: apply once, instead of flux-git.yaml.",
            fluxFromOci(site, folders),
          ),
        ]),
  ];
}
