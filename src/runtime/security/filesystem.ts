// Paths that the agent reads and writes: the BPF file system, its pins, the bundle.

import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf } from "../errors.ts";
import { error, type Finding, ok } from "./finding.ts";

/** include/uapi/linux/magic.h */
const BPF_FS_MAGIC = 0xcafe4a11;

/** The errno of access(2); null where it is allowed. */
function denied(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (reason) {
    return errnoOf(reason) ?? "error";
  }
}

/** The path itself, or the nearest directory above that is there. */
function nearestExisting(path: string): string {
  let here = path;
  while (!existsSync(here) && dirname(here) !== here) here = dirname(here);
  return here;
}

export function judgeBpffs(pinPath: string): Finding {
  const here = nearestExisting(pinPath);
  const help =
    "mount one: mount -t bpf bpf /sys/fs/bpf (in a container: mount the node's directory), or set bundle.pinPath to a directory in one";
  try {
    if (statfsSync(here).type === BPF_FS_MAGIC) return ok("bpffs", `${here} is in a BPF file system`);
  } catch (reason) {
    return error("bpffs", `${here} cannot be looked at: ${errnoOf(reason)}`, help);
  }
  return error("bpffs", `bundle.pinPath, ${pinPath}, is not in a BPF file system`, help);
}

export function judgePinPath(pinPath: string): Finding {
  const here = nearestExisting(pinPath);
  const errno = denied(here, constants.R_OK | constants.W_OK | constants.X_OK);
  if (errno === null) return ok("pin-path", `${here} can be written`);
  const user = process.geteuid?.() ?? 0;
  const help =
    errno === "EROFS"
      ? "mount the BPF file system without ro (in a container: readOnly: false for this mount)"
      : `give it to the agent's user: chown ${user} ${here}, or choose another bundle.pinPath`;
  return error("pin-path", `user ${user} cannot write to ${here}: ${errno}`, help);
}

/** A bundle that is not there yet is waited for; one that may not be read never comes. */
export function judgeBundlePath(path: string): Finding {
  const here = nearestExisting(path);
  const blocked = firstUnreadable(here);
  if (blocked) {
    const user = process.geteuid?.() ?? 0;
    const help = `let user ${user} read it: chmod -R a+rX ${path}, or a group of the agent's`;
    return error("bundle-path", `user ${user} cannot read ${blocked.path}: ${blocked.errno}`, help);
  }
  return ok("bundle-path", here === path ? `${path} can be read` : `${path} is waited for`);
}

/** The path, or a file right in it, that may not be read. */
function firstUnreadable(path: string): { readonly path: string; readonly errno: string } | null {
  const directory = statSync(path).isDirectory();
  const errno = denied(path, constants.R_OK | (directory ? constants.X_OK : 0));
  if (errno !== null) return { path, errno };
  if (!directory) return null;
  for (const name of readdirSync(path)) {
    const entry = join(path, name);
    const denial = denied(entry, constants.R_OK);
    if (denial !== null && denial !== "ENOENT") return { path: entry, errno: denial };
  }
  return null;
}
