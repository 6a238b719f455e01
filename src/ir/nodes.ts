// The IR: what policies mean, with every name resolved and every field a set of values. Nodes are frozen, carry their
// kind and the place of the policy line that made them. Made by src/compiler/lower, read by checks and emitters.

import type { ParseClass, SourceLocation, Verdict } from "../policy/types.ts";
import type { AddressSet } from "./address-set.ts";
import type { PayloadTest } from "./payload.ts";
import type { Ranges } from "./ranges.ts";

export type { ParseClass, SourceLocation, Verdict } from "../policy/types.ts";

/** Fields with a small domain, in the order of `enum field` in bpf/shared.h. */
export const FIELD_NAMES = [
  "protocol",
  "sourcePort",
  "destinationPort",
  "tcpFlags",
  "l3Length",
  "icmp",
  "fragment",
  "ttl",
  "dscp",
  "vlan",
  "payloadLength",
  "ipv4Options",
  "ipv6Extensions",
  "payload",
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

/** Number of values of each field; a packet that lacks the field has the value one past the last. */
export const FIELD_DOMAIN: Readonly<Record<FieldName, number>> = Object.freeze({
  protocol: 256,
  sourcePort: 65536,
  destinationPort: 65536,
  tcpFlags: 256,
  l3Length: 65536,
  icmp: 65536,
  fragment: 3,
  ttl: 256,
  dscp: 64,
  vlan: 4096,
  payloadLength: 65536,
  ipv4Options: 256,
  ipv6Extensions: 256,
  payload: 65536,
});

/** A conjunction. A field that is missing here is not asked about. Negation is already carried out. */
export interface MatchIr {
  /** null: any source, whatever the family. */
  readonly source: AddressSet | null;
  readonly destination: AddressSet | null;
  readonly fields: Readonly<Partial<Record<FieldName, Ranges>>>;
  /** What the author wrote, field by field, for traces and messages: `source in bogons`, `destinationPort 53`. */
  readonly terms: readonly MatchTerm[];
}

export interface MatchTerm {
  readonly field: FieldName | "source" | "destination";
  readonly text: string;
}

export type ActionIr = PassAction | DropAction | LimitAction;
export interface PassAction {
  readonly kind: "pass";
}
export interface DropAction {
  readonly kind: "drop";
}
export interface LimitAction {
  readonly kind: "limit";
  readonly unit: "packets" | "bytes";
  readonly ratePerSecond: number;
  /** In units. */
  readonly burst: number;
  readonly key: "rule" | "source" | "destination" | "source-port" | "destination-port";
  readonly prefix4: number;
  readonly prefix6: number;
  readonly blockForSeconds: number | null;
}

export interface RuleIr {
  readonly kind: "rule";
  /** `<policy>/<rule>`, unique in a fleet; management flows are `management/<name>`. */
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly backend: string | null;
  readonly action: ActionIr;
  readonly shadow: boolean;
  readonly alertAbovePps: number | null;
  readonly match: MatchIr;
  readonly location: SourceLocation;
}

export interface SetIr {
  readonly kind: "set";
  readonly name: string;
  /** The policy (or fleet, then `fleet:<name>`) in whose `sets` it stands. */
  readonly scope: string;
  readonly addresses: AddressSet;
  /** Path of the feed, relative to the policy directory, where it is one. */
  readonly feed: string | null;
  /** A feed is part of it, be it through other sets: what it holds changes without anybody editing a policy. */
  readonly fed: boolean;
  readonly location: SourceLocation;
}

export interface HealthCheckIr {
  readonly kind: "tcp" | "udp" | "http" | "https";
  readonly port: number;
  /** Of an HTTP request; null where the kind has none. */
  readonly path: string | null;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /** Failures in a row that make an origin unhealthy. */
  readonly unhealthyThreshold: number;
}

export interface BackendIr {
  readonly kind: "backend";
  readonly name: string;
  readonly listen: readonly string[];
  readonly protocols: readonly ("tcp" | "udp")[];
  readonly ports: Ranges;
  readonly origins: readonly string[];
  /** null: the origins are not asked. */
  readonly healthCheck: HealthCheckIr | null;
  /** Share of its packets that must pass; null: what the site says. */
  readonly passRatio: number | null;
  readonly location: SourceLocation;
}

export interface PolicyIr {
  readonly kind: "policy";
  readonly name: string;
  readonly owners: readonly string[];
  readonly backend: string | null;
  readonly location: SourceLocation;
}

export interface FleetIr {
  readonly kind: "fleet";
  readonly name: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly interfaces: readonly string[];
  readonly attach: "native" | "generic";
  readonly defaultVerdict: Verdict;
  /** Complete: every class has its verdict. */
  readonly parseVerdicts: Readonly<Record<ParseClass, Verdict>>;
  readonly memoryBudgetBytes: number;
  /** Management flows as pass rules, in order; they stand before `rules` in every index. */
  readonly management: readonly RuleIr[];
  /** Rules of all policies, top to bottom. */
  readonly rules: readonly RuleIr[];
  readonly policies: readonly PolicyIr[];
  readonly backends: readonly BackendIr[];
  readonly sets: readonly SetIr[];
  /** What the bits of the field `payload` stand for. */
  readonly payloadTests: readonly PayloadTest[];
  readonly location: SourceLocation;
}

declare const checked: unique symbol;
/** A fleet that passed every check without an error. Only this reaches an emitter. Made by runChecks() alone. */
export type CheckedFleet = FleetIr & { readonly [checked]: true };
