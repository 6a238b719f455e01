// A packet as one line of text, both ways: `piston explain --packet '…'`, policy tests, messages and traces.
//
//   PROTOCOL SOURCE > DESTINATION [OPTION VALUE]…
//
//   udp 198.51.100.7:53 > 203.0.113.5:4000 len 900
//   tcp [2001:db8::1]:443 > [2001:db8::2]:50000 flags syn,ack ttl 255 vlan 7
//   icmp 198.51.100.7 > 203.0.113.5 type 3 code 4
//   udp 198.51.100.7 > 203.0.113.5 fragment later
//   proto 47 198.51.100.7 > 203.0.113.5
//
// PROTOCOL is udp, tcp, icmp, icmpv6, `proto` and a number, or arp. UDP and TCP endpoints have a port, others have none;
// later fragments have none either. Options, in any order, each once:
//
//   len N              L3 length in bytes: IPv4 total length, 40 + IPv6 payload length; default: the headers alone
//   ttl N              TTL or hop limit; default 64
//   dscp N             default 0
//   vlan N[,N]         outer tag first; default: no tag
//   flags NAME,…       tcp; fin syn rst psh ack urg ece cwr, or none; default ack
//   type N, code N     icmp, icmpv6; default: echo request
//   fragment KIND      first or later
//   options NAME,…     IPv4 options, two bytes each: record-route timestamp loose-source-route strict-source-route
//                      router-alert malformed other, or any for padding alone
//   payload 0xHEX      the payload's first bytes; zeros follow where len says so
//   extensions NAME,…  IPv6 extension headers: hop-by-hop routing fragment destination-options authentication mobility
//                      hip shim6

import { IPV4_OPTIONS, IPV6_EXTENSIONS } from "../bundle/abi.ts";
import { type Family, formatAddress } from "../ir/prefix.ts";
import type { TcpFlag } from "../policy/types.ts";
import { buildPacket } from "./build.ts";
import { type Endpoint, parseEndpoint } from "./helpers.ts";
import {
  EXTENSION_BIT,
  FRAGMENT_FIRST,
  FRAGMENT_LATER,
  FRAGMENT_NONE,
  type ParsedPacket,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parsePacket,
} from "./parse.ts";
import { ipv4Options, namesOfBits } from "./present.ts";
import type { ExtensionSpec, PacketSpec } from "./spec.ts";
import { byteToTcpFlags, TCP_FLAGS } from "./tcp-flags.ts";

/** Where a later fragment made from text begins: after a first fragment that fills an MTU of 1,500. */
const LATER_OFFSET_BYTES = 1480;

/** A packet text that cannot be read. `message` says what was read, where, and what is expected there. */
export class PacketTextError extends Error {
  readonly code = "bad-packet-text";
  /** From 1. */
  readonly column: number;

  constructor(text: string, column: number, read: string, expected: string) {
    const found = read === "" ? "the text ends" : `read "${read}"`;
    super(
      `packet text, column ${column}: ${found}, expected ${expected}\n  ${text}\n  ${" ".repeat(column - 1)}^`,
    );
    this.name = "PacketTextError";
    this.column = column;
  }
}

interface Word {
  readonly text: string;
  readonly column: number;
}

/** Words of the text in order, with the end as an empty word. */
class Reader {
  readonly #text: string;
  readonly #words: Word[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
  }
  take(): Word {
    return this.#words[this.#next++] ?? { text: "", column: this.#text.trimEnd().length + 1 };
  }
  fail(word: Word, expected: string): never {
    throw new PacketTextError(this.#text, word.column, word.text, expected);
  }
  number(max: number, what: string): number {
    const word = this.take();
    return this.toNumber(word, word.text, max, what);
  }
  toNumber(word: Word, text: string, max: number, what: string): number {
    if (!/^\d{1,5}$/.test(text) || Number(text) > max) this.fail(word, `${what}, 0 to ${max}`);
    return Number(text);
  }
}

const PROTOCOL_WORDS = ["udp", "tcp", "icmp", "icmpv6", "proto", "arp"] as const;
type ProtocolWord = (typeof PROTOCOL_WORDS)[number];
const FAMILY_OF: Readonly<Partial<Record<ProtocolWord, 4 | 6>>> = { icmp: 4, arp: 4, icmpv6: 6 };

/** Throws PacketTextError. */
export function parsePacketText(text: string): PacketSpec {
  const reader = new Reader(text);
  const protocolWord = reader.take();
  const protocol =
    PROTOCOL_WORDS.find((name) => name === protocolWord.text) ??
    reader.fail(protocolWord, "udp, tcp, icmp, icmpv6, proto N or arp");
  const number = protocol === "proto" ? reader.number(255, "a protocol number") : null;

  const sourceWord = reader.take();
  const source = readEndpoint(reader, sourceWord);
  const arrow = reader.take();
  if (arrow.text !== ">") reader.fail(arrow, '">" and the destination');
  const destinationWord = reader.take();
  const destination = readEndpoint(reader, destinationWord);
  if (destination.family !== source.family)
    reader.fail(destinationWord, `an IPv${source.family} address like the source's`);
  const family = FAMILY_OF[protocol];
  if (family !== undefined && family !== source.family)
    reader.fail(sourceWord, `an IPv${family} address for ${protocol}`);

  const options = readOptions(reader, protocol, source.family);
  const hasPorts = (protocol === "udp" || protocol === "tcp") && options.fragment !== "later";
  for (const [endpoint, word] of [
    [source, sourceWord],
    [destination, destinationWord],
  ] as const) {
    if (hasPorts && endpoint.port === null)
      reader.fail(
        word,
        `a port for ${protocol}, ${endpoint.family === 4 ? `${endpoint.address}:53` : `[${endpoint.address}]:53`}`,
      );
    if (!hasPorts && endpoint.port !== null)
      reader.fail(
        word,
        `an address without a port${options.fragment === "later" ? ": a later fragment has none" : ""}`,
      );
  }
  const spec = specOf(protocol, number, source, destination, options);
  if (!options.len) return spec;
  const tagBytes = 4 * (options.vlan?.length ?? 0);
  const leastLength = buildPacket(spec).length - 14 - tagBytes;
  if (options.len.bytes < leastLength)
    reader.fail(options.len.word, `at least ${leastLength}, what the headers take`);
  if (!options.payload) return { ...spec, lengthBytes: options.len.bytes };
  const payload = new Uint8Array(options.payload.length + options.len.bytes - leastLength);
  payload.set(options.payload);
  return { ...spec, payload };
}

function readEndpoint(reader: Reader, word: Word): Endpoint {
  return parseEndpoint(word.text) ?? reader.fail(word, "an endpoint, 203.0.113.5:53 or [2001:db8::1]:53");
}

interface Options {
  len?: { readonly bytes: number; readonly word: Word };
  ttl?: number;
  dscp?: number;
  vlan?: number[];
  flags?: TcpFlag[];
  type?: number;
  code?: number;
  fragment?: "first" | "later";
  payload?: Uint8Array;
  options?: (typeof IPV4_OPTIONS)[number][];
  extensions?: (typeof IPV6_EXTENSIONS)[number][];
}

function readOptions(reader: Reader, protocol: ProtocolWord, family: Family): Options {
  const isIcmp = protocol === "icmp" || protocol === "icmpv6";
  const names = [
    ...(protocol === "arp"
      ? []
      : ["len", "ttl", "dscp", "fragment", family === 4 ? "options" : "extensions"]),
    "vlan",
    ...(protocol === "arp" ? [] : ["payload"]),
    ...(protocol === "tcp" ? ["flags"] : []),
    ...(isIcmp ? ["type", "code"] : []),
  ];
  const options: Options = {};
  for (let word = reader.take(); word.text !== ""; word = reader.take()) {
    const left = names.filter((name) => !(name in options));
    if (!left.includes(word.text))
      reader.fail(word, left.length > 0 ? `one of ${left.join(", ")}` : "the end");
    readOption(reader, word.text as keyof Options, options);
  }
  return options;
}

function readOption(reader: Reader, name: keyof Options, options: Options): void {
  switch (name) {
    case "len": {
      const word = reader.take();
      options.len = { bytes: reader.toNumber(word, word.text, 65_535, "a length in bytes"), word };
      return;
    }
    case "ttl":
      options.ttl = reader.number(255, "a TTL");
      return;
    case "dscp":
      options.dscp = reader.number(63, "a DSCP");
      return;
    case "type":
      options.type = reader.number(255, "an ICMP type");
      return;
    case "code":
      options.code = reader.number(255, "an ICMP code");
      return;
    case "vlan": {
      const word = reader.take();
      const ids = word.text.split(",").map((id) => reader.toNumber(word, id, 4095, "VLAN ids"));
      if (ids.length > 2) reader.fail(word, "one or two VLAN ids");
      options.vlan = ids;
      return;
    }
    case "flags": {
      const word = reader.take();
      const flags = word.text === "none" ? [] : word.text.split(",");
      if (!flags.every((flag): flag is TcpFlag => TCP_FLAGS.some((known) => known === flag)))
        reader.fail(word, `TCP flags, of ${TCP_FLAGS.join(",")}, or none`);
      options.flags = flags;
      return;
    }
    case "payload": {
      const word = reader.take();
      if (!/^0x([0-9a-f]{2})+$/i.test(word.text)) reader.fail(word, "0x and two hex digits a byte");
      options.payload = Uint8Array.from(Buffer.from(word.text.slice(2), "hex"));
      return;
    }
    case "options":
      options.options = readNames(reader, IPV4_OPTIONS, "IPv4 options");
      return;
    case "extensions":
      options.extensions = readNames(reader, IPV6_EXTENSIONS, "IPv6 extension headers");
      return;
    case "fragment": {
      const word = reader.take();
      if (word.text !== "first" && word.text !== "later") reader.fail(word, "first or later");
      options.fragment = word.text;
      return;
    }
  }
}

function readNames<const N extends string>(reader: Reader, names: readonly N[], what: string): N[] {
  const word = reader.take();
  return word.text
    .split(",")
    .map(
      (text) => names.find((name) => name === text) ?? reader.fail(word, `${what}, of ${names.join(",")}`),
    );
}

const PROTOCOL_NUMBERS = {
  udp: PROTOCOL_UDP,
  tcp: PROTOCOL_TCP,
  icmp: PROTOCOL_ICMP,
  icmpv6: PROTOCOL_ICMPV6,
} as const;

function specOf(
  protocol: ProtocolWord,
  number: number | null,
  source: Endpoint,
  destination: Endpoint,
  options: Options,
): PacketSpec {
  const vlan = options.vlan ? { vlan: options.vlan } : {};
  if (protocol === "arp") return { ...vlan, arp: { sender: source.address, target: destination.address } };

  const more = options.fragment === "first";
  const offset = options.fragment === "later" ? LATER_OFFSET_BYTES : 0;
  const ttl = options.ttl ?? 64;
  const ip = { source: source.address, destination: destination.address, dscp: options.dscp ?? 0 };
  const extensions = (options.extensions ?? [])
    .filter((kind) => kind !== "fragment")
    .map((kind): ExtensionSpec => ({ kind }));
  if (options.fragment || options.extensions?.includes("fragment"))
    extensions.push({ kind: "fragment", offset, more });
  return {
    ...vlan,
    ...(source.family === 4
      ? {
          ipv4: {
            ...ip,
            ttl,
            moreFragments: more,
            fragmentOffset: offset,
            options: ipv4Options(options.options ?? []),
          },
        }
      : { ipv6: { ...ip, hopLimit: ttl, extensions } }),
    ...layer4(protocol, number, source, destination, options),
    ...(options.payload ? { payload: options.payload } : {}),
  };
}

function layer4(
  protocol: Exclude<ProtocolWord, "arp">,
  number: number | null,
  source: Endpoint,
  destination: Endpoint,
  options: Options,
): Pick<PacketSpec, "tcp" | "udp" | "icmp" | "icmpv6" | "protocol"> {
  if (protocol === "proto") return { protocol: number ?? 0 };
  if (options.fragment === "later") return { protocol: PROTOCOL_NUMBERS[protocol] };
  const ports = { sourcePort: source.port ?? 0, destinationPort: destination.port ?? 0 };
  switch (protocol) {
    case "udp":
      return { udp: ports };
    case "tcp":
      return { tcp: { ...ports, flags: options.flags ?? ["ack"] } };
    case "icmp":
      return { icmp: { type: options.type ?? 8, code: options.code ?? 0 } };
    case "icmpv6":
      return { icmpv6: { type: options.type ?? 128, code: options.code ?? 0 } };
  }
}

/** Bytes of a frame that does not parse that are worth showing: Ethernet, a tag or two, and the fixed IP header. */
const SHOWN_BYTES = 64;

/** A frame in one line; where it parses, in the form that parsePacketText() reads. */
export function formatPacket(frame: Uint8Array): string {
  const packet = parsePacket(frame);
  if (packet.kind === "arp") return `arp, ${frame.length} bytes`;
  if (packet.kind === "failure") {
    const shown = Buffer.from(frame.subarray(0, SHOWN_BYTES)).toString("hex");
    const rest = frame.length > SHOWN_BYTES ? "…" : "";
    return `${packet.class}, ${frame.length} bytes: ${shown}${rest}`;
  }
  const { fields } = packet;
  const words = [
    protocolText(packet),
    formatEndpoint(packet, packet.source, fields.sourcePort),
    ">",
    formatEndpoint(packet, packet.destination, fields.destinationPort),
    `len ${fields.l3Length}`,
  ];
  if (fields.tcpFlags !== null) words.push(`flags ${byteToTcpFlags(fields.tcpFlags).join(",") || "none"}`);
  if (fields.icmp !== null) words.push(`type ${fields.icmp >> 8} code ${fields.icmp & 0xff}`);
  if (fields.ttl !== 64) words.push(`ttl ${fields.ttl}`);
  if (fields.dscp !== 0) words.push(`dscp ${fields.dscp}`);
  if (fields.vlan !== null) words.push(`vlan ${fields.vlan}`);
  const options = namesOfBits(IPV4_OPTIONS, fields.ipv4Options ?? 0);
  const shown = options.length > 1 ? options.filter((name) => name !== "any") : options;
  if (shown.length > 0) words.push(`options ${shown.join(",")}`);
  const implied = fields.fragment === FRAGMENT_NONE ? 0 : EXTENSION_BIT.fragment;
  const extensions = namesOfBits(IPV6_EXTENSIONS, (fields.ipv6Extensions ?? 0) & ~implied);
  if (extensions.length > 0) words.push(`extensions ${extensions.join(",")}`);
  if (fields.fragment === FRAGMENT_FIRST) words.push("fragment first");
  if (fields.fragment === FRAGMENT_LATER) words.push("fragment later");
  return words.join(" ");
}

/** ICMP in IPv6 and ICMPv6 in IPv4 are protocols like any other, docs/SEMANTICS.md §1. */
function protocolText({ family, fields }: ParsedPacket): string {
  if (fields.protocol === PROTOCOL_UDP) return "udp";
  if (fields.protocol === PROTOCOL_TCP) return "tcp";
  if (fields.protocol === PROTOCOL_ICMP && family === 4) return "icmp";
  if (fields.protocol === PROTOCOL_ICMPV6 && family === 6) return "icmpv6";
  return `proto ${fields.protocol}`;
}

function formatEndpoint({ family }: ParsedPacket, address: bigint, port: number | null): string {
  const text = formatAddress(family, address);
  if (port === null) return text;
  return family === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}
