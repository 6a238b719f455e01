// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The source step of the XDP program for each of the 65,536 IPv4 addresses that share their first 16 bits, which are the packet's
 * first two bytes: where the class changes, and to which.
 */
#include "filter.bpf.c"

#define CHUNK 65536

struct walk {
	__u32 count;
	__u32 spare;
	struct { __u32 low; __u32 class_index; } segments[CHUNK];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct walk));
} walk SEC(".maps");

struct step {
	__u32 chunk;
	__u32 count;
	__u32 class_index;
};

static long look(__u32 low, struct step *step)
{
	struct packet packet = {};
	__u32 zero = 0, class_index, at;
	struct walk *found;

	packet.family = FAMILY_IPV4;
	packet.source_low = 0xffffULL << 32 | step->chunk << 16 | low;
	class_index = source_class(&packet);
	if (low && class_index == step->class_index)
		return 0;
	found = bpf_map_lookup_elem(&walk, &zero);
	at = step->count++;
	if (!found || at >= CHUNK)
		return 1;
	found->segments[at].low = low;
	found->segments[at].class_index = class_index;
	step->class_index = class_index;
	return 0;
}

SEC("xdp")
int address_walk(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct step step = {};
	struct walk *found;
	__u32 zero = 0;

	found = bpf_map_lookup_elem(&walk, &zero);
	if (!found || data + 2 > end)
		return XDP_ABORTED;
	step.chunk = load16(data);
	bpf_loop(CHUNK, look, &step, 0);
	found->count = step.count;
	return XDP_DROP;
}
