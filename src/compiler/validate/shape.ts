// What a value of a kind may look like: the small language of schemas.generated.ts and velero-shapes.ts.

export type Shape =
  | "string"
  | "number"
  | "boolean"
  | "any"
  /** An object type, by its place in `Schemas.types`. */
  | number
  /** A list. */
  | readonly [Shape]
  | { readonly map: Shape }
  | { readonly enum: readonly (string | number)[] }
  /** One of them. */
  | { readonly any: readonly Shape[] };

/** Field to shape; a field that must be there is written `name!`. */
export type ObjectShape = Readonly<Record<string, Shape>>;

export interface Schemas {
  /** `<apiVersion> <kind>` to a place in `types`. */
  readonly roots: Readonly<Record<string, number>>;
  readonly types: readonly ObjectShape[];
}

export interface ShapeFault {
  readonly kind: "unknown-field" | "missing-field" | "wrong-type" | "bad-choice";
  /** `spec.template.spec.containers[0].image`. */
  readonly path: string;
  /** Last name in the path. */
  readonly name: string;
  readonly value: unknown;
  /** Fields or values that may stand there; the type that is wanted, in words. */
  readonly wanted: readonly string[];
}

/** Every fault of a value against one root. */
export function shapeFaults(value: unknown, root: Shape, types: readonly ObjectShape[]): ShapeFault[] {
  const faults: ShapeFault[] = [];
  walk(value, root, "", "");
  return faults;

  function walk(value: unknown, shape: Shape, path: string, name: string): void {
    if (shape === "any") return;
    const wrong = () => faults.push({ kind: "wrong-type", path, name, value, wanted: [inWords(shape)] });
    if (typeof shape === "string") {
      if (typeof value !== shape) wrong();
    } else if (typeof shape === "number") {
      const fields = types[shape];
      if (isRecord(value) && fields) walkFields(value, fields, path);
      else wrong();
    } else if (isList(shape)) {
      if (!Array.isArray(value)) wrong();
      else for (const [index, item] of value.entries()) walk(item, shape[0], `${path}[${index}]`, name);
    } else if ("map" in shape) {
      if (!isRecord(value)) wrong();
      else for (const [key, item] of Object.entries(value)) walk(item, shape.map, join(path, key), key);
    } else if ("enum" in shape) {
      if (!shape.enum.some((one) => one === value))
        faults.push({ kind: "bad-choice", path, name, value, wanted: shape.enum.map(String) });
    } else if (!shape.any.some((one) => shapeFaults(value, one, types).length === 0)) wrong();
  }

  function walkFields(value: Readonly<Record<string, unknown>>, fields: ObjectShape, path: string): void {
    for (const [name, item] of Object.entries(value)) {
      if (item === undefined) continue;
      const shape = fields[name] ?? fields[`${name}!`];
      if (shape !== undefined) walk(item, shape, join(path, name), name);
      else
        faults.push({
          kind: "unknown-field",
          path: join(path, name),
          name,
          value: item,
          wanted: Object.keys(fields).map((field) => field.replace("!", "")),
        });
    }
    for (const field of Object.keys(fields)) {
      if (!field.endsWith("!")) continue;
      const name = field.slice(0, -1);
      if (value[name] === undefined)
        faults.push({
          kind: "missing-field",
          path: join(path, name),
          name,
          value: undefined,
          wanted: [inWords(fields[field]!)],
        });
    }
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function join(path: string, name: string): string {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  if (path === "") return key;
  return key === name ? `${path}.${name}` : `${path}[${key}]`;
}

function inWords(shape: Shape): string {
  if (shape === "any") return "a value";
  if (typeof shape === "string") return `a ${shape}`;
  if (typeof shape === "number") return "an object";
  if (isList(shape)) return "a list";
  if ("map" in shape) return `an object whose values are each ${inWords(shape.map)}`;
  if ("enum" in shape) return shape.enum.map((value) => JSON.stringify(value)).join(" or ");
  return shape.any.map(inWords).join(" or ");
}
