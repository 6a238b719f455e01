/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An address -> its class, for each side and family: address4.bpf.h and address6.bpf.h with the tables of each.
 */
#ifndef PISTON_ADDRESS_BPF_H
#define PISTON_ADDRESS_BPF_H

#include "address4.bpf.h"
#include "address6.bpf.h"
#include "packet.bpf.h"
#include "tables.bpf.h"

/*
 * Global functions, for the verifier to walk each search once: before kernel 6.2 it compares every scalar exactly in a
 * program that has functions, and the ends of four searches in a row would multiply.
 */
#define TABLES4(side) TABLE_OF(side##4_blocks), TABLE_OF(side##4_root), TABLE_OF(side##4_ranges)
#define TABLES6(side) TABLE_OF(side##6_hosts), TABLE_OF(side##6_nets), TABLE_OF(side##6_root), TABLE_OF(side##6_ranges)

__noinline __u32 source4_class(__u32 address)
{
	return address4_class(ADDRESS(SIDE_SOURCE, FAMILY_IPV4), TABLES4(source), address);
}

__noinline __u32 destination4_class(__u32 address)
{
	return address4_class(ADDRESS(SIDE_DESTINATION, FAMILY_IPV4), TABLES4(destination), address);
}

__noinline __u32 source6_class(__u64 high, __u64 low)
{
	return address6_class(ADDRESS(SIDE_SOURCE, FAMILY_IPV6), TABLES6(source), high, low);
}

__noinline __u32 destination6_class(__u64 high, __u64 low)
{
	return address6_class(ADDRESS(SIDE_DESTINATION, FAMILY_IPV6), TABLES6(destination), high, low);
}

#define ADDRESS_CONSTANT(side, family, member) CONSTANT(config.address[side][family].member)

static __always_inline __u32 source_class(const struct packet *packet)
{
	if (packet->family == FAMILY_IPV4)
		return ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV4, present)
			       ? source4_class(packet->source_low)
			       : ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV4, uniform_class);
	return ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV6, present)
		       ? source6_class(packet->source_high, packet->source_low)
		       : ADDRESS_CONSTANT(SIDE_SOURCE, FAMILY_IPV6, uniform_class);
}

static __always_inline __u32 destination_class(const struct packet *packet)
{
	if (packet->family == FAMILY_IPV4)
		return ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV4, present)
			       ? destination4_class(packet->destination_low)
			       : ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV4, uniform_class);
	return ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV6, present)
		       ? destination6_class(packet->destination_high, packet->destination_low)
		       : ADDRESS_CONSTANT(SIDE_DESTINATION, FAMILY_IPV6, uniform_class);
}

/* Whether `value` is the constant at `offset`. */
static __always_inline int is_constant(__u64 value, const __u32 offset)
{
	asm goto("if %0 != %1 goto %l2" : : "r"(value), "i"(CONSTANT_BASE + offset) : : other);
	return 1;
other:
	return 0;
}

/*
 * The class, as a constant where it is one of the two that most addresses are in. The processor foretells these branches, and so goes on
 * without waiting for the table. They stand here and not in the step, which asks for the next packet's lines the sooner.
 */
static __always_inline __u64 foretold(__u64 class_index, const __u32 ipv4)
{
	if (!IS_SET(BLOCKS4(ipv4, regions)))
		return class_index;
	if (optional_bit_at(ipv4 + PRESENT, REST_UNIFORM_BIT) && is_constant(class_index, ipv4 + UNIFORM_CLASS))
		return constant_at(ipv4 + UNIFORM_CLASS);
	if (!IS_SET(BLOCKS4(ipv4, class_mask)) && is_constant(class_index, BLOCKS4(ipv4, class_index)))
		return constant_at(BLOCKS4(ipv4, class_index));
	return class_index;
}

#endif
