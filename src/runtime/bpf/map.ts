// BPF maps: made, opened, read, written, frozen, pinned. Keys and values are bytes, as the kernel has them.

import { loadAddon, type MapInfo, type NativeMap } from "./addon.ts";

export type MapType =
  | "array"
  | "percpu_array"
  | "hash"
  | "percpu_hash"
  | "lru_hash"
  | "lru_percpu_hash"
  | "lpm_trie"
  | "ringbuf";

export interface MapDefinition {
  readonly type: MapType;
  /** At most 15 characters of [A-Za-z0-9_.]. */
  readonly name: string;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** A ring buffer: bytes, a power of two and a multiple of the page. */
  readonly maxEntries: number;
  /** MAP_FLAGS, added up. */
  readonly flags?: number;
}

/** BPF_F_* of linux/bpf.h that map creation takes. */
export const MAP_FLAGS = {
  noPreallocate: 1 << 0,
  noCommonLru: 1 << 1,
  readOnlyToUser: 1 << 3,
  readOnlyToProgram: 1 << 7,
  mmapable: 1 << 10,
} as const;

const UPDATE = { any: 0, noexist: 1, exist: 2 } as const;

export class BpfMap {
  readonly #native: NativeMap;

  /** Use create, openPinned, fromId or BpfObject.map. */
  constructor(handle: NativeMap) {
    this.#native = handle;
  }

  static create(definition: MapDefinition): BpfMap {
    const { type, name, keyBytes, valueBytes, maxEntries, flags } = definition;
    return new BpfMap(loadAddon().createMap(type, name, keyBytes, valueBytes, maxEntries, flags ?? 0));
  }

  /**
   * An array of one element for each image, which is whole 8-byte words: filled, frozen, and `sha256` the digest (32 bytes, as
   * sectionSha256) of what it holds then. This thread and another one share them, and the parts of each. Where one fails none is left.
   */
  static sealed(
    images: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  ): { readonly map: BpfMap; readonly sha256: Uint8Array }[] {
    const names = images.map(({ name }) => name);
    const sealed = loadAddon().sealArrays(
      names,
      images.map(({ bytes }) => bytes),
    );
    return sealed.map(({ map, sha256 }) => ({ map: new BpfMap(map), sha256 }));
  }

  static openPinned(path: string): BpfMap {
    return new BpfMap(loadAddon().openPinnedMap(path));
  }

  static fromId(id: number): BpfMap {
    return new BpfMap(loadAddon().mapFromId(id));
  }

  /** Asked of the kernel at each reading. */
  get info(): MapInfo {
    return this.#native.info();
  }

  /** As in info, and known without a system call. Of one CPU, where the map is per-CPU. */
  get valueBytes(): number {
    return this.#native.valueBytes();
  }

  get closed(): boolean {
    return this.#native.isClosed();
  }

  /** The value, or null. Of a per-CPU map: each possible CPU's value in turn, each rounded up to 8 bytes. */
  lookup(key: Uint8Array): Uint8Array | null {
    return this.#native.lookup(key);
  }

  /** `noexist` fails with EEXIST, `exist` with ENOENT. */
  update(key: Uint8Array, value: Uint8Array, mode: keyof typeof UPDATE = "any"): void {
    this.#native.update(key, value, UPDATE[mode]);
  }

  /** False where there was no such key. */
  delete(key: Uint8Array): boolean {
    return this.#native.delete(key);
  }

  /**
   * Keys, one system call each. A hash table that changes meanwhile may give a key twice, and begins again where the
   * last key given was deleted: collect the keys first, then delete.
   */
  *keys(): Generator<Uint8Array, void, undefined> {
    for (let key = this.#native.nextKey(null); key !== null; key = this.#native.nextKey(key)) yield key;
  }

  /** All entries, by batches where the kernel has them. Read at the first step; views into one copy. */
  *entries(): Generator<[key: Uint8Array, value: Uint8Array], void, undefined> {
    const { keys, values, count } = this.#native.readAll();
    if (count === 0) return;
    const keyBytes = keys.length / count;
    const valueBytes = values.length / count;
    for (let i = 0; i < count; i++) {
      yield [
        keys.subarray(i * keyBytes, (i + 1) * keyBytes),
        values.subarray(i * valueBytes, (i + 1) * valueBytes),
      ];
    }
  }

  /** Values `first` to `first + count - 1` of an array, side by side as lookup gives them: few system calls. */
  readRange(first: number, count: number): Uint8Array {
    return this.#native.readRange(first, count);
  }

  /**
   * Writes bytes into an array that has MAP_FLAGS.mmapable, as memory. Its entries lie side by side, each rounded up to
   * 8 bytes. No mapping is left behind, so the map can be frozen. The kernel refuses it (EACCES) with readOnlyToProgram.
   */
  writeImage(bytes: Uint8Array, offsetBytes = 0): void {
    this.#native.writeImage(bytes, offsetBytes);
  }

  /** The memory of an array that has MAP_FLAGS.mmapable. */
  readImage(lengthBytes: number, offsetBytes = 0): Uint8Array {
    return this.#native.readImage(lengthBytes, offsetBytes);
  }

  /** Whether it holds these very bytes: as readImage, without a copy. */
  holdsImage(bytes: Uint8Array, offsetBytes = 0): boolean {
    return this.#native.holdsImage(bytes, offsetBytes);
  }

  /** From now on no system call can change it; programs still can, unless it has readOnlyToProgram. */
  freeze(): void {
    this.#native.freeze();
  }

  /** Gives it a name in bpffs, which keeps it alive. EEXIST where the path is taken. */
  pin(path: string): void {
    this.#native.pin(path);
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For siblings: what the addon holds. */
  static nativeOf(map: BpfMap): NativeMap {
    return map.#native;
  }
}
