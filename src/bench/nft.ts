// Prefixes into an nftables set on the ingress hook of an interface: the kernel's own packet filter as others use it.

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inNamespace } from "../lab/namespaces.ts";
import { dotted, type Prefixes4 } from "./prefixes.ts";

/** null where nft is there. */
export function nftMissing(): string | null {
  const { error, status } = spawnSync("nft", ["--version"], { stdio: "ignore" });
  return error || status !== 0 ? "nft is not installed (apt-get install nftables)" : null;
}

/** Drops the prefixes at the interface's ingress. Returns milliseconds of `nft -f`. */
export function loadNftSet(
  { firsts, lengths }: Prefixes4,
  at: { readonly namespace: string; readonly interface: string; readonly folder: string },
): number {
  const elements = Array.from(firsts, (first, i) => `${dotted(first)}/${lengths[i]}`);
  const file = join(at.folder, "deny.nft");
  // auto-merge: nft refuses a prefix inside another without it.
  writeFileSync(
    file,
    `table netdev bench {
  set deny { type ipv4_addr; flags interval; auto-merge; elements = { ${elements.join(", ")} } }
  chain ingress { type filter hook ingress device "${at.interface}" priority 0; policy accept; ip saddr @deny counter drop; counter drop; }
}
`,
  );
  const [command, args] = inNamespace(at.namespace, ["nft", "-f", file]);
  const begun = performance.now();
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  return performance.now() - begun;
}
