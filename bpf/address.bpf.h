/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An address -> its class, by the tables that shared.h describes.
 *
 * Contract: class 0 where a table is too short, which no bundle that the reader took leads to.
 *
 * For random sources the time is that of the cache misses, so the lines that may be needed are asked for before anything is
 * compared. 16-bit lanes, four a word, are compared by arithmetic: BPF has no vectors and no conditional moves. What is
 * found in an exact table is returned at once: traffic is mostly of one kind, and what follows need not wait for the class.
 */
#ifndef PISTON_ADDRESS_BPF_H
#define PISTON_ADDRESS_BPF_H

#include "canary.bpf.h"
#include "parse.bpf.h"
#include "tables.bpf.h"

/* Where in `rodata` what is known of the tables of one side and family stands, and members of it. */
#define ADDRESS(side, family) ((__u32)__builtin_offsetof(struct rodata, config.address[side][family]))
#define HOSTS __builtin_offsetof(struct address_table, hosts)
#define NETS __builtin_offsetof(struct address_table, nets)
#define BUCKETS __builtin_offsetof(struct exact_table, buckets)
#define CLASS_BITS __builtin_offsetof(struct exact_table, class_bits)
#define EXACT6(exact, member) ((exact) + (__u32)__builtin_offsetof(struct exact6_table, member))
#define EXACT(exact, member) constant_at((exact) + __builtin_offsetof(struct exact_table, member))
#define IS_SET(offset) optional_bit_at(offset, ANY_BIT)

#define LANE_ONES 0x0001000100010001ULL
#define LANE_HIGHS 0x8000800080008000ULL

/* Halvings that leave one of at most 4,096 lines of an IPv4 chunk, and one of 2^20 ranges of an IPv6 chunk. */
#define ADDRESS4_STEPS 12
#define ADDRESS6_STEPS 20

/* No class has this number. */
#define NO_CLASS (1 << 16)

/* 1 where a < b: the borrow of a - b. Without a branch, for a random source would have it mispredicted at each step. */
static __always_inline __u64 is_below(__u64 a, __u64 b)
{
	return ((~a & b) | (~(a ^ b) & (a - b))) >> 63;
}

/* The high bit of each 16-bit lane that is `tag`. Tags have 15 bits. */
static __always_inline __u64 lanes_equal(__u64 lanes, __u64 tag)
{
	return ~((lanes ^ (tag * LANE_ONES | LANE_HIGHS)) - LANE_ONES) & LANE_HIGHS;
}

/* 1 in each 16-bit lane that carries when `addend` is added: (a + b) / 2 without the carry's loss. */
static __always_inline __u64 lanes_carry(__u64 lanes, __u64 addend)
{
	addend *= LANE_ONES;
	return ((lanes & addend) + ((lanes ^ addend) >> 1 & ~LANE_HIGHS)) >> 15 & LANE_ONES;
}

/* 1 where `low` is not below the first address in the lowest lane of a group, which is not the chunk's first. */
static __always_inline __u32 is_from(__u64 group, __u32 low)
{
	return (((__u32)group & 0xffff) + low) >> 16;
}

/* A permutation of the 32-bit numbers, and of those with 8 low zero bits where `mask` is 0xffffff00. */
static __always_inline __u32 address4_mix(__u32 address, __u32 mask)
{
	address = (address & mask) * 0x7feb352d;
	address ^= address >> 15 & mask;
	return address * 0x846ca68b;
}

/* `found` where it is a class, else `otherwise`. */
static __always_inline __u32 class_or(__u32 found, __u32 otherwise)
{
	__u32 none = -(found >> 16);

	return (found & ~none) | (otherwise & none);
}

/* Has the caches fetch the line while others are compared: it is read again when its turn comes. */
static __always_inline void ask_for(const __u64 *line)
{
	__u64 word = *(const volatile __u64 *)line;

	asm volatile("" : : "r"(word));
}

struct bucket {
	__u64 tags[2];
};

struct labelled_bucket {
	__u64 tags[2];
	__u64 labels[2];
};

/* A key of an exact table: its product with the number of buckets, and its bucket. */
struct exact_key {
	__u64 product;
	const __u64 *bucket; /* NULL where there is no such table, or it is too short */
};

static __always_inline struct exact_key exact_key(const __u32 exact, struct table table, __u32 key)
{
	const struct table buckets = { table.first, exact + BUCKETS };
	struct exact_key found = { mul_constant_at(key, exact + BUCKETS), 0 };

	if (IS_SET(exact + CLASS_BITS))
		found.bucket = ENTRY(struct labelled_bucket, buckets, found.product >> 32)->tags;
	else
		found.bucket = ENTRY(struct bucket, buckets, found.product >> 32)->tags;
	ask_for(found.bucket);
past_the_end:
	return found;
}

/* The class of a key, NO_CLASS where its bucket has not got it. */
static __always_inline __u32 exact_class(const __u32 exact, struct exact_key key)
{
	__u64 tag = (__u32)key.product >> 17, first, second, label;

	if (!key.bucket)
		return NO_CLASS;
	first = lanes_equal(key.bucket[0], tag);
	second = lanes_equal(key.bucket[1], tag);
	/* Of EXACT_EMPTY nothing is left, of other tags all: they are below it, so that the bits from 15 on are ones. */
	if (!((first | second) & (tag - EXACT_EMPTY)))
		return NO_CLASS;
	if (!IS_SET(exact + CLASS_BITS))
		return EXACT(exact, class_index);
	/* No tag is twice in a bucket, so one lane is left. */
	label = (key.bucket[2] & (first >> 15) * 0xffff) | (key.bucket[3] & (second >> 15) * 0xffff);
	label |= label >> 32;
	label = (label | label >> 16) & 0xffff;
	if ((label ^ (key.product >> 1 & 0xffff)) >> EXACT(exact, class_bits))
		return NO_CLASS;
	return label & ((1U << EXACT(exact, class_bits)) - 1);
}

/* The class by the entry of `root` and by `ranges` alone. */
static __always_inline __u32 ranges4_class(__u32 entry, struct table ranges, __u32 address)
{
	const union line *line;
	__u32 kind, at, group, two, low = address & 0xffff;
	__u64 count;

	low -= CANARY(CANARY_RANGE_EDGE) & (low > 0);
	kind = entry & ((1U << ROOT_KIND_BITS) - 1);
	at = entry >> ROOT_KIND_BITS;
	if (!kind)
		return at;
	if (kind >= ROOT_LINES) {
		__u32 lines = kind - ROOT_LINES;

		lines = lines < 64 ? lines + 1 : 2 * lines - 62;
		/* The last line whose first range is not above `low`; line `at` never is. */
		for (int step = 0; step < ADDRESS4_STEPS && lines > 1; step++) {
			__u32 half = lines / 2;

			line = LINE(ranges, at + half);
			at += half & -is_from(line->ranges4.firsts[0], low);
			lines -= half;
		}
		line = LINE(ranges, at);
		group = 2 * is_from(line->ranges4.firsts[2], low);
		two = 1;
	} else {
		group = (kind - 1) / 2;
		two = (kind - 1) & 1;
		line = LINE(ranges, at);
	}
	/*
	 * Ranges of the one or two groups, after their first, whose first address is not above `low`. Where the first group is the
	 * last one the word after it is one of classes, and not counted.
	 */
	group &= 3;
	count = lanes_carry(line->words[group] & ~0xffffULL, low) + lanes_carry(line->words[group + 1] & -(__u64)two, low);
	return line->ranges4.classes[(group * 4 + (count * LANE_ONES >> 48)) & 15];
past_the_end:
	return 0;
}

static __always_inline __u32 address4_class(const __u32 config, struct table hosts, struct table nets, struct table root,
					    struct table ranges, __u32 address)
{
	/* First the root, for the ranges' line waits for it; then the others at once, before anything is compared. */
	__u32 entry = *(const volatile __u32 *)ENTRY(root_entry, root, address >> 16), class_index;
	struct exact_key host = {}, net = {};

	if (IS_SET(config + HOSTS + BUCKETS))
		host = exact_key(config + HOSTS, hosts, address4_mix(address, 0xffffffff));
	if (IS_SET(config + NETS + BUCKETS))
		net = exact_key(config + NETS, nets, address4_mix(address, 0xffffff00));
	if (IS_SET(config + HOSTS + BUCKETS)) {
		class_index = exact_class(config + HOSTS, host);
		if (class_index != NO_CLASS)
			return class_index;
	}
	if (IS_SET(config + NETS + BUCKETS)) {
		class_index = exact_class(config + NETS, net);
		if (class_index != NO_CLASS)
			return class_index;
	}
	return ranges4_class(entry, ranges, address);
past_the_end:
	return 0;
}

/* All ones where the highest bit is set, else 0. clang does not see what it is, or it would branch. */
static __always_inline __u64 sign_of(__u64 word)
{
	asm("%0 s>>= 63" : "+r"(word));
	return word;
}

/* 1 or 0, likewise. */
static __always_inline __u64 high_bit(__u64 word)
{
	asm("%0 >>= 63" : "+r"(word));
	return word;
}

/* The word shifted by the low 6 bits of `by`: what is above them the machine leaves out (RFC 9669, 4.1). */
static __always_inline __u64 shifted_right(__u64 word, __u64 by)
{
	asm("%0 >>= %1" : "+r"(word) : "r"(by));
	return word;
}

/* A permutation of the 64-bit numbers. */
static __always_inline __u64 address6_mix(__u64 half)
{
	half *= 0x9e3779b97f4a7c15ULL;
	half ^= half >> 32;
	return half * 0xd6e8feb86659fd93ULL;
}

/* A bucket, and what tells apart the hashes that lead there. */
struct bucket6 {
	const void *line;
	__u64 product;
};

/*
 * `hash` of 32 bits to its bucket. No end of a table is asked for: the verifier knows what a mask leaves, and that the high
 * half of a product is below the factor.
 */
static __always_inline struct bucket6 bucket6(const __u32 exact, struct table table, __u32 hash)
{
	const void *first = table.first;
	__u64 product, index;

	asm volatile("" : "+r"(first));
	hash ^= (__u32)((const __u8 *)first)[and_constant_at(hash, EXACT6(exact, pilot_mask))] << PILOT_SHIFT;
	product = mul_constant_at(hash, EXACT6(exact, buckets));
	index = product >> 32;
	asm volatile("" : "+r"(index));
	return (struct bucket6){ first + add_constant_at(index * LINE_BYTES, EXACT6(exact, pilots)), product << 32 };
}

static __always_inline __u32 host6_class(const __u32 exact, struct table table, __u64 high, __u64 low)
{
	__u64 mix = address6_mix(high ^ address6_mix(low)), found = 0, key;
	struct bucket6 bucket = bucket6(exact, table, mix >> 32);
	const __u64 *words = bucket.line;

	key = bucket.product ^ mix << 32 >> (32 - HOST6_CLASS_BITS);
#pragma unroll
	for (int slot = 0; slot < 8; slot += 2) {
		__u64 differ = (words[slot] ^ key) >> HOST6_CLASS_BITS | (words[slot + 1] ^ low);

		/* Free slots add nothing. */
		found |= words[slot] & ~sign_of(differ | -differ);
	}
	found &= (1 << HOST6_CLASS_BITS) - 1;
	return class_or((found - 1) & 0x1ffff, NO_CLASS);
}

/* What the slot of `nets` says whose prefix an address is in. */
struct net6 {
	__u64 class_index; /* of 64 bits; what it is means nothing where `has_class` is 0 */
	__u64 has_class;   /* all ones, or 0 */
	__u64 has_hosts;   /* NET6_HOSTS, or 0 */
};

/* Slots ascend and do not overlap, so it is the last that does not begin above the address. */
static __always_inline struct net6 net6_of(const __u32 exact, struct table table, __u64 high)
{
	__u64 rest = high << 32, begin, end, word, at, is_in, class_index;
	__u32 hash = high >> 32;
	struct bucket6 bucket;
	const __u64 *words;

	if (!optional_bit_at(EXACT6(exact, key_shift), NO_KEY_BITS_BIT))
		hash ^= (__u32)shr_constant_at(rest >> 32, EXACT6(exact, key_shift)) * 0x9e3779b1;
	bucket = bucket6(exact, table, address4_mix(hash, 0xffffffff));
	words = bucket.line;
	begin = bucket.product >> 1 ^ rest >> (32 - NET6_BEGIN_BIT);
	end = begin + (1 << NET6_BEGIN_BIT); /* bits below that are no part of where a slot begins */
	at = high_bit(words[1] - end) + high_bit(words[2] - end) + high_bit(words[3] - end);
	at += high_bit(words[4] - end) + high_bit(words[5] - end);
	at += high_bit(words[6] - end) + high_bit(words[7] - end);
	asm volatile("" : "+r"(at));
	class_index = (words[0] >> 8 * at & 0xff) - 1;
	word = words[at];
	is_in = sign_of(shifted_right(word ^ begin, word) - 1);
	return (struct net6){ class_index, is_in & ~sign_of(class_index), is_in & word & NET6_HOSTS };
}

/* The class by the range `first` of a chunk, one of the `count` from it on, alone. */
static __always_inline __u32 ranges6_class(__u32 first, __u32 count, struct table ranges, __u64 high, __u64 low)
{
	/* The last range that does not begin above the address; range `first` never does. */
	for (int step = 0; step < ADDRESS6_STEPS && count > 1; step++) {
		__u32 half = count / 2, middle = first + half;
		const struct address6_range *range = &LINE(ranges, middle / 2)->ranges6[middle % 2];
		__u64 below;

		/* (high, low) < (first_high, first_low): the high halves decide, or are equal and the low ones do. */
		below = is_below(high, range->first_high) |
			(~(is_below(range->first_high, high)) & is_below(low, range->first_low));
		first += half & ((__u32)below - 1);
		count -= half;
	}
	return LINE(ranges, first / 2)->ranges6[first % 2].class_index;
past_the_end:
	return 0;
}

static __always_inline __u32 address6_class(const __u32 config, struct table hosts, struct table nets, struct table root,
					    struct table ranges, __u64 high, __u64 low)
{
	struct net6 net = {};
	__u32 class_index;

	if (IS_SET(config + NETS + BUCKETS))
		net = net6_of(config + NETS, nets, high);
	if (optional_bit_at(config + __builtin_offsetof(struct address_table, present), REST_UNIFORM_BIT)) {
		class_index = constant_at(config + __builtin_offsetof(struct address_table, uniform_class));
	} else {
		__u32 entry = *(const volatile __u32 *)ENTRY(root_entry, root, high >> 48);

		class_index = entry >> ROOT6_STEP_BITS;
		entry &= (1 << ROOT6_STEP_BITS) - 1;
		if (entry)
			class_index = ranges6_class(class_index, 1U << entry, ranges, high, low);
	}
	if (IS_SET(config + NETS + BUCKETS))
		class_index ^= (class_index ^ net.class_index) & net.has_class;
	/* A branch: few sources are in a /64 of hosts, or a flood of them is. */
	if (optional_bit_at(EXACT6(config + HOSTS, key_shift), HOSTS6_MARKED_BIT) ? net.has_hosts : EXACT(config + HOSTS, buckets))
		class_index = class_or(host6_class(config + HOSTS, hosts, high, low), class_index);
	return class_index;
past_the_end:
	return 0;
}

/*
 * Global functions, for the verifier to walk each search once: before kernel 6.2 it compares every scalar exactly in a
 * program that has functions, and the ends of four searches in a row would multiply.
 */
#define ADDRESS_TABLES(prefix) \
	TABLE_OF(prefix##_hosts), TABLE_OF(prefix##_nets), TABLE_OF(prefix##_root), TABLE_OF(prefix##_ranges)

__noinline __u32 source4_class(__u32 address)
{
	return address4_class(ADDRESS(SIDE_SOURCE, FAMILY_IPV4), ADDRESS_TABLES(source4), address);
}

__noinline __u32 destination4_class(__u32 address)
{
	return address4_class(ADDRESS(SIDE_DESTINATION, FAMILY_IPV4), ADDRESS_TABLES(destination4), address);
}

__noinline __u32 source6_class(__u64 high, __u64 low)
{
	return address6_class(ADDRESS(SIDE_SOURCE, FAMILY_IPV6), ADDRESS_TABLES(source6), high, low);
}

__noinline __u32 destination6_class(__u64 high, __u64 low)
{
	return address6_class(ADDRESS(SIDE_DESTINATION, FAMILY_IPV6), ADDRESS_TABLES(destination6), high, low);
}

#define ADDRESS_CONSTANT(side, family, member) CONSTANT(config.address[side][family].member)

static __always_inline __u32 source_class(const struct packet *packet)
{
	if (packet->family == FAMILY_IPV4)
		return ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV4, present)
			       ? source4_class(packet->source_low)
			       : ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV4, uniform_class);
	return ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV6, present)
		       ? source6_class(packet->source_high, packet->source_low)
		       : ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV6, uniform_class);
}

static __always_inline __u32 destination_class(const struct packet *packet)
{
	if (packet->family == FAMILY_IPV4)
		return ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV4, present)
			       ? destination4_class(packet->destination_low)
			       : ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV4, uniform_class);
	return ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV6, present)
		       ? destination6_class(packet->destination_high, packet->destination_low)
		       : ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV6, uniform_class);
}

#endif
