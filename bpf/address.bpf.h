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

/* A permutation of the 64-bit numbers. */
static __always_inline __u64 address6_mix(__u64 half)
{
	half *= 0x9e3779b97f4a7c15ULL;
	half ^= half >> 32;
	return half * 0xd6e8feb86659fd93ULL;
}

/* A permutation of the first 32 bits, another one for each value of the bits up to `key_bits`. */
static __always_inline __u32 address6_key(__u64 high, __u32 key_bits)
{
	__u32 more = key_bits > 32 ? (__u32)high >> (64 - key_bits) : 0;

	return address4_mix((__u32)(high >> 32) ^ more * 0x9e3779b1, 0xffffffff);
}

/* The class that a slot's code stands for; code 0 is a free slot's. */
static __always_inline __u32 class_of_code(__u32 code, __u32 class_index)
{
	return ((code - 1 + class_index) & 0xffff) | (code - 1) >> 31 << 16;
}

static __always_inline __u32 host6_class(const __u32 exact, struct table table, __u64 mix, __u64 low)
{
	__u64 product = (mix >> 32) * EXACT(exact, buckets), key, found = 0;
	const union line *line = LINE(table, product >> 32);
	__u32 bits = EXACT(exact, class_bits);

	key = ((__u64)(__u32)product >> bits) << (32 + bits) | (mix & 0xffffffff) << bits;
#pragma unroll
	for (int slot = 0; slot < 4; slot++)
		/* Branches: single addresses are found seldom, or by a flood that finds little else. */
		if (!((line->words[2 * slot] ^ key) >> bits) && line->words[2 * slot + 1] == low)
			found = line->words[2 * slot];
	return class_of_code(found & ((1ULL << bits) - 1), 0);
past_the_end:
	return NO_CLASS;
}

static __always_inline __u32 net6_class(const __u32 exact, struct table table, __u64 product, __u64 high)
{
	__u64 key, found = 0;
	const union line *line = LINE(table, product >> 32);
	__u32 bits = EXACT(exact, class_bits) + NET6_SHIFT_BITS;

	key = ((__u64)(__u32)product >> bits) << (32 + bits) | (high & 0xffffffff) << bits;
#pragma unroll
	for (int slot = 0; slot < 8; slot++) {
		__u64 word = line->words[slot], differ = (word ^ key) >> (word & 63);

		/* All ones where nothing differs. A free slot may be taken for equal: it adds nothing. */
		found |= word & (__u64)((__s64)(differ - 1) >> 63);
	}
	return class_of_code(found >> NET6_SHIFT_BITS & ((1ULL << EXACT(exact, class_bits)) - 1), EXACT(exact, class_index));
past_the_end:
	return NO_CLASS;
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
	const __u32 has_nets = EXACT(config + NETS, buckets), has_hosts = EXACT(config + HOSTS, buckets);
	__u32 host = NO_CLASS, net = NO_CLASS;
	/* As with IPv4: what is asked for first is waited for least. */
	__u32 first = *(const volatile __u32 *)ENTRY(root_entry, root, high >> 48);
	__u32 next = *(const volatile __u32 *)ENTRY(root_entry, root, (high >> 48) + 1);
	__u64 mix = 0, product = 0;

	if (has_hosts) {
		mix = address6_mix(high ^ address6_mix(low));
		ask_for(LINE(hosts, (mix >> 32) * EXACT(config + HOSTS, buckets) >> 32)->words);
	}
	if (has_nets) {
		product = (__u64)address6_key(high, EXACT(config + NETS, key_bits)) * EXACT(config + NETS, buckets);
		ask_for(LINE(nets, product >> 32)->words);
	}
	if (has_hosts)
		host = host6_class(config + HOSTS, hosts, mix, low);
	if (has_nets)
		net = net6_class(config + NETS, nets, product, high);
	return class_or(host, class_or(net, ranges6_class(first, next - first + 1, ranges, high, low)));
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
