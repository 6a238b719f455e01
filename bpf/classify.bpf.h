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

#include "address.bpf.h"
#include "canary.bpf.h"
#include "parse.bpf.h"
#include "tables.bpf.h"

/* Word offset of each dimension's row in `vectors`. */
struct rows {
	__u32 at[DIMENSION_COUNT];
};

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
	/* Kept as an array: clang would make a spilled register of each, and the stack of all calls together has 512 bytes. */
	asm volatile("" : : "r"(rows) : "memory");
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
