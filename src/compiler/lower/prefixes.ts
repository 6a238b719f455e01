// Prefix literals of a policy file to prefixes.

import { formatAddress, isFault, type Prefix, parseAddress, parsePrefix } from "../../ir/prefix.ts";
import type { Wanted } from "../diagnostics/locate.ts";
import type { Call } from "./lowering.ts";
import { show } from "./untyped.ts";

/** Names have none of these, so text that has one is meant as an address. */
export function looksLikePrefix(text: string): boolean {
  return /[.:/]/.test(text);
}

/** Null and a diagnostic at the literal where it is no prefix, or has host bits set. */
export function prefixOf(value: unknown, call: Call, wanted: Wanted = {}): Prefix | null {
  const parsed = typeof value === "string" ? parsePrefix(value) : null;
  if (parsed !== null && !isFault(parsed)) {
    reportMapped(value, parsed, call, wanted);
    return parsed;
  }
  const span = call.value(value, wanted);
  if (parsed?.kind === "host-bits") {
    const address = String(value).split("/")[0] ?? "";
    const bits = parseAddress(address)?.family === 6 ? 128 : 32;
    call.report(span, {
      code: "non-canonical-prefix",
      message: `${show(value)} has bits set beyond its prefix length`,
      help: `write "${parsed.canonical}" for the network, or "${address}/${bits}" for the one address`,
    });
  } else if (parsed?.kind === "bad-length") {
    const most = parsed.family === 4 ? 32 : 128;
    call.report(span, {
      code: "bad-prefix",
      message: `${show(value)} has no valid prefix length: \`${parsed.text}\``,
      help: `an IPv${parsed.family} prefix length is a number from 0 to ${most}`,
    });
  } else {
    call.report(span, {
      code: "bad-prefix",
      message: `${show(value)} is neither an address nor a prefix`,
      help: addressHelp(value),
    });
  }
  return null;
}

/** ::ffff:0:0/96 as a whole is on lists of what nobody sends from; what is narrower was copied from a log. */
function reportMapped(value: unknown, { family, first, length }: Prefix, call: Call, wanted: Wanted): void {
  if (family !== 6 || length <= 96 || first >> 32n !== 0xffffn) return;
  const bits = length === 128 ? "" : `/${length - 96}`;
  call.report(call.value(value, wanted), {
    code: "mapped-prefix",
    severity: "warning",
    message: `${show(value)} is of IPv6, and no IPv4 packet is in it`,
    help: `write "${formatAddress(4, first & 0xffff_ffffn)}${bits}" for the IPv4 packets that logs show so`,
  });
}

function addressHelp(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  if (text.includes("%")) return "leave the zone out: a filter sees only the address";
  if (/^0\d|\.0\d/.test(text)) return "write the octets without leading zeros: they read as octal elsewhere";
  return 'write four octets ("198.51.100.7", "198.51.100.0/24") or IPv6 ("2001:db8::/32")';
}
