// BPF object files (ELF): opened, adjusted, loaded. What is taken out of one lives on when it is closed.

import { readFileSync } from "node:fs";
import { loadAddon, type NativeObject, type ObjectMap, type ObjectProgram } from "./addon.ts";
import { BpfMap } from "./map.ts";
import { BpfProgram } from "./program.ts";

export class BpfObject {
  readonly #native: NativeObject;

  /** Use open. */
  constructor(handle: NativeObject) {
    this.#native = handle;
  }

  /** `name` stands before the names of maps that a section makes (`<name>.rodata`), cut to 15 characters in all. */
  static open(elf: Uint8Array | string, name: string): BpfObject {
    return new BpfObject(loadAddon().openObject(typeof elf === "string" ? readFileSync(elf) : elf, name));
  }

  get closed(): boolean {
    return this.#native.isClosed();
  }

  /** The maps that it declares, sections' maps included. */
  maps(): ObjectMap[] {
    return this.#native.maps();
  }

  /** The programs that it has, as they are before load. */
  programs(): ObjectProgram[] {
    return this.#native.programs();
  }

  setMaxEntries(map: string, maxEntries: number): void {
    this.#native.setMaxEntries(map, maxEntries);
  }

  /** Load will bind the name to this map and not make one. EINVAL where type, key or value differ. */
  reuseMap(map: string, existing: BpfMap): void {
    this.#native.reuseMap(map, BpfMap.nativeOf(existing));
  }

  /**
   * Load will bind the name to the one value of this array, of any size; null: of the map that it makes or reuses. Where the
   * source takes the map's address, the program gets the value's. EINVAL where the map is not an array of one element.
   */
  useValue(map: string, existing: BpfMap | null): void {
    this.#native.useValue(map, existing && BpfMap.nativeOf(existing));
  }

  /**
   * What load will put into XDP programs: for the immediate `word` + offset the 32 bits at that offset of `bytes`, for `bit` +
   * 65,536 n + offset bit n of them, or where n is `anyBit` whether one of them is set. `optional` as `bit`, before a jump that is taken where r0 is 0: both go where it is set.
   */
  useConstants(
    bases: { word: number; bit: number; optional: number; anyBit: number },
    bytes: Uint8Array,
  ): void {
    this.#native.useConstants(bases.word, bases.bit, bases.optional, bases.anyBit, bytes);
  }

  /** The whole content of a section's map, before load: `.rodata`. The verifier sees it as constants. */
  setInitialValue(map: string, value: Uint8Array): void {
    this.#native.setInitialValue(map, value);
  }

  /** Makes the maps and has the programs verified. A refusal carries the verifier's log in `error.log`. Once only. */
  load(): void {
    this.#native.load();
  }

  /** Loads this object and another one at the same time. Where one fails, the error is that one's, and both are spent. */
  loadBeside(other: BpfObject): void {
    this.#native.loadBeside(other.#native);
  }

  /** A program, by the name of its C function. */
  program(name: string): BpfProgram {
    return new BpfProgram(this.#native.program(name));
  }

  /** A map, by its name in C or by its section (`.rodata`). */
  map(name: string): BpfMap {
    return new BpfMap(this.#native.map(name));
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
