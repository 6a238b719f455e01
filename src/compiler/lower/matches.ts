// A match as a rule writes it to a conjunction of sets of values, with what the policy's backend adds.

import { type AddressSet, complement, intersection } from "../../ir/address-set.ts";
import { matchNode } from "../../ir/factory.ts";
import { FIELD_DOMAIN, type FieldName, type MatchIr, type MatchTerm } from "../../ir/nodes.ts";
import { intersect, type Ranges } from "../../ir/ranges.ts";
import type { BackendScope } from "./backends.ts";
import { emptyMatch } from "./empty-match.ts";
import {
  type FieldTerm,
  fragmentField,
  icmpField,
  ipv4OptionsField,
  ipv6ExtensionsField,
  nameOfProtocol,
  numberField,
  protocolField,
  tcpFlagsField,
} from "./fields.ts";
import type { Call } from "./lowering.ts";
import { type PayloadTests, payloadField } from "./payload.ts";
import { type SetScope, unionOf } from "./sets.ts";
import { type Fields, fieldsOf, knownFields, show } from "./untyped.ts";

const NUMBER_FIELDS: readonly (readonly [property: string, field: FieldName])[] = [
  ["sourcePort", "sourcePort"],
  ["destinationPort", "destinationPort"],
  ["lengthBytes", "l3Length"],
  ["payloadBytes", "payloadLength"],
  ["ttl", "ttl"],
  ["dscp", "dscp"],
  ["vlan", "vlan"],
];
const PROPERTIES = [
  "source",
  "destination",
  "protocol",
  "fragment",
  "icmp",
  "tcpFlags",
  "ipv4Options",
  "ipv6Extensions",
  "payload",
  ...NUMBER_FIELDS.map(([property]) => property),
];

/** Which protocols give a packet the field. */
const NEEDS: Readonly<Record<string, { readonly protocols: readonly number[]; readonly write: string }>> = {
  sourcePort: { protocols: [6, 17], write: '`protocol: "tcp"`, `protocol: "udp"` or both in a list' },
  destinationPort: { protocols: [6, 17], write: '`protocol: "tcp"`, `protocol: "udp"` or both in a list' },
  tcpFlags: { protocols: [6], write: '`protocol: "tcp"`' },
  icmp: { protocols: [1, 58], write: '`protocol: "icmp"` or `protocol: "icmpv6"`' },
};

interface AddressTerm {
  readonly addresses: AddressSet;
  readonly text: string;
  readonly fed: boolean;
}

/** Null where a field has a fault, which is then reported; every field is looked at. */
export function lowerMatch(
  raw: unknown,
  what: string,
  call: Call,
  scope: SetScope,
  backend: BackendScope | null,
  payloads: PayloadTests,
): MatchIr | null {
  const fields = fieldsOf(raw);
  if (fields === null) {
    call.report(call.whole(), {
      code: "bad-vocabulary",
      message: `the match of ${what} is ${show(raw)}`,
      help: "give an object as the second argument; `{}` matches every packet",
    });
    return null;
  }
  const isKnown = knownFields(fields, PROPERTIES, "a match", call);
  const source = lowerAddresses(fields["source"], "source", call, scope);
  const destination = lowerAddresses(fields["destination"], "destination", call, scope);
  const terms = lowerFields(fields, payloads, call);
  const isComplete = reportMissingProtocol(fields, terms?.get("protocol"), what, call);
  if (!isKnown || !isComplete || source === null || destination === null || terms === null) return null;

  const match = conjunction(source, destination, terms, backend);
  const empty = emptyMatch(match, { source, destination, terms, backend, what });
  if (empty !== null) {
    call.report(empty.property === null ? call.whole() : call.property(empty.property), empty.fault);
    if (empty.fault.severity !== "warning") return null;
  }
  return match;
}

/** undefined where the field is not named, null where it has a fault. */
function lowerAddresses(
  raw: unknown,
  property: "source" | "destination",
  call: Call,
  scope: SetScope,
): AddressTerm | null | undefined {
  if (raw === undefined) return undefined;
  const outer = fieldsOf(raw);
  const negated = outer?.["kind"] === "not";
  const inner = negated ? outer["value"] : raw;
  const names: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  if (names.length === 0) {
    call.report(call.property(property), {
      code: "bad-value",
      message: `\`${property}\` is an empty list, which matches nothing`,
      help: "name at least one set or prefix, or leave the field out to match any",
    });
    return null;
  }
  const members = names.map((name) => scope.member(name, call, property));
  if (!members.every((member) => member !== null)) return null;
  const addresses = unionOf(members.map((member) => member.addresses));
  return {
    addresses: negated ? complement(addresses) : addresses,
    text: `${negated ? "not in" : "in"} ${names.join(", ")}`,
    fed: members.some((member) => member.fed),
  };
}

/** Null where one of them has a fault. Keyed by property. */
function lowerFields(
  fields: Fields,
  payloads: PayloadTests,
  call: Call,
): Map<string, FieldTerm & { readonly field: FieldName }> | null {
  const terms = new Map<string, FieldTerm & { readonly field: FieldName }>();
  let isRight = true;
  const add = (property: string, field: FieldName, read: (raw: unknown) => FieldTerm | null) => {
    const raw = fields[property];
    if (raw === undefined) return;
    const term = read(raw);
    if (term === null) isRight = false;
    else terms.set(property, { ...term, field });
  };
  add("protocol", "protocol", (raw) => protocolField(raw, call));
  for (const [property, field] of NUMBER_FIELDS)
    add(property, field, (raw) => numberField(raw, field, property, call));
  add("tcpFlags", "tcpFlags", (raw) => tcpFlagsField(raw, call));
  add("icmp", "icmp", (raw) => icmpField(raw, call));
  add("fragment", "fragment", (raw) => fragmentField(raw, call));
  add("ipv4Options", "ipv4Options", (raw) => ipv4OptionsField(raw, call));
  add("ipv6Extensions", "ipv6Extensions", (raw) => ipv6ExtensionsField(raw, call));
  add("payload", "payload", (raw) => {
    const term = payloadField(raw, payloads, call);
    if (term && term.leastBytes > 0) addLeastPayload(terms, term.leastBytes);
    return term;
  });
  return isRight ? terms : null;
}

/** A packet without the bytes matches no test of them, negated or not. A field too short for a bit has the bit clear. */
function addLeastPayload(terms: Map<string, FieldTerm & { readonly field: FieldName }>, bytes: number): void {
  const long: Ranges = [[bytes, FIELD_DOMAIN.payloadLength - 1]];
  const written = terms.get("payloadBytes");
  terms.set("payloadBytes", {
    field: "payloadLength",
    ranges: written ? intersect(written.ranges, long) : long,
    text: written ? `${written.text} and at least ${bytes}` : `at least ${bytes}`,
    negated: written?.negated ?? false,
  });
}

/** A field of the L4 header means something only where the match says which header it is. */
function reportMissingProtocol(
  fields: Fields,
  protocol: FieldTerm | undefined,
  what: string,
  call: Call,
): boolean {
  let isRight = true;
  for (const [property, { protocols, write }] of Object.entries(NEEDS)) {
    if (fields[property] === undefined) continue;
    // A protocol with a fault of its own was reported; nothing more can be said.
    if (fields["protocol"] !== undefined && protocol === undefined) continue;
    const fits =
      protocol !== undefined &&
      !protocol.negated &&
      protocol.ranges.every(([first, last]) => protocols.includes(first) && first === last);
    if (fits) continue;
    isRight = false;
    const isPort = property.endsWith("Port");
    call.report(call.property(property), {
      code: isPort ? "port-without-protocol" : "field-without-protocol",
      message:
        protocol === undefined
          ? `${what} names \`${property}\` and no protocol that has it`
          : `${what} names \`${property}\`, which protocol ${protocol.text} does not have`,
      help: `write ${write} beside it`,
    });
  }
  return isRight;
}

function conjunction(
  source: AddressTerm | undefined,
  destination: AddressTerm | undefined,
  written: ReadonlyMap<string, FieldTerm & { readonly field: FieldName }>,
  backend: BackendScope | null,
): MatchIr {
  const terms: MatchTerm[] = [];
  const fields: Partial<Record<FieldName, Ranges>> = {};
  if (source) terms.push({ field: "source", text: `source ${source.text}` });
  if (destination) terms.push({ field: "destination", text: `destination ${destination.text}` });
  for (const [property, { field, text, ranges }] of written) {
    terms.push({ field, text: `${property} ${text}` });
    fields[field] = ranges;
  }
  if (backend === null)
    return matchNode({
      source: source?.addresses ?? null,
      destination: destination?.addresses ?? null,
      fields,
      terms,
    });

  const { ir, addresses, protocols, ports } = backend;
  terms.push({ field: "destination", text: `destination in backend ${ir.name}` });
  if (!written.has("protocol"))
    terms.push({
      field: "protocol",
      text: `protocol ${protocols.map(([p]) => nameOfProtocol(p)).join(", ")}`,
    });
  if (!written.has("destinationPort"))
    terms.push({ field: "destinationPort", text: `destinationPort ${words(ports)}` });
  return matchNode({
    source: source?.addresses ?? null,
    destination: destination ? intersection(destination.addresses, addresses) : addresses,
    fields: {
      ...fields,
      protocol: fields.protocol ? intersect(fields.protocol, protocols) : protocols,
      destinationPort: fields.destinationPort ? intersect(fields.destinationPort, ports) : ports,
    },
    terms,
  });
}

export function words(values: Ranges): string {
  return values.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}
