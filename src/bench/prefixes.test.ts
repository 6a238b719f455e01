import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import {
  dotted,
  feedText4,
  feedText6,
  networkOrder,
  prefixes4,
  prefixes6,
  readFeed4,
  sources4,
  sources6,
} from "./prefixes.ts";

const prefixes = prefixes4(2000);

test("a feed file is read as it was written, comments and further columns left out", () => {
  expect(readFeed4(feedText4(prefixes))).toEqual(prefixes);
  expect(readFeed4("# 192.0.2.1\n198.51.100.7\t3\n\n203.0.113.0/24 # a net\n")).toEqual({
    firsts: Uint32Array.of(0xc633_6407, 0xcb00_7100),
    lengths: Uint8Array.of(32, 24),
  });
});

describe("prefixes4", () => {
  test("gives distinct prefixes without host bits, 70 % of them /32 and 18 % /24", () => {
    const texts = new Set<string>();
    const counts = new Map<number, number>();
    prefixes.firsts.forEach((first, i) => {
      const length = prefixes.lengths[i]!;
      texts.add(`${first}/${length}`);
      counts.set(length, (counts.get(length) ?? 0) + 1);
      expect(first % 2 ** (32 - length)).toBe(0);
    });
    expect(texts.size).toBe(2000);
    expect(counts.get(32)! / 2000).toBeCloseTo(0.7, 1);
    expect(counts.get(24)! / 2000).toBeCloseTo(0.18, 1);
  });

  test("gives the same for the same seed, and another for another", () => {
    expect(prefixes4(50).firsts).toEqual(prefixes4(50).firsts);
    expect(prefixes4(50, 9).firsts).not.toEqual(prefixes4(50).firsts);
  });
});

test("half of the sources are in a prefix, by Node's own list of addresses", () => {
  const list = new BlockList();
  prefixes.firsts.forEach((first, i) => list.addSubnet(dotted(first), prefixes.lengths[i]!));
  const sources = sources4(prefixes, 400);
  const listed = sources.filter((source) => list.check(dotted(source))).length;
  expect(listed).toBeGreaterThan(150);
  expect(listed).toBeLessThan(250);
  expect(sources4(prefixes, 100, 1).every((source) => list.check(dotted(source)))).toBe(true);
});

test("a feed has a line for each prefix, and a host without its length", () => {
  const text = feedText4({ firsts: Uint32Array.of(0xc6336407, 0xcb007100), lengths: Uint8Array.of(32, 24) });
  expect(text).toBe("# address or prefix\n198.51.100.7\n203.0.113.0/24\n");
  const six = { words: Uint32Array.of(0x20010db8, 0, 0, 1), lengths: Uint8Array.of(128) };
  expect(feedText6(six)).toBe("2001:db8:0:0:0:0:0:1/128\n");
});

test("IPv6 sources are in 2000::/4, and half of them in a prefix", () => {
  const six = prefixes6(500);
  const list = new BlockList();
  const text = (words: Uint32Array) => feedText6({ words, lengths: Uint8Array.of(128) }).split("/")[0]!;
  six.lengths.forEach((length, i) => list.addSubnet(text(six.words.slice(4 * i, 4 * i + 4)), length, "ipv6"));
  const sources = sources6(six, 400);
  let listed = 0;
  for (let i = 0; i < 400; i++) {
    const source = sources.slice(4 * i, 4 * i + 4);
    expect(source[0]! >>> 28).toBe(2);
    if (list.check(text(source), "ipv6")) listed++;
  }
  expect(listed).toBeGreaterThan(150);
  expect(listed).toBeLessThan(250);
});

test("words stand in network order", () => {
  expect([...networkOrder(Uint32Array.of(0xc6336407))]).toEqual([198, 51, 100, 7]);
});
