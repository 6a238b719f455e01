// A LogQL query to what is wrong with it: its form, and streams selected by labels that no collector gives. Loki answers
// the latter with nothing. https://grafana.com/docs/loki/latest/query/

import { LOG_LABELS } from "../../metrics/log-labels.ts";
import { suggest } from "../diagnostics/index.ts";

export interface LogFault {
  readonly code: "logql-syntax" | "unknown-log-label";
  readonly message: string;
  readonly help: string;
  readonly word: string;
}

const TOKEN =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<range>\[[^\]]*\])|(?<number>-?\d+(?:\.\d+)?[a-zA-Z]*)|(?<word>[A-Za-z_][A-Za-z0-9_.]*)|(?<operator>\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[{}(),|=><+*/%^-]))/y;

interface Token {
  readonly kind: "string" | "range" | "number" | "word" | "operator";
  readonly text: string;
}

const PARSERS = new Set(["json", "logfmt", "pattern", "regexp", "unpack"]);
const STAGES = new Set(["line_format", "label_format", "unwrap", "decolorize", "drop", "keep", "distinct"]);
const COMPARE = new Set(["=", "==", "!=", "=~", "!~", ">", ">=", "<", "<="]);

export function logFaults(query: string): LogFault[] {
  const tokens = tokensOf(query);
  if (tokens === null || tokens.length === 0)
    return [syntax(tokens === null ? "it holds what is no word of LogQL" : "it is empty", query)];
  const faults: LogFault[] = [];
  let selectors = 0;
  let depth = 0;
  let at = 0;
  while (at < tokens.length && faults.length === 0) {
    const { text, kind } = tokens[at]!;
    if (text === "{") {
      selectors++;
      at = pipeline(selector(at + 1));
    } else {
      // Around selectors: functions, aggregations, numbers.
      if (kind === "operator" && "([".includes(text)) depth++;
      if (text === ")" && --depth < 0) faults.push(syntax("a bracket is closed that was not opened", text));
      if (text === "|" || text === "}") faults.push(syntax(`\`${text}\` stands alone`, text));
      at++;
    }
  }
  if (faults.length === 0 && depth > 0) faults.push(syntax("a bracket is not closed", query));
  if (faults.length === 0 && selectors === 0) faults.push(syntax("it selects no stream", query));
  return faults;

  function fail(message: string, index: number): number {
    faults.push(syntax(message, tokens![index]?.text ?? query));
    return tokens!.length;
  }

  /** After `{`; returns the place after `}`. */
  function selector(index: number): number {
    let narrows = false;
    for (let at = index; ; at += 4) {
      const [label, operator, value, end] = tokens!.slice(at, at + 4);
      if (
        label?.kind !== "word" ||
        !["=", "!=", "=~", "!~"].includes(operator?.text ?? "") ||
        value?.kind !== "string"
      )
        return fail('a matcher of a stream is `label="value"`', at);
      if (!(LOG_LABELS as readonly string[]).includes(label.text))
        faults.push({
          code: "unknown-log-label",
          message: `log streams have no label \`${label.text}\``,
          help: suggest(label.text, LOG_LABELS, "labels"),
          word: label.text,
        });
      narrows ||= operator!.text === "=" || operator!.text === "=~";
      if (end?.text === "}") return narrows ? at + 4 : fail("a selector needs one `=` or `=~` at least", at);
      if (end?.text !== ",") return fail("`,` or `}` is missing in the selector", at + 3);
    }
  }

  /** Line filters and stages after a selector; returns the place after them. */
  function pipeline(index: number): number {
    let parsed = false;
    let at = index;
    while (at < tokens!.length) {
      const { text } = tokens![at]!;
      if (["|=", "!=", "|~", "!~", "|>", "!>"].includes(text)) {
        if (tokens![at + 1]?.kind !== "string") return fail(`\`${text}\` takes text in quotes`, at + 1);
        at += 2;
      } else if (text === "|") {
        const word = tokens![at + 1];
        if (word?.kind !== "word") return fail("a stage begins with a word", at + 1);
        if (PARSERS.has(word.text)) parsed = true;
        else if (!STAGES.has(word.text)) {
          if (!COMPARE.has(tokens![at + 2]?.text ?? ""))
            return fail(`\`${word.text}\` is no stage: write \`json\`, or a comparison`, at + 1);
          // What a parser takes out of a line is not known here.
          if (!parsed && !(LOG_LABELS as readonly string[]).includes(word.text))
            faults.push({
              code: "unknown-log-label",
              message: `no label \`${word.text}\` is known before \`| json\``,
              help: suggest(word.text, LOG_LABELS, "labels"),
              word: word.text,
            });
        }
        at += 2;
        while (at < tokens!.length && !isPipelineStart(at)) {
          if ([")", "{"].includes(tokens![at]!.text) || tokens![at]!.kind === "range") return at;
          at++;
        }
      } else return at;
    }
    return at;
  }

  function isPipelineStart(index: number): boolean {
    return ["|", "|=", "|~", "|>"].includes(tokens![index]!.text);
  }
}

function tokensOf(query: string): Token[] | null {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < query.trimEnd().length) {
    const groups = TOKEN.exec(query)?.groups;
    const [kind, text] = Object.entries(groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (kind === undefined || text === undefined) return null;
    tokens.push({ kind: kind as Token["kind"], text });
  }
  return tokens;
}

function syntax(message: string, word: string): LogFault {
  return { code: "logql-syntax", message, help: "see https://grafana.com/docs/loki/latest/query/", word };
}
