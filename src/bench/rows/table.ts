// What the million-prefix table takes in the kernel, and how long it takes to get there, against the trie.

import { readFileSync } from "node:fs";
import { SECTION_NAMES } from "../../bundle/abi.ts";
import { sectionSha256 } from "../../bundle/digest.ts";
import { BpfMap, MAP_FLAGS } from "../../runtime/bpf/index.ts";
import { frozenTables } from "../../runtime/kernel/tables.ts";
import { middle } from "../timing.ts";
import { fillTrie4 } from "../trie.ts";
import { type BenchContext, figure, type Row } from "../types.ts";

const MIB = 2 ** 20;

/** The kernel reckons a trie at its keys and values alone: what it really takes is what its slabs grow by. */
function slabBytes(): number {
  const kib = /^Slab:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Number(kib) * 1024;
}

export const table: Row = {
  name: "table-1m",
  title: "memory and load of the table of 1,000,000 IPv4 prefixes",
  run: ({ scale, inputs }: BenchContext) => {
    const { prefixes, bundle } = inputs.v4(scale.manyPrefixes);
    const names = SECTION_NAMES.filter((name) => name.startsWith("source4"));
    const images = names.flatMap((name) => {
      const bytes = bundle.section(name);
      return bytes ? [{ name, bytes, sha256: sectionSha256(bytes) }] : [];
    });
    let memoryBytes = 0;
    const times: number[] = [];
    for (let round = 0; round < scale.rounds.count; round++) {
      const begun = performance.now();
      // As the agent does: made, filled, frozen, and what the kernel holds then compared with the digest.
      const maps = frozenTables(images);
      times.push(performance.now() - begun);
      memoryBytes = maps.reduce((sum, map) => sum + map.info.memoryBytes, 0);
      for (const map of maps) map.close();
    }

    const slabBefore = slabBytes();
    const begun = performance.now();
    using trie = BpfMap.create({
      type: "lpm_trie",
      name: "bench_trie",
      keyBytes: 8,
      valueBytes: 4,
      maxEntries: prefixes.firsts.length,
      flags: MAP_FLAGS.noPreallocate,
    });
    fillTrie4(trie, prefixes);
    const trieMs = performance.now() - begun;
    const trieBytes = slabBytes() - slabBefore;
    const loadMs = middle(times);
    return Promise.resolve({
      figures: [
        figure("memory", memoryBytes / MIB, "MiB", { atMost: 5 }),
        figure("memory of the trie", trieBytes / MIB, "MiB"),
        figure("verify, create, load, read back", loadMs, "ms", { atMost: 3 }),
        figure("fill the trie", trieMs, "ms"),
        figure("load / trie", loadMs / trieMs, "×"),
      ],
    });
  },
};
