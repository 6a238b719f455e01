/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the address tables of both families share: where their constants stand, and the hash of 32 bits.
 */
#ifndef PISTON_ADDRESS_TABLES_BPF_H
#define PISTON_ADDRESS_TABLES_BPF_H

#include "tables.bpf.h"

/* Where in `rodata` what is known of the tables of one side and family stands, and members of it. */
#define ADDRESS(side, family) ((__u32)__builtin_offsetof(struct rodata, config.address[side][family]))
#define HOSTS __builtin_offsetof(struct address_table, hosts)
#define NETS __builtin_offsetof(struct address_table, nets)
#define PRESENT __builtin_offsetof(struct address_table, present)
#define UNIFORM_CLASS __builtin_offsetof(struct address_table, uniform_class)
#define IS_SET(offset) optional_bit_at(offset, ANY_BIT)

/* All ones where the highest bit is set, else 0. clang does not see what it is, or it would branch. */
static __always_inline __u64 sign_of(__u64 word)
{
	asm("%0 s>>= 63" : "+r"(word));
	return word;
}

/* A permutation of the 32-bit numbers, and of those with 8 low zero bits where `mask` is 0xffffff00. */
static __always_inline __u32 address4_mix(__u32 address, __u32 mask)
{
	address = (address & mask) * 0x7feb352d;
	address ^= address >> 15 & mask;
	return address * 0x846ca68b;
}

#endif
