// The text files of `../shared/data` to sorted arrays, read and searched by other code than the compiler's: what the
// classification of a million addresses is compared with.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Beside the repository; not part of it. */
export const DATA = "../shared/data";
const path = (...names: string[]) => join(ROOT, DATA, ...names);

/** null where the lists are there. */
export const dataSkipReason: string | null = existsSync(path("ipsum.txt"))
  ? null
  : `${DATA} is not there: a threat feed (ipsum.txt) and country lists (country/CC/ipv4.txt, ipv6.txt)`;

export function countryCodes(): string[] {
  return readdirSync(path("country")).sort();
}

/** Paths below DATA of a country's lists. */
export function countryFiles(code: string): string[] {
  return ["ipv4.txt", "ipv6.txt"]
    .map((name) => `country/${code}/${name}`)
    .filter((name) => existsSync(path(name)));
}

/** `203.0.113.7` to its 32 bits; eight groups, some left out, to 128. */
export function toNumber(address: string): bigint {
  if (!address.includes(":")) return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [left = "", right] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const head = groups(left);
  const tail = groups(right ?? "");
  const middle = right === undefined ? [] : Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...middle, ...tail].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

/** Addresses first to last belong to `owner`. Sorted by `first`, no two of them overlap. */
export interface OwnedRanges {
  readonly first: readonly bigint[];
  readonly last: readonly bigint[];
  readonly owner: readonly string[];
}

/** Of one family. Throws where two ranges overlap: one search then would not tell. */
export function readRanges(
  bits: 32 | 128,
  files: readonly { readonly name: string; readonly owner: string }[],
): OwnedRanges {
  const found: { first: bigint; last: bigint; owner: string }[] = [];
  for (const { name, owner } of files)
    for (const line of readFileSync(path(name), "utf8").split("\n")) {
      const [text = ""] = line.split(/[\s#]/, 1);
      if (text === "" || text.includes(":") !== (bits === 128)) continue;
      const [address = "", length = String(bits)] = text.split("/");
      const first = toNumber(address);
      found.push({ first, last: first + (1n << BigInt(bits - Number(length))) - 1n, owner });
    }
  found.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  for (const [index, { first }] of found.entries())
    if (index > 0 && found[index - 1]!.last >= first) throw new Error(`ranges overlap at ${first}`);
  return {
    first: found.map(({ first }) => first),
    last: found.map(({ last }) => last),
    owner: found.map(({ owner }) => owner),
  };
}

/** Whose range the address is in; null where in none. */
export function ownerOf(ranges: OwnedRanges, address: bigint): string | null {
  let low = 0;
  let high = ranges.first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges.first[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  return low > 0 && address <= ranges.last[low - 1]! ? ranges.owner[low - 1]! : null;
}
