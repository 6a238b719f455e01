// Where a feed file stands, from the policy file that names it.

import { posix } from "node:path";
import type { FeedSet } from "../../policy/types.ts";

/** Message of a feed file that is not there. */
export const NO_SUCH_FILE = "there is no such file";

/** The key of a feed in `CompileInput.feeds`: its path from the same root as that of the policy file, with `/`. */
export function feedPath(set: FeedSet): string {
  return posix.join(posix.dirname(set.location.file), set.path);
}
