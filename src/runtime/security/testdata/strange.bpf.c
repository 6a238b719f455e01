// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* An object that is not the agent's: with -DSOCKET a program of another type, with -DSTACK a map of another type, with -DHUGE a map
 * of two gigabytes, with -DLONG a program of more than a mebibyte. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef STACK
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(value_size, 8);
	__uint(max_entries, 4);
} strange SEC(".maps");
#endif

#ifdef HUGE
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1 << 28);
} strange SEC(".maps");
#endif

#ifdef SOCKET
SEC("socket")
int piston_filter(struct __sk_buff *skb)
{
	return skb->len;
}
#else
SEC("xdp")
int piston_filter(struct xdp_md *ctx)
{
#ifdef LONG
	/* Two instructions of eight bytes and one of sixteen each time. */
	asm volatile(".rept 40000\n r0 = 1\n r0 += 1\n r1 = 0x1234567890 ll\n .endr" : : : "r0", "r1");
#endif
	return ctx->data ? XDP_PASS : XDP_DROP;
}
#endif
