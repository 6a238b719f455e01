// A revision of the repository around some policies, as files in a folder of its own: what `piston diff --since` compiles.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { CommandError } from "./command.ts";

export interface GitTree {
  /** Of the policies, as they were. */
  readonly path: string;
  /** The commit, shortened. */
  readonly commit: string;
  remove(): void;
}

/** Throws CommandError where there is no git, no repository, no such revision, or no such path in it. */
export function checkOut(policies: string, revision: string): GitTree {
  const path = realpathSync(policies);
  const git = (...args: string[]) => run(dirname(path), args);
  const top = git("rev-parse", "--show-toplevel");
  if (!top.isDone)
    throw new CommandError(`${policies}: ${top.text}`, "name the policies to compare with: --against DIR");
  const commit = git(
    "rev-parse",
    "--verify",
    "--quiet",
    "--short",
    "--end-of-options",
    `${revision}^{commit}`,
  );
  if (!commit.isDone)
    throw new CommandError(
      `there is no revision ${JSON.stringify(revision)}`,
      "name a commit, a branch or a tag; in a shallow clone, fetch it first",
    );
  const inTree = relative(realpathSync(top.text), path);
  const folder = mkdtempSync(join(tmpdir(), "piston-diff-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const [archive, tree] = [join(folder, "tree.tar"), join(folder, "tree")];
    mkdirSync(tree);
    execFileSync("git", ["-C", top.text, "archive", "--format=tar", `--output=${archive}`, commit.text]);
    execFileSync("tar", ["-xf", archive, "-C", tree]);
    rmSync(archive);
    if (!existsSync(join(tree, inTree)))
      throw new CommandError(`${inTree} is not in ${revision}`, "name a later revision, or --against DIR");
    linkModules(top.text, tree, inTree);
    return { path: join(tree, inTree), commit: commit.text, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Packages that policies import are those that are installed now: git has none. */
function linkModules(top: string, tree: string, inTree: string): void {
  for (let folder = dirname(inTree); ; folder = dirname(folder)) {
    const modules = join(top, folder, "node_modules");
    if (existsSync(modules) && !existsSync(join(tree, folder, "node_modules")))
      symlinkSync(modules, join(tree, folder, "node_modules"));
    if (folder === ".") return;
  }
}

/** What git printed, or where it failed why, in one line. */
function run(folder: string, args: readonly string[]): { readonly isDone: boolean; readonly text: string } {
  const { error, status, stdout, stderr } = spawnSync("git", ["-C", folder, ...args], { encoding: "utf8" });
  if (error)
    throw new CommandError(`git: ${error.message}`, "name the policies to compare with: --against DIR");
  const isDone = status === 0;
  return { isDone, text: isDone ? stdout.trim() : stderr.split("\n", 1)[0]! };
}
