// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Reads a packet without asking how long it is: no verifier lets it through. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int careless(struct xdp_md *ctx)
{
	return *(volatile __u8 *)(long)ctx->data ? XDP_PASS : XDP_DROP;
}
