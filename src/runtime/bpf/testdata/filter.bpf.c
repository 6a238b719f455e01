// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * A small XDP object for the addon's tests: its verdict is a constant of .rodata, it counts packets, writes a record of
 * each to a ring buffer where told to, and answers in the metadata in front of the packet.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct settings {
	__u32 verdict;
	__u32 record;
};

const volatile struct settings settings = { .verdict = XDP_PASS, .record = 0 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} records SEC(".maps");

struct record {
	__u64 time_ns;
	__u32 length;
	__u32 verdict;
};

/* First 4 bytes of metadata: a number that goes in; it comes out plus table[0], with the packet's length after it. */
SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 *metadata = (void *)(long)ctx->data_meta;
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&counters, &zero), *add = bpf_map_lookup_elem(&table, &zero);

	if (count)
		*count += 1;
	if (add && (void *)(metadata + 2) <= data) {
		metadata[0] += (__u32)*add;
		metadata[1] = end - data;
	}
	if (settings.record) {
		struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

		if (record) {
			record->time_ns = bpf_ktime_get_ns();
			record->length = end - data;
			record->verdict = settings.verdict;
			bpf_ringbuf_submit(record, 0);
		}
	}
	return settings.verdict;
}

/* Takes 4 bytes off the front, and so changes what testRun gives back. */
SEC("xdp")
int shorten(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 4) ? XDP_ABORTED : XDP_TX;
}
