/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An IPv4 address -> its class, by the tables that shared.h describes.
 *
 * Contract: class 0 where a table is too short, which no bundle that the reader took leads to.
 *
 * For random sources the time is that of the cache misses, so the lines that may be needed are asked for before anything is
 * compared. 16-bit lanes, four a word, are compared by arithmetic: BPF has no vectors and no conditional moves. What is
 * found in an exact table is returned at once: traffic is mostly of one kind, and what follows need not wait for the class.
 */
#ifndef PISTON_ADDRESS4_BPF_H
#define PISTON_ADDRESS4_BPF_H

#include "address-tables.bpf.h"
#include "canary.bpf.h"
#include "tables.bpf.h"

#define LANE_ONES 0x0001000100010001ULL
#define LANE_HIGHS 0x8000800080008000ULL

/* Halvings that leave one of at most 4,096 lines of a chunk. */
#define ADDRESS4_STEPS 12

/* No class has this number. */
#define NO_CLASS (1 << 16)

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
	if (kind >= ROOT_DIRECT) {
		low >>= kind - ROOT_DIRECT;
		return LINE(ranges, at + low / 32)->direct4[low % 32];
	}
	if (kind >= ROOT_LINES) {
		__u32 lines = kind - ROOT_LINES;

		lines = lines < 64 ? lines + 1 : 2 * lines - 62;
		if (lines >= RANGE_INDEX_LEAST && lines <= RANGE_INDEX_MOST) {
			/* Lines, after the first, whose first address is not above `low`. */
			line = LINE(ranges, at);
			count = lanes_carry(line->words[0], low) + lanes_carry(line->words[1], low) +
				lanes_carry(line->words[2], low) + lanes_carry(line->words[3], low);
			at += 1 + (count * LANE_ONES >> 48);
			lines = 1;
		}
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

#endif
