// The classes of packets that do not parse, and what each gets unless a fleet says otherwise (docs/SEMANTICS.md §1).

import type { ParseClass, Verdict } from "../policy/types.ts";

/** LLDP, LACP and the like are not ours to judge; whatever cannot be read is dropped. */
export const DEFAULT_PARSE_VERDICTS: Readonly<Record<ParseClass, Verdict>> = Object.freeze({
  "other-ethertype": "pass",
  "truncated-ethernet": "drop",
  "truncated-vlan": "drop",
  "too-many-vlan-tags": "drop",
  "truncated-ip": "drop",
  "bad-ip-version": "drop",
  "bad-ihl": "drop",
  "bad-total-length": "drop",
  "truncated-extension": "drop",
  "too-many-extensions": "drop",
  "bad-fragment": "drop",
  "tiny-fragment": "drop",
  "truncated-l4": "drop",
  "bad-tcp-offset": "drop",
  "bad-udp-length": "drop",
});

export const PARSE_CLASSES = Object.freeze(Object.keys(DEFAULT_PARSE_VERDICTS)) as readonly ParseClass[];
