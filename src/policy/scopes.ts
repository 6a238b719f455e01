// What rules stand in: backends (protected services), policies (rules of one team) and fleets (nodes and the policies
// that they run, in order).

import { frozen, given, strange } from "./frozen.ts";
import { calledFrom } from "./place.ts";
import type {
  Backend,
  Fleet,
  HealthCheck,
  ManagementFlow,
  Match,
  NumberRange,
  OneOrMore,
  ParseClass,
  Policy,
  PrefixLiteral,
  Rule,
  ServiceLevel,
  SetNode,
  Verdict,
} from "./types.ts";

/** What rules of a scope may name: its sets `N`, and literals. The names come from the record alone. */
type Names<N extends string> = NoInfer<N> | PrefixLiteral;

export interface HealthCheckOptions {
  readonly kind: HealthCheck["kind"];
  readonly port: number;
  /** Of the request, for `http` and `https`. */
  readonly path?: string;
  /** 10 where it is missing. */
  readonly intervalSeconds?: number;
  /** 2 where it is missing. */
  readonly timeoutSeconds?: number;
  /** Failures in a row that make an origin unhealthy; 3 where it is missing. */
  readonly unhealthyThreshold?: number;
}

export interface BackendOptions {
  /** Addresses or prefixes that clients connect to. */
  readonly listen: readonly PrefixLiteral[];
  readonly protocol: OneOrMore<"tcp" | "udp">;
  /** 0 to 65535. */
  readonly ports: OneOrMore<number | NumberRange>;
  /** `host:port` of the servers behind. */
  readonly origins: readonly string[];
  readonly healthCheck?: HealthCheckOptions;
  /** 0.99 of the packets where it is missing; a site's `alerting.backends` goes before. */
  readonly serviceLevel?: ServiceLevel;
}

/** A protected service. Diagnostics: `bad-prefix`, `bad-value`, `bad-name`; `duplicate-name` in a fleet. */
export function backend(name: string, options: BackendOptions): Backend {
  const { listen, protocol, ports, origins, healthCheck, serviceLevel } = given(options);
  return Object.freeze({
    kind: "backend",
    name,
    listen: frozen(listen),
    protocol: frozen(protocol),
    ports: frozen(ports),
    origins: frozen(origins),
    healthCheck:
      healthCheck === undefined
        ? null
        : frozen({ intervalSeconds: 10, timeoutSeconds: 2, unhealthyThreshold: 3, ...healthCheck }),
    serviceLevel: serviceLevel === undefined ? null : frozen(serviceLevel),
    ...strange(options, ["listen", "protocol", "ports", "origins", "healthCheck", "serviceLevel"]),
    location: calledFrom(backend),
  } as Backend);
}

export interface PolicyOptions<N extends string> {
  /** Who answers for it: teams or people. At least one. */
  readonly owners: readonly string[];
  /** Scopes every rule to the service: its listen prefixes, protocol and ports are added to each match. */
  readonly backend?: Backend;
  /** Sets that the rules may name. */
  readonly sets?: Readonly<Record<N, SetNode<Names<N>>>>;
  /** Top to bottom. */
  readonly rules: readonly Rule<Names<N>>[];
}

/** Rules of one team. Diagnostics: `bad-name`, `duplicate-name`, `unknown-set`, `empty-match`. */
export function policy<const N extends string = never>(name: string, options: PolicyOptions<N>): Policy {
  const { owners, backend: service = null, sets = {}, rules } = given(options);
  return Object.freeze({
    kind: "policy",
    name,
    owners: frozen(owners),
    backend: frozen(service),
    sets: frozen(sets),
    rules: frozen(rules),
    ...strange(options, ["owners", "backend", "sets", "rules"]),
    location: calledFrom(policy),
  } as Policy);
}

/**
 * A flow by which operators reach the node: always passed, and the compiler proves that no rule would drop it.
 * `name` as for a rule, unique in the fleet.
 */
export function management<const N extends string = never>(
  name: string,
  match: Match<N>,
): ManagementFlow<NoInfer<N>> {
  return Object.freeze({
    kind: "management-flow",
    name,
    match: frozen(match),
    location: calledFrom(management),
  });
}

export interface FleetOptions<N extends string> {
  /** Labels of the nodes; every node where it is empty or missing. Of x86-64, if `kubernetes.io/arch` is not among them. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Names of network interfaces, at least one. */
  readonly interfaces: readonly string[];
  /** `native` (in the driver) where it is missing. */
  readonly attach?: "native" | "generic";
  /** What a packet gets that no rule decided. */
  readonly defaultVerdict: Verdict;
  /** For packets that fail to parse. Where missing: `other-ethertype` passes, every other class is dropped. */
  readonly parseVerdicts?: Readonly<Partial<Record<ParseClass, Verdict>>>;
  /** Kernel memory that the tables may take, in MiB; 64 where it is missing. */
  readonly memoryBudgetMiB?: number;
  /** Flows that always pass; `[]` where the nodes are not reached over these interfaces. */
  readonly management: readonly ManagementFlow<Names<N>>[];
  /** Sets that management flows may name. */
  readonly sets?: Readonly<Record<N, SetNode<Names<N>>>>;
  /** Evaluated in this order. */
  readonly policies: readonly Policy[];
}

/** Nodes, their interfaces and the policies that they run: compiles to one bundle. A policy file exports it. */
export function fleet<const N extends string = never>(name: string, options: FleetOptions<N>): Fleet {
  const {
    nodeSelector = {},
    interfaces,
    attach = "native",
    defaultVerdict,
    parseVerdicts = {},
    memoryBudgetMiB = 64,
    management: flows,
    sets = {},
    policies,
  } = given(options);
  return Object.freeze({
    kind: "fleet",
    name,
    nodeSelector: frozen(nodeSelector),
    interfaces: frozen(interfaces),
    attach,
    defaultVerdict,
    parseVerdicts: frozen(parseVerdicts),
    memoryBudgetBytes: typeof memoryBudgetMiB === "number" ? memoryBudgetMiB * 2 ** 20 : memoryBudgetMiB,
    management: frozen(flows),
    sets: frozen(sets),
    policies: frozen(policies),
    ...strange(options, [
      "nodeSelector",
      "interfaces",
      "attach",
      "defaultVerdict",
      "parseVerdicts",
      "memoryBudgetMiB",
      "management",
      "sets",
      "policies",
    ]),
    location: calledFrom(fleet),
  } as Fleet);
}
