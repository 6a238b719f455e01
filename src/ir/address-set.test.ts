import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AddressSet,
  complement,
  contains,
  difference,
  EMPTY,
  EVERYTHING,
  formatPrefix,
  fromPrefixes,
  intersection,
  isEmpty,
  toPrefixes,
  union,
} from "./address-set.ts";
import { isFault, type Prefix, parsePrefix } from "./prefix.ts";

const prefixes = (...texts: string[]): Prefix[] =>
  texts.map((text) => {
    const prefix = parsePrefix(text);
    if (isFault(prefix)) throw new Error(text);
    return prefix;
  });
const set = (...texts: string[]): AddressSet => fromPrefixes(prefixes(...texts));
const texts = (addresses: AddressSet): string[] => [...toPrefixes(addresses)].map(formatPrefix);

describe("a set of prefixes", () => {
  test("joins neighbours and what is inside others, at both ends of the space", () => {
    expect(
      texts(set("255.255.255.254/31", "255.255.255.255", "0.0.0.0", "0.0.0.1", "10.0.0.0/8", "10.1.0.0/16")),
    ).toEqual(["0.0.0.0/31", "10.0.0.0/8", "255.255.255.254/31"]);
    expect(texts(set("8000::/1", "::/1"))).toEqual(["::/0"]);
  });

  test("and its complement meet at the edges", () => {
    expect(texts(complement(set("0.0.0.0/1", "::/0")))).toEqual(["128.0.0.0/1"]);
    expect(texts(complement(set("128.0.0.0/1", "::/0")))).toEqual(["0.0.0.0/1"]);
    expect(complement(EMPTY)).toEqual(EVERYTHING);
    expect(isEmpty(complement(EVERYTHING))).toBe(true);
  });
});

// A small piece of each space, so that ranges meet and overlap often; both ends of the space are in it.
const SPOTS = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 0xffff_fff8n, 0xffff_fffen, 0xffff_ffffn];
const prefix = fc
  .tuple(fc.constantFrom(4 as const, 6 as const), fc.constantFrom(...SPOTS), fc.integer({ min: 0, max: 3 }))
  .map(([family, spot, size]): Prefix => {
    const first = (spot >> BigInt(size)) << BigInt(size);
    return {
      family,
      first,
      last: first + (1n << BigInt(size)) - 1n,
      length: (family === 4 ? 32 : 128) - size,
    };
  });
const anySet = fc.array(prefix, { maxLength: 8 });
const inAny = (list: readonly Prefix[], family: number, value: bigint) =>
  list.some((one) => one.family === family && one.first <= value && value <= one.last);

test("every operation has the addresses that its words say", () => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => {
      const [left, right] = [fromPrefixes(a), fromPrefixes(b)];
      const results = {
        union: union(left, right),
        intersection: intersection(left, right),
        difference: difference(left, right),
        complement: complement(left),
      };
      for (const family of [4, 6] as const)
        for (const spot of SPOTS) {
          const [inA, inB] = [inAny(a, family, spot), inAny(b, family, spot)];
          expect(contains(results.union, family, spot)).toBe(inA || inB);
          expect(contains(results.intersection, family, spot)).toBe(inA && inB);
          expect(contains(results.difference, family, spot)).toBe(inA && !inB);
          expect(contains(results.complement, family, spot)).toBe(!inA);
        }
      for (const result of Object.values(results))
        for (const list of [[...result.v4].map(BigInt), result.v6])
          for (
            let i = 1;
            i < list.length;
            i++ // sorted, and no two ranges touch
          )
            expect(list[i]! - list[i - 1]! >= (i % 2 === 0 ? 2n : 0n)).toBe(true);
    }),
  );
});

test("long runs between the other set's ranges are taken whole, at every length of run", () => {
  for (let count = 1; count <= 40; count++) {
    // Single addresses 3 apart; the other set covers those from the middle on, and starts between two of them.
    const singles = Array.from({ length: count }, (_, index) => `10.0.0.${3 * index}`);
    const middle = Math.floor(count / 2);
    const many = set(...singles);
    const other = fromPrefixes(
      Array.from({ length: count - middle }, (_, index) => prefixes(`10.0.0.${3 * (middle + index)}`)[0]!),
    );
    const rest = singles.slice(0, middle).map((text) => `${text}/32`);
    expect(texts(difference(many, other))).toEqual(rest);
    expect(texts(union(difference(many, other), other))).toEqual(texts(many));
    expect(texts(difference(many, set(`10.0.0.${3 * (count - 1)}`)))).toEqual(texts(many).slice(0, -1));
    expect(texts(union(many, set("11.0.0.0/8")))).toEqual([...texts(many), "11.0.0.0/8"]);
    expect(texts(union(set("9.0.0.0/8"), many))).toEqual(["9.0.0.0/8", ...texts(many)]);
    expect(texts(intersection(many, set("10.0.0.0/24")))).toEqual(texts(many));
  }
});
