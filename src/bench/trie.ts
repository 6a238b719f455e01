// Prefixes into a BPF_MAP_TYPE_LPM_TRIE, one system call each: the way that it is filled everywhere.

import type { BpfMap } from "../runtime/bpf/index.ts";
import type { Prefixes4, Prefixes6 } from "./prefixes.ts";

const LISTED = Uint8Array.of(1, 0, 0, 0);

export function fillTrie4(trie: BpfMap, { firsts, lengths }: Prefixes4): void {
  const key = new Uint8Array(8);
  const view = new DataView(key.buffer);
  for (let i = 0; i < firsts.length; i++) {
    view.setUint32(0, lengths[i]!, true);
    view.setUint32(4, firsts[i]!);
    trie.update(key, LISTED);
  }
}

export function fillTrie6(trie: BpfMap, { words, lengths }: Prefixes6): void {
  const key = new Uint8Array(20);
  const view = new DataView(key.buffer);
  for (let i = 0; i < lengths.length; i++) {
    view.setUint32(0, lengths[i]!, true);
    for (let word = 0; word < 4; word++) view.setUint32(4 + 4 * word, words[4 * i + word]!);
    trie.update(key, LISTED);
  }
}
