// `payload: { offset, value, mask }` of a match to bits of the field `payload`. A fleet has one list of tests: equal ones
// of several rules are one test.

import { PAYLOAD_OFFSET_MAX, PAYLOAD_TESTS_MAX } from "../../bundle/abi.ts";
import { FIELD_DOMAIN } from "../../ir/nodes.ts";
import { formatPayloadTest, type PayloadTest, payloadEnd, payloadRanges } from "../../ir/payload.ts";
import { complement, type Ranges } from "../../ir/ranges.ts";
import type { FieldTerm } from "./fields.ts";
import type { Call } from "./lowering.ts";
import { type Fields, fieldsOf, knownFields, show } from "./untyped.ts";

const PAYLOAD_BYTES_MAX = 8;

/** The tests of one fleet. */
export class PayloadTests {
  readonly list: PayloadTest[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #ranges = new Map<string, Ranges>();

  /** Its index; null where there is no room for another. */
  indexOf(test: PayloadTest): number | null {
    const key = formatPayloadTest(test);
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.list.length;
    if (index === PAYLOAD_TESTS_MAX) return null;
    this.#indexes.set(key, index);
    this.list.push(test);
    return index;
  }

  /** One object for one meaning: tables and checks tell values apart by it. */
  values(tests: readonly number[], negated: boolean): Ranges {
    const key = `${negated} ${[...new Set(tests)].sort((a, b) => a - b).join()}`;
    const known = this.#ranges.get(key);
    if (known) return known;
    const some = payloadRanges(tests);
    const values = negated ? complement(some, FIELD_DOMAIN.payload) : some;
    this.#ranges.set(key, values);
    return values;
  }
}

export interface PayloadTerm extends FieldTerm {
  /** Negated, the packet must have the bytes of every test: its payload is as long as this at least. */
  readonly leastBytes: number;
}

/** Null where it has a fault, which is then reported. */
export function payloadField(raw: unknown, tests: PayloadTests, call: Call): PayloadTerm | null {
  const outer = fieldsOf(raw);
  const negated = outer?.["kind"] === "not";
  const inner = negated ? outer["value"] : raw;
  const elements: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  if (elements.length === 0) {
    call.report(call.property("payload"), {
      code: "bad-value",
      message: "`payload` is an empty list, which matches nothing",
      help: "name at least one value, or leave the field out to match any",
    });
    return null;
  }
  const read = elements.map((element) => readTest(element, call));
  if (!read.every((test) => test !== null)) return null;
  const indexes = read.map((test) => tests.indexOf(test));
  if (!indexes.every((index) => index !== null)) {
    call.report(call.property("payload"), {
      code: "capacity",
      message: `the fleet has more than ${PAYLOAD_TESTS_MAX} different tests of payload bytes; the XDP program holds ${PAYLOAD_TESTS_MAX}`,
      help: "let rules share tests: equal offset, value and mask are one test, in whatever policy they stand",
    });
    return null;
  }
  return {
    ranges: tests.values(indexes, negated),
    text: `${negated ? "not " : ""}${read.map(formatPayloadTest).join(", ")}`,
    negated,
    leastBytes: negated ? Math.max(...read.map(payloadEnd)) : 0,
  };
}

function readTest(element: unknown, call: Call): PayloadTest | null {
  const fields = fieldsOf(element);
  if (fields === null) {
    call.report(call.property("payload"), {
      code: "bad-value",
      message: `\`payload\` cannot be ${show(element)}`,
      help: 'write `payload: { offset: 0, value: "0xffffffff" }`',
    });
    return null;
  }
  if (!knownFields(fields, ["offset", "value", "mask"], "a payload test", call)) return null;
  const { offset } = fields;
  const isOffset =
    typeof offset === "number" && Number.isInteger(offset) && offset >= 0 && offset <= PAYLOAD_OFFSET_MAX;
  if (!isOffset)
    call.report(call.value(offset, { property: "offset" }), {
      code: "bad-value",
      message: `\`offset\` cannot be ${show(offset)}`,
      help: `write a whole number from 0 to ${PAYLOAD_OFFSET_MAX}: bytes after the L4 header`,
    });
  const value = readBytes(fields, "value", call);
  const mask = fields["mask"] === undefined ? value?.map(() => 0xff) : readBytes(fields, "mask", call);
  if (!isOffset || !value || !mask) return null;
  if (mask.length !== value.length || value.some((byte, i) => (byte & ~mask[i]!) !== 0)) {
    call.report(call.value(fields["mask"], { property: "mask" }), {
      code: "bad-value",
      message: `the mask ${show(fields["mask"])} does not go with the value ${show(fields["value"])}`,
      help: "write as many bytes in both, and no bit in the value that the mask leaves out",
    });
    return null;
  }
  if (mask.every((bits) => bits === 0)) {
    call.report(call.value(fields["mask"], { property: "mask" }), {
      code: "bad-value",
      message: "a mask of zeros asks for nothing",
      help: "use `payloadBytes` to ask for a length",
    });
    return null;
  }
  return Object.freeze({ offset, mask: Object.freeze(mask), value: Object.freeze(value) });
}

function readBytes(fields: Fields, property: "value" | "mask", call: Call): number[] | null {
  const raw = fields[property];
  if (typeof raw === "string" && /^0x([0-9a-fA-F]{2}){1,8}$/.test(raw))
    return [...Buffer.from(raw.slice(2), "hex")];
  call.report(raw === undefined ? call.property("payload") : call.value(raw, { property }), {
    code: "bad-value",
    message: `\`${property}\` of a payload test cannot be ${show(raw)}`,
    help: `write \`0x\` and two hex digits a byte, 1 to ${PAYLOAD_BYTES_MAX} bytes: "0x54536f75"`,
  });
  return null;
}
