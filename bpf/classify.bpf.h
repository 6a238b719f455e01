/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fields of a packet -> the rules that match it, as bits.
 *
 * Contract: every dimension (a field, or an address side) has a table from values to classes, and for each class a row
 * of bits over the rules. The rules that match are the AND of the rows. Bit b of word w is rule 64 * w + b, so the
 * lowest bit is the topmost rule. A dimension that is not in config.dimension_mask tells no rules apart and costs
 * nothing. The cost depends on the dimensions, not on the number of rules: with more than 64 of them each row opens
 * with a summary word, and only the words whose summary bit is left are read.
 *
 * A look-up past a table's end matches no rule: the packet gets the default verdict.
 */
#ifndef PISTON_CLASSIFY_BPF_H
#define PISTON_CLASSIFY_BPF_H

#include "canary.bpf.h"
#include "parse.bpf.h"
#include "tables.bpf.h"

/* Halvings that leave one of at most 65,536 ranges (IPv4: 16 free bits), and one of 2^20 (IPv6). */
#define ADDRESS4_STEPS 17
#define ADDRESS6_STEPS 20

/* Word offset of each dimension's row in `vectors`. */
struct rows {
	__u32 at[DIMENSION_COUNT];
};

/* 1 where a < b: the borrow of a - b. Without a branch, for a random source would have it mispredicted at each step. */
static __always_inline __u64 is_below(__u64 a, __u64 b)
{
	return ((~a & b) | (~(a ^ b) & (a - b))) >> 63;
}

static __always_inline __u32 address4_class(void *root, void *ranges, __u32 address)
{
	const union line *line = line_at(root, address >> 16 >> 3);
	__u32 first, count, low = address & 0xffff;

	if (!line)
		return 0;
	first = line->roots[address >> 16 & 7].start;
	count = line->roots[address >> 16 & 7].count;
	if (!count)
		return first;
	/* The last range whose first address is not above `low`; range `first` never is. */
	for (int step = 0; step < ADDRESS4_STEPS && count > 1; step++) {
		__u32 half = count / 2, middle = first + half;

		line = line_at(ranges, middle / 16);
		if (!line)
			return 0;
		first += half & ((__u32)is_below(low, (line->ranges4[middle % 16] >> 16) + CANARY(CANARY_RANGE_EDGE)) - 1);
		count -= half;
	}
	line = line_at(ranges, first / 16);
	return line ? line->ranges4[first % 16] & 0xffff : 0;
}

static __always_inline __u32 address6_class(void *root, void *ranges, __u64 high, __u64 low)
{
	const union line *line = line_at(root, high >> 51);
	__u32 first, count;

	if (!line)
		return 0;
	first = line->roots[high >> 48 & 7].start;
	count = line->roots[high >> 48 & 7].count;
	if (!count)
		return first;
	for (int step = 0; step < ADDRESS6_STEPS && count > 1; step++) {
		__u32 half = count / 2, middle = first + half;
		const struct address6_range *range;
		__u64 below;

		line = line_at(ranges, middle / 2);
		if (!line)
			return 0;
		range = &line->ranges6[middle % 2];
		/* (high, low) < (first_high, first_low): the high halves decide, or are equal and the low ones do. */
		below = is_below(high, range->first_high) |
			(~(is_below(range->first_high, high)) & is_below(low, range->first_low));
		first += half & ((__u32)below - 1);
		count -= half;
	}
	line = line_at(ranges, first / 2);
	return line ? line->ranges6[first % 2].class_index : 0;
}

/*
 * Global functions, for the verifier to walk each search once: before kernel 6.2 it compares every scalar exactly in a
 * program that has functions, and the ends of four searches in a row would multiply.
 */
__noinline __u32 source4_class(__u32 address)
{
	return address4_class(&source4_root, &source4_ranges, address);
}

__noinline __u32 destination4_class(__u32 address)
{
	return address4_class(&destination4_root, &destination4_ranges, address);
}

__noinline __u32 source6_class(__u64 high, __u64 low)
{
	return address6_class(&source6_root, &source6_ranges, high, low);
}

__noinline __u32 destination6_class(__u64 high, __u64 low)
{
	return address6_class(&destination6_root, &destination6_ranges, high, low);
}

static __always_inline __u32 source_class(const struct packet *packet)
{
	const volatile struct address_table *table4 = &CONFIG.address[SIDE_SOURCE][FAMILY_IPV4];
	const volatile struct address_table *table6 = &CONFIG.address[SIDE_SOURCE][FAMILY_IPV6];

	if (packet->family == FAMILY_IPV4)
		return table4->present ? source4_class(packet->source_low) : table4->uniform_class;
	return table6->present ? source6_class(packet->source_high, packet->source_low) : table6->uniform_class;
}

static __always_inline __u32 destination_class(const struct packet *packet)
{
	const volatile struct address_table *table4 = &CONFIG.address[SIDE_DESTINATION][FAMILY_IPV4];
	const volatile struct address_table *table6 = &CONFIG.address[SIDE_DESTINATION][FAMILY_IPV6];

	if (packet->family == FAMILY_IPV4)
		return table4->present ? destination4_class(packet->destination_low) : table4->uniform_class;
	return table6->present ? destination6_class(packet->destination_high, packet->destination_low)
			       : table6->uniform_class;
}

static __always_inline int has_dimension(__u32 dimension)
{
	return CONFIG.dimension_mask >> dimension & 1;
}

/*
 * 0 where a table is too short. Every such end is left at once and nothing goes on with a made-up class: before kernel
 * 6.2 the verifier would walk what follows once more for each.
 */
static __always_inline int classify(const struct packet *packet, struct rows *rows)
{
#pragma unroll
	for (__u32 dimension = 0; dimension < DIMENSION_COUNT; dimension++) {
		__u32 class_index;

		rows->at[dimension] = 0;
		if (!has_dimension(dimension))
			continue;
		if (dimension == DIMENSION_SOURCE) {
			class_index = source_class(packet);
		} else if (dimension == DIMENSION_DESTINATION) {
			class_index = destination_class(packet);
		} else {
			__u32 entry = CONFIG.field_base[dimension] + packet->value[dimension];
			const union line *line = line_at(&fields, entry / 32);

			if (!line)
				return 0;
			class_index = line->classes[entry % 32];
		}
		rows->at[dimension] = CONFIG.row_base[dimension] + class_index * CONFIG.row_stride;
	}
	return 1;
}

/*
 * AND of word `word` of all rows, counted from each row's first word; `bits` is where there is no dimension. 0 where a
 * table is too short.
 */
static __always_inline __u64 rows_and(const struct rows *rows, __u32 word, __u64 bits)
{
#pragma unroll
	for (__u32 dimension = 0; dimension < DIMENSION_COUNT; dimension++) {
		const union line *line;
		__u32 at;

		if (!has_dimension(dimension))
			continue;
		at = rows->at[dimension] + word;
		line = line_at(&vectors, at / 8);
		if (!line)
			return 0;
		bits &= line->words[at % 8];
	}
	return bits;
}

/* `count` low bits, 1 to 64. */
static __always_inline __u64 low_bits(__u32 count)
{
	return count >= 64 ? ~0ULL : (1ULL << (count & 63)) - 1;
}

/* Number of the lowest bit of `bits`, which is not 0: BPF has no instruction for it, so the ones below are counted. */
static __always_inline __u32 lowest_bit(__u64 bits)
{
	bits = ~bits & (bits - 1);
	bits -= bits >> 1 & 0x5555555555555555ULL;
	bits = (bits & 0x3333333333333333ULL) + (bits >> 2 & 0x3333333333333333ULL);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return bits * 0x0101010101010101ULL >> 56 & 63;
}

#endif
