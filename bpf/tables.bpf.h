/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The tables of a generation, as the program sees them: constants in .rodata and 64-byte lines that nothing can write
 * once the agent has frozen them.
 *
 * Contract: the agent sets .rodata, fills every table from the bundle, and binds its address before load.
 * A line past a table's end is NULL. No bundle that the compiler made leads there, and each caller says what
 * it does then: it never invents a drop.
 */
#ifndef PISTON_TABLES_BPF_H
#define PISTON_TABLES_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"

/*
 * The only thing in .rodata, which libbpf freezes before load. volatile: clang must not fold the zeroes that stand here at
 * build time.
 */
const volatile struct rodata rodata = {};
_Static_assert(sizeof(struct rodata) == 1008, "rodata: config 808 bytes and instance 200, as in src/bundle/abi.ts");

#define CONFIG (rodata.config)
#define INSTANCE (rodata.instance)

/*
 * A 32-bit member of `rodata` as an immediate: the addon puts the value where the offset stands (addon/src/patch.cc), before
 * the verifier sees the program. So what a bundle does not use is removed before the program is translated to machine
 * code, and what it uses costs no load. Only for what the proof instance and the serving one have in common: they are to be
 * the same instructions.
 */
#define CONSTANT(member) constant_at(__builtin_offsetof(struct rodata, member))
#define ADD_CONSTANT(value, member) add_constant_at(value, __builtin_offsetof(struct rodata, member))
#define MUL_CONSTANT(value, member) mul_constant_at(value, __builtin_offsetof(struct rodata, member))

static __always_inline __u32 constant_at(const __u32 offset)
{
	__u32 value;

	asm volatile("%0 = %1" : "=w"(value) : "i"(CONSTANT_BASE + offset));
	return value;
}

/* Bit `bit`, 0 to 31, of the constant at `offset`. */
static __always_inline __u32 constant_bit_at(const __u32 offset, const __u32 bit)
{
	__u32 value;

	asm volatile("%0 = %1" : "=w"(value) : "i"(CONSTANT_BIT_BASE + (bit << 16) + offset));
	return value;
}

/*
 * Likewise, where what comes after both ways is the same. Of a branch on a known value the verifier may keep the comparison,
 * for both ways lead to code that is used; the addon leaves nothing of it.
 */
static __always_inline int optional_bit_at(const __u32 offset, const __u32 bit)
{
	asm goto("r0 = %0\n\tif r0 == 0 goto %l1" : : "i"(OPTIONAL_BIT_BASE + (bit << 16) + offset) : "r0" : is_clear);
	return 1;
is_clear:
	return 0;
}

#define OPTIONAL_FEATURE(feature) optional_bit_at(__builtin_offsetof(struct rodata, instance.features), feature)
#define HAS_FEATURE(feature) constant_bit_at(__builtin_offsetof(struct rodata, instance.features), feature)

/* Whether the dimension tells rules apart. */
#define IN_USE(dimension) optional_bit_at(__builtin_offsetof(struct rodata, config.dimension_mask), dimension)

static __always_inline int has_dimension(__u32 dimension)
{
	return constant_bit_at(__builtin_offsetof(struct rodata, config.dimension_mask), dimension);
}

/* `value` and the constant at `offset`, in one instruction. */
#define WITH_CONSTANT(name, operator)                                                                \
	static __always_inline __u64 name(__u64 value, const __u32 offset)                           \
	{                                                                                            \
		asm volatile("%0 " operator "= %1" : "+r"(value) : "i"(CONSTANT_BASE + offset));     \
		return value;                                                                        \
	}
WITH_CONSTANT(add_constant_at, "+")
WITH_CONSTANT(mul_constant_at, "*")
WITH_CONSTANT(and_constant_at, "&")
WITH_CONSTANT(shr_constant_at, ">>")

/* Of `*6_hosts`, `*6_nets` and `*_ranges`; the other tables are read by smaller entries. */
union line {
	__u64 words[8]; /* *6_hosts, *6_nets */
	struct {
		__u64 firsts[4]; /* a group each */
		__u16 classes[16];
	} ranges4;                        /* *4_ranges */
	__u16 direct4[32];                /* likewise, where the root says ROOT_DIRECT */
	struct address6_range ranges6[2]; /* *6_ranges */
};
_Static_assert(sizeof(union line) == LINE_BYTES, "a line is one cache line");
_Static_assert(sizeof(struct rule) == LINE_BYTES, "a rule is one line");

/*
 * Each table is the one element of an array, and `&name` is that element's address: the agent makes the array as large as
 * the table, and the addon's useValue() has the loader put the address in. So a line costs a comparison and an addition,
 * where a look-up takes a call's registers and a dozen instructions. value_size is a placeholder.
 *
 * The agent's tables are without BPF_F_RDONLY_PROG, for the kernel refuses to map such an array for writing (bpf_map_mmap(),
 * kernel 5.5), and with it they could not be filled as memory. That the program writes to none is shown with tables that
 * have it (test/kernel/verifier.test.ts).
 */
#define TABLE(name)                                                    \
	struct {                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                      \
		__uint(map_flags, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG); \
		__uint(max_entries, 1);                                \
		__uint(key_size, sizeof(__u32));                       \
		__uint(value_size, LINE_BYTES);                        \
	} name SEC(".maps");
TABLES(TABLE)

struct table {
	const void *first;
	__u32 length; /* where CONSTANT has it, in entries */
};
#define TABLE_OF(name) \
	((struct table){ &name, __builtin_offsetof(struct rodata, instance.table_entries[TABLE_##name]) })

/*
 * The entry at `index` of a table. Where the table is too short it leaves for past_the_end, a label that whoever reads
 * tables has: a comparison with an immediate and a jump, where a NULL would be asked for once more. The index comes out of the
 * comparison: from before it clang may have put it on the stack, and kernel 6.1 learns nothing of that copy.
 */
#define ENTRY(type, from, at)                                                                       \
	({                                                                                          \
		const struct table _table = (from);                                                 \
		const type *_first = _table.first;                                                  \
		__u64 _index = (at);                                                                \
		asm goto("if %0 >= %1 goto %l[past_the_end]"                                        \
			 : "+r"(_index) : "i"(CONSTANT_BASE + _table.length) : : past_the_end);     \
		/* clang may not add before the comparison, nor know what it adds to: the map's */  \
		/* definition is shorter than the table. */                                         \
		asm volatile("" : "+r"(_first), "+r"(_index));                                      \
		_first += _index;                                                                   \
		/* Kept, where clang would shift and add once more for each member that is read. */ \
		asm volatile("" : "+r"(_first));                                                    \
		_first;                                                                             \
	})

#define LINE(from, at) ENTRY(union line, from, at)

#endif
