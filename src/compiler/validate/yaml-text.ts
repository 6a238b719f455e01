// Does each file say the same to every reader of YAML? What a scalar without quotes means depends on the version (1.1 as
// Kubernetes and old tools read it, 1.2 as others do): `on`, `0o7`, `1e3`, `22:22`, `012`. The text is read here by rules of
// its own; the writer (emit/yaml.ts) is not trusted.

import type { Artifact } from "../types.ts";
import type { Report } from "./report.ts";

/** The same in every version: null is never written, numbers have no exponent, no base and no sign but minus. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;
/** What some reader takes for anything but text. https://yaml.org/type/ (1.1) and §10.3 of YAML 1.2.2 */
const NOT_TEXT: readonly (readonly [RegExp, string])[] = [
  [/^(y|n|yes|no|on|off)$/i, "a boolean in YAML 1.1"],
  [/^(~|null)?$/i, "null"],
  [/^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/, "a number to the base 60 in YAML 1.1"],
  [/^[-+]?0o[0-7_]+$/, "an octal number in YAML 1.2"],
  [/^[-+]?0[0-7_]+$/, "an octal number in YAML 1.1"],
  [/^[-+]?0x[0-9a-fA-F_]+$/, "a hexadecimal number"],
  [/^[-+]?0b[01_]+$/, "a binary number in YAML 1.1"],
  [/^[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$/, "a number"],
  [/^[-+]?\.(inf|nan)$/i, "a number"],
  [/^\d{4}-\d\d?-\d\d?([Tt\s].*)?$/, "a date in YAML 1.1"],
  [/^(<<|=)$/, "a key of its own in YAML 1.1"],
];

/** Most lines: a key that is clearly text, and a value that is too or that stands below. */
const CLEARLY_TEXTS = /^ *(?:- )*[A-Za-z][\w./-]{5,}:(?: [A-Za-z].{5}|$)/;
/** Nearly all scalars: a letter first, and longer than any word that a reader takes for something else. */
const CLEARLY_TEXT = /^[A-Za-z].{5}/;

export interface Ambiguous {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly reads: string;
}

export function checkYamlTexts(artifacts: readonly Artifact[], report: Report): void {
  for (const { path, bytes, objects } of artifacts) {
    if (objects === undefined && !/\.ya?ml$/.test(path)) continue;
    for (const { line, text, reads } of ambiguousScalars(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(),
    ))
      report.add({
        code: "ambiguous-yaml",
        message: `dist/${path}:${line} has ${JSON.stringify(text)} without quotes, which may be read as ${reads}`,
        help: "the writer of YAML has to quote it: report it with the line of the policy that it is from",
        mark: { value: text },
      });
  }
}

/** Of text in block style, one key or item a line, as emit/yaml.ts writes it. */
function ambiguousScalars(text: string): Ambiguous[] {
  const found: Ambiguous[] = [];
  let block = -1; // indentation of the key whose block scalar runs
  let deeper = ""; // how its lines begin
  let at = 0; // a counter: entries() would make an array for each of some ten thousand lines
  for (const line of text.split("\n")) {
    const index = at++;
    if (block >= 0 && line.startsWith(deeper)) continue;
    if (CLEARLY_TEXTS.test(line)) {
      block = -1;
      continue;
    }
    const indent = line.search(/[^ ]/);
    if (indent < 0) continue;
    block = -1;
    let rest = line.slice(indent);
    if (rest.startsWith("#") || rest === "---") continue;
    let column = indent;
    while (rest.startsWith("- ")) {
      rest = rest.slice(2);
      column += 2;
    }
    const key = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^"'\s][^:]*?(?::[^ \n][^:]*?)*):(?: |$)/.exec(rest);
    const value = key ? rest.slice(key[0].length) : rest;
    if (key) judge(key[1]!, index, true);
    if (/^[|>][-+0-9]*$/.test(value)) {
      block = column;
      deeper = " ".repeat(column + 1);
    } else if (!(key && value === "")) judge(value, index, false);
  }
  return found;

  function judge(scalar: string, index: number, isKey: boolean): void {
    if (CLEARLY_TEXT.test(scalar)) return;
    if (/^["'[{&*!]/.test(scalar)) return;
    if (!isKey && (scalar === "true" || scalar === "false" || PLAIN_NUMBER.test(scalar))) return;
    const meaning = NOT_TEXT.find(([pattern]) => pattern.test(scalar));
    const boolean = isKey && /^(true|false)$/i.test(scalar);
    if (meaning || boolean) found.push({ line: index + 1, text: scalar, reads: meaning?.[1] ?? "a boolean" });
    else if (!isKey && /^(true|false)$/i.test(scalar))
      found.push({ line: index + 1, text: scalar, reads: "a boolean" });
  }
}
