// What fills up in the kernel and is of no use any more: blocks whose time is over, pins of generations and tables that
// nobody needs, links of interfaces that are gone. A commit sweeps pins by itself; this is for when nothing is committed.
//
// Limit state is only counted. A slot that owes nothing is free for the next key, and only the program may write one: an
// agent that cleared slots would break the rule that nobody is charged for another's packets (docs/adr/0008-limit-state.md).
// Counter slots of rules that are gone stay as well: totals over all rules that ever were must not fall.

import { join } from "node:path";
import { BLOCK, TICKS_PER_NS } from "../../bundle/abi.ts";
import { BpfMap, ktimeNs } from "../bpf/index.ts";
import { sweep } from "./commit.ts";
import type { Journal } from "./journal.ts";
import { countLimitSlots } from "./limit-table.ts";
import { closeLinks, pinnedLinks } from "./links.ts";
import { entries, type PinLayout, unescapePinName } from "./pins.ts";
import type { FleetState } from "./state.ts";

export interface Garbage {
  readonly blocks: { readonly freed: number; readonly remaining: number };
  /** `expired` slots are taken over by new keys as these come: there is nothing to free. null: no rule limits. */
  readonly limitSlots: { readonly active: number; readonly expired: number } | null;
  /** Names of the pins that were removed. */
  readonly generations: readonly string[];
  readonly tables: readonly string[];
  readonly links: readonly string[];
  /** Kernel memory of those tables. */
  readonly freedBytes: number;
}

export function collectGarbage(state: FleetState, journal: Journal): Garbage {
  const { layout } = state;
  const limits = state.programMap("limit_state");
  const blocks = freeBlocks(state.programMap("blocks"));
  const before = pinsOf(layout);
  const bytesOf = new Map(before.tables.map((name) => [name, tableBytes(join(layout.tables, name))]));
  sweep(state, journal);
  closeLinks(pinnedLinks(layout)); // removes the pins of those whose interface is gone
  const after = pinsOf(layout);
  const gone = (kind: keyof typeof before) => before[kind].filter((name) => !after[kind].includes(name));
  const tables = gone("tables");
  return {
    blocks,
    limitSlots: limits && countLimitSlots(limits, ktimeNs() * TICKS_PER_NS),
    generations: gone("generations"),
    tables,
    links: gone("links").map(unescapePinName),
    freedBytes: tables.reduce((sum, name) => sum + (bytesOf.get(name) ?? 0), 0),
  };
}

/** The kernel would let go of them only when the map is full. */
function freeBlocks(map: BpfMap | null): Garbage["blocks"] {
  if (!map) return { freed: 0, remaining: 0 };
  const now = ktimeNs();
  const isOver = (value: Uint8Array) =>
    new DataView(value.buffer, value.byteOffset, value.byteLength).getBigUint64(BLOCK.untilNs, true) <= now;
  let remaining = 0;
  const over: Uint8Array[] = [];
  for (const [key, value] of map.entries()) {
    if (isOver(value)) over.push(key);
    else remaining++;
  }
  let freed = 0;
  for (const key of over) {
    const value = map.lookup(key); // a rule may have set it again since
    if (value && isOver(value)) {
      if (map.delete(key)) freed++;
    } else if (value) remaining++;
  }
  return { freed, remaining };
}

function pinsOf(layout: PinLayout) {
  return {
    generations: entries(layout.generations),
    tables: entries(layout.tables),
    links: entries(layout.links),
  };
}

function tableBytes(path: string): number {
  using map = BpfMap.openPinned(path);
  return map.info.memoryBytes;
}
