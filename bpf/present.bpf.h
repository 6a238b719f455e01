/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which IPv4 options and IPv6 extension headers a parsed packet has, as bits: FIELD_IPV4_OPTIONS, FIELD_IPV6_EXTENSIONS.
 *
 * Contract: runs after parse(), which has checked every length between l3_offset and l4_offset, and only where a rule
 * asks: a generation without such a rule has none of this in its machine code. docs/SEMANTICS.md §1 is the law.
 */
#ifndef PISTON_PRESENT_BPF_H
#define PISTON_PRESENT_BPF_H

#include "classify.bpf.h"
#include "parse.bpf.h"

#define IPV4_OPTIONS_MAX 40 /* bytes: 15 words less the fixed header */

/* IANA, IP option numbers: the whole type byte, copied flag and class included. */
#define OPTION_TYPE_END 0
#define OPTION_TYPE_NO_OPERATION 1
#define OPTION_TYPE_RECORD_ROUTE 7
#define OPTION_TYPE_TIMESTAMP 68
#define OPTION_TYPE_LOOSE_SOURCE_ROUTE 131
#define OPTION_TYPE_STRICT_SOURCE_ROUTE 137
#define OPTION_TYPE_ROUTER_ALERT 148 /* RFC 2113 */

static __always_inline __u32 option_bit(__u32 type)
{
	return type == OPTION_TYPE_RECORD_ROUTE	       ? 1 << IPV4_OPTION_RECORD_ROUTE
	       : type == OPTION_TYPE_TIMESTAMP	       ? 1 << IPV4_OPTION_TIMESTAMP
	       : type == OPTION_TYPE_LOOSE_SOURCE_ROUTE  ? 1 << IPV4_OPTION_LOOSE_SOURCE_ROUTE
	       : type == OPTION_TYPE_STRICT_SOURCE_ROUTE ? 1 << IPV4_OPTION_STRICT_SOURCE_ROUTE
	       : type == OPTION_TYPE_ROUTER_ALERT	       ? 1 << IPV4_OPTION_ROUTER_ALERT
							       : 1 << IPV4_OPTION_OTHER;
}

/*
 * RFC 791 §3.1. A global function, so that the verifier walks it by itself; the bits are gathered in the caller's memory,
 * where it keeps no track of them, and so the ways through one round join before the next.
 */
__noinline int find_ipv4_options(struct xdp_md *ctx, struct packet *packet)
{
	__u64 offset, end;

	if (!has_dimension(FIELD_IPV4_OPTIONS) || !packet)
		return 0;
	offset = packet->l3_offset + IPV4_BYTES;
	end = packet->l4_offset;
	packet->value[FIELD_IPV4_OPTIONS] = offset < end ? 1 << IPV4_OPTION_ANY : 0;
#pragma unroll
	for (int round = 0; round < IPV4_OPTIONS_MAX; round++) {
		const void *at;
		__u32 type, bytes;

		offset = forget(&packet->scratch, offset);
		if (offset >= end)
			break;
		at = bytes_at(ctx, offset, 1);
		if (!at)
			break;
		type = load8(at);
		if (type == OPTION_TYPE_END)
			break;
		if (type == OPTION_TYPE_NO_OPERATION) {
			offset++;
			continue;
		}
		at = bytes_at(ctx, offset, 2);
		bytes = at && offset + 2 <= end ? load8(at + 1) : 0;
		if (bytes < 2 || offset + bytes > end) {
			packet->value[FIELD_IPV4_OPTIONS] |= 1 << IPV4_OPTION_MALFORMED;
			break;
		}
		packet->value[FIELD_IPV4_OPTIONS] |= option_bit(type);
		offset += bytes;
	}
	return 0;
}

static __always_inline __u32 extension_bit(__u32 protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP	     ? 1 << IPV6_EXTENSION_HOP_BY_HOP
	       : protocol == PROTOCOL_ROUTING	     ? 1 << IPV6_EXTENSION_ROUTING
	       : protocol == PROTOCOL_FRAGMENT	     ? 1 << IPV6_EXTENSION_FRAGMENT
	       : protocol == PROTOCOL_DESTINATION_OPTIONS ? 1 << IPV6_EXTENSION_DESTINATION_OPTIONS
	       : protocol == PROTOCOL_AUTHENTICATION ? 1 << IPV6_EXTENSION_AUTHENTICATION
	       : protocol == PROTOCOL_MOBILITY	     ? 1 << IPV6_EXTENSION_MOBILITY
	       : protocol == PROTOCOL_HIP	     ? 1 << IPV6_EXTENSION_HIP
						     : 1 << IPV6_EXTENSION_SHIM6;
}

/* The walk of parse_ipv6() once more, over headers that it has measured. */
__noinline int find_ipv6_extensions(struct xdp_md *ctx, struct packet *packet)
{
	const void *ip;
	__u64 offset, end;
	__u32 protocol;

	if (!has_dimension(FIELD_IPV6_EXTENSIONS) || !packet)
		return 0;
	packet->value[FIELD_IPV6_EXTENSIONS] = 0;
	offset = packet->l3_offset;
	end = packet->l4_offset;
	ip = bytes_at(ctx, offset, IPV6_BYTES);
	if (!ip)
		return 0;
	protocol = load8(ip + 6);
	offset += IPV6_BYTES;
#pragma unroll
	for (int walked = 0; walked < EXTENSIONS_MAX; walked++) {
		enum extension extension;
		const void *header;

		offset = forget(&packet->scratch, offset);
		protocol = forget(&packet->scratch, protocol);
		if (offset >= end)
			break;
		extension = extension_of(protocol);
		header = bytes_at(ctx, offset, 2);
		if (extension == EXTENSION_NONE || !header)
			break;
		packet->value[FIELD_IPV6_EXTENSIONS] |= extension_bit(protocol);
		protocol = load8(header);
		offset += extension == EXTENSION_OCTETS8	 ? (load8(header + 1) + 1) * 8
			  : extension == EXTENSION_AUTHENTICATION ? (load8(header + 1) + 2) * 4
								 : FRAGMENT_BYTES;
	}
	return 0;
}

/* What the rules ask of the headers between L3 and L4. */
static __always_inline void find_present(struct xdp_md *ctx, struct packet *packet)
{
	if (IN_USE(FIELD_IPV4_OPTIONS) && packet->family == FAMILY_IPV4)
		find_ipv4_options(ctx, packet);
	if (IN_USE(FIELD_IPV6_EXTENSIONS) && packet->family == FAMILY_IPV6)
		find_ipv6_extensions(ctx, packet);
}

#endif
