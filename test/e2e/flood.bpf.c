// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The flood's sender: a frame from one of 65,536 sources, out of an interface. Run by BPF_PROG_TEST_RUN with live frames. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SOURCE_AT 26 /* of an IPv4 packet in an untagged frame */

const volatile __u32 redirect_to = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sent SEC(".maps");

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0, random = bpf_get_prandom_u32();
	__u64 *count = bpf_map_lookup_elem(&sent, &zero);

	if (data + SOURCE_AT + 4 > end || !count)
		return XDP_ABORTED;
	*(__u8 *)(data + SOURCE_AT + 2) = random;
	*(__u8 *)(data + SOURCE_AT + 3) = random >> 8;
	(*count)++;
	return bpf_redirect(redirect_to, 0);
}

char program_license[] SEC("license") = "Dual BSD/GPL";
