// A backend to its IR node and to what it adds to every match of its policy.

import { type AddressSet, formatPrefix, fromPrefixes } from "../../ir/address-set.ts";
import { backendNode } from "../../ir/factory.ts";
import type { BackendIr, HealthCheckIr } from "../../ir/nodes.ts";
import type { Ranges } from "../../ir/ranges.ts";
import { numberField, protocolField } from "./fields.ts";
import type { Call, Lowering } from "./lowering.ts";
import { prefixOf } from "./prefixes.ts";
import {
  fieldsOf,
  knownFields,
  knownOptions,
  listOf,
  type Node,
  nameOf,
  numberOf,
  oneOf,
  show,
} from "./untyped.ts";

export interface BackendScope {
  readonly ir: BackendIr;
  readonly addresses: AddressSet;
  readonly protocols: Ranges;
  readonly ports: Ranges;
}

/** Null where it has a fault, which is then reported. */
export function lowerBackend(node: Node, lowering: Lowering): BackendScope | null {
  const call = lowering.callAt(node.location);
  const name = nameOf(node["name"], "a backend", call);
  knownOptions(node, "a backend", call);
  const listen = lowerListen(node["listen"], call);
  const protocols = lowerProtocols(node["protocol"], call);
  const ports =
    node["ports"] === undefined
      ? missing("ports", "ports: 53", call)
      : numberField(node["ports"], "destinationPort", "ports", call);
  const origins = lowerOrigins(node["origins"], call);
  const healthCheck = node["healthCheck"] === null ? null : lowerHealthCheck(node["healthCheck"], call);
  const passRatio = node["serviceLevel"] === null ? null : lowerServiceLevel(node["serviceLevel"], call);
  if (
    name === null ||
    listen === null ||
    protocols === null ||
    ports === null ||
    origins === null ||
    healthCheck === undefined ||
    passRatio === undefined
  )
    return null;
  const ir = backendNode({
    name,
    listen: listen.map(formatPrefix),
    protocols: protocols.names,
    ports: ports.ranges,
    origins,
    healthCheck,
    passRatio,
    location: node.location,
  });
  return { ir, addresses: fromPrefixes(listen), protocols: protocols.ranges, ports: ports.ranges };
}

function missing(property: string, example: string, call: Call): null {
  call.report(call.whole(), {
    code: "bad-value",
    message: `the backend has no \`${property}\``,
    help: `write \`${example}\``,
  });
  return null;
}

function lowerListen(raw: unknown, call: Call) {
  const list = listOf(raw, "listen", call);
  if (list === null) return null;
  if (list.length === 0) return missing("listen", 'listen: ["203.0.113.53/32"]', call);
  const prefixes = list.map((text) => prefixOf(text, call, { property: "listen" }));
  return prefixes.every((prefix) => prefix !== null) ? prefixes : null;
}

function lowerProtocols(raw: unknown, call: Call) {
  if (raw === undefined) return missing("protocol", 'protocol: "udp"', call);
  const words: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  const found = words.map((word) => oneOf(word, ["tcp", "udp"], "protocol", call));
  const term = found.every((name) => name !== null) ? protocolField(raw, call) : null;
  if (term === null) return null;
  // In the order of the numbers, each once: two ways to write one backend are one backend.
  const names = (["tcp", "udp"] as const).filter((name) => found.includes(name));
  return { names, ranges: term.ranges };
}

function lowerOrigins(raw: unknown, call: Call): string[] | null {
  const list = listOf(raw, "origins", call);
  if (list === null) return null;
  const origins: string[] = [];
  for (const origin of list) {
    const port =
      typeof origin === "string" ? /^(?:\[[^\]]+\]|[^:\s]+):(\d{1,5})$/.exec(origin)?.[1] : undefined;
    if (typeof origin === "string" && port !== undefined && Number(port) >= 1 && Number(port) <= 65535)
      origins.push(origin);
    else
      call.report(call.value(origin, { property: "origins" }), {
        code: "bad-value",
        message: `${show(origin)} is not an origin`,
        help: 'write host and port: "10.0.0.10:53", "[2001:db8::1]:53"',
      });
  }
  return origins.length === list.length ? origins : null;
}

const HEALTH_CHECK = ["kind", "port", "path", "intervalSeconds", "timeoutSeconds", "unhealthyThreshold"];

/** Undefined where it has a fault, which is then reported. */
function lowerHealthCheck(raw: unknown, call: Call): HealthCheckIr | undefined {
  const check = fieldsOf(raw);
  if (check === null) {
    missing("healthCheck", 'healthCheck: { kind: "tcp", port: 53 }', call);
    return undefined;
  }
  knownFields(check, HEALTH_CHECK, "a health check", call);
  const seconds = { least: 1, most: 3600, whole: false, unit: "seconds" };
  const kind = oneOf(check["kind"], ["tcp", "udp", "http", "https"], "kind", call);
  const port = numberOf(check["port"], "port", { least: 1, most: 65535, whole: true, unit: "" }, call);
  const path = lowerPath(check["path"], kind, call);
  const intervalSeconds = numberOf(check["intervalSeconds"], "intervalSeconds", seconds, call);
  const timeoutSeconds = numberOf(check["timeoutSeconds"], "timeoutSeconds", seconds, call);
  const unhealthyThreshold = numberOf(
    check["unhealthyThreshold"],
    "unhealthyThreshold",
    { least: 1, most: 100, whole: true, unit: "" },
    call,
  );
  if (
    kind === null ||
    port === null ||
    path === undefined ||
    intervalSeconds === null ||
    timeoutSeconds === null ||
    unhealthyThreshold === null
  )
    return undefined;
  return { kind, port, path, intervalSeconds, timeoutSeconds, unhealthyThreshold };
}

/** null where the kind has none; undefined where it has a fault. */
function lowerPath(raw: unknown, kind: HealthCheckIr["kind"] | null, call: Call): string | null | undefined {
  const isHttp = kind === "http" || kind === "https";
  if (raw === undefined) return isHttp ? "/" : null;
  if (isHttp && typeof raw === "string" && /^\/[!-~]*$/.test(raw)) return raw;
  if (kind === null) return undefined; // the kind's own fault is reported
  call.report(call.value(raw, { property: "path" }), {
    code: "bad-value",
    message: isHttp ? `${show(raw)} is not the path of a request` : `a check of kind ${kind} has no path`,
    help: isHttp
      ? 'begin it with a slash, without blanks: "/healthz"'
      : 'leave `path` out, or check by `kind: "http"`',
  });
  return undefined;
}

/** With more than 1/14.4 to lose, the fastest burn of it would be more than everything; with nothing, each packet an alert. */
export const PASS_RATIO = { least: 0.931, most: 0.99999, whole: false, unit: "" };

/** undefined where it has a fault. */
function lowerServiceLevel(raw: unknown, call: Call): number | undefined {
  const level = fieldsOf(raw);
  if (level === null) {
    missing("serviceLevel", "serviceLevel: { passRatio: 0.999 }", call);
    return undefined;
  }
  knownFields(level, ["passRatio"], "a service level", call);
  return numberOf(level["passRatio"], "passRatio", PASS_RATIO, call) ?? undefined;
}
