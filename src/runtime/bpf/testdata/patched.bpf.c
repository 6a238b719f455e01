// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * For the addon's tests of what it puts into instructions: returns the byte of `table` at an index that is a constant, or
 * XDP_TX where bit 3 of another one is set; where its bit 4 is, of the byte after that one.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 8);
} table SEC(".maps");

SEC("xdp")
int patched(struct xdp_md *ctx)
{
	const __u8 *bytes = (const void *)&table;
	__u64 index = 0, flag;

	asm volatile("%0 += 0x7a000000" : "+r"(index));
	asm volatile("%0 = 0x7b030004" : "=r"(flag));
	if (flag)
		return XDP_TX;
	asm goto("r0 = 0x7c040004\n\tif r0 == 0 goto %l0" : : : "r0" : is_clear);
	index++;
is_clear:
	asm volatile("" : "+r"(bytes));
	return bytes[index];
}
