/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables of a generation, as the program sees them: constants in .rodata and arrays of 64-byte lines that nothing
 * can write once the agent has frozen them.
 *
 * Contract: the agent sets .rodata and each table's max_entries before load, and maps every table from the bundle.
 * A look-up past a table's end gives NULL. No bundle that the compiler made leads there, and each caller says what
 * it does then: it never invents a drop.
 */
#ifndef PISTON_TABLES_BPF_H
#define PISTON_TABLES_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"

/*
 * The only thing in .rodata. libbpf freezes the map before load, and the verifier then takes a load from it as a
 * constant (kernel 5.5): what a bundle does not use is removed before the program is translated to machine code.
 * volatile: clang must not fold the zeroes that stand here at build time.
 */
const volatile struct rodata rodata = {};
_Static_assert(sizeof(struct rodata) == 784, "rodata: config 728 bytes and instance 56, as in src/bundle/abi.ts");

#define CONFIG (rodata.config)
#define INSTANCE (rodata.instance)

union line {
	__u16 classes[32];               /* fields */
	__u64 words[8];                  /* vectors, *_hosts, *_nets */
	__u32 slots[16];                 /* counter_slots */
	__u32 roots[16];                 /* *_root */
	struct {
		__u64 firsts[4]; /* a group each */
		__u16 classes[16];
	} ranges4;                       /* *4_ranges */
	struct address6_range ranges6[2]; /* *6_ranges */
};
_Static_assert(sizeof(union line) == LINE_BYTES, "a line is one cache line");
_Static_assert(sizeof(struct rule) == LINE_BYTES, "a rule is one line");

/*
 * max_entries is a placeholder. BPF_F_RDONLY_PROG: loaded as it is, the object has the verifier show that the program
 * writes to no table (test/kernel/verifier.test.ts). The agent's tables are without that flag, for the kernel refuses to
 * map such an array for writing (bpf_map_mmap(), kernel 5.5), and with it they could not be filled as memory.
 */
#define TABLE(name)                                                    \
	struct {                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                      \
		__uint(map_flags, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG); \
		__uint(max_entries, 1);                                \
		__uint(key_size, sizeof(__u32));                       \
		__uint(value_size, LINE_BYTES);                        \
	} name SEC(".maps")

TABLE(rules);
TABLE(fields);
TABLE(vectors);
TABLE(source4_hosts);
TABLE(source4_nets);
TABLE(source4_root);
TABLE(source4_ranges);
TABLE(source6_hosts);
TABLE(source6_nets);
TABLE(source6_root);
TABLE(source6_ranges);
TABLE(destination4_hosts);
TABLE(destination4_nets);
TABLE(destination4_root);
TABLE(destination4_ranges);
TABLE(destination6_hosts);
TABLE(destination6_nets);
TABLE(destination6_root);
TABLE(destination6_ranges);
TABLE(counter_slots);

static __always_inline const union line *line_at(void *table, __u32 line)
{
	return bpf_map_lookup_elem(table, &line);
}

static __always_inline const struct rule *rule_at(__u32 index)
{
	return bpf_map_lookup_elem(&rules, &index);
}

#endif
