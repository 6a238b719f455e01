/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A frame -> its addresses and the value of each field that a rule asks about, or the reason why no rule is asked.
 *
 * Contract (docs/SEMANTICS.md §1 is the law; src/packet/parse.ts is the same in TypeScript):
 * - VLAN tags: two are taken off, 802.1Q or 802.1ad; a third is REASON_TOO_MANY_VLAN_TAGS. The id is the outer tag's.
 * - IPv4 options are skipped. IPv6 extension headers are walked, EXTENSIONS_MAX of them. present.bpf.h says which there were.
 * - Fragments: a first fragment has its L4 fields, a later one has none. Nothing is put together again.
 * - A check against the frame comes before a check against a declared length; the first that fails names the packet.
 * - Bytes beyond the declared L3 length are padding and are never read.
 * - Neighbour discovery and DHCP are found here, where what tells them from others is in registers.
 */
#ifndef PISTON_PARSE_BPF_H
#define PISTON_PARSE_BPF_H

#include "packet.bpf.h"

#define ETHERNET_BYTES 14
#define VLAN_BYTES 4
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_VLAN 0x8100        /* IEEE 802.1Q */
#define ETHERTYPE_SERVICE_VLAN 0x88a8 /* IEEE 802.1ad */
#define ETHERTYPE_IPV6 0x86dd

#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define FRAGMENT_BYTES 8
#define TCP_BYTES 20
#define UDP_BYTES 8
#define ICMP_BYTES 8
#define DATAGRAM_MAX 65535

/* IANA protocol numbers. */
#define PROTOCOL_HOP_BY_HOP 0
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ROUTING 43
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_AUTHENTICATION 51
#define PROTOCOL_ICMPV6 58
#define PROTOCOL_DESTINATION_OPTIONS 60
#define PROTOCOL_MOBILITY 135
#define PROTOCOL_HIP 139
#define PROTOCOL_SHIM6 140

/* What parse() returns for a packet that rules can judge; a reason otherwise, never this number. */
#define PARSED REASON_DEFAULT
#define ALWAYS_PASSED (1ULL << REASON_ARP | 1ULL << REASON_NEIGHBOUR_DISCOVERY | 1ULL << REASON_DHCP)

/* A reason to return. Behind the branch, for clang would set it before each comparison that may lead here. */
static __always_inline int because(int reason)
{
	asm volatile("" : "+r"(reason));
	return reason;
}

static __always_inline int is_vlan(__u32 ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_SERVICE_VLAN;
}

/* The fields of an IPv4 header at `ip` whose lengths hold. */
static __always_inline void read_ipv4(struct packet *packet, const void *ip, __u32 total)
{
	packet->source_low = 0xffffULL << 32 | load32(ip + 12);
	packet->destination_low = 0xffffULL << 32 | load32(ip + 16);
	packet->value[FIELD_PROTOCOL] = load8(ip + 9);
	packet->value[FIELD_L3_LENGTH] = total;
	if (IN_USE(FIELD_TTL))
		packet->value[FIELD_TTL] = load8(ip + 8);
	if (IN_USE(FIELD_DSCP))
		packet->value[FIELD_DSCP] = load8(ip + 1) >> 2;
}

/* IPv4 (RFC 791) at `offset` of the frame, up to its L4 header. */
static __always_inline int parse_ipv4(struct xdp_md *ctx, struct packet *packet, __u64 offset)
{
	const void *ip = bytes_at(ctx, offset, IPV4_BYTES);
	__u32 header_bytes, total, fragment;

	if (!ip)
		return because(REASON_TRUNCATED_IP);
	if (load8(ip) >> 4 != 4)
		return because(REASON_BAD_IP_VERSION);
	header_bytes = (load8(ip) & 15) * 4;
	if (header_bytes < IPV4_BYTES)
		return because(REASON_BAD_IHL);
	total = load16(ip + 2);
	if (total < header_bytes)
		return because(REASON_BAD_TOTAL_LENGTH);
	if (offset + total > packet->frame_bytes)
		return because(REASON_TRUNCATED_IP);
	fragment = load16(ip + 6) & 0x3fff; /* MF, 13 bits offset in units of 8 bytes */
	if (fragment) {
		__u32 fragment_offset = (fragment & 0x1fff) * 8;

		if (fragment_offset + total - header_bytes > DATAGRAM_MAX)
			return because(REASON_BAD_FRAGMENT);
		packet->value[FIELD_FRAGMENT] = fragment_offset ? FRAGMENT_LATER : FRAGMENT_FIRST;
	} /* else FRAGMENT_NONE, as packet_init() left it; likewise FAMILY_IPV4 */
	read_ipv4(packet, ip, total);
	packet->l4_offset = offset + header_bytes;
	packet->l4_bytes = total - header_bytes;
	return PARSED;
}

/* What the length byte of an extension header counts (RFC 8200 §4, RFC 7045 §3, RFC 4302 §2.2). */
enum extension { EXTENSION_NONE, EXTENSION_OCTETS8, EXTENSION_AUTHENTICATION, EXTENSION_FRAGMENT };

static __always_inline enum extension extension_of(__u32 protocol)
{
	/* One bit a protocol, for two comparisons make fewer paths than six. */
	__u64 low = 1ULL << PROTOCOL_HOP_BY_HOP | 1ULL << PROTOCOL_ROUTING | 1ULL << PROTOCOL_DESTINATION_OPTIONS;
	__u64 high = 1ULL << (PROTOCOL_MOBILITY - 128) | 1ULL << (PROTOCOL_HIP - 128) |
		     1ULL << (PROTOCOL_SHIM6 - 128);

	if (protocol == PROTOCOL_FRAGMENT)
		return EXTENSION_FRAGMENT;
	if (protocol == PROTOCOL_AUTHENTICATION)
		return EXTENSION_AUTHENTICATION;
	low = protocol < 64 ? low : protocol >> 6 == 2 ? high : 0;
	return low >> (protocol & 63) & 1 ? EXTENSION_OCTETS8 : EXTENSION_NONE;
}

/* IPv6 (RFC 8200) at `offset` of the frame, through its extension headers up to the L4 header. */
static __always_inline int parse_ipv6(struct xdp_md *ctx, struct packet *packet, __u64 offset)
{
	const void *ip = bytes_at(ctx, offset, IPV6_BYTES);
	__u32 protocol, length, fragmented = 0;
	__u64 end;

	if (!ip)
		return because(REASON_TRUNCATED_IP);
	if (load8(ip) >> 4 != 6)
		return because(REASON_BAD_IP_VERSION);
	length = IPV6_BYTES + load16(ip + 4);
	if (offset + length > packet->frame_bytes)
		return because(REASON_TRUNCATED_IP);
	if (length > DATAGRAM_MAX)
		length = DATAGRAM_MAX;

	packet->family = FAMILY_IPV6;
	packet->source_high = load64(ip + 8);
	packet->source_low = load64(ip + 16);
	packet->destination_high = load64(ip + 24);
	packet->destination_low = load64(ip + 32);
	packet->value[FIELD_L3_LENGTH] = length;
	packet->value[FIELD_TTL] = load8(ip + 7);
	if (IN_USE(FIELD_DSCP))
		packet->value[FIELD_DSCP] = (load16(ip) >> 6) & 63; /* 4 bits version, 6 bits DSCP, 2 bits ECN */
	protocol = load8(ip + 6);
	end = offset + length;
	offset += IPV6_BYTES;

	/*
	 * One round more than there may be headers: the ninth is measured before it is one too many. Unrolled, because clang
	 * may turn the loop so that it is closed by falling through, and kernels before 6.3 take only a jump for a loop.
	 */
#pragma unroll
	for (int walked = 0; walked <= EXTENSIONS_MAX; walked++) {
		enum extension extension;
		const void *header;
		__u32 bytes;

		protocol = forget(&packet->value[FIELD_PROTOCOL], protocol);
		offset = forget(&packet->l4_offset, offset);
		extension = extension_of(protocol);
		if (extension == EXTENSION_NONE)
			break;
		header = bytes_at(ctx, offset, 2);
		if (!header || offset + 2 > end)
			return because(REASON_TRUNCATED_EXTENSION);
		bytes = extension == EXTENSION_OCTETS8		? (load8(header + 1) + 1) * 8
			: extension == EXTENSION_AUTHENTICATION ? (load8(header + 1) + 2) * 4
								: FRAGMENT_BYTES;
		if (offset + bytes > end)
			return because(REASON_TRUNCATED_EXTENSION);
		if (walked == EXTENSIONS_MAX)
			return because(REASON_TOO_MANY_EXTENSIONS);
		protocol = load8(header);
		if (extension == EXTENSION_FRAGMENT) {
			__u32 fragment, fragment_offset;

			header = bytes_at(ctx, offset, FRAGMENT_BYTES);
			if (!header)
				return because(REASON_TRUNCATED_EXTENSION);
			if (fragmented)
				return because(REASON_BAD_FRAGMENT);
			fragmented = 1;
			fragment = load16(header + 2); /* 13 bits offset in units of 8 bytes, 2 bits reserved, M */
			fragment_offset = fragment & 0xfff8;
			if (fragment_offset + (end - offset - FRAGMENT_BYTES) > DATAGRAM_MAX)
				return because(REASON_BAD_FRAGMENT);
			if (fragment_offset) {
				/* The walk ends: what follows is data from the middle of the datagram. */
				packet->value[FIELD_FRAGMENT] = FRAGMENT_LATER;
				offset += FRAGMENT_BYTES;
				break;
			}
			if (fragment & 1)
				packet->value[FIELD_FRAGMENT] = FRAGMENT_FIRST;
		}
		offset += bytes;
	}

	packet->value[FIELD_PROTOCOL] = protocol;
	packet->l4_offset = offset;
	packet->l4_bytes = end - offset;
	return PARSED;
}

/* What parse_l4() goes by. Not read from the packet, so that it costs nothing where it is constant. */
struct l4_place {
	__u32 family;
	__u32 fragment;
	__u32 protocol;
	__u32 bytes;  /* to the end of the L3 length */
	__u64 offset; /* from the frame's start */
	const void *start;
	__u32 known;  /* bytes from `start` on that are in the frame; with 0 there is no `start` */
};

static __always_inline const void *l4_header(struct xdp_md *ctx, const struct l4_place *place, __u32 bytes)
{
	return place->known >= bytes ? place->start : bytes_at(ctx, place->offset, bytes);
}

static __always_inline void set_ports(struct packet *packet, __u32 source, __u32 destination)
{
	packet->value[FIELD_SOURCE_PORT] = source;
	packet->value[FIELD_DESTINATION_PORT] = destination;
}

/* RFC 4861 §6.1, §7.1, §8.1 of an ICMPv6 packet: hop limit 255 shows that no router has passed it on. */
static __always_inline int is_neighbour_discovery(const struct packet *packet, __u32 icmp)
{
	return packet->value[FIELD_TTL] == 255 && (icmp & 0xff) == 0 && icmp >= 133 << 8 && icmp <= 137 << 8;
}

/* RFC 2131 §4.1; RFC 8415 §7.2, between link-local addresses as its clients speak. `ports`: source << 16 | destination. */
static __always_inline int is_dhcp(const struct packet *packet, __u32 family, __u32 ports)
{
	if (family == FAMILY_IPV4)
		return ports == (67 << 16 | 68) || ports == (68 << 16 | 67);
	return (ports == (546 << 16 | 547) || ports == (547 << 16 | 546)) && packet->source_high >> 54 == 0xfe80 >> 6;
}

static __always_inline int truncated_l4(__u32 fragment)
{
	return because(fragment == FRAGMENT_FIRST ? REASON_TINY_FRAGMENT : REASON_TRUNCATED_L4);
}

/* TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443); every other protocol has no header to read. */
static __always_inline int parse_l4(struct xdp_md *ctx, struct packet *packet, const struct l4_place *place)
{
	__u32 protocol = place->protocol, fragment = place->fragment, bytes = place->bytes, header_bytes = 0;
	const void *l4;

	if (fragment == FRAGMENT_LATER) {
		set_ports(packet, PORT_ABSENT, PORT_ABSENT);
		packet->value[FIELD_PAYLOAD_LENGTH] = PAYLOAD_ABSENT;
		return PARSED;
	}
	if (protocol == PROTOCOL_TCP) {
		l4 = l4_header(ctx, place, TCP_BYTES);
		if (!l4 || bytes < TCP_BYTES)
			return truncated_l4(fragment);
		header_bytes = (load8(l4 + 12) >> 4) * 4;
		if (header_bytes < TCP_BYTES)
			return because(REASON_BAD_TCP_OFFSET);
		if (header_bytes > bytes)
			return truncated_l4(fragment);
		set_ports(packet, load32(l4) >> 16, load32(l4) & 0xffff);
		if (IN_USE(FIELD_TCP_FLAGS))
			packet->value[FIELD_TCP_FLAGS] = load8(l4 + 13);
	} else if (protocol == PROTOCOL_UDP) {
		__u32 length, ports;

		l4 = l4_header(ctx, place, UDP_BYTES);
		if (!l4 || bytes < UDP_BYTES)
			return truncated_l4(fragment);
		length = load16(l4 + 4);
		if (length < UDP_BYTES || (fragment == FRAGMENT_NONE && length > bytes))
			return because(REASON_BAD_UDP_LENGTH);
		ports = load32(l4);
		if (fragment == FRAGMENT_NONE && is_dhcp(packet, place->family, ports))
			return because(REASON_DHCP);
		set_ports(packet, ports >> 16, ports & 0xffff);
		header_bytes = UDP_BYTES;
	} else if (protocol == (place->family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6)) {
		__u32 icmp;

		l4 = l4_header(ctx, place, ICMP_BYTES);
		if (!l4 || bytes < ICMP_BYTES)
			return truncated_l4(fragment);
		icmp = load16(l4); /* type << 8 | code */
		if (place->family == FAMILY_IPV6 && fragment == FRAGMENT_NONE && is_neighbour_discovery(packet, icmp))
			return because(REASON_NEIGHBOUR_DISCOVERY);
		packet->value[FIELD_ICMP] = icmp;
		header_bytes = ICMP_BYTES;
		set_ports(packet, PORT_ABSENT, PORT_ABSENT);
	} else {
		set_ports(packet, PORT_ABSENT, PORT_ABSENT);
	}
	packet->value[FIELD_PAYLOAD_LENGTH] = bytes - header_bytes;
	return PARSED;
}

/*
 * The commonest frame, in half the instructions: no tag, no option, no fragment, lengths that hold, eight bytes of L4 at least,
 * and nothing that is always passed. 1: it was one, and `packet` is as parse_any() would have left it. 0: that one says what it is.
 */
static __always_inline int parse_plain_ipv4(struct xdp_md *ctx, struct packet *packet)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	const void *ip = data + ETHERNET_BYTES;
	struct l4_place l4;
	__u32 total;

	if (ip + IPV4_BYTES + UDP_BYTES > end)
		return 0;
	/* EtherType, version and IHL at once: the word's last byte is the type of service. */
	if ((*(const __u32 *)(data + 12) & bpf_htonl(0xffffff00)) != bpf_htonl(ETHERTYPE_IPV4 << 16 | 0x4500))
		return 0;
	total = load16(ip + 2);
	if (total < IPV4_BYTES + UDP_BYTES || ETHERNET_BYTES + total > packet->frame_bytes ||
	    (*(const __u16 *)(ip + 6) & bpf_htons(0x3fff)))
		return 0;
	packet_init(packet);
	read_ipv4(packet, ip, total);
	if (IN_USE(FIELD_PAYLOAD) || IN_USE(FIELD_IPV4_OPTIONS)) {
		packet->l3_offset = ETHERNET_BYTES;
		packet->l4_offset = ETHERNET_BYTES + IPV4_BYTES;
		packet->l4_bytes = total - IPV4_BYTES;
	}
	l4 = (struct l4_place){ FAMILY_IPV4, FRAGMENT_NONE, load8(ip + 9), total - IPV4_BYTES,
				ETHERNET_BYTES + IPV4_BYTES, ip + IPV4_BYTES, UDP_BYTES };
	return parse_l4(ctx, packet, &l4) == PARSED;
}

/*
 * Fills `packet`, of which frame_bytes is there, and returns PARSED, or why rules are not asked: one of ALWAYS_PASSED, or the
 * parse class that the packet fell into; then only frame_bytes is of use. A global function: the verifier walks it once, by
 * itself (kernel 5.6; pointer arguments: 5.13), and what it learns of each path does not multiply with what follows.
 */
__noinline int parse_any(struct xdp_md *ctx, struct packet *packet)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	__u64 offset = ETHERNET_BYTES;
	struct l4_place l4;
	__u32 ethertype;
	int reason;

	if (!packet) /* never; the verifier asks */
		return because(REASON_TRUNCATED_ETHERNET);
	packet_init(packet);
	if (data + ETHERNET_BYTES > end || packet->frame_bytes < ETHERNET_BYTES)
		return because(REASON_TRUNCATED_ETHERNET);
	ethertype = load16(data + 12);
	if (is_vlan(ethertype)) {
		if (data + ETHERNET_BYTES + VLAN_BYTES > end)
			return because(REASON_TRUNCATED_VLAN);
		packet->value[FIELD_VLAN] = load16(data + 14) & 0xfff; /* 3 bits priority, DEI, 12 bits id */
		ethertype = load16(data + 16);
		offset += VLAN_BYTES;
		if (is_vlan(ethertype)) {
			if (data + ETHERNET_BYTES + 2 * VLAN_BYTES > end)
				return because(REASON_TRUNCATED_VLAN);
			ethertype = load16(data + 20);
			offset += VLAN_BYTES;
			if (is_vlan(ethertype))
				return because(REASON_TOO_MANY_VLAN_TAGS);
		}
	}
	offset = forget(&packet->l3_offset, offset);
	if (ethertype == ETHERTYPE_IPV4)
		reason = parse_ipv4(ctx, packet, offset);
	else if (ethertype == ETHERTYPE_IPV6)
		reason = parse_ipv6(ctx, packet, offset);
	else
		return ethertype == ETHERTYPE_ARP ? REASON_ARP : REASON_OTHER_ETHERTYPE;
	if (reason != PARSED)
		return reason;
	l4 = (struct l4_place){ packet->family, packet->value[FIELD_FRAGMENT], packet->value[FIELD_PROTOCOL],
				packet->l4_bytes, packet->l4_offset, 0, 0 };
	return parse_l4(ctx, packet, &l4);
}

/*
 * As parse_any(), of which most packets need nothing. `told_bytes`: the frame's length plus 1, where a proof instance was
 * told of one that no test-run takes whole (struct proof); else 0.
 */
static __always_inline int parse(struct xdp_md *ctx, struct packet *packet, __u32 told_bytes)
{
	packet->frame_bytes = told_bytes ? told_bytes - 1 : ctx->data_end - ctx->data;
	return parse_plain_ipv4(ctx, packet) ? PARSED : parse_any(ctx, packet);
}

#endif
