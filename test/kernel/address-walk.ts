// Sets of IPv4 prefixes to whether the XDP program tells apart just the addresses that the sets do: every address of some
// chunks (65,536 that share their first 16 bits), or of all of them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromPrefixes } from "../../src/ir/address-set.ts";
import { formatAddress, type Prefix } from "../../src/ir/prefix.ts";
import { buildTestProgram } from "../support/build-filter.ts";
import { loadSourceRules } from "./source-rules.ts";

const PROGRAM = fileURLToPath(new URL("address-walk.bpf.c", import.meta.url));

const CHUNK = 65_536;
const CHUNKS = 65_536;
/** Chunks of a run that is one of many tests. PISTON_EVERY_ADDRESS: all of them, in about two minutes. */
const SOME_CHUNKS = process.env.PISTON_EVERY_ADDRESS ? CHUNKS : 256;

/** struct walk of address-walk.bpf.c. */
const WALK = { count: 0, segments: 8, segmentBytes: 8 } as const;
const ETHERNET_BYTES = 14;

export interface Walk {
  readonly addresses: number;
  /** What the program found, by classes, and what sets say. */
  readonly classes: number;
  /** Addresses that the program tells from their like, or takes for others. */
  readonly wrong: readonly string[];
}

/** `always`: chunks that are not left to chance. */
export function walkAddresses(sets: readonly (readonly Prefix[])[], always: readonly number[] = []): Walk {
  const folder = mkdtempSync(join(tmpdir(), "piston-test-walk-"));
  try {
    const object = join(folder, "address-walk.bpf.o");
    buildTestProgram(PROGRAM, object);
    using rules = loadSourceRules(object, sets.map(fromPrefixes));
    const program = rules.object.program("address_walk");
    const map = rules.object.map("walk");
    try {
      const painter = new Painter(sets);
      const comparison = new Comparison();
      const frame = new Uint8Array(ETHERNET_BYTES);
      const chunks = chunksToWalk(always);
      for (const chunk of chunks) {
        frame[0] = chunk >>> 8;
        frame[1] = chunk & 0xff;
        program.testRun(frame);
        const count = new DataView(map.readImage(4, WALK.count).buffer).getUint32(0, true);
        const found = map.readImage(count * WALK.segmentBytes, WALK.segments);
        comparison.add(chunk, new Uint32Array(Uint8Array.from(found).buffer), painter.paint(chunk));
      }
      return { addresses: chunks.length * CHUNK, classes: comparison.classes, wrong: comparison.wrong };
    } finally {
      program.close();
      map.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Evenly spread: the step is odd, so that all of them are none twice. */
function chunksToWalk(always: readonly number[]): number[] {
  const chunks = new Set(always);
  for (let i = 0; i < CHUNKS && chunks.size < SOME_CHUNKS; i++) chunks.add((i * 40_503) % CHUNKS);
  return [...chunks];
}

/** Prefixes to the sets that an address is in, as a number: painted address by address, by other means than the compiler's. */
class Painter {
  readonly #byChunk = new Map<
    number,
    { readonly set: number; readonly first: number; readonly last: number }[]
  >();
  readonly #numbers = new Map<string, number>();
  readonly #mark = new Int32Array(CHUNK);
  readonly #state = new Uint32Array(CHUNK);

  constructor(sets: readonly (readonly Prefix[])[]) {
    for (const [set, prefixes] of sets.entries())
      for (const prefix of prefixes) {
        const [first, last] = [Number(prefix.first), Number(prefix.last)];
        for (let chunk = Math.floor(first / CHUNK); chunk <= Math.floor(last / CHUNK); chunk++) {
          let list = this.#byChunk.get(chunk);
          if (!list) this.#byChunk.set(chunk, (list = []));
          const begin = chunk * CHUNK;
          list.push({ set, first: Math.max(0, first - begin), last: Math.min(CHUNK - 1, last - begin) });
        }
      }
  }

  /** 0: in none. Valid until the next call. */
  paint(chunk: number): Uint32Array {
    this.#mark.fill(-1);
    this.#state.fill(0);
    for (const { set, first, last } of this.#byChunk.get(chunk) ?? []) {
      let [from, to] = [-1, 0];
      for (let at = first; at <= last; at++) {
        if (this.#mark[at] === set) continue;
        this.#mark[at] = set;
        if (this.#state[at] !== from) {
          from = this.#state[at]!;
          to = this.#numberOf(`${from} ${set}`);
        }
        this.#state[at] = to;
      }
    }
    return this.#state;
  }

  #numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) this.#numbers.set(name, (number = this.#numbers.size + 1));
    return number;
  }
}

const SHOWN = 5;

/** Each class of the program is one of the states, and each state one class. */
class Comparison {
  readonly #stateOf = new Map<number, number>();
  readonly #classOf = new Map<number, number>();
  readonly wrong: string[] = [];

  get classes(): number {
    return this.#stateOf.size;
  }

  /** `segments`: pairs of an address's low bits and the class from there on. */
  add(chunk: number, segments: Uint32Array, states: Uint32Array): void {
    let segment = 0;
    for (let low = 0; low < CHUNK && this.wrong.length < SHOWN; low++) {
      const isNew = segment < segments.length && segments[segment] === low;
      if (isNew) segment += 2;
      if (!isNew && states[low] === states[low - 1]) continue;
      const [found, state] = [segments[segment - 1]!, states[low]!];
      if (!this.#stateOf.has(found) && !this.#classOf.has(state)) {
        this.#stateOf.set(found, state);
        this.#classOf.set(state, found);
      }
      if (this.#stateOf.get(found) !== state || this.#classOf.get(state) !== found)
        this.wrong.push(formatAddress(4, BigInt(chunk * CHUNK + low)));
    }
  }
}
