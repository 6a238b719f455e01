// What an author adds that the vocabulary has no words for: looked at as far as it takes to emit it. Whether it is right is
// said of the output, where everything else is judged too.

import type { ExtraIr } from "../../../ir/site.ts";
import type { ExtraAlert, ExtraObject, ExtraPanel } from "../../../policy/index.ts";
import { type Fields, fieldsOf, show } from "../untyped.ts";
import type { Section } from "./section.ts";

const ALERT = ["name", "expression", "severity", "summary"];
const ALERT_OPTIONAL = ["for", "description"];

export function lowerExtra(section: Section): ExtraIr {
  const result: ExtraIr = {
    objects: section.list("objects", (raw) => {
      const fields = texts(section, "objects", raw, ["apiVersion", "kind"]);
      const name = fieldsOf(fields?.["metadata"])?.["name"];
      if (fields === null || typeof name === "string") return fields as ExtraObject | null;
      section.fault(
        "objects",
        `a ${String(fields["kind"])} has no \`metadata.name\``,
        "give it a name: an object without one cannot be synced",
        "missing-field",
        fields["kind"],
      );
      return null;
    }),
    alerts: section.list("alerts", (raw) => {
      const fields = texts(section, "alerts", raw, ALERT, [...ALERT_OPTIONAL, "labels"]);
      return fields && ({ ...fields, labels: fieldsOf(fields["labels"]) ?? {} } as unknown as ExtraAlert);
    }),
    panels: section.list("panels", (raw) => {
      const fields = texts(
        section,
        "panels",
        raw,
        ["title"],
        ["description", "query", "logs", "legend", "place"],
      );
      if (fields === null || (fields["query"] === undefined) !== (fields["logs"] === undefined))
        return fields as ExtraPanel | null;
      section.fault(
        "panels",
        `panel ${show(fields["title"])} has ${fields["query"] === undefined ? "no query" : "both a query and logs"}`,
        "write `query` with PromQL, or `logs` with LogQL",
        "bad-value",
        fields["title"],
      );
      return null;
    }),
  };
  section.end();
  return Object.freeze(result);
}

/** A record of which these fields are text; with `others`, it has no further ones. */
function texts(
  section: Section,
  list: string,
  raw: unknown,
  needed: readonly string[],
  others?: readonly string[],
): Fields | null {
  const fields = fieldsOf(raw);
  if (fields === null) {
    section.fault(list, `${show(raw)} stands among the \`${list}\``, "write a record: `{ … }`");
    return null;
  }
  for (const name of needed)
    if (typeof fields[name] !== "string" || fields[name] === "") {
      section.fault(
        list,
        `one of the \`${list}\` has no text as its \`${name}\``,
        `write \`${name}: "…"\``,
        "missing-field",
      );
      return null;
    }
  for (const name of others === undefined ? [] : Object.keys(fields))
    if (![...needed, ...(others ?? [])].includes(name)) {
      section.fault(
        list,
        `there is no \`${name}\` in one of the \`${list}\``,
        `fields here: ${[...needed, ...(others ?? [])].join(", ")}`,
        "unknown-field",
        name,
      );
      return null;
    }
  return fields;
}
