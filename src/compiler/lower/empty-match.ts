// Finds why a conjunction can match no packet: fields that exclude each other, or that the backend excludes.

import { type AddressSet, isEmpty } from "../../ir/address-set.ts";
import type { FieldName, MatchIr } from "../../ir/nodes.ts";
import { includes } from "../../ir/ranges.ts";
import type { BackendScope } from "./backends.ts";
import { type FieldTerm, nameOfProtocol } from "./fields.ts";
import type { Fault } from "./lowering.ts";

interface Written {
  readonly source: { readonly addresses: AddressSet; readonly fed: boolean } | undefined;
  readonly destination: { readonly addresses: AddressSet; readonly fed: boolean } | undefined;
  /** By property. */
  readonly terms: ReadonlyMap<string, FieldTerm & { readonly field: FieldName }>;
  readonly backend: BackendScope | null;
  /** `rule \`x\``. */
  readonly what: string;
}

export interface EmptyMatch {
  /** The property to mark; null: the whole rule. */
  readonly property: string | null;
  readonly fault: Fault;
}

const LATER = 2;
/** Fields of headers that a later fragment does not carry. */
const L4_FIELDS: readonly FieldName[] = [
  "sourcePort",
  "destinationPort",
  "tcpFlags",
  "icmp",
  "payloadLength",
  "payload",
];

/** Null where some packet may match. */
export function emptyMatch(match: MatchIr, written: Written): EmptyMatch | null {
  return (
    emptyAddresses(written) ??
    excludedByItself(written) ??
    excludedByBackend(match, written) ??
    laterFragment(match, written) ??
    families(match, written)
  );
}

function fault(
  property: string | null,
  what: string,
  why: string,
  help: string,
  more: Partial<Fault> = {},
): EmptyMatch {
  return {
    property,
    fault: { code: "empty-match", message: `${what} can match no packet: ${why}`, help, ...more },
  };
}

function emptyAddresses({ source, destination, what }: Written): EmptyMatch | null {
  for (const [property, term] of [
    ["source", source],
    ["destination", destination],
  ] as const) {
    if (!term || !isEmpty(term.addresses)) continue;
    // Today's feed may be empty where its guards allow it: the rule waits for entries.
    if (term.fed)
      return fault(
        property,
        what,
        `its ${property} is empty today`,
        "look at the feed, or raise its `minEntries`",
        {
          severity: "warning",
        },
      );
    return fault(property, what, `no address is in its ${property}`, "look at what the sets leave over");
  }
  return null;
}

function excludedByItself({ terms, what }: Written): EmptyMatch | null {
  for (const [property, { ranges, text }] of terms)
    if (ranges.length === 0)
      return fault(
        property,
        what,
        `\`${property}\` ${text} leaves no value`,
        "leave some value over, or drop the rule",
      );
  return null;
}

function excludedByBackend(
  match: MatchIr,
  { backend, destination, terms, what }: Written,
): EmptyMatch | null {
  if (backend === null) return null;
  const { ir } = backend;
  const related = [{ location: ir.location, message: `backend \`${ir.name}\` is made here` }];
  if (destination && match.destination && isEmpty(match.destination))
    return fault(
      "destination",
      what,
      `backend \`${ir.name}\` listens on ${ir.listen.join(", ")}`,
      "leave the destination out: the backend's addresses are added to every rule of the policy",
      { related },
    );
  if (match.fields.protocol?.length === 0)
    return fault(
      "protocol",
      what,
      `it wants protocol ${terms.get("protocol")?.text}, and backend \`${ir.name}\` has ${ir.protocols.join(", ")}`,
      "leave the protocol out, or move the rule to a policy without this backend",
      { related },
    );
  if (match.fields.destinationPort?.length === 0)
    return fault(
      "destinationPort",
      what,
      `it wants destinationPort ${terms.get("destinationPort")?.text}, and backend \`${ir.name}\` has other ports`,
      "leave the port out, or move the rule to a policy without this backend",
      { related },
    );
  for (const property of ["tcpFlags", "icmp"]) {
    const wanted = property === "tcpFlags" ? 6 : 1;
    if (terms.has(property) && match.fields.protocol && !includes(match.fields.protocol, wanted))
      return fault(
        property,
        what,
        `backend \`${ir.name}\` has no ${nameOfProtocol(wanted)}`,
        "drop the field",
        { related },
      );
  }
  return null;
}

function laterFragment(match: MatchIr, { terms, backend, what }: Written): EmptyMatch | null {
  const { fragment } = match.fields;
  if (!fragment?.every(([first, last]) => first === LATER && last === LATER)) return null;
  const field = L4_FIELDS.find((name) => match.fields[name] !== undefined);
  if (field === undefined) return null;
  const fromBackend = field === "destinationPort" && !terms.has("destinationPort");
  return fault(
    "fragment",
    what,
    fromBackend
      ? `a later fragment has no ports, and backend \`${backend?.ir.name}\` asks for its own`
      : `a later fragment has no ${field}`,
    fromBackend
      ? "move the rule to a policy without a backend, with the backend's addresses as its destination"
      : `leave out \`${field === "payloadLength" ? "payloadBytes" : field}\`, or match "first" and "none" as well`,
  );
}

/** A packet has both addresses of one family; ICMP is read in IPv4 only and ICMPv6 in IPv6 only. */
function families({ source, destination, fields }: MatchIr, { what, terms }: Written): EmptyMatch | null {
  const has4 = (set: AddressSet | null) => set === null || set.v4.length > 0;
  const has6 = (set: AddressSet | null) => set === null || set.v6.length > 0;
  const may4 = has4(source) && has4(destination) && !fields.ipv6Extensions;
  const may6 = has6(source) && has6(destination) && !fields.ipv4Options;
  // Sets that are empty altogether were spoken of before.
  if ((source && isEmpty(source)) || (destination && isEmpty(destination))) return null;
  const headers = (["ipv4Options", "ipv6Extensions"] as const).filter((field) => fields[field]);
  if (!may4 && !may6 && headers.length > 0)
    return fault(
      headers.at(-1)!,
      what,
      headers.length === 2
        ? "no packet has `ipv4Options` and `ipv6Extensions`"
        : `\`${headers[0]}\` is of the other IP version than its addresses`,
      "write a rule for each IP version",
    );
  if (!may4 && !may6)
    return fault(
      "source",
      what,
      "its source and destination have no IP version in common",
      "name addresses of one IP version",
    );
  if (!terms.has("icmp") || !fields.protocol) return null;
  const isPossible = (may4 && includes(fields.protocol, 1)) || (may6 && includes(fields.protocol, 58));
  if (isPossible) return null;
  return fault(
    "protocol",
    what,
    `protocol ${terms.get("protocol")?.text} has no ICMP header in the IP version of its addresses`,
    'write "icmp" with IPv4 addresses and "icmpv6" with IPv6 addresses',
  );
}
