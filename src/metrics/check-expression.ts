// A PromQL expression to a list of faults: what does not parse, and what names a metric, label or label value that is not
// in the catalogue. For tests: query.ts cannot make such a text, and this does not take its word for it.

import { parser } from "@prometheus-io/lezer-promql";
import { catalogueName, definitionOf, type MetricName } from "./catalogue.ts";
import { queryableLabels, TARGET_LABELS } from "./query.ts";

type Tree = ReturnType<typeof parser.parse>;
type SyntaxNode = Tree["topNode"];

export interface CheckedExpression {
  readonly faults: readonly string[];
  /** Metrics of the catalogue that it reads. */
  readonly metrics: readonly MetricName[];
}

/** @param recordings names of recording rules, with the labels of what they record */
export function checkExpression(
  expression: string,
  recordings: ReadonlyMap<string, readonly string[]> = new Map(),
): CheckedExpression {
  // Grafana fills these in before Prometheus sees the text.
  const text = expression.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1h");
  const faults: string[] = [];
  const metrics = new Set<MetricName>();
  const readable = new Set<string>(TARGET_LABELS);
  const groupings: string[] = [];
  const slice = (node: SyntaxNode) => text.slice(node.from, node.to);

  parser.parse(text).iterate({
    enter: (reference) => {
      const node = reference.node;
      if (node.type.isError)
        faults.push(`syntax error at ${node.from}: ${text.slice(node.from, node.from + 20)}`);
      if (node.name === "VectorSelector") {
        const selector = readSelector(node, slice);
        const recording = recordings.get(selector.name);
        if (recording) {
          for (const label of recording) readable.add(label);
          for (const { label } of selector.matchers)
            if (!recording.includes(label)) faults.push(`${selector.name} has no label ${label}`);
          return;
        }
        const name = catalogueName(selector.name);
        if (name === null) {
          if (selector.name !== "up") faults.push(`metric not in the catalogue: ${selector.name}`);
          return;
        }
        metrics.add(name);
        const known = queryableLabels(name);
        for (const label of known) readable.add(label);
        for (const { label, operator, value } of selector.matchers) {
          if (!known.includes(label)) faults.push(`${name} has no label ${label}`);
          else if (!allowed(name, label, operator, value))
            faults.push(`${name}: no ${label} matches ${value}`);
        }
      }
      if (node.name === "GroupingLabels")
        for (let child = node.firstChild; child; child = child.nextSibling)
          if (child.name === "LabelName") groupings.push(slice(child));
    },
  });
  for (const label of groupings)
    if (!readable.has(label)) faults.push(`grouped by ${label}, which no metric of the expression has`);
  return { faults, metrics: [...metrics] };
}

interface SelectorText {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

function readSelector(node: SyntaxNode, slice: (node: SyntaxNode) => string): SelectorText {
  const name = node.getChild("Identifier");
  const matchers = (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map(
    (matcher) => {
      const [label, operator, value] = ["LabelName", "MatchOp", "StringLiteral"].map((kind) => {
        const child = matcher.getChild(kind);
        return child ? slice(child) : "";
      });
      return { label: label ?? "", operator: operator ?? "", value: JSON.parse(value || '""') as string };
    },
  );
  return { name: name ? slice(name) : "", matchers };
}

/** A matcher that can never hold is a query that nobody answers. Values with a Grafana variable are not known here. */
function allowed(name: MetricName, label: string, operator: string, value: string): boolean {
  const values = definitionOf(name).labels[label];
  if (values === undefined || typeof values === "string" || value.includes("$")) return true;
  if (operator.endsWith("~")) return values.some((known) => new RegExp(`^(?:${value})$`).test(known));
  return values.includes(value);
}
