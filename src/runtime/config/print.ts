// The effective configuration to text: a YAML file whose comments say where each value came from, or one JSON document.

import { CONFIG_KEYS } from "./config-keys.generated.ts";
import type { EffectiveConfig } from "./load.ts";
import { valueAt } from "./load.ts";

export function printJson({ config, sources }: EffectiveConfig): string {
  return `${JSON.stringify({ config, sources: Object.fromEntries(sources) }, null, 2)}\n`;
}

/** JSON scalars and flow lists are YAML too, so nothing needs another way of quoting. */
export function printYaml({ config, sources }: EffectiveConfig): string {
  const rows: { readonly text: string; readonly comment: string }[] = [];
  const said = new Set<string>();
  for (const { path } of CONFIG_KEYS) {
    const source = sources.get(path);
    if (source === undefined) continue;
    const parts = path.split(".");
    for (let depth = 1; depth < parts.length; depth++) {
      const section = parts.slice(0, depth).join(".");
      if (said.has(section)) continue;
      said.add(section);
      rows.push({ text: `${indent(depth - 1)}${parts[depth - 1]}:`, comment: "" });
    }
    said.add(path);
    if (source === "missing") {
      rows.push({ text: `${indent(parts.length - 1)}# ${parts.at(-1)}:`, comment: source });
      continue;
    }
    const value = valueAt(config, path);
    const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
    const text = isSection ? "" : ` ${JSON.stringify(value)}`;
    rows.push({
      text: `${indent(parts.length - 1)}${parts.at(-1)}:${text}`,
      comment: isSection ? "" : source,
    });
  }
  const width = Math.min(60, Math.max(...rows.map((row) => row.text.length)));
  return rows
    .map(({ text, comment }) => (comment ? `${text.padEnd(width)}  # ${comment}\n` : `${text}\n`))
    .join("");
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}
