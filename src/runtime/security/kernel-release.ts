// `uname -r` to numbers that compare: 5.9 is older than 5.15, and what a vendor appends does not count.

export interface KernelRelease {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** What the XDP program needs: packets with metadata in BPF_PROG_TEST_RUN came with it. */
export const LEAST_KERNEL: KernelRelease = { major: 5, minor: 15, patch: 0 };

/** `5.15.0-91-generic`, `6.1-rc3`, `5.14.0-503.el9.x86_64`; null where it is none. */
export function parseRelease(text: string): KernelRelease | null {
  const match = /^(\d{1,5})\.(\d{1,5})(?:\.(\d{1,5}))?/.exec(text);
  if (!match) return null;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
}

/** Below zero where `a` is the older. */
export function compareReleases(a: KernelRelease, b: KernelRelease): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

export function isOlder(release: KernelRelease, than: Pick<KernelRelease, "major" | "minor">): boolean {
  return compareReleases(release, { ...than, patch: 0 }) < 0;
}
