// bpf/shared.h in TypeScript: numbers, names and byte offsets that the bundle, the agent and the XDP program share.
// abi.test.ts asks a C compiler for the same figures and compares.

export const ABI_VERSION = 2;
export const LINE_BYTES = 64;
export const RULES_MAX = 4096;
export const MANAGEMENT_MAX = 64;
export const BACKENDS_MAX = 256;
export const TICKS_PER_NS = 16n;
/** A limit whose burst lasts so long is timed by a clock that is a timer tick late at most. */
export const COARSE_CLOCK_BURST_MS = 100;
export const LIMIT_MULTIPLIER_SHIFT = 16n;
export const EXTENSIONS_MAX = 8;
export const VLAN_TAGS_MAX = 2;

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
  "source4_blocks",
  "source4_root",
  "source4_ranges",
  "source6_hosts",
  "source6_nets",
  "source6_root",
  "source6_ranges",
  "destination4_blocks",
  "destination4_root",
  "destination4_ranges",
  "destination6_hosts",
  "destination6_nets",
  "destination6_root",
  "destination6_ranges",
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** The sections that are tables. */
export const TABLE_NAMES = SECTION_NAMES.filter((name) => name !== "config");

/** enum table_index: the tables of a generation, by value. The last one is the agent's own. */
export const PROGRAM_TABLES = [...TABLE_NAMES, "counter_slots"] as const;

/** What the program reads of a table at once. Of those that are not here: a line. */
export const TABLE_ENTRY_BYTES: Readonly<Partial<Record<(typeof PROGRAM_TABLES)[number], number>>> = {
  fields: 2,
  vectors: 8,
  source4_root: 4,
  source6_root: 4,
  destination4_root: 4,
  destination6_root: 4,
  counter_slots: 4,
};

/**
 * Stand in the program, with an offset into .rodata added, for the 32 bits that are there, or for one of them. `anyBit` stands for
 * a bit's number: whether any is set.
 */
export const CONSTANT_BASES = {
  word: 0x7a000000,
  bit: 0x7b000000,
  optional: 0x7c000000,
  anyBit: 255,
} as const;

/** struct config. Offsets in bytes. */
export const CONFIG = {
  bytes: 808,
  abiVersion: 0,
  ruleCount: 4,
  wordCount: 8,
  rowStride: 12,
  reserved: 16,
  defaultVerdict: 20,
  dimensionMask: 24,
  limitCount: 28,
  blockCount: 32,
  payloadTestCount: 36,
  managementMask: 40,
  passReasons: 48,
  fieldBase: 56,
  rowBase: 120,
  address: 184,
  payloadTests: 344,
  decisionCount: 728,
  decisionBase: 732,
  decisionRestBase: 736,
  decisionBlock: 740,
  decisionFactor: 744,
} as const;

/** A decision that the rows have to make. Others are the rule's place plus 1, or 0: no rule. */
export const DECISION_ROWS = 0xffff;

export const PAYLOAD_TESTS_MAX = 16;
export const PAYLOAD_OFFSET_MAX = 2040;

/** struct payload_test. The first byte is in the highest bits of mask and value. */
export const PAYLOAD_TEST = { bytes: 24, mask: 0, value: 8, offset: 16, bytesCount: 20 } as const;

/** Bits of instance.features. */
export const FEATURES = { words: 0, management: 1 } as const;

export const DE_BRUIJN = 0x03f79d71b4cb0a89n;

/** struct instance, after struct config in .rodata. */
export const INSTANCE = {
  bytes: 200,
  bundleDigest: 0,
  proof: 32,
  samplesPerJiffy: 36,
  limitMultipliers: 40,
  limitShift: 56,
  features: 60,
  tableEntries: 64,
  lowestBit: 136,
} as const;

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
  reserved: 48,
} as const;

/** struct proof: metadata before a packet in a test-run of a proof instance. */
export const PROOF = { bytes: 32, nowNs: 0, ruleId: 8, reason: 16, verdict: 20, frameBytes: 24 } as const;

/** An entry of `counter_slots`: the rule's first counter in the low 16 bits, and what of the rule most packets need. */
export const COUNTER_NONE = 0xffff;
export const RULE_PASSES_BIT = 30;
export const RULE_GOES_ON_BIT = 31;

/** Entries of `counters`: reasons, then groups of slots, and in each of them kind by kind. */
export const COUNTERS_REASONS = 32;
export const COUNTERS_PER_SLOT = 4;
export const COUNTER_GROUP = 256;
export const COUNTER_KINDS = ["decided", "exceeded", "conformed", "blocked"] as const;
export const SLOTS_MAX = 8192;

/** Names of the bits IPV4_OPTION_*, lowest first. */
export const IPV4_OPTIONS = [
  "any",
  "record-route",
  "timestamp",
  "loose-source-route",
  "strict-source-route",
  "router-alert",
  "malformed",
  "other",
] as const;

/** Names of the bits IPV6_EXTENSION_*, lowest first. */
export const IPV6_EXTENSIONS = [
  "hop-by-hop",
  "routing",
  "fragment",
  "destination-options",
  "authentication",
  "mobility",
  "hip",
  "shim6",
] as const;

export const DIMENSION_SOURCE = 14;
export const DIMENSION_DESTINATION = 15;

/** Names by value of `enum action`, `enum limit_unit`, `enum limit_key`. */
export const ACTIONS = ["pass", "drop", "limit"] as const;
export const LIMIT_UNITS = ["packets", "bytes"] as const;
export const LIMIT_KEYS = ["rule", "source", "destination", "source-port", "destination-port"] as const;

/** Reasons from here on are parse classes: the fleet declares each one's verdict. */
export const FIRST_PARSE_REASON = 8;

/** Values of each field, in the order of `enum field`; one past the last stands for "the packet has none". */
export const FIELD_DOMAINS = [
  256, 65536, 65536, 256, 65536, 65536, 3, 256, 64, 4096, 65536, 256, 256, 65536,
] as const;
export const FIELD_COUNT = 14;
export const DIMENSION_COUNT = 16;
export const DIMENSION_SLOTS = 16;

/** Entries of a root table, by the first 16 bits of an address: a chunk. */
export const ROOT_ENTRIES = 65536;

/** struct blocks4_table: its parameters, in config, where those of IPv6 hosts would be. */
export const BLOCKS4_TABLE = { bytes: 16, regions: 0, small: 4, classMask: 8, classIndex: 12 } as const;
/** Pilots of a region, and buckets behind them. */
export const REGION4_BUCKETS = 128;
/** With fewer a slot alone does not tell blocks apart. */
export const REGIONS4_LEAST = 1024;
/** Slots of a bucket, 16 bits each. Where there are labels they follow the slots. */
export const BLOCK4_SLOTS = 4;
/** A slot that is no address. */
export const BLOCK4_FREE = 0x8000;
/** Bit of a pilot: what no slot has is found by root and ranges, though the rest is one class. */
export const PILOT4_RANGES = 128;

/** A word of an IPv4 root: the low bits say what the others are. */
export const ROOT_KIND_BITS = 12;
/** Kinds from here on are chunks of whole lines. */
export const ROOT_LINES = 16;
/** Kinds from here on are chunks of a class for each so many addresses: 2 to the power of what the kind is above this. */
export const ROOT_DIRECT = 4080;
export const RANGE_INDEX_LEAST = 3;
export const RANGE_INDEX_MOST = 16;
/** Groups of four ranges in a line of IPv4 ranges. */
export const RANGE_GROUPS = 4;
/** Lines that an IPv4 root can point to. */
export const RANGE4_LINES_MAX = 2 ** (32 - ROOT_KIND_BITS);

/** struct exact6_table: the parameters of an exact table of IPv6, in config. */
export const EXACT6_TABLE = { bytes: 16, buckets: 0, pilots: 4, pilotMask: 8, keyShift: 12 } as const;
/** Where a pilot's bits change a hash. */
export const PILOT_SHIFT = 24;
/** Low bits of the first word of an IPv6 host's slot: its class plus 1. */
export const HOST6_CLASS_BITS = 8;
/** Bits of a word of IPv6 nets below where its prefix begins: how far it is shifted, and NET6_HOSTS. */
export const NET6_BEGIN_BIT = 7;
/** Some addresses of the /64 are among the hosts. */
export const NET6_HOSTS = 64;
/** Bit of nets' keyShift: the hash is of the first 32 bits alone. */
export const NO_KEY_BITS_BIT = 5;
/** Bit of hosts' keyShift: they are asked for only where NET6_HOSTS is set. */
export const HOSTS6_MARKED_BIT = 6;
export const HOSTS6_MARKED = 2 ** HOSTS6_MARKED_BIT;

/** Bit of `present`: all that no slot of blocks, hosts and nets has is in uniformClass. */
export const REST_UNIFORM_BIT = 1;
export const PRESENT_REST_UNIFORM = 1 + 2 ** REST_UNIFORM_BIT;

/** A word of an IPv6 root: low bits that say how often the search for the range is halved. */
export const ROOT6_STEP_BITS = 5;

/** Ranges in one IPv6 chunk: the program halves ADDRESS6_STEPS times (bpf/classify.bpf.h). */
export const ADDRESS6_CHUNK_MAX = 2 ** 20;

/** struct address6_range. */
export const ADDRESS6_RANGE = { bytes: 32, firstHigh: 0, firstLow: 8, classIndex: 16 } as const;

/** struct address_table; config.address is [side][family] of them. */
export const ADDRESS_TABLE = { bytes: 40, present: 0, uniformClass: 4, hosts: 8, nets: 24 } as const;

/** Classes that a 16-bit label can tell apart, with one to spare. */
export const CLASSES_MAX = 65535;

/** struct rodata. */
export const RODATA = { bytes: 1008, config: 0, instance: 808 } as const;

/** struct counter. */
export const COUNTER = { bytes: 16, packets: 0, bytesCount: 8 } as const;

/** `limit_state`: 2^bits buckets, then LIMIT_INSERT_BUCKETS elements of insertion counts. */
export const LIMIT_SLOTS_PER_BUCKET = 4;
/** Where the instance gives no other number. */
export const LIMIT_BUCKET_BITS = 10;
export const LIMIT_INSERT_BUCKETS = 64;
/** `tat` of a slot whose key is being written. */
export const LIMIT_CLAIMED = 0xffffffffffffffffn;

/** struct limit_slot. limitId 0: the slot is free. */
export const LIMIT_SLOT = { bytes: 32, limitId: 0, high: 8, low: 16, tat: 24 } as const;

/** struct limit_bucket. */
export const LIMIT_BUCKET = { bytes: 128, slots: 0 } as const;

/** struct block_key. */
export const BLOCK_KEY = { bytes: 16, address: 0 } as const;

/** struct block. */
export const BLOCK = { bytes: 24, untilNs: 0, ruleId: 8, counter: 16 } as const;

/** struct block_horizon. */
export const BLOCK_HORIZON = { bytes: 16, rulesUntilNs: 0, operatorUntilNs: 8 } as const;

/** struct sample. */
export const SAMPLE_BYTES = 96;
export const SAMPLE = {
  bytes: 144,
  timeNs: 0,
  ruleId: 8,
  reason: 16,
  verdict: 20,
  shadow: 24,
  abiVersion: 26,
  interfaceIndex: 28,
  frameBytes: 32,
  capturedBytes: 36,
  bundleDigest: 40,
  frame: 48,
} as const;

/** struct sample_state. */
export const SAMPLE_STATE = {
  bytes: 48,
  jiffy: 0,
  used: 8,
  taken: 16,
  suppressed: 24,
  lost: 32,
  spentJiffy: 40,
} as const;
