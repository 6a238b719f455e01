/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A limit and its key -> their theoretical arrival time (TAT), found or made, and charged for one packet.
 *
 * Contract (docs/adr/0008-limit-state.md): a key lives in one slot of two buckets that its hash names. A slot holds the
 * whole key, and three rules make sure that nobody is charged, or judged, by another key's state:
 * - the TAT word of a slot grows at every write and so never has a value twice: while it is what it was, so is the key;
 * - a key is written only while that word is LIMIT_CLAIMED, and only by the CPU that swapped it in;
 * - a charge is a compare-and-swap on the word that was read before the key was.
 * A key is never in two slots: who writes one has first swapped the insertion count of its stripe to odd, from the value
 * that he read before he looked for the key. Nobody waits for that: who finds it odd for too long goes without state.
 *
 * Loads that must not pass each other are joined by after(), an address dependency: arm64 may otherwise swap them, and
 * BPF has no barrier before kernel 6.15. Atomic operations that fetch are full barriers.
 */
#ifndef PISTON_LIMIT_STATE_BPF_H
#define PISTON_LIMIT_STATE_BPF_H

#include "canary.bpf.h"
#include "state.bpf.h"

#define SWAP_TRIES 32
#define INSERT_ROUNDS 8
#define INSERT_SPINS 128

#define NOT_FOUND 8
#define PLACES 0x73654210ULL /* bucket << 2 | slot, from the lowest digit on */

enum charged { WITHIN = 0, ABOVE = 1, GONE = 2 /* the slot is another key's by now */ };

/* 0, and known only when `value` is. */
static __always_inline __u64 after(__u64 value)
{
	asm volatile("%0 &= 0" : "+r"(value));
	return value;
}

static __always_inline __u64 load_once(const __u64 *at)
{
	return *(const volatile __u64 *)at;
}

/*
 * Multiply-shift by two odd numbers that are the node's own secret: whatever addresses somebody chooses, two of them share
 * a bucket no more often than by chance (Dietzfelbinger et al., 1997). The first bucket is in the highest bits, the second in
 * those below.
 */
static __always_inline __u64 limit_hash(__u64 limit_id, __u64 high, __u64 low)
{
	return (low ^ limit_id) * INSTANCE.limit_multipliers[0] + high * INSTANCE.limit_multipliers[1];
}

/* 64 less the bits of a bucket's number. */
#define LIMIT_SHIFT (INSTANCE.limit_shift & 63)

static __always_inline struct limit_bucket *limit_bucket_at(__u32 index)
{
	return bpf_map_lookup_elem(&limit_state, &index);
}

/* All ones where a < b, else 0. Without a branch, whose two ends the verifier would follow through every round. */
static __always_inline __u64 below_mask(__u64 a, __u64 b)
{
	return -(((~a & b) | (~(a ^ b) & (a - b))) >> 63);
}

/* Keys alone: whether the slot is the key's at the time of its TAT is for charge_slot() to say. */
static __always_inline __u64 find_in_bucket(const struct limit_bucket *bucket, const struct limit_charge *charge)
{
#pragma unroll
	for (int i = 0; i < LIMIT_SLOTS_PER_BUCKET; i++) {
		const struct limit_slot *slot = &bucket->slots[i];

		if (load_once(&slot->low) == charge->low && load_once(&slot->limit_id) == charge->limit_id &&
		    load_once(&slot->high) == charge->high)
			return i;
	}
	return NOT_FOUND;
}

/*
 * A packet that loses the swap SWAP_TRIES times is within the rate and charged to nobody: each loss is another CPU's
 * packet that was charged, so at most one packet in SWAP_TRIES + 1 of a contended key is free. The other way, to drop,
 * could block a source that kept its rate.
 */
static __always_inline enum charged charge_slot(struct limit_slot *slot, const struct limit_charge *charge)
{
	__u64 seen = load_once(&slot->tat);

	for (int try = 0; try < SWAP_TRIES; try++) {
		const struct limit_slot *then = (const void *)slot + after(seen);
		__u64 other = (load_once(&then->low) ^ charge->low) | (load_once(&then->high) ^ charge->high) |
			      (load_once(&then->limit_id) ^ charge->limit_id);
		__u64 owed, before;

		if (other || seen == LIMIT_CLAIMED)
			return GONE;
		owed = (seen - charge->now) & below_mask(charge->now, seen);
		if (owed + charge->cost + CANARY(CANARY_LIMIT_EDGE) > charge->burst) {
			then = (const void *)slot + after(other);
			return load_once(&then->tat) == seen ? ABOVE : GONE;
		}
		before = seen;
		seen = __sync_val_compare_and_swap(&slot->tat, before, charge->now + owed + charge->cost);
		if (seen == before) /* BPF_CMPXCHG: kernel 5.12 */
			return WITHIN;
	}
	return WITHIN;
}

/*
 * Where charge->found tells the slot of least TAT, and charge->least that. It is free, or owes nothing, or owes least. A
 * global function, as the next two: the verifier walks each once, by itself.
 */
__noinline int least_slot(struct limit_charge *charge)
{
	__u64 least = LIMIT_CLAIMED, found = 0;

	if (!charge)
		return 0;
	/*
	 * Three slots of the first bucket, three of the second, then their last ones: of a million keys in 2^19 buckets 200
	 * find no free slot, and 9 % stand in their second bucket. In plain order those were 2,800 and 3 %.
	 */
	for (__u32 i = 0; i < 2 * LIMIT_SLOTS_PER_BUCKET; i++) {
		__u64 place = PLACES >> 4 * i & 7;
		const struct limit_bucket *bucket = limit_bucket_at(charge->bucket[place >> 2]);
		__u64 tat, better;

		if (!bucket)
			return 0;
		tat = load_once(&bucket->slots[place & 3].tat);
		better = below_mask(tat, least);
		least = (tat & better) | (least & ~better);
		found = (place & better) | (found & ~better);
	}
	charge->least = least;
	charge->found = found;
	return 0;
}

static __always_inline struct limit_slot *found_slot(const struct limit_charge *charge)
{
	__u64 found = *(const volatile __u64 *)&charge->found;
	struct limit_bucket *bucket = limit_bucket_at(charge->bucket[found >> 2 & 1]);

	return bucket ? &bucket->slots[found & 3] : 0;
}

/* Looks in both buckets, after `inserted` was read; charges the key where it is there, else NOT_FOUND. */
__noinline int find_and_charge(struct limit_charge *charge, __u64 inserted)
{
	const struct limit_bucket *first, *second;
	struct limit_slot *slot;
	__u64 found;

	if (!charge)
		return NOT_FOUND;
	first = limit_bucket_at(charge->bucket[0]);
	second = limit_bucket_at(charge->bucket[1]);
	if (!first || !second)
		return WITHIN;
	found = find_in_bucket((const void *)first + after(inserted), charge);
	if (found == NOT_FOUND)
		found = LIMIT_SLOTS_PER_BUCKET + find_in_bucket((const void *)second + after(inserted), charge);
	if (found >= NOT_FOUND)
		return NOT_FOUND;
	charge->found = found;
	slot = found_slot(charge);
	return slot ? charge_slot(slot, charge) : NOT_FOUND;
}

/* Writes the key over the slot of least_slot(), as the one writer of its stripe. 0: the slot was charged meanwhile. */
static __always_inline int write_key(struct limit_charge *charge)
{
	struct limit_slot *slot = found_slot(charge);

	if (!slot || __sync_val_compare_and_swap(&slot->tat, charge->least, LIMIT_CLAIMED) != charge->least)
		return 0;
	slot->limit_id = charge->limit_id;
	slot->high = charge->high;
	slot->low = charge->low;
	__sync_lock_test_and_set(&slot->tat, charge->now + charge->cost); /* BPF_XCHG: kernel 5.12 */
	return 1;
}

/*
 * For a key that was not found: looks again, as the only writer of its stripe, and writes it where it is not there. It
 * takes the slot of least TAT, if its own is greater: what it displaces owed nothing, or less than it owes itself. Else
 * it goes without state, and so is within the rate.
 */
__noinline int insert_limit(struct limit_charge *charge)
{
	__u64 *inserts, inserted = 1;
	__u32 index;

	if (!charge)
		return WITHIN;
	index = (1ULL << (-LIMIT_SHIFT & 63)) + (charge->bucket[0] >> 4) % LIMIT_INSERT_BUCKETS;
	inserts = bpf_map_lookup_elem(&limit_state, &index);
	if (!inserts)
		return WITHIN;
	inserts += charge->bucket[0] % 16;

	for (int round = 0; round < INSERT_ROUNDS; round++) {
		int charged, written;

		for (int spin = 0; spin < INSERT_SPINS; spin++) {
			inserted = load_once(inserts);
			if (!(inserted & 1))
				break;
		}
		if (inserted & 1)
			return WITHIN;
		charged = find_and_charge(charge, inserted);
		if (charged == WITHIN || charged == ABOVE)
			return charged;
		if (charged == GONE)
			continue;
		if (charge->cost > charge->burst)
			return ABOVE;
		least_slot(charge);
		if (charge->least >= charge->now + charge->cost)
			return WITHIN;
		if (__sync_val_compare_and_swap(inserts, inserted, inserted + 1) != inserted)
			continue;
		written = write_key(charge);
		__sync_fetch_and_add(inserts, 1);
		if (written)
			return WITHIN;
	}
	return WITHIN;
}

/*
 * The slot of the first bucket that has the key, and its TAT in `seen`, which was read before the key; NULL where none has.
 * charge_once() then does with one swap, for nearly every packet.
 */
static __always_inline struct limit_slot *find_first(struct limit_bucket *bucket, __u64 limit_id, __u64 high, __u64 low,
						     __u64 *seen)
{
#pragma unroll
	for (int i = 0; i < LIMIT_SLOTS_PER_BUCKET; i++) {
		struct limit_slot *slot = &bucket->slots[i];
		__u64 tat = load_once(&slot->tat);
		const struct limit_slot *then = (const void *)slot + after(tat);

		if (load_once(&then->low) == low && load_once(&then->limit_id) == limit_id && load_once(&then->high) == high) {
			*seen = tat;
			return slot;
		}
	}
	return 0;
}

/* GONE where another CPU wrote the slot meanwhile: nothing was charged. */
static __always_inline enum charged charge_once(struct limit_slot *slot, __u64 seen, __u64 now, __u64 cost, __u64 burst)
{
	__u64 owed = seen - now;

	asm volatile("" : "+r"(owed)); /* else clang makes a subtraction that saturates of it, from eight instructions */
	if (seen <= now)
		owed = 0;
	if (seen == LIMIT_CLAIMED)
		return GONE;
	if (owed + cost + CANARY(CANARY_LIMIT_EDGE) > burst) {
		__u64 key = load_once(&slot->low) | load_once(&slot->high) | load_once(&slot->limit_id);
		const struct limit_slot *then = (const void *)slot + after(key);

		return load_once(&then->tat) == seen ? ABOVE : GONE;
	}
	return __sync_val_compare_and_swap(&slot->tat, seen, now + owed + cost) == seen ? WITHIN : GONE;
}

#endif
