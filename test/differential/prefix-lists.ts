// Random prefixes for fleets: few that are near each other, hundreds that crowd, and as many as feeds have.

import fc from "fast-check";
import { formatAddress, parseAddress } from "../../src/ir/prefix.ts";
import { Random } from "./random.ts";

const BASES_4 = [
  "10.0.0.0",
  "10.0.1.255",
  "10.1.0.0",
  "192.0.2.130",
  "203.0.113.53",
  "255.255.255.255",
  "0.0.0.1",
];
const LENGTHS_4 = [0, 1, 7, 8, 9, 15, 16, 17, 23, 24, 25, 30, 31, 32, 32, 32];
const BASES_6 = [
  "2001:db8::1",
  "2001:db8:0:1::ffff",
  "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
  "fe80::1",
  "::ffff:10.0.0.1",
  "::",
  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];
const LENGTHS_6 = [0, 1, 10, 15, 16, 17, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 112, 127, 128, 128, 128];

function prefixText(address: string, length: number): `${string}.${string}` | `${string}:${string}` {
  const { family, value } = parseAddress(address)!;
  const shift = BigInt((family === 4 ? 32 : 128) - length);
  return `${formatAddress(family, (value >> shift) << shift)}/${length}` as `${string}.${string}`;
}
const near = (base: string, offset: number): string => {
  const { family, value } = parseAddress(base)!;
  const size = 1n << (family === 4 ? 32n : 128n);
  return formatAddress(family, (value + BigInt(offset) + size) % size);
};
const prefixes4 = fc
  .tuple(fc.constantFrom(...BASES_4), fc.integer({ min: -3, max: 3 }), fc.constantFrom(...LENGTHS_4))
  .map(([base, offset, length]) => prefixText(near(base, offset), length));
const prefixes6 = fc
  .tuple(fc.constantFrom(...BASES_6), fc.integer({ min: -3, max: 3 }), fc.constantFrom(...LENGTHS_6))
  .map(([base, offset, length]) => prefixText(near(base, offset), length));
/** Of either family, near each other. */
export const prefixes = fc.oneof(prefixes4, prefixes4, prefixes6);

/**
 * Hundreds to thousands of prefixes, as feeds have them: single addresses all over the space, or prefixes packed into one
 * /16 (IPv4) or /32 (IPv6), so that one chunk of a table is deep.
 */
export const dense: fc.Arbitrary<string[]> = fc
  .record({
    seed: fc.integer(),
    count: fc.constantFrom(60, 300, 1000),
    family: fc.constantFrom(4 as const, 4 as const, 6 as const),
    isPacked: fc.boolean(),
  })
  .map(({ seed, count, family, isPacked }) => {
    const random = new Random(seed);
    const list: string[] = [];
    for (let i = 0; i < count; i++) {
      const low = BigInt(isPacked ? random.bits() >>> 16 : random.bits());
      const length = random.chance(0.7)
        ? family === 4
          ? 32
          : 64
        : (family === 4 ? 20 : 48) + random.below(13);
      const value =
        family === 4 ? (isPacked ? 0xc612n << 16n : 0n) | low : (0x2001_0db8n << 96n) | (low << 64n);
      list.push(prefixText(formatAddress(family, value), length));
    }
    return list;
  });

/**
 * So many that the compiler has blocks for them (src/compiler/tables/address4-images.ts), of /29s where addresses crowd. Where there
 * are more than it has small tables for, such a fleet takes a second or two.
 */
export const many: fc.Arbitrary<string[]> = fc.integer().map((seed) => {
  const random = new Random(seed);
  const count = random.chance(0.2) ? 200_000 : 12_000;
  const isCrowded = random.chance(0.5);
  return Array.from({ length: count }, () => {
    if (isCrowded && random.chance(0.6)) {
      const block = Math.imul(random.below(count / 20), 0x9e3779b1) & ~0xff;
      return formatAddress(4, BigInt((block | random.below(256)) >>> 0));
    }
    return prefixText(
      formatAddress(4, BigInt(random.bits())),
      random.chance(0.7) ? 32 : 20 + random.below(13),
    );
  });
});

/**
 * So many that the compiler has exact tables for them (src/compiler/tables/address6-images.ts): /64s and shorter prefixes, and single
 * addresses, alone in their /64, together with others, or in one that is listed as well. Their low halves are few.
 */
export const many6: fc.Arbitrary<string[]> = fc
  .record({
    seed: fc.integer(),
    hosts: fc.constantFrom(0, 0.3, 0.9, 1),
    /** Bits in which the /64s differ: few are dense, many are spread. */
    siteBits: fc.constantFrom(12, 20, 32),
  })
  .map(({ seed, hosts, siteBits }) => {
    const random = new Random(seed);
    const site = () => (0x2001_0db8n << 32n) | BigInt(random.bits() >>> (32 - siteBits));
    return Array.from({ length: 3000 }, () => {
      const at = site() << 64n;
      if (random.chance(hosts)) return `${formatAddress(6, at | BigInt(1 + random.below(3)))}/128`;
      return prefixText(formatAddress(6, at), random.chance(0.7) ? 64 : 32 + random.below(32));
    }) as `${string}:${string}`[];
  });
