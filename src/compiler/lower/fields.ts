// Fields of a match with a small domain (ports, lengths, flags, …) to ranges of values. Negation is carried out here:
// the complement stays inside the domain, so it never holds a packet that lacks the field.

import { IPV4_OPTIONS, IPV6_EXTENSIONS } from "../../bundle/abi.ts";
import { FIELD_DOMAIN, type FieldName } from "../../ir/nodes.ts";
import { complement, type Ranges, ranges } from "../../ir/ranges.ts";
import { suggest } from "../diagnostics/index.ts";
import type { Call } from "./lowering.ts";
import { fieldsOf, knownFields, show } from "./untyped.ts";

/** A field as it was written: its values, and the words of them for traces. */
export interface FieldTerm {
  readonly ranges: Ranges;
  readonly text: string;
  readonly negated: boolean;
}

type Pair = readonly [first: number, last: number];
interface Written {
  readonly pairs: readonly Pair[];
  readonly text: string;
}
/** One element of a field to its values; null where it has a fault, which is then reported. */
type ReadElement = (value: unknown, property: string, call: Call) => Written | null;

export const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = Object.freeze({
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
});
const FRAGMENTS = ["none", "first", "later"];
const TCP_FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"];

/** Reads `value`, `[value, …]` or `not(…)` of either. */
function readField(
  raw: unknown,
  field: FieldName,
  property: string,
  call: Call,
  read: ReadElement,
): FieldTerm | null {
  const outer = fieldsOf(raw);
  const negated = outer?.["kind"] === "not";
  const inner = negated ? outer["value"] : raw;
  const elements: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  if (elements.length === 0) {
    call.report(call.property(property), {
      code: "bad-value",
      message: `\`${property}\` is an empty list, which matches nothing`,
      help: "name at least one value, or leave the field out to match any",
    });
    return null;
  }
  const written = elements.map((element) => read(element, property, call));
  if (!written.every((one) => one !== null)) return null;
  const values = ranges(written.flatMap((one) => one.pairs));
  return {
    ranges: negated ? complement(values, FIELD_DOMAIN[field]) : values,
    text: `${negated ? "not " : ""}${written.map((one) => one.text).join(", ")}`,
    negated,
  };
}

/** Numbers and `range(first, last)`, within the field's domain. */
export function numberField(raw: unknown, field: FieldName, property: string, call: Call): FieldTerm | null {
  const most = FIELD_DOMAIN[field] - 1;
  const isValue = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
  const refuse = (value: unknown) =>
    call.report(call.value(value, { property }), {
      code: "bad-value",
      message: `\`${property}\` cannot be ${show(value)}`,
      help: `write a whole number from 0 to ${most}, without quotes`,
    });
  return readField(raw, field, property, call, (value) => {
    const range = fieldsOf(value);
    if (range?.["kind"] !== "range") {
      if (isValue(value)) return { pairs: [[value, value]], text: String(value) };
      refuse(value);
      return null;
    }
    const { first, last } = range;
    if (!isValue(first)) refuse(first);
    if (!isValue(last)) refuse(last);
    if (!isValue(first) || !isValue(last)) return null;
    if (first <= last) return { pairs: [[first, last]], text: `${first}-${last}` };
    call.report(call.value(first, { property }), {
      code: "bad-value",
      message: `range(${first}, ${last}) is upside down`,
      help: `write range(${last}, ${first})`,
    });
    return null;
  });
}

export function protocolField(raw: unknown, call: Call): FieldTerm | null {
  return readField(raw, "protocol", "protocol", call, (value, property) => {
    const isNumber = typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
    const number = isNumber ? value : typeof value === "string" ? numberOfProtocol(value) : undefined;
    if (number !== undefined) return { pairs: [[number, number]], text: nameOfProtocol(number) };
    const names = Object.keys(PROTOCOL_NUMBERS);
    call.report(call.value(value, { property }), {
      code: "bad-value",
      message: `there is no protocol ${show(value)}`,
      help:
        typeof value === "string"
          ? `${suggest(value, names, "names of protocols")}; every other protocol goes by its number, 0 to 255`
          : "write a protocol's number from 0 to 255",
    });
    return null;
  });
}

function numberOfProtocol(name: string): number | undefined {
  return Object.hasOwn(PROTOCOL_NUMBERS, name) ? PROTOCOL_NUMBERS[name] : undefined;
}

export function nameOfProtocol(number: number): string {
  return Object.keys(PROTOCOL_NUMBERS).find((name) => PROTOCOL_NUMBERS[name] === number) ?? String(number);
}

export function fragmentField(raw: unknown, call: Call): FieldTerm | null {
  return readField(raw, "fragment", "fragment", call, (value, property) => {
    const index = FRAGMENTS.findIndex((kind) => kind === value);
    const kind = FRAGMENTS[index];
    if (kind !== undefined) return { pairs: [[index, index]], text: kind };
    call.report(call.value(value, { property }), {
      code: "bad-value",
      message: `there is no kind of fragment ${show(value)}`,
      help: 'write "none" (a whole packet), "first" or "later"',
    });
    return null;
  });
}

/** Every value with the bit of one of the kinds. */
function presenceField(
  raw: unknown,
  field: "ipv4Options" | "ipv6Extensions",
  bitsOf: Readonly<Record<string, number>>,
  what: string,
  call: Call,
): FieldTerm | null {
  return readField(raw, field, field, call, (value, property) => {
    if (typeof value === "string" && Object.hasOwn(bitsOf, value)) {
      const pairs: Pair[] = [];
      for (let bits = 0; bits < FIELD_DOMAIN[field]; bits++)
        if ((bits & bitsOf[value]!) !== 0) pairs.push([bits, bits]);
      return { pairs, text: value };
    }
    call.report(call.value(value, { property }), {
      code: "bad-value",
      message: `there is no ${what} ${show(value)}`,
      help: suggest(typeof value === "string" ? value : "", Object.keys(bitsOf), "kinds"),
    });
    return null;
  });
}

const OPTION_BITS = Object.fromEntries(IPV4_OPTIONS.map((name, bit) => [name, 1 << bit]));
const EXTENSION_BITS = {
  any: 0xff,
  ...Object.fromEntries(IPV6_EXTENSIONS.map((name, bit) => [name, 1 << bit])),
};

export function ipv4OptionsField(raw: unknown, call: Call): FieldTerm | null {
  return presenceField(raw, "ipv4Options", OPTION_BITS, "IPv4 option", call);
}

export function ipv6ExtensionsField(raw: unknown, call: Call): FieldTerm | null {
  return presenceField(raw, "ipv6Extensions", EXTENSION_BITS, "IPv6 extension header", call);
}

/** `{ type: 8, code: 0 }` to type × 256 + code; every code where it is missing. */
export function icmpField(raw: unknown, call: Call): FieldTerm | null {
  return readField(raw, "icmp", "icmp", call, (value, property) => {
    const fields = fieldsOf(value);
    const { type, code } = fields ?? {};
    if (fields !== null && !knownFields(fields, ["type", "code"], "`icmp`", call)) return null;
    const isByte = (byte: unknown): byte is number =>
      typeof byte === "number" && Number.isInteger(byte) && byte >= 0 && byte <= 255;
    if (isByte(type) && code === undefined)
      return { pairs: [[type * 256, type * 256 + 255]], text: `type ${type}` };
    if (isByte(type) && isByte(code)) {
      const both = type * 256 + code;
      return { pairs: [[both, both]], text: `type ${type} code ${code}` };
    }
    const wrong = isByte(type) ? code : type;
    const name = isByte(type) ? "code" : "type";
    call.report(fields === null ? call.property(property) : call.value(wrong, { property: name }), {
      code: "bad-value",
      message:
        fields === null ? `\`icmp\` cannot be ${show(value)}` : `an ICMP ${name} cannot be ${show(wrong)}`,
      help: "write `{ type: 8, code: 0 }`, each a whole number from 0 to 255; without a code it means any",
    });
    return null;
  });
}

/** Byte 13 of the TCP header: every value with all of `set` and none of `clear`. */
export function tcpFlagsField(raw: unknown, call: Call): FieldTerm | null {
  return readField(raw, "tcpFlags", "tcpFlags", call, (value, property) => {
    const fields = fieldsOf(value);
    if (fields !== null && !knownFields(fields, ["set", "clear"], "`tcpFlags`", call)) return null;
    const set = flagMask(fields?.["set"] ?? [], "set", call);
    const clear = flagMask(fields?.["clear"] ?? [], "clear", call);
    if (set === null || clear === null) return null;
    if (fields === null || set.mask + clear.mask === 0) {
      call.report(call.property(property), {
        code: "bad-value",
        message: "`tcpFlags` names no flag",
        help: 'write `{ set: ["syn"], clear: ["ack"] }`',
      });
      return null;
    }
    const both = set.names.find((name) => clear.names.includes(name));
    if (both !== undefined) {
      call.report(call.value(both, { property: "clear" }), {
        code: "empty-match",
        message: `no packet has the flag \`${both}\` set and clear`,
        help: "take it out of `set` or of `clear`",
      });
      return null;
    }
    const pairs: Pair[] = [];
    for (let flags = 0; flags < 256; flags++)
      if ((flags & set.mask) === set.mask && (flags & clear.mask) === 0) pairs.push([flags, flags]);
    return { pairs, text: [...set.names.map((n) => `+${n}`), ...clear.names.map((n) => `-${n}`)].join(" ") };
  });
}

function flagMask(list: unknown, property: string, call: Call) {
  const names: string[] = [];
  let mask = 0;
  let isRight = true;
  for (const flag of Array.isArray(list) ? list : [list]) {
    const bit = TCP_FLAGS.findIndex((name) => name === flag);
    const name = TCP_FLAGS[bit];
    if (name !== undefined) {
      names.push(name);
      mask |= 1 << bit;
      continue;
    }
    isRight = false;
    call.report(call.value(flag, { property }), {
      code: "bad-value",
      message: `there is no TCP flag ${show(flag)}`,
      help: suggest(typeof flag === "string" ? flag : "", TCP_FLAGS, "flags"),
    });
  }
  return isRight ? { mask, names } : null;
}
