// An event to its priority. docs/adr/0014-events-in-a-worker.md says why.

import { FIRST_PARSE_REASON, REASONS } from "../../bundle/abi.ts";
import { PRIORITIES, type Priority } from "../../metrics/event-labels.ts";
import { STACK_PATTERNS } from "./patterns.ts";

export interface Judged {
  /** Number of the reason. */
  readonly reason: number;
  readonly shadow: boolean;
  /** Bits of PATTERNS. */
  readonly patterns: number;
  /** The packet was for a protocol and port on which the fleet is managed. */
  readonly management: boolean;
  /** The program that judged it is none that the agent has put in charge. */
  readonly foreign: boolean;
}

const BLOCK = REASONS.indexOf("block");
const OTHER_ETHERTYPE = REASONS.indexOf("other-ethertype");

const RANK = Object.fromEntries(PRIORITIES.map((name, rank) => [name, rank])) as Record<Priority, number>;

/** Rank in PRIORITIES. */
export function priorityOf(event: Judged): number {
  if (event.foreign || (event.management && !event.shadow)) return RANK.essential;
  const malformed = event.reason >= FIRST_PARSE_REASON && event.reason !== OTHER_ETHERTYPE;
  if (malformed || (event.patterns & STACK_PATTERNS) !== 0) return RANK.critical;
  if (event.reason === BLOCK || event.patterns !== 0) return RANK.high;
  return RANK.normal;
}
