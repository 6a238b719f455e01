/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Fields of a packet -> the rules that match it, as bits.
 *
 * Contract: every dimension (a field, or an address side) has a table from values to classes, and for each class a row
 * of bits over the rules. The rules that match are the AND of the rows. Bit b of word w is rule 64 * w + b, so the
 * lowest bit is the topmost rule. A dimension that is not in config.dimension_mask tells no rules apart and costs
 * nothing. The cost depends on the dimensions, not on the number of rules: with more than 64 of them each row opens
 * with a summary word, and only the words whose summary bit is left are read. Where there are decisions (shared.h), the
 * classes lead to the rule that decides, and rows are read only for packets that a decision leaves to them.
 *
 * A look-up past a table's end matches no rule: the packet gets the default verdict.
 */
#ifndef PISTON_CLASSIFY_BPF_H
#define PISTON_CLASSIFY_BPF_H

#include "address.bpf.h"
#include "canary.bpf.h"
#include "packet.bpf.h"
#include "tables.bpf.h"

struct rows {
	__u32 at[DIMENSION_COUNT]; /* word offset of each dimension's row in `vectors`; before that is known its class */
	__u32 decided;		   /* where HAS_DECISIONS: the rule that decides, plus 1, and there are no rows; 0: there are */
};

#define HAS_DECISIONS IS_SET(__builtin_offsetof(struct rodata, config.decision_count))

/* Written out, for clang unrolls no loop that an `asm goto` can leave. */
#define FOR_EACH_FIELD(DO)                                                                                  \
	DO(FIELD_PROTOCOL) DO(FIELD_SOURCE_PORT) DO(FIELD_DESTINATION_PORT) DO(FIELD_TCP_FLAGS)             \
	DO(FIELD_L3_LENGTH) DO(FIELD_ICMP) DO(FIELD_FRAGMENT) DO(FIELD_TTL) DO(FIELD_DSCP) DO(FIELD_VLAN)   \
	DO(FIELD_PAYLOAD_LENGTH) DO(FIELD_IPV4_OPTIONS) DO(FIELD_IPV6_EXTENSIONS) DO(FIELD_PAYLOAD)
#define FOR_EACH_DIMENSION(DO) FOR_EACH_FIELD(DO) DO(DIMENSION_SOURCE) DO(DIMENSION_DESTINATION)
_Static_assert(DIMENSION_COUNT == 16, "FOR_EACH_DIMENSION has them all");

/* Leaves in `bits` what is in `row` as well. In assembly, for clang would put the result into a third register. */
static __always_inline void keep_common(__u64 *bits, __u64 row)
{
	asm volatile("%0 &= %1" : "+r"(*bits) : "r"(row));
}

/* Behind the branch that needs it: see because() in parse.bpf.h. */
static __always_inline __u64 no_rule(void)
{
	__u64 bits = 0;

	asm volatile("" : "+r"(bits));
	return bits;
}

#define CLASS_OF_FIELD(dimension) \
	*ENTRY(fields_entry, TABLE_OF(fields), ADD_CONSTANT(packet->value[dimension], config.field_base[dimension]))
#define CLASS_OF(dimension)                                                                       \
	(dimension == DIMENSION_SOURCE                                                            \
		 ? foretold(source_class(packet), ADDRESS(SIDE_SOURCE, FAMILY_IPV4))              \
	 : dimension == DIMENSION_DESTINATION                                                     \
		 ? foretold(destination_class(packet), ADDRESS(SIDE_DESTINATION, FAMILY_IPV4))    \
		 : CLASS_OF_FIELD(dimension % FIELD_COUNT))

/* Class `at` of a dimension -> its row. */
#define SELECT_ROW(dimension)                                                             \
	if (OPTIONAL_FEATURE(FEATURE_WORDS))                                              \
		at *= CONSTANT(config.row_stride);                                        \
	at = ADD_CONSTANT(at, config.row_base[dimension]);                                \
	if (OPTIONAL_FEATURE(FEATURE_WORDS))                                              \
		rows->at[dimension] = at;                                                 \
	keep_common(&bits, *ENTRY(vectors_entry, TABLE_OF(vectors), at));

/*
 * The class of each dimension -> its row, and the AND of the rows' first words: with up to 64 rules that is all there is
 * to know, and no row is looked at again. 0: no rule matches, and then `rows` is not whole. Where a table is too short this
 * is left at once and nothing goes on with a made-up class: before kernel 6.2 the verifier would walk what follows once
 * more for each.
 */
static __always_inline __u64 classify(const struct packet *packet, struct rows *rows)
{
	__u64 bits = ~0ULL;

#define SELECT(dimension)                      \
	if (IN_USE(dimension)) {               \
		__u64 at = CLASS_OF(dimension); \
		SELECT_ROW(dimension)          \
	}
	FOR_EACH_FIELD(SELECT)
	/* The fields alone often say that there is no rule; then nobody waits for the address steps. */
	if (bits) {
		SELECT(DIMENSION_SOURCE)
		SELECT(DIMENSION_DESTINATION)
	}
#undef SELECT
	/* Kept as an array: clang would make a spilled register of each, and the stack of all calls together has 512 bytes. */
	asm volatile("" : : "r"(rows) : "memory");
	return bits;
past_the_end:
	return no_rule();
}

/* The same by decisions, where HAS_DECISIONS. Where a rule decides alone: not 0, and that rule is in rows->decided. */
static __always_inline __u64 decide(const struct packet *packet, struct rows *rows)
{
	__u64 bits, index = 0;

#define SELECT(dimension)                                                             \
	if (IN_USE(dimension)) {                                                      \
		__u64 at = CLASS_OF(dimension);                                       \
		rows->at[dimension] = at;                                             \
		index += MUL_CONSTANT(at, config.decision_factor[dimension]);         \
	}
#define SELECT_AGAIN(dimension)                 \
	if (IN_USE(dimension)) {                \
		__u64 at = rows->at[dimension]; \
		SELECT_ROW(dimension)           \
	}
	FOR_EACH_FIELD(SELECT)
	bits = *ENTRY(fields_entry, TABLE_OF(fields), ADD_CONSTANT(index, config.decision_base));
	if (!bits)
		return no_rule();
	index = MUL_CONSTANT(bits - 1, config.decision_block);
	SELECT(DIMENSION_SOURCE)
	SELECT(DIMENSION_DESTINATION)
	bits = *ENTRY(fields_entry, TABLE_OF(fields), ADD_CONSTANT(index, config.decision_rest_base));
	rows->decided = bits;
	if (bits == DECISION_ROWS) {
		rows->decided = 0;
		bits = ~0ULL;
		FOR_EACH_DIMENSION(SELECT_AGAIN)
	}
#undef SELECT_AGAIN
#undef SELECT
	asm volatile("" : : "r"(rows) : "memory");
	return bits;
past_the_end:
	return no_rule();
}

/* AND of word `word` of all rows, counted from each row's first word. 0 where a table is too short. */
static __always_inline __u64 rows_and(const struct rows *rows, __u32 word)
{
	__u64 bits = ~0ULL;

#define SELECT(dimension)      \
	if (IN_USE(dimension)) \
		keep_common(&bits, *ENTRY(vectors_entry, TABLE_OF(vectors), rows->at[dimension] + word));
	FOR_EACH_DIMENSION(SELECT)
#undef SELECT
	return bits;
past_the_end:
	return no_rule();
}

/* Number of the lowest bit of `bits`, which is not 0: BPF has no instruction for it. */
static __always_inline __u32 lowest_bit(__u64 bits)
{
	return INSTANCE.lowest_bit[(bits & -bits) * DE_BRUIJN >> 58];
}

#endif
