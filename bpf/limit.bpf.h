/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Limits (GCRA, ITU-T I.371) and the temporary blocks that they set.
 *
 * Contract (docs/SEMANTICS.md §3, §4): one 64-bit theoretical arrival time (TAT) in ticks for each key, changed by
 * compare-and-swap. No sum overflows: n is 1 or at most 65,535 bytes, a byte limit's multiplier is below 2^48, and
 * ticks last 36 years of uptime.
 */
#ifndef PISTON_LIMIT_BPF_H
#define PISTON_LIMIT_BPF_H

#include "limit-state.bpf.h"
#include "state.bpf.h"

static __always_inline void address_bytes(__u8 *bytes, __u64 high, __u64 low)
{
	high = bpf_cpu_to_be64(high);
	low = bpf_cpu_to_be64(low);
	__builtin_memcpy(bytes, &high, 8);
	__builtin_memcpy(bytes + 8, &low, 8);
}

/* The `count` high bits of 64; a count above 63 is all of them. */
static __always_inline __u64 high_bits(__u32 count)
{
	return count >= 64 ? ~0ULL : ~(~0ULL >> (count & 63));
}

/* What the packet is charged by: an address, cut to the limit's prefix, or a port. */
static __always_inline void limit_key_of(const struct packet *packet, const struct rule *rule, __u64 *high, __u64 *low)
{
	__u32 key = rule->limit_key;

	if (key == KEY_SOURCE) {
		*high = packet->source_high;
		*low = packet->source_low;
		asm volatile(""); /* else clang reckons out which of the two, in twice the instructions */
	} else if (key == KEY_DESTINATION) {
		*high = packet->destination_high;
		*low = packet->destination_low;
	} else {
		*high = 0;
		*low = 0;
		if (key == KEY_SOURCE_PORT) /* absent is 65536: keyed 0 */
			*low = packet->value[FIELD_SOURCE_PORT] & 0xffff;
		else if (key == KEY_DESTINATION_PORT)
			*low = packet->value[FIELD_DESTINATION_PORT] & 0xffff;
		return;
	}
	if (packet->family == FAMILY_IPV4) {
		*low = *low >> (32 - rule->limit_prefix4) << (32 - rule->limit_prefix4);
	} else {
		*high &= high_bits(rule->limit_prefix6);
		*low &= rule->limit_prefix6 > 64 ? high_bits(rule->limit_prefix6 - 64) : 0;
	}
}

/* A burst of COARSE_CLOCK_BURST_MS bears a clock that is late by a tick of at most 10 ms (docs/SEMANTICS.md §4). */
static __always_inline __u64 limit_now(struct cpu_state *cpu, const struct rule *rule)
{
	if (rule->limit_burst_ticks >= COARSE_CLOCK_BURST_MS * 1000000ULL * TICKS_PER_NS)
		return coarse_now(cpu);
	return packet_now(&cpu->packet);
}

/* Ticks. */
static __always_inline __u64 limit_cost(const struct packet *packet, const struct rule *rule)
{
	__u64 cost = rule->limit_multiplier;

	if (rule->limit_unit == UNIT_BYTES)
		cost *= packet->value[FIELD_L3_LENGTH];
	return cost >> LIMIT_MULTIPLIER_SHIFT;
}

/* Charges the packet to its key of the limit. 1: above the rate, and nothing was charged; 0: within it. */
static __always_inline int limit_exceeded(struct cpu_state *cpu, const struct rule *rule)
{
	struct limit_charge *charge = &cpu->charge;
	struct limit_bucket *bucket;
	struct limit_slot *slot;
	__u64 high, low, now, hash, seen, cost;

	limit_key_of(&cpu->packet, rule, &high, &low);
	hash = limit_hash(rule->limit_id, high, low);
	bucket = limit_bucket_at(hash >> LIMIT_SHIFT);
	if (!bucket)
		return WITHIN;
	slot = find_first(bucket, rule->limit_id, high, low, &seen);
	now = limit_now(cpu, rule) * TICKS_PER_NS;
	cost = limit_cost(&cpu->packet, rule);
	if (slot) {
		enum charged charged = charge_once(slot, seen, now, cost, rule->limit_burst_ticks);

		if (charged != GONE)
			return charged;
	}
	/* Once more, for one packet of thousands: kept, the key would take the registers that the others' time needs. */
	limit_key_of(&cpu->packet, rule, &high, &low);
	hash = limit_hash(rule->limit_id, high, low);
	charge->limit_id = rule->limit_id;
	charge->high = high;
	charge->low = low;
	charge->now = now;
	charge->cost = cost;
	charge->burst = rule->limit_burst_ticks;
	charge->bucket[0] = hash >> LIMIT_SHIFT;
	charge->bucket[1] = hash << (-LIMIT_SHIFT & 63) >> LIMIT_SHIFT;
	return insert_limit(charge);
}

static __always_inline void block_key_of(const struct packet *packet, struct block_key *key)
{
	/* IPv6 by /64: one host has that many addresses to itself (RFC 6177). */
	address_bytes(key->address, packet->source_high, packet->family == FAMILY_IPV4 ? packet->source_low : 0);
}

/* Before the block itself, so that no packet looks between the two and finds that there can be none. */
static __always_inline void raise_block_horizon(__u64 until_ns)
{
	struct block_horizon *horizon = the_block_horizon();
	__u64 seen;

	seen = *(volatile __u64 *)&horizon->rules_until_ns;
	for (int try = 0; try < SWAP_TRIES && seen < until_ns; try++)
		seen = __sync_val_compare_and_swap(&horizon->rules_until_ns, seen, until_ns);
	if (seen < until_ns) /* never reached: each loss has raised it */
		*(volatile __u64 *)&horizon->rules_until_ns = ~0ULL;
}

/* From this packet on. A block that is over stays until LRU or the next one of its source takes its place. */
static __always_inline void block_source(struct cpu_state *cpu, const struct rule *rule, slot_entry entry)
{
	struct block_key key;
	struct block block = {};

	block_key_of(&cpu->packet, &key);
	block.until_ns = limit_now(cpu, rule) + rule->block_ns;
	block.rule_id = rule->id;
	block.counter = first_counter(entry);
	raise_block_horizon(block.until_ns);
	bpf_map_update_elem(&blocks, &key, &block, BPF_ANY);
}

/* 0: no block was ever set, or the last one is over. A proof instance has no horizon: its clock may go backwards. */
static __always_inline int may_be_blocked(struct cpu_state *cpu)
{
	const struct block_horizon *horizon = the_block_horizon();
	__u64 now;

	if (INSTANCE.proof)
		return 1;
	if (!(horizon->rules_until_ns | horizon->operator_until_ns))
		return 0;
	now = coarse_now(cpu);
	return now < horizon->rules_until_ns || now < horizon->operator_until_ns;
}

/* The source's block, where it has one whose time is not over. */
static __always_inline const struct block *find_block(struct cpu_state *cpu)
{
	const struct block *block;
	struct block_key key;

	if (!may_be_blocked(cpu))
		return 0;
	block_key_of(&cpu->packet, &key);
	block = bpf_map_lookup_elem(&blocks, &key);
	return block && coarse_now(cpu) < block->until_ns ? block : 0;
}

#endif
