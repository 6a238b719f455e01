// What the addon's tests share: the loaded filter, a pin directory, a veth pair, and the reason why this machine cannot
// run them.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import { BpfMap, BpfObject, type BpfProgram, bpfUnavailable, interfaceIndex, isBpffs } from "../index.ts";
import { compile } from "./compile.ts";

function missing(): string | null {
  const unavailable = bpfUnavailable();
  if (unavailable !== null) return unavailable.message;
  try {
    BpfMap.create({ type: "array", name: "probe", keyBytes: 4, valueBytes: 4, maxEntries: 1 }).close();
  } catch (error) {
    return (error as Error).message;
  }
  return isBpffs("/sys/fs/bpf") ? null : "no BPF file system at /sys/fs/bpf: mount -t bpf bpf /sys/fs/bpf";
}

/** A describe() of tests that need the kernel; without it they are skipped, and the reason is printed. */
export function describeKernel(name: string, tests: () => void): void {
  const reason = missing();
  if (reason !== null) console.warn(`skipped: ${name}: ${reason}`);
  describe.skipIf(reason !== null)(name, tests);
}

export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_TX = 3;

export interface Filter {
  readonly program: BpfProgram;
  readonly shorten: BpfProgram;
  readonly table: BpfMap;
  readonly counters: BpfMap;
  readonly records: BpfMap;
}

/** Loads filter.bpf.c with its constants: struct settings. */
export function loadFilter(verdict: number = XDP_PASS, record = false): Filter {
  using object = BpfObject.open(compile("filter"), "filter");
  object.setInitialValue(".rodata", new Uint8Array(Uint32Array.of(verdict, record ? 1 : 0).buffer));
  object.load();
  return {
    program: object.program("filter"),
    shorten: object.program("shorten"),
    table: object.map("table"),
    counters: object.map("counters"),
    records: object.map("records"),
  };
}

/** A directory of our own in bpffs, taken away with all that is pinned in it. */
export function pinDirectory(label: string): Disposable & { path(name: string): string } {
  const directory = `/sys/fs/bpf/piston-test-${process.pid}-${label}`;
  mkdirSync(directory);
  return {
    path: (name) => join(directory, name),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

let pairs = 0;

/** A veth pair: one end in this namespace, the other in a namespace of its own. */
export function vethPair(): Disposable & { name: string; ifindex: number; namespace: string } {
  const number = pairs++;
  const name = `pt${process.pid}x${number}`;
  const namespace = `piston-test-${process.pid}-bpf${number}`;
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
  ip("netns", "add", namespace);
  ip("link", "add", name, "type", "veth", "peer", "name", "peer0", "netns", namespace);
  ip("link", "set", name, "up");
  ip("-n", namespace, "link", "set", "peer0", "up");
  const ifindex = interfaceIndex(name);
  if (ifindex === null) throw new Error(`no interface ${name}`);
  return {
    name,
    ifindex,
    namespace: `/run/netns/${namespace}`,
    [Symbol.dispose]: () => {
      if (existsSync(`/sys/class/net/${name}`)) ip("link", "del", name);
      ip("netns", "del", namespace);
    },
  };
}

export const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
export const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
/** A 64-bit little-endian number out of bytes. */
export const readU64 = (bytes: Uint8Array, offset = 0): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true);
/** A frame of the given length, each byte its own index. */
export const frame = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i & 255);
