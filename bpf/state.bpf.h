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

#include "parse.bpf.h"
#include "tables.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS_REASONS + COUNTERS_PER_SLOT * SLOTS_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct counter));
} counters SEC(".maps");

/* LRU: a flood of new sources forgets the oldest ones, which starts their limits afresh, and never fails. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__uint(key_size, sizeof(struct limit_state_key));
	__uint(value_size, sizeof(__u64));
} limit_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__uint(key_size, sizeof(struct block_key));
	__uint(value_size, sizeof(struct block));
} blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} samples SEC(".maps");

struct sample_budget {
	__u64 jiffy;
	__u64 used; /* samples in that jiffy on this CPU */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct sample_budget));
} sample_budget SEC(".maps");

/* XDP runs with bottom halves off, so nothing else writes this CPU's counter meanwhile. */
static __always_inline void count(const struct packet *packet, __u32 index)
{
	struct counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (counter) {
		counter->packets++;
		counter->bytes += packet->frame_bytes;
	}
}

static __always_inline __u32 rule_slot(__u32 rule_index)
{
	const union line *line = line_at(&counter_slots, rule_index / 16);

	return line ? line->slots[rule_index % 16] : SLOT_NONE;
}

static __always_inline __u32 slot_counter(__u32 slot, __u32 kind)
{
	return COUNTERS_REASONS + slot * COUNTERS_PER_SLOT + kind;
}

/* A rule without a slot (the agent ran out of them) is not counted; it still judges. */
static __always_inline void count_rule(const struct packet *packet, __u32 rule_index, __u32 kind)
{
	__u32 slot = rule_slot(rule_index);

	if (slot < SLOTS_MAX)
		count(packet, slot_counter(slot, kind));
}

/*
 * CLOCK_MONOTONIC in ns, one time for the whole packet. Read at the first need and not before: it costs more than a
 * source look-up. A proof instance was given its time with the packet.
 */
static __always_inline __u64 packet_now(struct packet *packet)
{
	if (!INSTANCE.proof && !packet->now_ns)
		packet->now_ns = bpf_ktime_get_ns();
	return packet->now_ns;
}

#endif
