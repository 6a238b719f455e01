// The types of the site's options, with their comments, to the reference in docs/SITE.md: one table a record. For the test that
// holds the two together; `vitest run src/policy/site-reference.test.ts -u` writes the file anew.

interface Field {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: string;
  readonly about: string;
}
interface Interface {
  readonly name: string;
  readonly about: string;
  readonly bases: readonly string[];
  readonly fields: readonly Field[];
}

const INTERFACE =
  /(?:\/\*\*(?<about>(?:(?!\*\/)[\s\S])*)\*\/\n)?(?:export )?interface (?<name>\w+)(?: extends (?<bases>[\w, ]+))? \{\n(?<body>(?: .*\n|\n)*)\}/g;
const FIELD =
  /(?:^ {2}\/\*\*(?<about>(?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}readonly (?<name>\w+)(?<optional>\??):(?<type>(?:(?!;\n)[\s\S])+);$/gm;
const ALIAS = /export type (?<name>\w+) =\s*(?<type>(?:(?!;\n)[\s\S])+);/g;

/** Tables from the root record on, each record where it is first named. */
export function siteReference(sources: readonly string[], root: string): string {
  const text = sources.join("\n");
  const interfaces = new Map<string, Interface>();
  for (const { groups = {} } of text.matchAll(INTERFACE))
    interfaces.set(groups["name"]!, {
      name: groups["name"]!,
      about: prose(groups["about"]),
      bases: (groups["bases"] ?? "").split(", ").filter((base) => base !== ""),
      fields: [...groups["body"]!.matchAll(FIELD)].map(({ groups: field = {} }) => ({
        name: field["name"]!,
        isOptional: field["optional"] === "?",
        type: field["type"]!.replaceAll(/\s+/g, " ").trim().replace(/^\| /, ""),
        about: prose(field["about"]),
      })),
    });
  const aliases = new Map(
    [...text.matchAll(ALIAS)].map(({ groups = {} }) => [
      groups["name"]!,
      groups["type"]!.replaceAll(/\s+/g, " ").replace(/^\| /, ""),
    ]),
  );

  const fieldsOf = ({ bases, fields }: Interface): readonly Field[] => [
    ...fields,
    ...bases.flatMap((base) => {
      const found = interfaces.get(base);
      return found ? fieldsOf(found) : [];
    }),
  ];
  /** Names of records in the text of a type; aliases are followed, each once. */
  const named = (type: string, followed: ReadonlySet<string> = new Set()): string[] =>
    [...type.matchAll(/\b[A-Z]\w+/g)].flatMap(([name]) => {
      const alias = followed.has(name) || name in WORDS ? undefined : aliases.get(name);
      if (interfaces.has(name)) return [name];
      return alias === undefined ? [] : named(alias, new Set([...followed, name]));
    });
  const sections: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const found = interfaces.get(name);
    if (!found || seen.has(name)) return;
    seen.add(name);
    const fields = fieldsOf(found);
    sections.push(section(found, fields, (type) => cell(type, interfaces, aliases)));
    for (const { type } of fields) for (const inner of named(type)) visit(inner);
  };
  visit(root);
  return sections.join("\n");
}

interface Tuning {
  readonly threshold?: number;
  readonly window?: string;
  readonly for?: string;
}

/** What `alerting.alerts` may change, with the defaults. */
export function alertReference(alerts: Readonly<Record<string, Tuning>>): string {
  const rows = Object.entries(alerts).map(
    ([name, { threshold = "", window = "", for: wait = "" }]) =>
      `| \`${name}\` | ${threshold} | ${window} | ${wait} |`,
  );
  return [
    "### Alerts",
    "",
    "| alert | threshold | window | for |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function section(
  { name, about }: Interface,
  fields: readonly Field[],
  type: (text: string) => string,
): string {
  const rows = fields.map(
    (field) =>
      `| \`${field.name}\`${field.isOptional ? "" : " (required)"} | ${type(field.type)} | ${field.about.replaceAll("|", "\\|")} |`,
  );
  return [
    `### ${name}`,
    ...(about === "" ? [] : [about]),
    "",
    "| key | value | what it says; its default |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** What template literal types are called. */
const WORDS: Readonly<Record<string, string>> = {
  AlertOverrides: "[defaults](#alerts)",
  DurationText: "duration: `30s`, `5m`, `1h`, `7d`",
  CronText: "schedule, UTC",
  SiteOverrides: "any of the other keys",
};

/** `Readonly<Record<string, X>>` to `X by name`; links to records, the text of small types. */
function cell(
  text: string,
  interfaces: ReadonlyMap<string, unknown>,
  aliases: ReadonlyMap<string, string>,
): string {
  const record = /^Readonly<Record<string, (?<value>\w+)>>$/.exec(text)?.groups?.["value"];
  if (record !== undefined) return `${cell(record, interfaces, aliases)} by name`;
  const list = /^readonly (?<item>.+)\[\]$/.exec(text)?.groups?.["item"];
  if (list !== undefined) return `list of ${cell(list.replace(/^\((.*)\)$/, "$1"), interfaces, aliases)}`;
  if (interfaces.has(text)) return `[${text}](#${text.toLowerCase()})`;
  const alias = aliases.get(text);
  if (alias !== undefined) return WORDS[text] ?? cell(alias, interfaces, aliases);
  if (/^\w+(?: \| \w+)+$/.test(text))
    return text
      .split(" | ")
      .map((one) => cell(one, interfaces, aliases))
      .join(" or ");
  return code(text);
}

function code(text: string): string {
  const [open, close] = text.includes("`") ? ["`` ", " ``"] : ["`", "`"];
  return `${open}${text.replaceAll("|", "\\|")}${close}`;
}

/** A comment's lines to one line. */
function prose(comment = ""): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trim())
    .filter((line) => line !== "")
    .join(" ");
}
