/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An IPv4 address -> its class, by the tables that shared.h describes.
 *
 * Contract: class 0 where root or ranges are too short, which no bundle that the reader took leads to. Of blocks the verifier knows
 * that they are as large as their constants say.
 *
 * For random sources the time is that of the cache misses, and of the branches that wait for them: so a look-up in blocks reads one
 * line beside its pilot, and has no branch that depends on it. 16-bit lanes, four a word, are compared by arithmetic:
 * BPF has no vectors and no conditional moves.
 */
#ifndef PISTON_ADDRESS4_BPF_H
#define PISTON_ADDRESS4_BPF_H

#include "address-tables.bpf.h"
#include "canary.bpf.h"
#include "tables.bpf.h"

#define LANE_ONES 0x0001000100010001ULL
#define LANE_HIGHS 0x8000800080008000ULL

#define BLOCKS4(config, member) ((__u32)((config) + HOSTS + __builtin_offsetof(struct blocks4_table, member)))

/* Halvings that leave one of at most 4,096 lines of a chunk. */
#define ADDRESS4_STEPS 12

/* Of four lanes the one whose high bit is `high`, the others being 0. No lane where `high` is 0. */
static __always_inline __u32 lane_of(__u64 lanes, __u64 high)
{
	lanes &= (high >> 15) * 0xffff;
	lanes |= lanes >> 32;
	return (lanes | lanes >> 16) & 0xffff;
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

struct block4 {
	__u64 found;       /* all ones where a slot has the address, else 0 */
	__u64 class_index; /* 0 where none has */
	__u32 pilot;
};

/* The bucket of `words` words that a block's product and its pilot lead to. */
static __always_inline const __u64 *bucket4(const void *regions, __u64 product, const __u32 words, __u32 *pilot)
{
	__u64 index = product >> 32;
	const __u8 *region;

	/* Or clang shifts and masks for the factor's sake, and the verifier loses the bound. */
	asm volatile("" : "+r"(index));
	region = regions + index * REGION4_BUCKETS * (1 + 8 * words);
	*pilot = region[product >> 25 & (REGION4_BUCKETS - 1)];
	return (const __u64 *)(region + REGION4_BUCKETS) + words * ((product >> 18 ^ *pilot) & (REGION4_BUCKETS - 1));
}

static __always_inline struct block4 block4_of(const __u32 config, struct table blocks, __u32 address)
{
	__u64 product, slots, labels = 0, slot, below, beyond, found;
	const void *first = blocks.first;
	__u32 pilot;

	if (IS_SET(BLOCKS4(config, small))) {
		product = mul_constant_at(address4_mix(address, 0xfffffff8), BLOCKS4(config, regions));
		slot = (product >> 16 & 0xfe00) | (product >> 9 & 0x1f0) | (address << 1 & 0xe);
	} else {
		product = mul_constant_at(address4_mix(address, 0xffffff00), BLOCKS4(config, regions));
		slot = (product >> 16 & 0xfe00) | (address << 1 & 0x1fe);
	}
	asm volatile("" : "+r"(first));
	if (IS_SET(BLOCKS4(config, class_mask))) {
		const __u64 *bucket = bucket4(first, product, 2, &pilot);

		slots = bucket[0];
		labels = bucket[1];
	} else {
		slots = *bucket4(first, product, 1, &pilot);
	}
	/* Else clang asks for the sign of a byte, which takes two shifts more than a comparison. */
	asm volatile("" : "+r"(pilot));
	/*
	 * A lane matches where nothing above its lowest one differs. In a free lane the lowest one is the highest bit, which then
	 * stands in `beyond`. Bit 0 is no lane's business, so a borrow out of a lane that matches makes no other one match.
	 */
	below = slots ^ (slots - LANE_ONES);
	beyond = below | (slots ^ slot * LANE_ONES);
	if (IS_SET(BLOCKS4(config, class_mask))) {
		__u64 classes = constant_at(BLOCKS4(config, class_mask)) * LANE_ONES;
		__u64 label = IS_SET(BLOCKS4(config, small)) ? product << 3 : product >> 2;
		__u64 differ = ((labels ^ (label & 0xffff) * LANE_ONES) | classes) ^ classes;

		found = (((beyond ^ below) | differ) - LANE_ONES) & ~(beyond | differ) & LANE_HIGHS;
		found &= -found;
		labels = and_constant_at(lane_of(labels, found), BLOCKS4(config, class_mask));
		return (struct block4){ sign_of(found | -found), labels, pilot };
	}
	found = ((beyond ^ below) - LANE_ONES) & ~beyond & LANE_HIGHS;
	found = sign_of(found | -found);
	return (struct block4){ found, and_constant_at(found, BLOCKS4(config, class_index)), pilot };
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

static __always_inline __u32 address4_class(const __u32 config, struct table blocks, struct table root, struct table ranges,
					    __u32 address)
{
	struct block4 block;
	__u32 entry;

	if (IS_SET(BLOCKS4(config, regions))) {
		if (optional_bit_at(config + PRESENT, REST_UNIFORM_BIT)) {
			block = block4_of(config, blocks, address);
			if (!(block.pilot & PILOT4_RANGES) || block.found)
				return block.class_index | and_constant_at(~block.found, config + UNIFORM_CLASS);
			entry = *ENTRY(root_entry, root, address >> 16);
		} else {
			/* The ranges' line waits for the root's, which is so asked for before anything is compared. */
			entry = *(const volatile __u32 *)ENTRY(root_entry, root, address >> 16);
			block = block4_of(config, blocks, address);
			if (block.found)
				return block.class_index;
		}
	} else {
		entry = *ENTRY(root_entry, root, address >> 16);
	}
	return ranges4_class(entry, ranges, address);
past_the_end:
	return 0;
}

#endif
