/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An IPv6 address -> its class, by the tables that shared.h describes.
 *
 * Contract: class 0 where the root or the ranges are too short, which no bundle that the reader took leads to. Of the exact
 * tables the verifier knows that they are as large as their constants say.
 */
#ifndef PISTON_ADDRESS6_BPF_H
#define PISTON_ADDRESS6_BPF_H

#include "address-tables.bpf.h"
#include "tables.bpf.h"

#define EXACT6(exact, member) ((exact) + (__u32)__builtin_offsetof(struct exact6_table, member))

/* Halvings that leave one of 2^20 ranges of a chunk. */
#define ADDRESS6_STEPS 20

/* Set in what is no class. */
#define NOT_FOUND6 (1 << 16)

/* 1 where a < b: the borrow of a - b. Without a branch, for a random source would have it mispredicted at each step. */
static __always_inline __u64 is_below(__u64 a, __u64 b)
{
	return ((~a & b) | (~(a ^ b) & (a - b))) >> 63;
}

/* `found`, or `otherwise` where NOT_FOUND6 is set in it. */
static __always_inline __u32 class_or(__u32 found, __u32 otherwise)
{
	__u32 none = -(found >> 16);

	return (found & ~none) | (otherwise & none);
}

/* 1 where the highest bit is set, else 0. clang does not see what it is, or it would branch. */
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
	/* Linux 6.1 forgets at a 32-bit exclusive or that the result has 32 bits. A move says so again. */
	asm volatile("%0 = %0" : "+w"(hash));
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
	return (found - 1) & (NOT_FOUND6 | 0xffff);
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

	if (IS_SET(EXACT6(config + NETS, buckets)))
		net = net6_of(config + NETS, nets, high);
	if (optional_bit_at(config + PRESENT, REST_UNIFORM_BIT)) {
		class_index = constant_at(config + UNIFORM_CLASS);
	} else {
		__u32 entry = *(const volatile __u32 *)ENTRY(root_entry, root, high >> 48);

		class_index = entry >> ROOT6_STEP_BITS;
		entry &= (1 << ROOT6_STEP_BITS) - 1;
		if (entry)
			class_index = ranges6_class(class_index, 1U << entry, ranges, high, low);
	}
	if (IS_SET(EXACT6(config + NETS, buckets)))
		class_index ^= (class_index ^ net.class_index) & net.has_class;
	/* A branch: few sources are in a /64 of hosts, or a flood of them is. */
	if (optional_bit_at(EXACT6(config + HOSTS, key_shift), HOSTS6_MARKED_BIT) ? net.has_hosts
										 : constant_at(EXACT6(config + HOSTS, buckets)))
		class_index = class_or(host6_class(config + HOSTS, hosts, high, low), class_index);
	return class_index;
past_the_end:
	return 0;
}

#endif
