// Every row, in the order of DESIGN §9.

import type { Row } from "../types.ts";
import { agent } from "./agent.ts";
import { commands } from "./commands.ts";
import { compile } from "./compile.ts";
import { decision } from "./decision.ts";
import { endToEnd } from "./end-to-end.ts";
import { limits } from "./limits.ts";
import { mixture } from "./mixture.ts";
import { realLists } from "./real-lists.ts";
import { replay } from "./replay.ts";
import { rules } from "./rules.ts";
import { samples } from "./samples.ts";
import { sourceSteps } from "./source-step.ts";
import { swap } from "./swap.ts";
import { table } from "./table.ts";

export const ROWS: readonly Row[] = [
  ...sourceSteps,
  realLists,
  table,
  decision,
  rules,
  limits,
  endToEnd,
  samples,
  mixture,
  swap,
  compile,
  commands,
  agent,
  replay,
];
