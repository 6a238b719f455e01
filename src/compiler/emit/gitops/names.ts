// What GitOps objects of an environment are called. One Argo CD may look after several environments, so a further one has its
// name in theirs.

import type { SiteIr } from "../../../ir/site.ts";

export function nameIn({ name, environment, root }: SiteIr, suffix = ""): string {
  return [name, root === "" ? "" : environment, suffix].filter((part) => part !== "").join("-");
}
