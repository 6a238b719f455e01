/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * State that outlives a generation: counters, limit state, temporary blocks, samples; and the packet's clock.
 *
 * Contract: keyed by stable ids or by slots that the agent keeps stable, never by a rule's position. The agent pins
 * these maps and gives every generation that serves the same ones; a proof instance gets its own. Key and value sizes
 * are given as numbers: a key struct that is used nowhere else has no BTF, and libbpf then refuses the map.
 */
#ifndef PISTON_STATE_BPF_H
#define PISTON_STATE_BPF_H

#include "packet.bpf.h"
#include "tables.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS_REASONS + COUNTERS_PER_SLOT * SLOTS_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct counter));
} counters SEC(".maps");

/*
 * Flat, so that a limit is one cache miss and no call, and mmap-able, so that a bucket is two whole cache lines. The size
 * here is for proofs and tests; the agent gives the one that serves.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, (1 << LIMIT_BUCKET_BITS) + LIMIT_INSERT_BUCKETS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct limit_bucket));
} limit_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__uint(key_size, sizeof(struct block_key));
	__uint(value_size, sizeof(struct block));
} blocks SEC(".maps");

/* Most fleets have no block most of the time: one load says so, and saves the look-up. Reached by address, as tables are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct block_horizon));
} block_horizon SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} samples SEC(".maps");

/* One packet's claim on a limit, limit-state.bpf.h. Times in ticks. */
struct limit_charge {
	__u64 limit_id;
	__u64 high;
	__u64 low;
	__u64 now;
	__u64 cost;
	__u64 burst;
	__u32 bucket[2]; /* the two may be one */
	__u64 found;     /* bucket << 2 | slot, of bucket[]; NOT_FOUND */
	__u64 least;     /* least_slot()'s TAT */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct sample_state));
} sample_state SEC(".maps");

/* The limit, or rule in shadow, that packets come to first: what apply_word() tries before it looks. */
struct guess {
	__u64 below; /* in its word, the bits of the rules below it */
	__u64 bits;  /* these, and its own; 0: there is no guess */
	__u32 index; /* of the last one */
	__u32 times; /* that it was the same in a row, until it is guessed */
	slot_entry entry;
};

/*
 * What a CPU knows between packets, and the one that it judges: no other comes on this CPU before it is done with. So
 * nothing of a packet is written but what is read of it, where the verifier asks that all of the stack be. Never read by the
 * agent.
 */
struct cpu_state {
	struct packet packet;
	__u64 clock_jiffy;
	__u64 clock_ns; /* CLOCK_MONOTONIC at this CPU's first look in that jiffy */
	struct guess guess;
	struct limit_charge charge;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct cpu_state));
} cpu_state SEC(".maps");

static __always_inline struct block_horizon *the_block_horizon(void)
{
	struct block_horizon *horizon = (void *)&block_horizon;

	asm volatile("" : "+r"(horizon)); /* clang knows the map's definition, and that it is shorter */
	return horizon;
}

static __always_inline struct cpu_state *this_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cpu_state, &zero);
}

/* XDP runs with bottom halves off, so nothing else writes this CPU's counter meanwhile. */
static __always_inline void count(const struct packet *packet, __u32 index)
{
	struct counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (counter) {
		counter->packets++;
		counter->bytes += packet->frame_bytes;
	}
}

static __always_inline __u32 first_counter(slot_entry entry)
{
	return entry & 0xffff;
}

/* COUNTER_NONE is past the end: such a rule is not counted; it still judges. */
static __always_inline void count_rule(const struct packet *packet, slot_entry entry, __u32 kind)
{
	count(packet, first_counter(entry) + kind * COUNTER_GROUP);
}
_Static_assert(COUNTER_NONE >= COUNTERS_REASONS + COUNTERS_PER_SLOT * SLOTS_MAX, "no counter is COUNTER_NONE");

/* The id of the rule at place `rule` less 1; of a block's where that is 0. */
static __always_inline __u64 rule_id_of(const struct packet *packet, __u32 rule)
{
	if (!rule)
		return packet->block_id;
	return ENTRY(struct rule, TABLE_OF(rules), rule - 1)->id;
past_the_end:
	return 0;
}

/* CLOCK_MONOTONIC in ns, one time for the whole packet. A proof instance was given its time with the packet. */
static __always_inline __u64 packet_now(struct packet *packet)
{
	if (!INSTANCE.proof && !packet->now_ns)
		packet->now_ns = bpf_ktime_get_ns();
	return packet->now_ns;
}

/*
 * The same clock, late by less than a timer tick (1 to 10 ms, CONFIG_HZ): read anew when the tick has changed. Never ahead,
 * and never backwards on one CPU. The exact clock costs 30 ns, half of what a whole decision may; this one 2.
 */
static __always_inline __u64 coarse_now(struct cpu_state *cpu)
{
	__u64 jiffy;

	if (INSTANCE.proof)
		return cpu->packet.now_ns;
	jiffy = bpf_jiffies64();
	if (cpu->clock_jiffy != jiffy) {
		cpu->clock_jiffy = jiffy;
		cpu->clock_ns = bpf_ktime_get_ns();
	}
	return cpu->clock_ns;
}

#endif
