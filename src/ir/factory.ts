// Makers of IR nodes: they put the kind in and freeze, so that a node is whole from the moment it exists.

import type {
  BackendIr,
  FleetIr,
  MatchIr,
  MatchTerm,
  PolicyIr,
  RuleIr,
  SetIr,
  SourceLocation,
} from "./nodes.ts";

type Parts<Node> = Omit<Node, "kind">;

/** Places are copied: a node holds no value of the policy's own. */
function at({ file, line, column }: SourceLocation): SourceLocation {
  return Object.freeze({ file, line, column });
}

export function matchNode({ source, destination, fields, terms }: MatchIr): MatchIr {
  const frozenTerms = terms.map((term): MatchTerm => Object.freeze({ ...term }));
  return Object.freeze({
    source,
    destination,
    fields: Object.freeze({ ...fields }),
    terms: Object.freeze(frozenTerms),
  });
}

export function ruleNode(parts: Parts<RuleIr>): RuleIr {
  const action = Object.freeze({ ...parts.action });
  return Object.freeze({ kind: "rule", ...parts, action, location: at(parts.location) });
}

export function setNode(parts: Parts<SetIr>): SetIr {
  return Object.freeze({ kind: "set", ...parts, location: at(parts.location) });
}

export function backendNode(parts: Parts<BackendIr>): BackendIr {
  return Object.freeze({
    kind: "backend",
    ...parts,
    listen: Object.freeze([...parts.listen]),
    protocols: Object.freeze([...parts.protocols]),
    origins: Object.freeze([...parts.origins]),
    healthCheck: parts.healthCheck && Object.freeze({ ...parts.healthCheck }),
    location: at(parts.location),
  });
}

export function policyNode(parts: Parts<PolicyIr>): PolicyIr {
  return Object.freeze({
    kind: "policy",
    ...parts,
    owners: Object.freeze([...parts.owners]),
    location: at(parts.location),
  });
}

export function fleetNode(parts: Parts<FleetIr>): FleetIr {
  return Object.freeze({
    kind: "fleet",
    ...parts,
    nodeSelector: Object.freeze({ ...parts.nodeSelector }),
    interfaces: Object.freeze([...parts.interfaces]),
    parseVerdicts: Object.freeze({ ...parts.parseVerdicts }),
    management: Object.freeze([...parts.management]),
    rules: Object.freeze([...parts.rules]),
    policies: Object.freeze([...parts.policies]),
    backends: Object.freeze([...parts.backends]),
    sets: Object.freeze([...parts.sets]),
    payloadTests: Object.freeze([...parts.payloadTests]),
    location: at(parts.location),
  });
}
