// `piston` as the agent image has it: the commands of a node, without the compiler. Bundled into one file.

import { AGENT_COMMANDS } from "./agent-commands.ts";
import { runCommandLine } from "./command-line.ts";

await runCommandLine(AGENT_COMMANDS, process.argv.slice(2));
