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
#define ADDRESS_TABLES(prefix) \
	TABLE_OF(prefix##_hosts), TABLE_OF(prefix##_nets), TABLE_OF(prefix##_root), TABLE_OF(prefix##_ranges)

__noinline __u32 source4_class(__u32 address)
{
	return address4_class(ADDRESS(SIDE_SOURCE, FAMILY_IPV4), ADDRESS_TABLES(source4), address);
}

__noinline __u32 destination4_class(__u32 address)
{
	return address4_class(ADDRESS(SIDE_DESTINATION, FAMILY_IPV4), ADDRESS_TABLES(destination4), address);
}

__noinline __u32 source6_class(__u64 high, __u64 low)
{
	return address6_class(ADDRESS(SIDE_SOURCE, FAMILY_IPV6), ADDRESS_TABLES(source6), high, low);
}

__noinline __u32 destination6_class(__u64 high, __u64 low)
{
	return address6_class(ADDRESS(SIDE_DESTINATION, FAMILY_IPV6), ADDRESS_TABLES(destination6), high, low);
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

#endif
