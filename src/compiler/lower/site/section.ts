// One record of a site, read field by field: each getter gives a value of its type, the default where the field is missing,
// and reports what is wrong. After a fault it gives the default too: nothing is made of a site that has one.

import type { SourceLocation } from "../../../ir/nodes.ts";
import type { DurationText } from "../../../policy/index.ts";
import { type Span, suggest } from "../../diagnostics/index.ts";
import { type Bounds, count, fieldsOf, show } from "../untyped.ts";
import type { SiteContext } from "./context.ts";
import { secretText } from "./secret-text.ts";

/** What a text must be. */
export interface TextRule {
  readonly pattern: RegExp;
  /** `a DNS name` */
  readonly what: string;
  readonly help: string;
}

export class Section {
  readonly context: SiteContext;
  readonly path: readonly string[];
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  constructor(raw: unknown, path: readonly string[], context: SiteContext) {
    this.context = context;
    this.path = path;
    this.#fields = fieldsOf(raw) ?? {};
    if (fieldsOf(raw) === null)
      context.report(context.span(path), {
        code: "bad-value",
        message: `\`${path.at(-1) ?? "site"}\` is ${show(raw)}, not a record`,
        help: `write \`${path.at(-1) ?? "site"}: { … }\``,
      });
  }

  get location(): SourceLocation {
    return this.context.span(this.path).location;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** undefined where the field is missing, or null as overrides write it. */
  raw(name: string): unknown {
    this.#known.add(name);
    return this.#fields[name] ?? undefined;
  }

  names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  span(name: string, value?: unknown): Span {
    return this.context.span([...this.path, name], value);
  }

  fault(name: string, message: string, help: string, code = "bad-value", value?: unknown): void {
    this.context.report(this.span(name, value), { code, message, help });
  }

  /** Reports the fields that nobody asked for. */
  end(): void {
    for (const name of this.names())
      if (!this.#known.has(name))
        this.fault(
          name,
          `there is no \`${name}\` in \`${this.path.at(-1) ?? "site"}\``,
          suggest(name, [...this.#known], "fields"),
          "unknown-field",
        );
  }

  text(name: string, rule: TextRule, fallback?: string): string {
    const raw = this.raw(name);
    if (raw === undefined) return this.#orMissing(name, fallback, rule.help) ?? "";
    return this.check(name, raw, rule) ?? "";
  }

  optionalText(name: string, rule: TextRule): string | null {
    const raw = this.raw(name);
    if (raw === undefined) return null;
    return this.check(name, raw, rule);
  }

  /** The text itself, or null and a fault. */
  check(name: string, raw: unknown, { pattern, what, help }: TextRule): string | null {
    if (typeof raw === "string" && pattern.test(raw)) return raw;
    if (secretText(raw))
      this.fault(name, `\`${name}\` holds what looks like a secret`, NO_VALUES, "secret-value");
    else this.fault(name, `${show(raw)} is not ${what}`, help, "bad-value", raw);
    return null;
  }

  duration(name: string, fallback: DurationText): DurationText {
    return this.text(name, DURATION, fallback) as DurationText;
  }

  number(name: string, bounds: Bounds, fallback?: number): number {
    const { least, most, whole, unit } = bounds;
    const help = `write a ${whole ? "whole number" : "number"} from ${count(least)} to ${count(most)}${unit === "" ? "" : ` ${unit}`}`;
    const raw = this.raw(name);
    if (raw === undefined) return this.#orMissing(name, fallback, help) ?? least;
    if (typeof raw === "number" && raw >= least && raw <= most && (!whole || Number.isInteger(raw)))
      return raw;
    this.fault(name, `\`${name}\` is ${show(raw)}`, help, "bad-value", raw);
    return least;
  }

  flag(name: string, fallback: boolean): boolean {
    const raw = this.raw(name);
    if (raw === undefined || typeof raw === "boolean") return raw ?? fallback;
    this.fault(name, `\`${name}\` is ${show(raw)}`, "write true or false", "bad-value", raw);
    return fallback;
  }

  choice<T extends string>(name: string, words: readonly [T, ...T[]], fallback?: T): T {
    const help = `write one of ${words.map((word) => `"${word}"`).join(", ")}`;
    const raw = this.raw(name);
    if (raw === undefined) return this.#orMissing(name, fallback, help) ?? words[0];
    const found = words.find((word) => word === raw);
    if (found === undefined) this.fault(name, `\`${name}\` is ${show(raw)}`, help, "bad-value", raw);
    return found ?? words[0];
  }

  list<T>(name: string, item: (raw: unknown) => T | null, fallback: readonly T[] = []): readonly T[] {
    const raw = this.raw(name);
    if (raw === undefined) return Object.freeze([...fallback]);
    if (!Array.isArray(raw)) {
      this.fault(name, `\`${name}\` is ${show(raw)}, not a list`, `write \`${name}: […]\``);
      return fallback;
    }
    return Object.freeze(raw.map(item).filter((one) => one !== null));
  }

  texts(name: string, rule: TextRule, fallback: readonly string[] = []): readonly string[] {
    return this.list(name, (raw) => this.check(name, raw, rule), fallback);
  }

  /** Names and values of labels. */
  labels(name: string): Readonly<Record<string, string>> {
    const inner = this.section(name);
    if (inner === null) return Object.freeze({});
    const labels: Record<string, string> = {};
    for (const key of inner.names()) {
      const value = inner.check(key, inner.raw(key), LABEL_VALUE);
      if (!LABEL_KEY.test(key)) inner.fault(key, `${show(key)} is not the name of a label`, LABEL_KEY_HELP);
      else if (value !== null) labels[key] = value;
    }
    return Object.freeze(labels);
  }

  /** A record inside this one; null where it is missing. */
  section(name: string): Section | null {
    const raw = this.raw(name);
    return raw === undefined ? null : new Section(raw, [...this.path, name], this.context);
  }

  /** The same, and where it is missing an empty one: all of its defaults. */
  defaults(name: string): Section {
    return this.section(name) ?? new Section({}, [...this.path, name], this.context);
  }

  /** Records by name. */
  sections<T>(name: string, read: (name: string, section: Section) => T): Readonly<Record<string, T>> {
    const outer = this.section(name);
    const entries = outer?.names().flatMap((key) => {
      const inner = outer.section(key);
      return inner === null ? [] : [[key, read(key, inner)] as const];
    });
    return Object.freeze(Object.fromEntries(entries ?? []));
  }

  #orMissing<T>(name: string, fallback: T | undefined, help: string): T | undefined {
    if (fallback === undefined)
      this.context.report(this.context.span(this.path), {
        code: "bad-value",
        message: `\`${this.path.at(-1) ?? "site"}\` has no \`${name}\``,
        help,
      });
    return fallback;
  }
}

export const NO_VALUES =
  'name it instead: `secret("key in the store")`. What has been in a file that others can read is to be replaced';

export const DURATION: TextRule = {
  pattern: /^[1-9]\d{0,6}[smhd]$/,
  what: "a duration",
  help: "write a whole number and s, m, h or d: `30s`, `5m`, `1h`, `7d`",
};

const LABEL_KEY =
  /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_KEY_HELP = "letters, digits, `-`, `_` and `.`, 63 at most; before a slash a DNS name may stand";
const LABEL_VALUE: TextRule = {
  pattern: /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/,
  what: "the value of a label",
  help: "letters, digits, `-`, `_` and `.`, 63 at most, in quotes",
};
