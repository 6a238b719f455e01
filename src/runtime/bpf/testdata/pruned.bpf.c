// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * A program with much that its constants rule out: branches, a loop's rounds, a function that only one mode calls, a map
 * that only that function looks into. Its return value says which ways it took.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define CONSTANT(offset)                                                   \
	({                                                                 \
		__u64 value;                                               \
		asm volatile("%0 = %1" : "=r"(value) : "i"(0x7a000000 + (offset))); \
		value;                                                     \
	})

/* Whether a bit of the constant at 0 is set: jumps of which each leads on, or always away. */
static __always_inline int is_set(const int bit)
{
	asm goto("r0 = %0\n\tif r0 == 0 goto %l1" : : "i"(0x7c000000 + (bit << 16)) : "r0" : is_clear);
	return 1;
is_clear:
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} rare SEC(".maps");

/* What stands in the map, or 1,000. */
__noinline int rarely(__u32 key)
{
	__u32 *value = bpf_map_lookup_elem(&rare, &key);

	return value ? *value + 7 : 1000;
}

__noinline int always(struct xdp_md *ctx, __u32 round)
{
	return (ctx->data_end - ctx->data) * round;
}

SEC("xdp")
int pruned(struct xdp_md *ctx)
{
	__u32 mode = CONSTANT(0), rounds = CONSTANT(4), sum = mode << 4;

	for (__u32 round = 0; round < 8; round++) {
		if (round >= rounds)
			break;
		sum = sum * 3 + always(ctx, round);
	}
	if (mode == 1)
		sum += rarely(rounds);
	else if ((int)mode < 0)
		sum ^= 0x55;
	else if (mode & 4)
		sum -= mode >> 1;
	if (is_set(0) && is_set(1))
		sum += 3;
	if (is_set(3))
		sum += 5;
	if (mode > 5 || (mode | rounds) == 11)
		return sum * 2 + 1;
	return sum * 2;
}
