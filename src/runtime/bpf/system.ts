// bpffs, CPUs, the kernel's clock, interfaces and network namespaces.

import { loadAddon, type ProbedFeatures } from "./addon.ts";

/** Whether a path lies in a BPF file system. False where there is no such path. */
export function isBpffs(path: string): boolean {
  return loadAddon().isBpffs(path);
}

/** Mounts a BPF file system on an existing directory, readable by its owner only. */
export function mountBpffs(path: string): void {
  loadAddon().mountBpffs(path);
}

/** CPUs that the machine may ever have: how many values an entry of a per-CPU map has. */
export function possibleCpus(): number {
  return loadAddon().possibleCpus();
}

/**
 * Gives back memory that is not in use: what the C library's allocator keeps of freed memory, and pages of Node's own code
 * that are not needed now. They come back from the page cache when they are. Some 5 ms; for moments after which little happens.
 */
export function releaseMemory(): void {
  loadAddon().releaseMemory();
}

/** CLOCK_MONOTONIC in nanoseconds, what bpf_ktime_get_ns() gives a program. */
export function ktimeNs(): bigint {
  return loadAddon().ktimeNs();
}

/** Index of an interface of this thread's network namespace, or null. */
export function interfaceIndex(name: string): number | null {
  return loadAddon().interfaceIndex(name);
}

/** Name of an interface of this thread's network namespace, or null. */
export function interfaceName(ifindex: number): string | null {
  return loadAddon().interfaceName(ifindex);
}

/**
 * Moves the calling thread, and no other, to a network namespace such as `/run/netns/<name>`. Sockets that Node opens
 * from this thread are made there. For tests, and for agents that are told to work in a namespace.
 */
export function enterNetworkNamespace(path: string): void {
  loadAddon().enterNetworkNamespace(path);
}

/**
 * Keeps of the capabilities those of the bit set, on every thread of the process that takes signals, and sets no_new_privs.
 * There is no way back.
 */
export function dropCapabilities(keep: bigint): void {
  loadAddon().dropCapabilities(keep);
}

/** Does on the kernel what the agent will do, with nothing attached or pinned. About a millisecond. */
export function probeFeatures(): ProbedFeatures {
  return loadAddon().probeFeatures();
}

/** 0 where XDP programs have the helper, else an errno. */
export function probeHelper(id: number): number {
  return loadAddon().probeHelper(id);
}

/** 0 where the kernel has maps of the type (libbpf's name), else an errno. */
export function probeMapType(type: string): number {
  return loadAddon().probeMapType(type);
}
