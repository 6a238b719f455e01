// Finds and loads the addon, once for each thread, on first use. Importing this file loads nothing and cannot fail.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { BpfError, type BpfFailure, BpfUnavailableError } from "./errors.ts";

export interface NativeHandle {
  close(): void;
  isClosed(): boolean;
}

export interface NativeMap extends NativeHandle {
  info(): MapInfo;
  valueBytes(): number;
  lookup(key: Uint8Array): Uint8Array | null;
  update(key: Uint8Array, value: Uint8Array, flags: number): void;
  delete(key: Uint8Array): boolean;
  nextKey(key: Uint8Array | null): Uint8Array | null;
  freeze(): void;
  readAll(): { keys: Uint8Array; values: Uint8Array; count: number };
  readRange(first: number, count: number): Uint8Array;
  writeImage(bytes: Uint8Array, offsetBytes: number): void;
  readImage(lengthBytes: number, offsetBytes: number): Uint8Array;
  holdsImage(bytes: Uint8Array, offsetBytes: number): boolean;
  pin(path: string): void;
}

export interface NativeProgram extends NativeHandle {
  info(): ProgramInfo;
  testRun(
    packet: Uint8Array,
    metadata: Uint8Array,
    repeat: number,
  ): { returnCode: number; output: Uint8Array; metadataBytes: number };
  measure(
    packet: Uint8Array,
    metadata: Uint8Array,
    repeat: number,
  ): { returnCode: number; durationNs: number };
  testRunMany(packets: Uint8Array, offsets: Uint32Array, metadata: Uint8Array, codes: Uint32Array): void;
  testRunLive(packet: Uint8Array, repeat: number, batchFrames: number): number;
  pin(path: string): void;
}

export interface NativeLink extends NativeHandle {
  info(): LinkInfo;
  update(program: NativeProgram, expected: NativeProgram | null): void;
  detach(): void;
  pin(path: string): void;
}

export interface NativeObject extends NativeHandle {
  maps(): ObjectMap[];
  programs(): ObjectProgram[];
  setMaxEntries(map: string, maxEntries: number): void;
  reuseMap(map: string, existing: NativeMap): void;
  useValue(map: string, existing: NativeMap | null): void;
  useConstants(base: number, bitBase: number, optionalBase: number, anyBit: number, bytes: Uint8Array): void;
  setInitialValue(map: string, value: Uint8Array): void;
  load(): void;
  loadBeside(other: NativeObject): void;
  program(name: string): NativeProgram;
  map(name: string): NativeMap;
}

export interface NativeRingBuffer extends NativeHandle {
  ref(): void;
  unref(): void;
}

export interface NativeRingReader extends NativeHandle {
  drain(into: Uint8Array, slotBytes: number, sizes: Uint32Array, total: Float64Array, most: number): number;
  positions(): { read: number; written: number };
  wait(onReadable: () => void): void;
}

export interface NativeSha256 extends NativeHandle {
  advance(bytes: number): void;
  finish(): Uint8Array;
}

/** A map as its object file declares it. */
export interface ObjectMap {
  readonly name: string;
  /** libbpf's name: `array`, `percpu_array`, `lru_hash`, `ringbuf`, … */
  readonly type: string;
  readonly keyBytes: number;
  /** Of one CPU, where the map is per-CPU. */
  readonly valueBytes: number;
  readonly maxEntries: number;
  /** BPF_F_* bits. */
  readonly flags: number;
}

/** A program as its object file has it. */
export interface ObjectProgram {
  /** Of its C function. */
  readonly name: string;
  /** libbpf's name: `xdp`, … */
  readonly type: string;
  /** Of 8 bytes each. */
  readonly instructions: number;
  /** Helpers that it calls, by their number in the kernel's ABI. */
  readonly helpers: readonly { readonly id: number; readonly name: string }[];
}

/** Each an errno: 0 where it worked. Those after `xdp` are missing where a program could not be loaded. */
export interface ProbedFeatures {
  readonly bpf: number;
  readonly "map-freeze"?: number;
  readonly "mmapable-arrays": number;
  readonly "ring-buffer": number;
  readonly xdp: number;
  readonly "compare-and-swap"?: number;
  readonly "test-run"?: number;
  readonly "test-run-metadata"?: number;
  readonly "xdp-link"?: number;
}

/** A map as the kernel has it. */
export interface MapInfo extends ObjectMap {
  readonly id: number;
  /** No system call can change it any more. */
  readonly frozen: boolean;
  /** Kernel memory that the map takes, as the kernel reckons it. */
  readonly memoryBytes: number;
}

export interface ProgramInfo {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  /** The kernel's digest of the instructions, 16 hex digits. */
  readonly tag: string;
  readonly mapIds: readonly number[];
  readonly xlatedBytes: number;
  readonly jitedBytes: number;
  /** Instructions that the verifier walked; 0 before kernel 5.16. */
  readonly verifiedInstructions: number;
  /** When it was loaded, on CLOCK_BOOTTIME. */
  readonly loadTimeNs: bigint;
}

export interface LinkInfo {
  readonly id: number;
  readonly programId: number;
  /** 0: detached, or its interface is gone. */
  readonly ifindex: number;
}

export interface XdpState {
  readonly programId: number;
  readonly mode: "native" | "generic" | "offload";
}

export interface Native {
  setErrorClass(error: new (failure: BpfFailure) => Error): void;
  createMap(
    type: string,
    name: string,
    keyBytes: number,
    valueBytes: number,
    maxEntries: number,
    flags: number,
  ): NativeMap;
  openPinnedMap(path: string): NativeMap;
  mapFromId(id: number): NativeMap;
  openPinnedProgram(path: string): NativeProgram;
  programFromId(id: number): NativeProgram;
  attachXdp(program: NativeProgram, ifindex: number, generic: boolean): NativeLink;
  openPinnedLink(path: string): NativeLink;
  linkFromId(id: number): NativeLink;
  xdpQuery(ifindex: number): XdpState | null;
  openObject(elf: Uint8Array, name: string): NativeObject;
  openRingBuffer(map: NativeMap, onRecord: (bytes: Uint8Array) => void): NativeRingBuffer;
  openRingReader(map: NativeMap): NativeRingReader;
  sealArrays(
    names: readonly string[],
    images: readonly Uint8Array[],
  ): { readonly map: NativeMap; readonly sha256: Uint8Array }[];
  beginSha256(bytes: Uint8Array): NativeSha256;
  dropCapabilities(keep: bigint): void;
  probeFeatures(): ProbedFeatures;
  probeHelper(id: number): number;
  probeMapType(type: string): number;
  isBpffs(path: string): boolean;
  mountBpffs(path: string): void;
  possibleCpus(): number;
  releaseMemory(): void;
  ktimeNs(): bigint;
  interfaceIndex(name: string): number | null;
  interfaceName(ifindex: number): string | null;
  enterNetworkNamespace(path: string): void;
}

const requireAddon = createRequire(import.meta.url);

/** In a bundled agent the addon lies beside the bundle, in a checkout where node-gyp put it; the package's tree has the agent's. */
const PLACES = [
  "./piston_bpf.node",
  "../../../addon/build/Release/piston_bpf.node",
  "../../agent/piston_bpf.node",
];

let loaded: Native | null = null;

/** The addon. Throws BpfUnavailableError. */
export function loadAddon(): Native {
  loaded ??= load();
  return loaded;
}

/** Why BPF cannot be used in this process, or null where it can. Says nothing of privileges. */
export function bpfUnavailable(): BpfUnavailableError | null {
  try {
    loadAddon();
    return null;
  } catch (error) {
    if (error instanceof BpfUnavailableError) return error;
    throw error;
  }
}

function load(): Native {
  if (process.platform !== "linux") {
    throw new BpfUnavailableError(
      `BPF needs Linux, this is ${process.platform}: run it on a Linux machine or in a Linux VM`,
    );
  }
  for (const place of PLACES) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    const addon = loadFrom(path);
    if (addon === null) continue;
    addon.setErrorClass(BpfError);
    return addon;
  }
  const tree = fileURLToPath(new URL("../../../addon", import.meta.url));
  throw new BpfUnavailableError(
    `the BPF addon is not built: run \`npm run setup\`, or node-gyp rebuild --directory ${tree}`,
  );
}

function loadFrom(path: string): Native | null {
  try {
    return requireAddon(path) as Native;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND") return null;
    const reason = message.split("\n")[0] ?? "";
    const mend = /libbpf/.test(reason)
      ? "install libbpf 1.0 or newer (Debian: apt-get install libbpf1)"
      : "build it again for this machine with `npm run setup`";
    throw new BpfUnavailableError(`the BPF addon cannot be loaded: ${reason}: ${mend}`, { cause: error });
  }
}
