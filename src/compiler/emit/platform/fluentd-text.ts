// Fluentd directives to the text of its configuration file.
//
// A plain word is written as it is; everything else in single quotes, where Fluentd knows two escapes and nothing else: in double
// quotes `#{…}` would be run as Ruby (lib/fluent/config/literal_parser.rb).

import assert from "node:assert/strict";

export interface Directive {
  readonly name: "source" | "filter" | "match" | "parse" | "buffer" | "format" | "label" | "system";
  /** Pattern of tags, or the keys of a buffer. */
  readonly argument?: string;
  /** In this order: `@type` first. */
  readonly parameters: readonly (readonly [name: string, value: string | number | boolean])[];
  readonly children?: readonly Directive[];
}

const NAME = /^@?[a-z][a-z0-9_]*$/;
/** A tag's pattern, or keys: no `>` that would end the directive, no `#` that would begin a comment. */
const ARGUMENT = /^[A-Za-z0-9_.*{},/ -]+$/;
const PLAIN = /^[A-Za-z0-9_@/%.*][A-Za-z0-9_@/%.*:-]*$/;

export function fluentdText(directives: readonly Directive[]): string {
  return `${directives.flatMap((directive) => lines(directive, "")).join("\n")}\n`;
}

function lines(directive: Directive, indent: string): string[] {
  const { name, argument, parameters, children = [] } = directive;
  assert(argument === undefined || ARGUMENT.test(argument), `no argument of Fluentd: ${argument}`);
  const inner = `${indent}  `;
  return [
    `${indent}<${name}${argument === undefined ? "" : ` ${argument}`}>`,
    ...parameters.map(([parameter, value]) => {
      assert(NAME.test(parameter), `no parameter of Fluentd: ${parameter}`);
      return `${inner}${parameter} ${quoted(String(value))}`;
    }),
    ...children.flatMap((child) => lines(child, inner)),
    `${indent}</${name}>`,
  ];
}

export function quoted(value: string): string {
  assert(/^[^\p{Cc}]*$/u.test(value), "text with a control character cannot stand in single quotes");
  if (PLAIN.test(value)) return value;
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
