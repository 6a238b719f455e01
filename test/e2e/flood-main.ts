// `npm run flood -- --seconds 60`: the flood, and what held of the agent. Exit code 1 where something did not.

import { parseArgs } from "node:util";
import { runFlood } from "./flood.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const seconds = Number(values.seconds);
if (!(seconds >= 1)) throw new Error(`--seconds is a number of seconds, not ${values.seconds}`);
const checks = await runFlood({ seconds, progress: (text) => console.error(`flood: ${text}`) });
for (const { what, found, holds } of checks) console.log(`${holds ? "ok  " : "FAIL"}  ${what}: ${found}`);
process.exitCode = checks.every(({ holds }) => holds) ? 0 : 1;
