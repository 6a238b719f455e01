/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The ABI between a bundle, the agent and the XDP program: every struct that both sides read, stated here once in C and
 * once in src/bundle/abi.ts. `src/bundle/abi.test.ts` compares the two, field by field.
 *
 * All integers are in host byte order of a little-endian machine (x86-64, arm64); packet bytes are in network order
 * until parse.bpf.h turns them round. Every table is whole 64-byte lines (one cache line): what is asked for together
 * stands in one. docs/adr/0002-tables-are-64-byte-lines.md.
 */
#ifndef PISTON_SHARED_H
#define PISTON_SHARED_H

#define ABI_VERSION 2

#define LINE_BYTES 64
#define RULES_MAX 4096      /* 64 words of 64 bits: one summary word */
#define MANAGEMENT_MAX 64   /* management flows stand in word 0 */
#define BACKENDS_MAX 256
#define EXTENSIONS_MAX 8    /* IPv6 extension headers walked, docs/SEMANTICS.md */
#define VLAN_TAGS_MAX 2

/* A tick is 1/16 ns: GCRA time. 2^64 ticks are 36 years of uptime. */
#define TICKS_PER_NS 16
#define COARSE_CLOCK_BURST_MS 100 /* a limit whose burst lasts so long is timed by a clock that is a tick late at most */
#define LIMIT_MULTIPLIER_SHIFT 16 /* limit_multiplier is ticks a unit, times 2^16 */

/* Fields whose values fit a direct table. Value FIELD_DOMAIN[f] (one past the last) stands for "the packet has none". */
enum field {
	FIELD_PROTOCOL = 0,         /* 0..255, after IPv6 extension headers */
	FIELD_SOURCE_PORT = 1,      /* 0..65535, TCP and UDP, absent in later fragments */
	FIELD_DESTINATION_PORT = 2, /* likewise */
	FIELD_TCP_FLAGS = 3,        /* 0..255, byte 13 of the TCP header */
	FIELD_L3_LENGTH = 4,        /* 0..65535 bytes, IPv4 total length, IPv6 40 + payload length (65535 at most) */
	FIELD_ICMP = 5,             /* type << 8 | code, ICMP and ICMPv6 */
	FIELD_FRAGMENT = 6,         /* FRAGMENT_* */
	FIELD_TTL = 7,              /* 0..255, TTL or hop limit */
	FIELD_DSCP = 8,             /* 0..63 */
	FIELD_VLAN = 9,             /* 0..4095, the outer tag's id; absent where untagged */
	FIELD_PAYLOAD_LENGTH = 10,  /* 0..65535 bytes after the L4 header; absent in later fragments */
	FIELD_IPV4_OPTIONS = 11,    /* bits IPV4_OPTION_*; absent in IPv6 */
	FIELD_IPV6_EXTENSIONS = 12, /* bits IPV6_EXTENSION_*; absent in IPv4 */
	FIELD_PAYLOAD = 13,         /* bit 15 - n: payload test n holds; absent in later fragments */
	FIELD_COUNT = 14,
};

#define FRAGMENT_NONE 0  /* a whole packet */
#define FRAGMENT_FIRST 1 /* offset 0, more to come: has its L4 header */
#define FRAGMENT_LATER 2 /* offset above 0: has no L4 header */

/* Bits of FIELD_IPV4_OPTIONS: what stands between the fixed header and L4. */
#define IPV4_OPTION_ANY 0 /* IHL above 5, be it padding alone */
#define IPV4_OPTION_RECORD_ROUTE 1
#define IPV4_OPTION_TIMESTAMP 2
#define IPV4_OPTION_LOOSE_SOURCE_ROUTE 3
#define IPV4_OPTION_STRICT_SOURCE_ROUTE 4
#define IPV4_OPTION_ROUTER_ALERT 5
#define IPV4_OPTION_MALFORMED 6 /* a length byte that is missing, below 2, or beyond the header */
#define IPV4_OPTION_OTHER 7

/* Bits of FIELD_IPV6_EXTENSIONS: headers that the walk went through. */
#define IPV6_EXTENSION_HOP_BY_HOP 0
#define IPV6_EXTENSION_ROUTING 1
#define IPV6_EXTENSION_FRAGMENT 2
#define IPV6_EXTENSION_DESTINATION_OPTIONS 3
#define IPV6_EXTENSION_AUTHENTICATION 4
#define IPV6_EXTENSION_MOBILITY 5
#define IPV6_EXTENSION_HIP 6
#define IPV6_EXTENSION_SHIM6 7

enum side { SIDE_SOURCE = 0, SIDE_DESTINATION = 1 };
enum family { FAMILY_IPV4 = 0, FAMILY_IPV6 = 1 };

enum verdict { VERDICT_DROP = 0, VERDICT_PASS = 1 };

/* Why the verdict is what it is. Names for people stand in src/bundle/abi.ts, in this order. */
enum reason {
	REASON_DEFAULT = 0,    /* no rule decided: the fleet's default verdict */
	REASON_RULE = 1,       /* a pass or drop rule */
	REASON_LIMIT = 2,      /* above a limit's rate */
	REASON_BLOCK = 3,      /* the source is blocked for a time */
	REASON_MANAGEMENT = 4, /* a management flow of the fleet */
	REASON_ARP = 5,
	REASON_NEIGHBOUR_DISCOVERY = 6,
	REASON_DHCP = 7,
	/* Parse classes: the fleet declares each one's verdict. */
	REASON_OTHER_ETHERTYPE = 8,
	REASON_TRUNCATED_ETHERNET = 9,
	REASON_TRUNCATED_VLAN = 10,
	REASON_TOO_MANY_VLAN_TAGS = 11,
	REASON_TRUNCATED_IP = 12,
	REASON_BAD_IP_VERSION = 13,
	REASON_BAD_IHL = 14,
	REASON_BAD_TOTAL_LENGTH = 15,
	REASON_TRUNCATED_EXTENSION = 16,
	REASON_TOO_MANY_EXTENSIONS = 17,
	REASON_BAD_FRAGMENT = 18,
	REASON_TINY_FRAGMENT = 19,
	REASON_TRUNCATED_L4 = 20,
	REASON_BAD_TCP_OFFSET = 21,
	REASON_BAD_UDP_LENGTH = 22,
	REASON_COUNT = 23,
};

enum action { ACTION_PASS = 0, ACTION_DROP = 1, ACTION_LIMIT = 2 };
enum limit_unit { UNIT_PACKETS = 0, UNIT_BYTES = 1 }; /* bytes are L3 bytes */
enum limit_key {
	KEY_RULE = 0,             /* one bucket for the rule */
	KEY_SOURCE = 1,           /* source address, cut to limit_prefix4 / limit_prefix6 bits */
	KEY_DESTINATION = 2,      /* destination address, likewise */
	KEY_SOURCE_PORT = 3,
	KEY_DESTINATION_PORT = 4,
};

/* --- Tables of a generation: frozen, read-only to the program. One section of the bundle each. --------------------- */

#define TABLES(X)                                                                                              \
	X(rules) X(fields) X(vectors)                                                                          \
	X(source4_blocks) X(source4_root) X(source4_ranges)                                                    \
	X(source6_hosts) X(source6_nets) X(source6_root) X(source6_ranges)                                     \
	X(destination4_blocks) X(destination4_root) X(destination4_ranges)                                     \
	X(destination6_hosts) X(destination6_nets) X(destination6_root) X(destination6_ranges)                 \
	X(counter_slots)
/* What the program reads of a table at once: classes, words of rows, roots, slots; else lines. */
typedef __u16 fields_entry;
typedef __u64 vectors_entry;
typedef __u32 root_entry;
typedef __u32 slot_entry;
#define FIELDS_ENTRY_BYTES sizeof(fields_entry)
#define VECTORS_ENTRY_BYTES sizeof(vectors_entry)
#define ROOT_ENTRY_BYTES sizeof(root_entry)
#define SLOT_ENTRY_BYTES sizeof(slot_entry)

#define TABLE_INDEX(name) TABLE_##name,
enum table_index { TABLES(TABLE_INDEX) TABLE_COUNT };

/* One rule, one line. Management flows stand first, then the rules of the fleet from top to bottom. */
struct rule {
	__u64 id;                /* stable: first 8 bytes, big-endian, of SHA-256("<fleet>/<policy>/<rule>") */
	__u64 limit_id;          /* stable: as id, of "<fleet>/<policy>/<rule>/<unit>/<key>/<prefix4>/<prefix6>" */
	__u64 limit_multiplier;  /* ticks a unit, times 2^16 */
	__u64 limit_burst_ticks; /* ticks that a full bucket holds */
	__u64 block_ns;          /* how long a source above the limit is blocked; 0: it is not */
	__u8 action;             /* enum action */
	__u8 shadow;             /* 1: count, and go on */
	__u8 limit_unit;
	__u8 limit_key;
	__u8 limit_prefix4; /* bits, 0..32 */
	__u8 limit_prefix6; /* bits, 0..128 */
	__u16 backend;      /* index in the manifest's backends plus 1; 0: none */
	__u64 reserved[2];
};

/*
 * IPv4 addresses of one side:
 *   blocks            /24s, or /29s, in which a few slots say all that differs from what is around them
 *   root and ranges   everything else
 *
 * `blocks`: regions, each of REGION4_BUCKETS pilots of a byte and then as many buckets of four slots. An address without the
 * low 8 bits (small blocks: 3), mixed (address4_mix()) and times the number of regions, has the region in its high 32 bits. Bits
 * 25-31 are the block's tag, and choose the pilot; bits 18-24, exclusive-ored with the pilot's low bits, choose the bucket. The
 * compiler chooses pilots for which no bucket overflows. So a slot has to tell no more of its block than tag and what is below
 * bit 18, for the bucket tells the rest.
 *
 * A slot of 16 bits is a prefix of its block, or all of it: the tag in bits 9-15, then (small blocks) bits 13-17 of the product,
 * then those of the prefix's bits that are below the block, then a one, and then zeroes. BLOCK4_FREE is none. An
 * address is in the class of the first slot of its bucket that has it.
 *
 * Where not all slots are of one class, behind each bucket's slots are their labels, 16 bits each: the class in class_mask, and
 * above that as many bits of the product as have room, from bit 17 down (small blocks: 12). A label with n of them tells
 * blocks apart that as many as 2^n times fewer regions do not: REGIONS4_LEAST are enough without any.
 *
 * What no slot has is found by root and ranges; but with bit REST_UNIFORM_BIT of `present` it is in uniform_class, and only
 * what has bit PILOT4_RANGES in its pilot is found by root and ranges.
 */
#define REGION4_BUCKETS 128
#define REGIONS4_LEAST 1024
#define BLOCK4_SLOTS 4
#define BLOCK4_FREE 0x8000
#define PILOT4_RANGES 128

struct blocks4_table {
	__u32 regions;     /* 0: no table */
	__u32 small;       /* 1: a block has 8 addresses; else it has 256 */
	__u32 class_mask;  /* the low bits of a label that are the class; 0: there are no labels */
	__u32 class_index; /* of all slots, where they have no labels */
};

/*
 * `*4_root`: 65,536 words, sixteen a line, by the address's first 16 bits (a chunk). Bits 0-11 say what the rest is:
 *   0          the whole chunk is in class (bits 12-27)
 *   1-8        it has up to eight ranges, in one or two groups of the line in bits 12-31. Of kind - 1, bit 0 is set where
 *              there are two, and bits 1-2 are the first of them
 *   16 + n     its ranges are in whole lines, from the line in bits 12-31 on: n + 1 of them for n < 64, else 2 n - 62. Where
 *              these are RANGE_INDEX_LEAST to RANGE_INDEX_MOST, a line stands before them that has the first address of each
 *   4080 + k   (ROOT_DIRECT) every range begins at a multiple of 2^k: no ranges but a class of 16 bits for each 2^k addresses,
 *              thirty-two a line, from the line in bits 12-31 on
 *
 * A line of `*4_ranges` has the first addresses of sixteen ranges, then their classes, 16 bits each. Four ranges are a
 * group. A first address stands as 2^16 less its low 16 bits, so that adding an address's low bits carries where it is
 * not below. A chunk's ranges ascend from its first address; this, and what is left of its last group or line, is 0.
 */
#define ROOT_KIND_BITS 12
#define ROOT_LINES 16
#define ROOT_DIRECT 4080
#define RANGE_GROUPS 4
#define RANGE_INDEX_LEAST 3
#define RANGE_INDEX_MOST 16

/*
 * IPv6 addresses of one side: `hosts` for single addresses, `nets` for prefixes of 32 to 64 bits, `root` and `ranges` for the
 * rest. An exact table has pilots, a byte each, and then its buckets, each a line.
 *
 * A hash of 32 bits finds its bucket so: the pilot at (hash & pilot_mask) is exclusive-ored to the bits from PILOT_SHIFT on,
 * and the result times the number of buckets has the bucket in its high 32 bits. The compiler chooses pilots for which no
 * bucket overflows. Nothing of the key is lost: the low bits of the result tell the pilot, and the bucket with bits 8-31 of the
 * product tells the result, for there are 256 buckets at least. So bits 0-7 may have more laid over them.
 *
 * `hosts`: four slots of two words. mix = address6_mix(high ^ address6_mix(low)), and its high 32 bits are the hash. The first
 * word has the low 32 bits of the product at the top, exclusive-ored the low 32 bits of mix from bit
 * HOST6_CLASS_BITS on, and below them the class plus 1. The second word is the low half of the address. A free slot is 0.
 *
 * `nets`: seven slots of a word, ascending, behind a word whose byte n is the class of slot n plus 1; 0: as the ranges have it.
 * The hash is address4_mix() of the first 32 bits, exclusive-ored 0x9e3779b1 times what is left of the next 32 when they are
 * shifted by key_shift. A prefix begins at the product's low 32 bits from bit 31 on,
 * exclusive-ored bits 32-63 of the address from NET6_BEGIN_BIT on. Bits 0-5 are how far a word is shifted to leave what each
 * address in the prefix has. NET6_HOSTS is set in /64s that have hosts. No slots overlap; free ones are 0 and come first.
 *
 * `root`: 65,536 words, sixteen a line, by the address's first 16 bits (a chunk). Bits 0-4 say how often to halve: 0 where the
 * whole chunk is in class (bits 5-31), else the chunk's ranges are among 2^n from the one in bits 5-31 on. All ranges ascend
 * from address 0; copies of the last one may follow it.
 */
#define PILOT_SHIFT 24
#define HOST6_CLASS_BITS 8
#define NET6_BEGIN_BIT 7
#define NET6_HOSTS 64
#define ROOT6_STEP_BITS 5

struct exact6_table {
	__u32 buckets;    /* 0: no table */
	__u32 pilots;     /* a power of two: bytes before the buckets */
	__u32 pilot_mask; /* pilots - 1 */
	__u32 key_shift;  /* nets: 0 to 32. hosts: 1 << HOSTS6_MARKED_BIT where only /64s with NET6_HOSTS have any, else 0 */
};
#define NO_KEY_BITS_BIT 5   /* key_shift is 32: the hash is of the first 32 bits alone */
#define HOSTS6_MARKED_BIT 6

/* IPv6 range, two a line. */
struct address6_range {
	__u64 first_high;
	__u64 first_low;
	__u32 class_index;
	__u32 reserved0;
	__u64 reserved1;
};

/*
 * `fields`: 16-bit class indexes, thirty-two a line. Field f's table starts at entry config.field_base[f] (a multiple
 * of 32) and has FIELD_DOMAIN[f] + 1 entries; the last is the class of "absent".
 *
 * `vectors`: 64-bit words, eight a line. Class c of a dimension has its row at word
 * config.row_base[dimension] + c * config.row_stride. With up to 64 rules a row is one word. With more, a row is a
 * summary word (bit w set: word w is not zero) and then config.word_count words. Bit b of word w is rule 64 * w + b.
 *
 * Decisions, where there are more than 64 rules and the combinations of their classes are few: 16 bits each, in `fields` behind
 * the classes. They are found in two steps. Each class times config.decision_factor[dimension]; the sum over the fields
 * is the entry of the first step, which says 0 (no rule matches) or 1 + n: the block that the second step goes on in, of
 * config.decision_block entries. The sum over the addresses is the entry there: 0 (no rule), the place of the topmost
 * rule that matches plus 1, or DECISION_ROWS where that rule is a limit, in shadow, or a management flow: the rows then say all.
 */
#define DECISION_ROWS 0xffff

#define DIMENSION_SOURCE FIELD_COUNT
#define DIMENSION_DESTINATION (FIELD_COUNT + 1)
#define DIMENSION_COUNT (FIELD_COUNT + 2)
#define DIMENSION_SLOTS 16

struct address_table {
	__u32 present;       /* 0: every address of this side and family is in uniform_class, and there is no table */
	__u32 uniform_class; /* with bit REST_UNIFORM_BIT of present: of each address that no slot has */
	struct exact6_table hosts; /* IPv4: struct blocks4_table */
	struct exact6_table nets;  /* IPv4: zeroes */
};
#define REST_UNIFORM_BIT 1

#define PAYLOAD_TESTS_MAX 16
#define PAYLOAD_OFFSET_MAX 2040

/* Bytes of the payload that rules ask for. */
struct payload_test {
	__u64 mask;  /* the first byte in the highest bits, whatever `bytes` is; zero below them */
	__u64 value; /* likewise; no bit of it is outside the mask */
	__u32 offset; /* in bytes after the L4 header, 0..PAYLOAD_OFFSET_MAX */
	__u32 bytes;  /* 1..8 */
};

/* The section `config`, the policy's part of .rodata: the verifier sees constants and drops what is not used. */
struct config {
	__u32 abi_version;
	__u32 rule_count;     /* management flows included */
	__u32 word_count;     /* (rule_count + 63) / 64, 1 at least */
	__u32 row_stride;     /* words: 1 where word_count is 1, else word_count + 1 */
	__u32 reserved;       /* 0 */
	__u32 default_verdict;
	__u32 dimension_mask; /* bit d: dimension d tells rules apart; the others are not looked up */
	__u32 limit_count;    /* 0: limit code is dropped */
	__u32 block_count;    /* rules that block; temporary blocks by an operator work either way */
	__u32 payload_test_count;
	__u64 management_mask; /* bits of word 0 that are management flows */
	__u64 pass_reasons;    /* bit r: the parse class r is passed */
	__u32 field_base[DIMENSION_SLOTS]; /* entries into `fields` */
	__u32 row_base[DIMENSION_SLOTS];   /* words into `vectors` */
	struct address_table address[2][2]; /* [side][family] */
	struct payload_test payload_tests[PAYLOAD_TESTS_MAX]; /* zero from payload_test_count on */
	__u32 decision_count;     /* entries of both steps; 0: there are no decisions */
	__u32 decision_base;      /* entry of `fields` at which the first step begins */
	__u32 decision_rest_base; /* likewise the second */
	__u32 decision_block;     /* entries that a set of rules has in the second step */
	__u32 decision_factor[DIMENSION_SLOTS];
};

/* --- The instance's part of .rodata, written by the agent, never in a bundle. ---------------------------------------- */

/* Any six of its bits in a row, zeroes after them, are another number: a power of two times it tells which power. */
#define DE_BRUIJN 0x03f79d71b4cb0a89

#define FEATURE_WORDS 0      /* more than 64 rules */
#define FEATURE_MANAGEMENT 1 /* management flows */

struct instance {
	__u8 bundle_digest[32]; /* SHA-256 of the bundle: the generation that this program is */
	__u32 proof;            /* 1: takes its clock from, and leaves its decision in, the metadata before the packet */
	__u32 samples_per_jiffy; /* for each CPU; 0: no samples */
	__u64 limit_multipliers[2]; /* odd: the hash that spreads keys over limit_state; the same for all that share the map */
	__u32 limit_shift;          /* limit_state has 2^(64 - this) buckets */
	__u32 features;             /* bits FEATURE_*, of what the bundle has */
	__u32 table_entries[TABLE_COUNT]; /* of each table, where the program sees its end */
	__u8 lowest_bit[64];        /* n, at the six high bits of DE_BRUIJN << n */
};

/* The program has CONSTANT_BASE and an offset into `rodata` where the addon is to put the 32 bits that stand there. */
#define CONSTANT_BASE 0x7a000000
#define CONSTANT_BIT_BASE 0x7b000000 /* likewise for one bit, whose number is in bits 16-23 */
#define OPTIONAL_BIT_BASE 0x7c000000 /* likewise, before a jump that goes where the bit is set */
#define ANY_BIT 255 /* instead of a bit's number: whether the word is not 0 */

struct rodata {
	struct config config;
	struct instance instance;
};

/*
 * The 32 bytes of XDP metadata before a packet in BPF_PROG_TEST_RUN of a proof instance (instance.proof). `now_ns` and
 * `frame_bytes` are read, the rest is written. A program that serves traffic has proof == 0 and never looks at metadata.
 *
 * A test-run takes no frame below 14 bytes and shows a program 3,520 bytes at most. `frame_bytes` says what the frame's
 * length really is, where the bytes given are fewer or more: the length plus 1; 0 where they are the whole frame.
 */
struct proof {
	__u64 now_ns;
	__u64 rule_id; /* 0: no rule */
	__u32 reason;
	__u32 verdict;
	__u32 frame_bytes;
	__u32 reserved;
};

/* --- State: outlives generations, keyed by stable ids, shared by all instances that serve. ---------------------------- */

/*
 * `counter_slots`, built by the agent for each generation: 32 bits for each rule, sixteen a line. In the low 16 its first
 * counter (entry of `counters`), in the highest what of the rule itself most packets need: so they read these four bytes of it
 * and not its line.
 */
#define COUNTER_NONE 0xffff /* the agent ran out of slots: the rule is not counted */
#define RULE_PASSES_BIT 30  /* its action is ACTION_PASS */
#define RULE_GOES_ON_BIT 31 /* a limit, or in shadow: what becomes of the packet stands in the rule's line */

/*
 * `counters`, per CPU: first REASON_COUNT entries (of COUNTERS_REASONS) for packets that no rule decided, by reason; then
 * groups of COUNTER_GROUP slots: all of a group by COUNTER_DECIDED, then all by the next kind. Most packets count by one
 * kind, so what they count, and the pointers to it, lie together.
 */
#define COUNTERS_REASONS 32
#define COUNTERS_PER_SLOT 4
#define COUNTER_GROUP 256
#define COUNTER_DECIDED 0   /* pass or drop by the rule (shadow: would have been) */
#define COUNTER_EXCEEDED 1  /* limit: above the rate (shadow: would have been dropped) */
#define COUNTER_CONFORMED 2 /* limit: within the rate, went on to the next rule */
#define COUNTER_BLOCKED 3   /* dropped because this rule had blocked the source */
#define SLOTS_MAX 8192

struct counter {
	__u64 packets;
	__u64 bytes; /* of the frame, from the Ethernet header on */
};

/*
 * `limit_state`, an array of 128-byte elements: 2^limit_bucket_bits buckets, then LIMIT_INSERT_BUCKETS elements of
 * sixteen u64 insertion counts. The key of a slot is its first 24 bytes. docs/adr/0008-limit-state.md.
 */
#define LIMIT_SLOTS_PER_BUCKET 4
#define LIMIT_BUCKET_BITS 10
#define LIMIT_INSERT_BUCKETS 64
#define LIMIT_CLAIMED 0xffffffffffffffff /* tat of a slot whose key is being written */
struct limit_slot {
	__u64 limit_id; /* 0: the slot is free */
	__u64 high;     /* the address as two numbers, IPv4 as ::ffff:a.b.c.d, cut to the prefix; both 0 for KEY_RULE */
	__u64 low;      /* or a port */
	__u64 tat;      /* theoretical arrival time in ticks; grows at every write */
};
struct limit_bucket {
	struct limit_slot slots[LIMIT_SLOTS_PER_BUCKET];
};

struct block_key {
	__u8 address[16]; /* IPv4 as ::ffff:a.b.c.d; IPv6 cut to /64 */
};

struct block {
	__u64 until_ns; /* CLOCK_MONOTONIC, exclusive */
	__u64 rule_id;  /* 0: by an operator */
	__u32 counter;  /* the rule's first, COUNTER_NONE by an operator */
	__u32 reserved;
};

/* No block of the fleet ends after the later of these; 0: there was none. */
struct block_horizon {
	__u64 rules_until_ns;    /* raised by the program before it sets a block */
	__u64 operator_until_ns; /* raised by the agent before it does */
};

/* Ring-buffer record of a packet that was not passed, or that a shadow rule would not have passed. */
#define SAMPLE_BYTES 96
struct sample {
	__u64 time_ns;
	__u64 rule_id;
	__u32 reason;
	__u32 verdict;
	__u16 shadow;
	__u16 abi_version;
	__u32 interface_index;
	__u32 frame_bytes;
	__u32 captured_bytes;
	__u8 bundle_digest[8];
	__u8 frame[SAMPLE_BYTES];
};

/*
 * `sample_state`, per CPU: the budget of samples, and what became of every packet that was to be sampled. The three
 * totals add up to exactly these packets; `taken` is what went into the ring buffer.
 */
struct sample_state {
	__u64 jiffy;       /* of `used` */
	__u64 used;        /* of the budget, in that jiffy */
	__u64 taken;
	__u64 suppressed;  /* the budget was spent */
	__u64 lost;        /* the ring buffer was full */
	__u64 spent_jiffy; /* the last one whose budget was spent */
};

#endif
