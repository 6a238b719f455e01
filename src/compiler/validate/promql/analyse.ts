// A PromQL expression to its type, the labels of its series, and everything that is wrong with it: what does not parse, has
// another type than its place asks for, or names a metric, label or value that nobody emits. Prometheus answers the last
// three with nothing at all, for ever.

import { parser } from "@prometheus-io/lezer-promql";
import { suggest } from "../../diagnostics/index.ts";
import { AGGREGATION_PARAMETER, FUNCTIONS, type ValueType } from "./functions.ts";
import type { Metrics } from "./metrics.ts";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

export interface ExpressionFault {
  readonly code:
    | "promql-syntax"
    | "promql-type"
    | "unknown-metric"
    | "unknown-metric-label"
    | "impossible-matcher";
  readonly message: string;
  readonly help: string;
  /** The word at fault. */
  readonly word: string;
}

export interface Analysis {
  /** null: it does not parse. */
  readonly type: ValueType | null;
  /** null: any (something of it is not known). */
  readonly labels: ReadonlySet<string> | null;
  readonly faults: readonly ExpressionFault[];
}

interface Value {
  readonly type: ValueType;
  readonly labels: ReadonlySet<string> | null;
}

const NO_LABELS: ReadonlySet<string> = new Set();
const SCALAR: Value = { type: "scalar", labels: NO_LABELS };
const COMPARISONS = new Set(["Eql", "Neq", "Gtr", "Gte", "Lss", "Lte"]);
const SETS = new Set(["And", "Or", "Unless"]);

/** Grafana fills these in before Prometheus sees the text. */
export function withoutVariables(text: string): string {
  return text
    .replaceAll(/\$__(?:rate_interval|interval)\b|\$\{__(?:rate_interval|interval)\}/g, "5m")
    .replaceAll(/\$__range\b|\$\{__range\}/g, "1h");
}

export function analyse(expression: string, metrics: Metrics): Analysis {
  const text = withoutVariables(expression);
  return metrics.remember(text, () => analysed(text, metrics));
}

function analysed(text: string, metrics: Metrics): Analysis {
  const tree = parser.parse(text);
  const faults: ExpressionFault[] = [];
  const slice = (node: SyntaxNode) => text.slice(node.from, node.to);
  const fault = (code: ExpressionFault["code"], node: SyntaxNode, message: string, help: string) =>
    faults.push({ code, message, help, word: slice(node) });

  tree.iterate({
    // Not its `node`, which would be made for each.
    enter: ({ type, from }) => {
      if (!type.isError || faults.length > 0) return;
      const at = text.slice(from, from + 20);
      faults.push({
        code: "promql-syntax",
        message: at === "" ? "it ends too early" : `it cannot be read from ${JSON.stringify(at)} on`,
        help: "see https://prometheus.io/docs/prometheus/latest/querying/basics/",
        word: at,
      });
    },
  });
  const root = tree.topNode.firstChild;
  if (faults.length === 0 && root === null)
    faults.push({ code: "promql-syntax", message: "it is empty", help: "write an expression", word: "" });
  if (faults.length > 0 || root === null) return { type: null, labels: null, faults };
  const { type, labels } = valueOf(root);
  return { type, labels, faults };

  function valueOf(node: SyntaxNode): Value {
    switch (node.name) {
      case "NumberDurationLiteral":
        return SCALAR;
      case "StringLiteral":
        return { type: "string", labels: NO_LABELS };
      case "VectorSelector":
        return selector(node);
      case "MatrixSelector":
      case "SubqueryExpr": {
        const of = valueOf(operands(node)[0]!);
        want(operands(node)[0]!, of, "vector");
        return { type: "matrix", labels: of.labels };
      }
      case "AggregateExpr":
        return aggregation(node);
      case "FunctionCall":
        return call(node);
      case "BinaryExpr":
        return binary(node);
      case "UnaryExpr": {
        const [inner] = operands(node);
        const of = inner ? valueOf(inner) : SCALAR;
        if (inner && of.type !== "scalar") want(inner, of, "vector");
        return of;
      }
      case "ParenExpr":
      case "OffsetExpr":
      case "StepInvariantExpr": {
        const [inner] = operands(node);
        return inner ? valueOf(inner) : SCALAR;
      }
      default:
        return { type: "vector", labels: null };
    }
  }

  function want(node: SyntaxNode, value: Value, type: ValueType): void {
    if (value.type === type) return;
    fault(
      "promql-type",
      node,
      `\`${slice(node)}\` is ${a(value.type)} where ${a(type)} belongs`,
      type === "matrix"
        ? `give it a range: \`${slice(node)}[5m]\``
        : type === "vector" && value.type === "matrix"
          ? "take `rate()` or another function of a range of it"
          : `write ${a(type)}`,
    );
  }

  function selector(node: SyntaxNode): Value {
    const identifier = node.getChild("Identifier");
    const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
    const read = matchers.map((matcher) => {
      const [label, operator, value] = ["LabelName", "MatchOp", "StringLiteral"].map((kind) =>
        matcher.getChild(kind),
      );
      return {
        label: label!,
        name: slice(label!),
        operator: slice(operator!),
        value: unquote(slice(value!)),
        valueNode: value!,
      };
    });
    const named = read.find(({ name, operator }) => name === "__name__" && operator === "=");
    const name = identifier ? slice(identifier) : named?.value;
    if (name === undefined) return { type: "vector", labels: null };
    const known = metrics.find(name);
    if (known === null) {
      fault(
        "unknown-metric",
        identifier ?? node,
        `nobody emits the metric \`${name}\``,
        suggestMetric(name, metrics.names),
      );
      return { type: "vector", labels: null };
    }
    for (const { label, name: labelName, operator, value, valueNode } of read) {
      if (labelName === "__name__") continue;
      if (!known.labels.has(labelName)) {
        // `!=` and an empty value are true where the label is not there, but say nothing either.
        fault(
          "unknown-metric-label",
          label,
          `\`${name}\` has no label \`${labelName}\``,
          suggest(labelName, [...known.labels], "labels"),
        );
        continue;
      }
      const values = known.valuesOf(labelName);
      if (values === null || value.includes("$")) continue;
      if (!possible(values, operator, value))
        fault(
          "impossible-matcher",
          valueNode,
          `no \`${labelName}\` of \`${name}\` is ${operator.endsWith("~") ? "matched by " : ""}\`${value}\``,
          suggest(value, values, "values"),
        );
    }
    return { type: "vector", labels: known.labels };
  }

  function aggregation(node: SyntaxNode): Value {
    const operation = slice(node.getChild("AggregateOp")!).toLowerCase();
    const args = operands(node.getChild("FunctionCallBody")!);
    const parameter = AGGREGATION_PARAMETER[operation];
    const expected = parameter === undefined ? 1 : 2;
    if (args.length !== expected) {
      fault(
        "promql-type",
        node,
        `\`${operation}\` takes ${expected} argument${expected === 1 ? "" : "s"}, not ${args.length}`,
        "see its documentation",
      );
      return { type: "vector", labels: null };
    }
    if (parameter !== undefined) want(args[0]!, valueOf(args[0]!), parameter);
    const of = valueOf(args.at(-1)!);
    want(args.at(-1)!, of, "vector");
    const modifier = node.getChild("AggregateModifier");
    const grouping = modifier?.getChild("GroupingLabels")?.getChildren("LabelName") ?? [];
    for (const label of grouping) {
      const { labels } = of;
      if (labels !== null && !labels.has(slice(label)))
        fault(
          "unknown-metric-label",
          label,
          `\`${operation}\` groups by \`${slice(label)}\`, which none of its series has`,
          suggest(slice(label), [...labels], "labels"),
        );
    }
    if (operation === "topk" || operation === "bottomk") return of;
    const names = grouping.map(slice);
    const added = operation === "count_values" ? [unquote(slice(args[0]!))] : [];
    if (modifier?.getChild("Without")) {
      const left =
        of.labels === null
          ? null
          : new Set([...of.labels].filter((label) => !names.includes(label)).concat(added));
      return { type: "vector", labels: left };
    }
    return { type: "vector", labels: new Set([...names, ...added]) };
  }

  function call(node: SyntaxNode): Value {
    const identifier = node.getChild("FunctionIdentifier")!;
    const name = slice(identifier);
    const signature = FUNCTIONS[name];
    const args = operands(node.getChild("FunctionCallBody")!);
    if (!signature) {
      fault(
        "promql-type",
        identifier,
        `\`${name}\` is no function of Prometheus 2.42`,
        suggest(name, Object.keys(FUNCTIONS), "functions"),
      );
      return { type: "vector", labels: null };
    }
    const { takes, optional, gives } = signature;
    const least = takes.length - Math.max(0, optional);
    if (args.length < least || (optional >= 0 && args.length > takes.length)) {
      fault(
        "promql-type",
        identifier,
        `\`${name}\` takes ${least === takes.length ? least : `${least} to ${takes.length}`} arguments, not ${args.length}`,
        `it takes ${takes.join(", ")}`,
      );
      return { type: gives, labels: null };
    }
    const values = args.map((arg, index) => {
      const value = valueOf(arg);
      want(arg, value, takes[Math.min(index, takes.length - 1)]!);
      return value;
    });
    if (gives === "scalar" || name === "vector") return { type: gives, labels: NO_LABELS };
    const of = values[takes.findIndex((type) => type === "vector" || type === "matrix")];
    if (!of || of.labels === null) return { type: gives, labels: null };
    const labels = new Set(of.labels);
    if (name === "absent" || name === "absent_over_time")
      return { type: gives, labels: absentLabels(args[0]!) };
    if (name === "histogram_quantile") {
      if (!labels.has("le"))
        fault(
          "promql-type",
          args[1]!,
          `\`${slice(args[1]!)}\` has no label \`le\`: it is no histogram`,
          "keep `le` in `sum by (le, …)` of a `_bucket` metric",
        );
      labels.delete("le");
    }
    if (name === "label_replace" || name === "label_join") labels.add(unquote(slice(args[1]!)));
    return { type: gives, labels };
  }

  /** absent() gives the labels that its selector asks for with `=`. */
  function absentLabels(node: SyntaxNode): ReadonlySet<string> {
    const matchers =
      node.name === "VectorSelector"
        ? (node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [])
        : [];
    return new Set(
      matchers
        .filter((matcher) => slice(matcher.getChild("MatchOp")!) === "=")
        .map((matcher) => slice(matcher.getChild("LabelName")!)),
    );
  }

  function binary(node: SyntaxNode): Value {
    const [leftNode, rightNode] = operands(node);
    if (!leftNode || !rightNode) return { type: "vector", labels: null };
    const left = valueOf(leftNode);
    const right = valueOf(rightNode);
    const names = childNames(node);
    for (const [side, value] of [
      [leftNode, left],
      [rightNode, right],
    ] as const)
      if (value.type === "matrix" || value.type === "string") want(side, value, "vector");
    const isComparison = names.some((name) => COMPARISONS.has(name));
    const isSet = names.some((name) => SETS.has(name));
    if (left.type === "scalar" && right.type === "scalar") {
      if (isComparison && !names.includes("BoolModifier"))
        fault(
          "promql-type",
          node,
          `\`${slice(node)}\` compares two numbers`,
          "write `bool` after the comparison",
        );
      return SCALAR;
    }
    if (left.type !== "vector") return { type: "vector", labels: right.labels };
    if (right.type !== "vector") {
      if (isSet) want(rightNode, right, "vector");
      return { type: "vector", labels: left.labels };
    }
    return { type: "vector", labels: joined(node, left.labels, right.labels, names, isSet) };
  }

  /** Series of two vectors meet where the labels that count are equal: unlike sets of labels never meet. */
  function joined(
    node: SyntaxNode,
    left: ReadonlySet<string> | null,
    right: ReadonlySet<string> | null,
    names: readonly string[],
    isSet: boolean,
  ): ReadonlySet<string> | null {
    if (names.includes("Or")) return left && right ? new Set([...left, ...right]) : null;
    if (left === null || right === null) return null;
    const clause = node.getChild("MatchingModifierClause");
    const [matching, included] = clause?.getChildren("GroupingLabels") ?? [];
    const listed = (matching?.getChildren("LabelName") ?? []).map(slice);
    const isOn = clause?.getChild("On") !== null && clause !== null;
    const counts = (side: ReadonlySet<string>) =>
      isOn ? listed : [...side].filter((label) => clause === null || !listed.includes(label));
    if (isOn) {
      for (const label of matching?.getChildren("LabelName") ?? [])
        if (!left.has(slice(label)) || !right.has(slice(label)))
          fault(
            "unknown-metric-label",
            label,
            `one side of \`${slice(node)}\` has no label \`${slice(label)}\``,
            suggest(
              slice(label),
              [...left].filter((one) => right.has(one)),
              "labels of both sides",
            ),
          );
    } else if (!isSameSet(counts(left), counts(right)) && !isSet)
      fault(
        "promql-type",
        node,
        `the sides of \`${slice(node)}\` have different labels, ${list(left)} and ${list(right)}: no series meets another`,
        "group both sides by the same labels, or write `on(…)`",
      );
    if (isSet) return left;
    const extra = (included?.getChildren("LabelName") ?? []).map(slice);
    if (clause?.getChild("GroupLeft")) return new Set([...left, ...extra]);
    if (clause?.getChild("GroupRight")) return new Set([...right, ...extra]);
    return new Set(counts(left));
  }
}

const OPERANDS = new Set([
  "AggregateExpr",
  "BinaryExpr",
  "FunctionCall",
  "MatrixSelector",
  "NumberDurationLiteral",
  "OffsetExpr",
  "ParenExpr",
  "StringLiteral",
  "SubqueryExpr",
  "UnaryExpr",
  "VectorSelector",
  "StepInvariantExpr",
]);

function operands(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (OPERANDS.has(child.name)) found.push(child);
  return found;
}
function childNames(node: SyntaxNode): string[] {
  const names: string[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) names.push(child.name);
  return names;
}

/** PromQL has the escapes of Go in double and single quotes, and none in back quotes. */
function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith("`")) return inner;
  return inner.replaceAll(/\\(["'\\])/g, "$1");
}

function possible(values: readonly string[], operator: string, value: string): boolean {
  if (operator === "=") return value === "" || values.includes(value);
  // What is excluded ought to be there: `!="pas"` excludes nothing.
  if (operator === "!=") return value === "" || values.includes(value);
  try {
    const pattern = new RegExp(`^(?:${value})$`, "s");
    return values.some((one) => pattern.test(one));
  } catch {
    return false;
  }
}

/** The near one, or those that share most words. */
function suggestMetric(name: string, names: readonly string[]): string {
  const words = new Set(name.split(/[_:]/));
  const shared = (other: string) => other.split(/[_:]/).filter((word) => words.has(word)).length;
  const near = names.toSorted((a, b) => shared(b) - shared(a)).slice(0, 5);
  return suggest(name, near, "metrics");
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}
function list(labels: ReadonlySet<string>): string {
  return labels.size === 0 ? "none" : [...labels].map((label) => `\`${label}\``).join(", ");
}
function a(type: ValueType): string {
  return { scalar: "a number", vector: "an instant vector", matrix: "a range of samples", string: "text" }[
    type
  ];
}
