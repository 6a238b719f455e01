// The data that the vocabulary's functions return: frozen, plain, each with its `kind` and the place of the policy line
// that made it. Nothing here computes; src/compiler/lower turns it into the IR.

/** Where in a policy file a value was made. Line and column count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An address or a CIDR prefix: `198.51.100.7`, `2001:db8::/32`. Checked by the compiler, not by the type. */
export type PrefixLiteral = `${string}.${string}` | `${string}:${string}`;

// ---- Sets ------------------------------------------------------------------------------------------------------------

/** `N`: the names of other sets of its record, and the prefix literals, that it is made of. */
export type SetNode<N extends string = string> = LiteralSet | FeedSet | UnionSet<N> | DifferenceSet<N>;

export interface LiteralSet {
  readonly kind: "literal-set";
  readonly prefixes: readonly string[];
  readonly location: SourceLocation;
}

/** A text file of one address or CIDR a line; `#` comments; columns after white space, comma or tab are ignored. */
export interface FeedSet {
  readonly kind: "feed-set";
  /** Path relative to the policy file that names it. */
  readonly path: string;
  /** No file is an empty feed: a country may have no IPv6 list. */
  readonly mayMiss?: boolean;
  readonly guards: FeedGuards;
  readonly location: SourceLocation;
}

export interface FeedGuards {
  readonly minEntries: number;
  readonly maxEntries: number;
  /** SHA-256 of the file, lower-case hex. */
  readonly sha256?: string;
  /**
   * How much more or fewer prefixes than in the committed bundle the feed may have, in percent of those. For a feed that
   * stands in `sets` under a name; a feed that the bundle does not have yet is not compared.
   */
  readonly maxChangePercent?: number;
}

/** Of each list in a folder of lists: its entries. */
export interface ListGuards {
  /** Of an IPv4 list; 1 where it is missing. */
  readonly minEntries?: number;
  /** Of either list; 200,000 where it is missing. */
  readonly maxEntries?: number;
}

type Letter =
  | "A"
  | "B"
  | "C"
  | "D"
  | "E"
  | "F"
  | "G"
  | "H"
  | "I"
  | "J"
  | "K"
  | "L"
  | "M"
  | "N"
  | "O"
  | "P"
  | "Q"
  | "R"
  | "S"
  | "T"
  | "U"
  | "V"
  | "W"
  | "X"
  | "Y"
  | "Z";
/** ISO 3166-1, two capital letters. */
export type CountryCode = `${Letter}${Letter}`;

export interface UnionSet<N extends string = string> {
  readonly kind: "union-set";
  readonly members: readonly (N | SetNode<N>)[];
  readonly location: SourceLocation;
}

export interface DifferenceSet<N extends string = string> {
  readonly kind: "difference-set";
  readonly from: N | SetNode<N>;
  readonly without: readonly (N | SetNode<N>)[];
  readonly location: SourceLocation;
}

// ---- Matches ---------------------------------------------------------------------------------------------------------

/** "Everything but": turns one field of a match round. A packet that lacks the field still does not match. */
export interface Not<T> {
  readonly kind: "not";
  readonly value: T;
}

export interface NumberRange {
  readonly kind: "range";
  readonly first: number;
  readonly last: number;
}

export type Negatable<T> = T | Not<T>;
export type OneOrMore<T> = T | readonly T[];
export type NumberMatch = Negatable<OneOrMore<number | NumberRange>>;

/** Set names (of the policy's or fleet's `sets`) and prefix literals. */
export type AddressMatch<SetName extends string> = Negatable<OneOrMore<SetName | PrefixLiteral>>;

export type TcpFlag = "fin" | "syn" | "rst" | "psh" | "ack" | "urg" | "ece" | "cwr";

export interface TcpFlagsMatch {
  readonly set?: readonly TcpFlag[];
  readonly clear?: readonly TcpFlag[];
}

export interface IcmpMatch {
  readonly type: number;
  /** Any code where it is missing. */
  readonly code?: number;
}

/** Bytes of the payload, in their order on the wire. At most 16 different ones in a fleet. */
export interface PayloadMatch {
  /** Bytes after the L4 header, 0 to 2,040. */
  readonly offset: number;
  /** `0x` and two hex digits a byte, 1 to 8 bytes. */
  readonly value: `0x${string}`;
  /** Bits that count, as many bytes as the value; all where it is missing. */
  readonly mask?: `0x${string}`;
}

export type FragmentKind = "none" | "first" | "later";

/** What an IPv4 header has behind its 20 fixed bytes; `any` is whatever stands there, be it padding alone. */
export type Ipv4OptionKind =
  | "any"
  | "record-route"
  | "timestamp"
  | "loose-source-route"
  | "strict-source-route"
  | "router-alert"
  /** An option without a length, or with one that cannot be. */
  | "malformed"
  /** Any that has no name here. */
  | "other";

/** Extension headers of IPv6. ESP hides what follows: it is a protocol, `protocol: 50`. */
export type Ipv6ExtensionKind =
  | "any"
  | "hop-by-hop"
  | "routing"
  | "fragment"
  | "destination-options"
  | "authentication"
  | "mobility"
  | "hip"
  | "shim6";

interface CommonMatch<SetName extends string> {
  readonly source?: AddressMatch<SetName>;
  readonly destination?: AddressMatch<SetName>;
  /** IPv4 total length or 40 + IPv6 payload length, in bytes. */
  readonly lengthBytes?: NumberMatch;
  /** Bytes after the L4 header. */
  readonly payloadBytes?: NumberMatch;
  readonly ttl?: NumberMatch;
  readonly dscp?: NumberMatch;
  readonly fragment?: Negatable<OneOrMore<FragmentKind>>;
  /** The outer VLAN tag's id. */
  readonly vlan?: NumberMatch;
  /** Packets that have one of these; `not(…)`: that have all these bytes, and others in them. */
  readonly payload?: Negatable<OneOrMore<PayloadMatch>>;
  /** IPv4 packets with one of these options; `not(…)`: with none of them. */
  readonly ipv4Options?: Negatable<OneOrMore<Ipv4OptionKind>>;
  /** IPv6 packets with one of these extension headers; `not(…)`: with none of them. */
  readonly ipv6Extensions?: Negatable<OneOrMore<Ipv6ExtensionKind>>;
}

interface NoPorts {
  readonly sourcePort?: never;
  readonly destinationPort?: never;
}
interface Ports {
  readonly sourcePort?: NumberMatch;
  readonly destinationPort?: NumberMatch;
}

export type ProtocolName = "tcp" | "udp" | "icmp" | "icmpv6";

interface TcpMatch<S extends string> extends CommonMatch<S>, Ports {
  readonly protocol: "tcp";
  readonly tcpFlags?: Negatable<TcpFlagsMatch>;
  readonly icmp?: never;
}
interface UdpMatch<S extends string> extends CommonMatch<S>, Ports {
  readonly protocol: "udp";
  readonly tcpFlags?: never;
  readonly icmp?: never;
}
interface TcpOrUdpMatch<S extends string> extends CommonMatch<S>, Ports {
  readonly protocol: readonly ("tcp" | "udp")[];
  readonly tcpFlags?: never;
  readonly icmp?: never;
}
interface IcmpProtocolMatch<S extends string> extends CommonMatch<S>, NoPorts {
  readonly protocol: "icmp" | "icmpv6";
  readonly icmp?: Negatable<OneOrMore<IcmpMatch>>;
  readonly tcpFlags?: never;
}
/** No protocol, protocols by number, or protocols turned round: nothing that needs an L4 header. */
interface AnyProtocolMatch<S extends string> extends CommonMatch<S>, NoPorts {
  readonly protocol?: Negatable<OneOrMore<number | ProtocolName>>;
  readonly tcpFlags?: never;
  readonly icmp?: never;
}

/** A conjunction: a packet matches where every named field does. */
export type Match<S extends string = string> =
  | TcpMatch<S>
  | UdpMatch<S>
  | TcpOrUdpMatch<S>
  | IcmpProtocolMatch<S>
  | AnyProtocolMatch<S>;

// ---- Rules -----------------------------------------------------------------------------------------------------------

/** Branded by `unit`, so that packets cannot be given where bytes are wanted. */
export interface Rate<U extends Unit = Unit> {
  readonly kind: "rate";
  readonly unit: U;
  readonly perSecond: number;
}
export interface Amount<U extends Unit = Unit> {
  readonly kind: "amount";
  readonly unit: U;
  readonly count: number;
}
export type Unit = "packets" | "bytes";

export type LimitKeyName = "rule" | "source" | "destination" | "source-port" | "destination-port";

export interface LimitKey<N extends LimitKeyName = LimitKeyName> {
  readonly kind: "limit-key";
  readonly name: N;
  /** Bits kept of an IPv4 address; 32 unless said otherwise. */
  readonly prefix4: number;
  /** Bits kept of an IPv6 address; 64 for a source, 128 for a destination unless said otherwise. */
  readonly prefix6: number;
}

export interface LimitOptions {
  readonly rate: Rate;
  /** What a full bucket holds, in the rate's unit. */
  readonly burst: Amount;
  readonly key: LimitKey;
  /** Block the source of a packet above the rate for so long; null: only drop the packet. */
  readonly blockForSeconds: number | null;
}

interface RuleBase<S extends string> {
  readonly kind: "rule";
  readonly name: string;
  readonly match: Match<S>;
  /** Count and sample what it would have done, and go on. */
  readonly shadow: boolean;
  /** Alert where the rule drops (or would drop) more than this; null: no alert of its own. */
  readonly alertAbove: Rate<"packets"> | null;
  readonly location: SourceLocation;
}
export interface PassRule<S extends string = string> extends RuleBase<S> {
  readonly action: "pass";
}
export interface DropRule<S extends string = string> extends RuleBase<S> {
  readonly action: "drop";
}
export interface LimitRule<S extends string = string> extends RuleBase<S> {
  readonly action: "limit";
  readonly limit: LimitOptions;
}
export type Rule<S extends string = string> = PassRule<S> | DropRule<S> | LimitRule<S>;

// ---- Backends, policies, fleets ----------------------------------------------------------------------------------------

/** How each node's agent asks a backend's origins. Its metrics, alerts and `/health` tell; filtering does not change. */
export interface HealthCheck {
  /**
   * tcp: a connection is made. http, https: status 200 to 399; certificates are not verified. udp: on port 53 a DNS query is
   * answered; elsewhere the port is not refused, because silence is what most protocols answer a stranger.
   */
  readonly kind: "tcp" | "udp" | "http" | "https";
  /** Of the origin's host; need not be the service's. */
  readonly port: number;
  /** Of http and https; `/` where it is missing. */
  readonly path?: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly unhealthyThreshold: number;
}

/** How much of what is sent to a backend is to reach it. */
export interface ServiceLevel {
  /** Share of the packets that must pass, 0.931 to 0.99999: what is lost beyond it becomes an alert. */
  readonly passRatio: number;
}

export interface Backend {
  readonly kind: "backend";
  readonly name: string;
  /** Prefixes that the service listens on. */
  readonly listen: readonly string[];
  readonly protocol: OneOrMore<"tcp" | "udp">;
  readonly ports: OneOrMore<number | NumberRange>;
  /** `host:port` of the servers behind. */
  readonly origins: readonly string[];
  readonly healthCheck: HealthCheck | null;
  /** null: the site's, or its default. */
  readonly serviceLevel: ServiceLevel | null;
  readonly location: SourceLocation;
}

export interface Policy {
  readonly kind: "policy";
  readonly name: string;
  readonly owners: readonly string[];
  readonly backend: Backend | null;
  readonly sets: Readonly<Record<string, SetNode>>;
  readonly rules: readonly Rule[];
  readonly location: SourceLocation;
}

/** A flow that must always get through: how operators reach the node. */
export interface ManagementFlow<S extends string = string> {
  readonly kind: "management-flow";
  readonly name: string;
  readonly match: Match<S>;
  readonly location: SourceLocation;
}

export type Verdict = "pass" | "drop";

/** Ways of failing to parse, docs/SEMANTICS.md §1. */
export type ParseClass =
  | "other-ethertype"
  | "truncated-ethernet"
  | "truncated-vlan"
  | "too-many-vlan-tags"
  | "truncated-ip"
  | "bad-ip-version"
  | "bad-ihl"
  | "bad-total-length"
  | "truncated-extension"
  | "too-many-extensions"
  | "bad-fragment"
  | "tiny-fragment"
  | "truncated-l4"
  | "bad-tcp-offset"
  | "bad-udp-length";

export interface Fleet {
  readonly kind: "fleet";
  readonly name: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly interfaces: readonly string[];
  readonly attach: "native" | "generic";
  readonly defaultVerdict: Verdict;
  readonly parseVerdicts: Readonly<Partial<Record<ParseClass, Verdict>>>;
  /** Kernel memory that the fleet's tables may take, in bytes. */
  readonly memoryBudgetBytes: number;
  readonly management: readonly ManagementFlow[];
  readonly sets: Readonly<Record<string, SetNode>>;
  readonly policies: readonly Policy[];
  readonly location: SourceLocation;
}
