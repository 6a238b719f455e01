// The threads of a process, as /proc has them. One may end between two reads: it is left out then, and not an error.

import { readdirSync, readFileSync } from "node:fs";

/** File `name` of each thread's folder, by the thread's number: `status`, `comm`. */
export function threadFiles(pid: number | "self", name: string): Map<string, string> {
  const folder = `/proc/${pid}/task`;
  const files = new Map<string, string>();
  for (const id of readdirSync(folder)) {
    try {
      files.set(id, readFileSync(`${folder}/${id}/${name}`, "utf8"));
    } catch (error) {
      // ENOENT where it is opened, ESRCH where it is read.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return files;
}

/** Names of the threads, by their numbers. */
export function threadNames(pid: number | "self"): Map<string, string> {
  return new Map([...threadFiles(pid, "comm")].map(([id, text]) => [id, text.trim()]));
}
