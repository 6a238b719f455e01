// What changes between two versions of the policies: JSON for machines, tables for people.

import type {
  Decision,
  FleetDifference,
  LimitChange,
  RuleChange,
  VerdictChange,
} from "../compiler/diff/index.ts";
import { formatTable } from "./table.ts";

export interface ComparedFleet {
  readonly name: string;
  readonly status: "compared" | "added" | "removed";
  /** null where the fleet is only in one of the two. */
  readonly difference: FleetDifference | null;
}

/** Rows of a table that people read; --json has all. */
const ROWS_SHOWN = 25;

const SIGNS = { added: "+", removed: "-", changed: "~", moved: "~" } as const;

export function isChanged({ difference }: ComparedFleet): boolean {
  if (!difference) return true;
  const { settings, rules, traffic } = difference;
  return (
    settings.length + rules.length + traffic.verdicts.length + traffic.limits.length + traffic.unsettled > 0
  );
}

export function differenceJson({ name, status, difference }: ComparedFleet) {
  if (!difference) return { fleet: name, status };
  const { settings, rules, traffic } = difference;
  const plain = (decision: Decision) => ({ verdict: decision.verdict, rule: idOf(decision) });
  return {
    fleet: name,
    status,
    settings,
    rules: rules.map(({ kind, rule, details }) => ({
      change: kind,
      rule: rule.id,
      details,
      location: rule.location,
    })),
    traffic: traffic.verdicts.map(({ from, to, packet }) => ({ from: plain(from), to: plain(to), packet })),
    limits: traffic.limits.map(({ kind, limit, packet }) => ({ change: kind, rule: limit.id, packet })),
    unsettled: traffic.unsettled,
  };
}

export function formatDifference(fleet: ComparedFleet, against: string): string {
  const { name, status, difference } = fleet;
  if (!difference) return `fleet ${name} ${status === "added" ? "is new" : "is gone"}, against ${against}\n`;
  if (!isChanged(fleet)) return `fleet ${name}, against ${against}: every packet gets what it got\n`;
  const { settings, rules, traffic } = difference;
  const parts = [`fleet ${name}, against ${against}`];
  if (settings.length > 0)
    parts.push(
      table(
        ["setting", "before", "after"],
        settings.map((one) => [one.name, one.before, one.after]),
      ),
    );
  if (rules.length > 0) parts.push(table(["", "rule", "what", "line"], rules.map(ruleRow)));
  const rows = [...verdictRows(difference), ...traffic.limits.map(limitRow)];
  if (rows.length > 0) parts.push(table(["before", "after", "for instance"], rows));
  else if (traffic.unsettled === 0) parts.push("no packet gets another verdict, and none meets other limits");
  if (traffic.unsettled > 0)
    parts.push(
      `too hard to find out for ${traffic.unsettled.toLocaleString("en-US")} pairs of rules: they overlap in too many ways`,
    );
  return `${parts.join("\n\n")}\n`;
}

function ruleRow({ kind, rule, details }: RuleChange): string[] {
  const shadow = rule.shadow ? ", in shadow" : "";
  const what =
    kind === "changed" ? details.join("; ") : kind === "moved" ? "moved" : rule.action.kind + shadow;
  return [SIGNS[kind], rule.id, what, `${rule.location.file}:${rule.location.line}`];
}

/** One row for all rules that take packets over from, or lose packets to, one that changed. */
function verdictRows({ settings, rules, traffic }: FleetDifference): string[][] {
  const changed = new Set<string | null>(rules.map(({ rule }) => rule.id));
  if (settings.some(({ name }) => name === "default")) changed.add(null);
  const groups = new Map<
    string,
    { readonly first: VerdictChange; readonly isFrom: boolean; count: number }
  >();
  for (const change of traffic.verdicts) {
    const { from, to } = change;
    const isFrom = changed.has(idOf(from));
    const key = JSON.stringify([isFrom, isFrom ? idOf(from) : idOf(to), from.verdict]);
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { first: change, isFrom, count: 1 });
  }
  return [...groups.values()].map(({ first: { from, to, packet }, isFrom, count }) => {
    const more = count > 1 ? ` and ${(count - 1).toLocaleString("en-US")} more` : "";
    return isFrom ? [say(from), say(to) + more, packet] : [say(from) + more, say(to), packet];
  });
}

function limitRow({ kind, limit, packet }: LimitChange): string[] {
  const limited = `pass, limited by ${limit.id}`;
  return kind === "gained" ? ["pass", limited, packet] : [limited, "pass", packet];
}

function idOf({ rule }: Decision): string | null {
  return rule?.id ?? null;
}

function say(decision: Decision): string {
  return `${decision.verdict} by ${idOf(decision) ?? "default"}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const text = formatTable(header, rows.slice(0, ROWS_SHOWN));
  const more = rows.length - ROWS_SHOWN;
  return more > 0 ? `${text}\nand ${more.toLocaleString("en-US")} more, which --json has` : text;
}
