// Bundles for the tests of this room, made by the compiler from small fleets.

import { emitBundle } from "../compiler/emit/bundle/index.ts";
import { fleetOf, limitOf, ruleOf } from "../compiler/tables/fleet-fixture.ts";
import { fromPrefixes } from "../ir/address-set.ts";
import { isFault, parsePrefix } from "../ir/prefix.ts";
import { ranges } from "../ir/ranges.ts";

const REVISION = `sha256:${"5".repeat(64)}`;

export function addressSet(...texts: string[]) {
  return fromPrefixes(
    texts.map((text) => {
      const prefix = parsePrefix(text);
      if (isFault(prefix)) throw new Error(`${text} is no prefix`);
      return prefix;
    }),
  );
}

const RULES = [
  ruleOf("dns/not-udp", {
    fields: {
      protocol: ranges([
        [0, 16],
        [18, 255],
      ]),
    },
  }),
  ruleOf("dns/queries", {}, { action: limitOf({ blockForSeconds: 60 }), backend: "dns" }),
];
const OVER = {
  management: [
    ruleOf(
      "management/ssh",
      { fields: { protocol: ranges([[6, 6]]) } },
      { action: { kind: "pass" as const } },
    ),
  ],
  policies: [],
  backends: [
    {
      kind: "backend" as const,
      name: "dns",
      listen: ["203.0.113.53/32"],
      protocols: ["udp" as const],
      ports: ranges([[53, 53]]),
      origins: ["10.0.0.1:53"],
      healthCheck: null,
      passRatio: null,
      location: { file: "policies/dns.policy.ts", line: 1, column: 1 },
    },
  ],
};
const WITNESS = {
  name: "dns/not-udp",
  rule: "dns/not-udp",
  steps: [
    {
      packet: Buffer.alloc(60, 1).toString("base64"),
      atNs: "1000000000",
      repeat: 1,
      verdict: "drop" as const,
      rule: "dns/not-udp",
      reason: "rule" as const,
    },
  ],
};

/** A few pages: no address tables. */
export function smallBundle(name = "edge"): Uint8Array {
  return emitBundle(fleetOf(RULES, { ...OVER, name }), { revision: REVISION, witnesses: [WITNESS] });
}

/** Among its sections are some of several parts: IPv4 hosts, spread by a multiplication modulo 2^32. */
export function manyPartBundle(name = "edge", count = 120_000): Uint8Array {
  const hosts = Array.from({ length: count }, (_, i) => BigInt(Math.imul(i + 1, 0x9e37_79b1) >>> 0));
  const source = fromPrefixes(hosts.map((at) => ({ family: 4, first: at, last: at, length: 32 })));
  return emitBundle(fleetOf([ruleOf("edge/hosts", { source }), ...RULES], { ...OVER, name }), {
    revision: REVISION,
    witnesses: [],
  });
}

/** One IPv4 source. */
export function hostBundle(): Uint8Array {
  const rule = ruleOf("edge/host", { source: addressSet("192.0.2.7/32") });
  return emitBundle(fleetOf([rule]), { revision: REVISION, witnesses: [] });
}

/** With all sections but those of the destination. */
export function addressBundle(): Uint8Array {
  const source = addressSet("198.51.100.0/25", "192.0.2.7/32", "2001:db8:1::/48", "fe80::/10");
  return emitBundle(fleetOf([ruleOf("edge/bogons", { source }), ...RULES], OVER), {
    revision: REVISION,
    witnesses: [],
  });
}

/** So many management flows, by VLAN, and nothing else. */
export function flowsBundle(count: number): Uint8Array {
  const management = Array.from({ length: count }, (_, i) =>
    ruleOf(`management/${i}`, { fields: { vlan: ranges([[i, i]]) } }, { action: { kind: "pass" } }),
  );
  return emitBundle(fleetOf([], { management }), { revision: REVISION, witnesses: [] });
}

/** One test of two bytes. */
export function payloadBundle(): Uint8Array {
  const rule = ruleOf("edge/payload", { fields: { payload: ranges([[0x8000, 0xffff]]) } });
  const payloadTests = [{ offset: 4, mask: [0xff, 0xf0], value: [0x54, 0x10] }];
  return emitBundle(fleetOf([rule], { payloadTests }), { revision: REVISION, witnesses: [] });
}

/** 33 words of rules, all of UDP: a summary of more than 32 bits. */
export function manyRuleBundle(): Uint8Array {
  const fields = { protocol: ranges([[17, 17]]) };
  const rules = Array.from({ length: 33 * 64 }, (_, i) => ruleOf(`edge/${i}`, { fields }));
  return emitBundle(fleetOf(rules), { revision: REVISION, witnesses: [] });
}
