// bpf/shared.h in TypeScript: numbers, names and byte offsets that the bundle, the agent and the XDP program share.
// abi.test.ts asks a C compiler for the same figures and compares.

export const ABI_VERSION = 1;
export const LINE_BYTES = 64;
export const RULES_MAX = 4096;
export const MANAGEMENT_MAX = 64;
export const BACKENDS_MAX = 256;
export const TICKS_PER_NS = 16n;
export const LIMIT_MULTIPLIER_SHIFT = 16n;

/** Names of `enum reason`, by value. */
export const REASONS = [
  "default",
  "rule",
  "limit",
  "block",
  "management",
  "arp",
  "neighbour-discovery",
  "dhcp",
  "other-ethertype",
  "truncated-ethernet",
  "truncated-vlan",
  "too-many-vlan-tags",
  "truncated-ip",
  "bad-ip-version",
  "bad-ihl",
  "bad-total-length",
  "truncated-extension",
  "too-many-extensions",
  "bad-fragment",
  "tiny-fragment",
  "truncated-l4",
  "bad-tcp-offset",
  "bad-udp-length",
] as const;
export type Reason = (typeof REASONS)[number];

export const VERDICTS = ["drop", "pass"] as const;

/** Sections of a bundle, each the image of the map of the same name. `config` is the policy's part of .rodata. */
export const SECTION_NAMES = [
  "config",
  "rules",
  "fields",
  "vectors",
  "source4_root",
  "source4_ranges",
  "source6_root",
  "source6_ranges",
  "destination4_root",
  "destination4_ranges",
  "destination6_root",
  "destination6_ranges",
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** struct config. Offsets in bytes. */
export const CONFIG = {
  bytes: 216,
  abiVersion: 0,
  ruleCount: 4,
  wordCount: 8,
  rowStride: 12,
  stepCount: 16,
  defaultVerdict: 20,
  dimensionMask: 24,
  limitCount: 28,
  blockCount: 32,
  managementMask: 40,
  passReasons: 48,
  fieldBase: 56,
  rowBase: 120,
  address: 184,
} as const;

/** struct instance, after struct config in .rodata. */
export const INSTANCE = { bytes: 40, bundleDigest: 0, proof: 32, samplesPerJiffy: 36 } as const;

/** struct rule. */
export const RULE = {
  bytes: 64,
  id: 0,
  limitId: 8,
  limitMultiplier: 16,
  limitBurstTicks: 24,
  blockNs: 32,
  action: 40,
  shadow: 41,
  limitUnit: 42,
  limitKey: 43,
  limitPrefix4: 44,
  limitPrefix6: 45,
  backend: 46,
} as const;

/** struct proof: metadata before a packet in a test-run of a proof instance. */
export const PROOF = { bytes: 32, nowNs: 0, ruleId: 8, reason: 16, verdict: 20 } as const;

export const COUNTERS_REASONS = 64;
export const COUNTERS_PER_SLOT = 4;
export const COUNTER_KINDS = ["decided", "exceeded", "conformed", "blocked"] as const;
export const SLOTS_MAX = 8192;
export const SLOT_NONE = 0xffffffff;

export const DIMENSION_SOURCE = 11;
export const DIMENSION_DESTINATION = 12;
