// A seed to prefixes, and to sources of which half are in them: the same on every machine.

import { strict as assert } from "node:assert";

/** mulberry32: 32 uniform bits a call, from one 32-bit state. */
export function random32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Distinct prefixes, first addresses and lengths apart. */
export interface Prefixes4 {
  readonly firsts: Uint32Array;
  readonly lengths: Uint8Array;
}

/** Below /20 or so a few prefixes would hold a good part of all addresses, and no source would miss. */
const OTHER_LENGTHS = [20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 31] as const;

/** 70 % /32, 18 % /24, the rest /20 to /31 in equal parts, everywhere from 1.0.0.0 to 223.255.255.255. */
export function prefixes4(count: number, seed = 1): Prefixes4 {
  const random = random32(seed);
  const firsts = new Uint32Array(count);
  const lengths = new Uint8Array(count);
  const seen = new Set<number>();
  for (let filled = 0; filled < count; ) {
    const dice = random() % 100;
    const length = dice < 70 ? 32 : dice < 88 ? 24 : OTHER_LENGTHS[random() % OTHER_LENGTHS.length]!;
    const first = (unicast(random) & maskOf(length)) >>> 0;
    const key = first * 64 + length;
    if (seen.has(key)) continue;
    seen.add(key);
    firsts[filled] = first;
    lengths[filled++] = length;
  }
  return { firsts, lengths };
}

function unicast(random: () => number): number {
  for (;;) {
    const address = random();
    const top = address >>> 24;
    if (top >= 1 && top < 224 && top !== 127) return address;
  }
}

function maskOf(length: number): number {
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
}

/** Lines of a feed file, in no order. */
export function feedText4({ firsts, lengths }: Prefixes4): string {
  const parts: string[] = ["# address or prefix\n"];
  for (let i = 0; i < firsts.length; i++)
    parts.push(lengths[i] === 32 ? `${dotted(firsts[i]!)}\n` : `${dotted(firsts[i]!)}/${lengths[i]}\n`);
  return parts.join("");
}

/** What feedText4() gives, and lists as they are: what follows an address on its line is not read. */
export function readFeed4(text: string): Prefixes4 {
  const lines = text.split("\n").flatMap((line) => line.match(/^[\d./]+/)?.[0] ?? []);
  const firsts = new Uint32Array(lines.length);
  const lengths = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    const [address = "", length = "32"] = line.split("/");
    firsts[i] = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    lengths[i] = Number(length);
  });
  return { firsts, lengths };
}

export function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Whether an address is in one of the prefixes. */
export function membership4({ firsts, lengths }: Prefixes4): (address: number) => boolean {
  const byLength = new Map<number, Set<number>>();
  for (let i = 0; i < firsts.length; i++) {
    let set = byLength.get(lengths[i]!);
    if (!set) byLength.set(lengths[i]!, (set = new Set()));
    set.add(firsts[i]!);
  }
  const tables = [...byLength].map(([length, set]) => ({ mask: maskOf(length), set }));
  return (address) => tables.some(({ mask, set }) => set.has((address & mask) >>> 0));
}

/** Random sources, of which `hits` (0 to 1) are in a prefix chosen at random and the others in none. Host order. */
export function sources4(prefixes: Prefixes4, count: number, hits = 0.5, seed = 2): Uint32Array {
  const random = random32(seed);
  const isMember = membership4(prefixes);
  const sources = new Uint32Array(count);
  const threshold = hits * 2 ** 32;
  for (let i = 0; i < count; i++) {
    if (random() < threshold) {
      const at = random() % prefixes.firsts.length;
      sources[i] = (prefixes.firsts[at]! | (random() & ~maskOf(prefixes.lengths[at]!))) >>> 0;
    } else {
      do sources[i] = unicast(random);
      while (isMember(sources[i]!));
    }
  }
  return sources;
}

/** Four 32-bit words an address, most significant first, and a length. */
export interface Prefixes6 {
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
}

/** /32 to /64 as networks are announced and blocked, and single hosts: 20 % /32, 25 % /48, 40 % /64, 15 % /128, in 2000::/4. */
export function prefixes6(count: number, seed = 3): Prefixes6 {
  const random = random32(seed);
  const words = new Uint32Array(4 * count);
  const lengths = new Uint8Array(count);
  const seen = new Set<string>();
  for (let filled = 0; filled < count; ) {
    const dice = random() % 100;
    const length = dice < 20 ? 32 : dice < 45 ? 48 : dice < 85 ? 64 : 128;
    const address = network(random);
    for (let word = 0; word < 4; word++) {
      const bits = Math.min(32, Math.max(0, length - 32 * word));
      address[word] = (address[word]! & maskOf(bits)) >>> 0;
    }
    const key = `${address.join()}/${length}`;
    if (seen.has(key)) continue;
    seen.add(key);
    words.set(address, 4 * filled);
    lengths[filled++] = length;
  }
  return { words, lengths };
}

/** Of 2^18 /32 blocks, about as many as registries have given out; the rest of the address at random. */
function network(random: () => number): Uint32Array {
  const block = random() % 2 ** 18;
  return Uint32Array.of((0x20000000 | (block << 10)) >>> 0, random(), random(), random());
}

export function feedText6({ words, lengths }: Prefixes6): string {
  const parts: string[] = [];
  for (let i = 0; i < lengths.length; i++) {
    const groups: string[] = [];
    for (let word = 0; word < 4; word++) {
      const value = words[4 * i + word]!;
      groups.push((value >>> 16).toString(16), (value & 0xffff).toString(16));
    }
    parts.push(`${groups.join(":")}/${lengths[i]}\n`);
  }
  return parts.join("");
}

/** Four words a source. Half of them in a prefix chosen at random, the others anywhere in the same space. */
export function sources6(prefixes: Prefixes6, count: number, seed = 4): Uint32Array {
  const random = random32(seed);
  const sources = new Uint32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const address = network(random);
    if (random() % 2 === 0) {
      const at = random() % prefixes.lengths.length;
      for (let word = 0; word < 4; word++) {
        const mask = maskOf(Math.min(32, Math.max(0, prefixes.lengths[at]! - 32 * word)));
        address[word] = ((prefixes.words[4 * at + word]! & mask) | (address[word]! & ~mask)) >>> 0;
      }
    }
    sources.set(address, 4 * i);
  }
  return sources;
}

/** 32-bit words in network order. */
export function networkOrder(words: Uint32Array): Uint8Array {
  const bytes = Buffer.from(words.slice().buffer);
  assert(bytes.length % 4 === 0);
  return bytes.swap32();
}
