// `piston`, the whole of it: what runs from a checkout and from the published package.

import { runCommandLine } from "./command-line.ts";
import { COMMANDS } from "./commands.ts";

await runCommandLine(COMMANDS, process.argv.slice(2));
