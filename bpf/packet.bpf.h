/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is known of a packet while it is judged, and how the bytes of its frame are read.
 *
 * Contract: a field that the packet does not have gets its domain's size, one past the last value: the tables have a class
 * for it, so that nobody who looks up needs to ask. A field that only the tables read, and no rule asks about, has no value,
 * nor has anything else that nobody reads: what the packet before left is still there (struct cpu_state).
 */
#ifndef PISTON_PACKET_BPF_H
#define PISTON_PACKET_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"
#include "tables.bpf.h"

/* Domains of `enum field` that can be absent. */
#define PORT_ABSENT 65536
#define TCP_FLAGS_ABSENT 256
#define ICMP_ABSENT 65536
#define VLAN_ABSENT 4096
#define PAYLOAD_ABSENT 65536
#define IPV4_OPTIONS_ABSENT 256
#define IPV6_EXTENSIONS_ABSENT 256
#define PAYLOAD_TESTS_ABSENT 65536

struct packet {
	/* Addresses as numbers. IPv4 stands as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2): high is 0, low is 0xffff << 32 | a.b.c.d. */
	__u64 source_high;
	__u64 source_low;
	__u64 destination_high;
	__u64 destination_low;
	__u64 now_ns;  /* the packet's time, 0 before it is asked for; see packet_now() */
	__u64 block_id; /* of the rule whose block decided; else 0 */
	__u32 family;
	__u32 value[FIELD_COUNT];
	__u32 frame_bytes; /* from the destination MAC to the end of the frame */
	__u32 reason;
	__u32 rule;        /* place of the rule that decided, plus 1; 0: none did */
	__u32 l3_offset;   /* from the frame's start */
	__u32 l4_offset;   /* likewise */
	__u32 l4_bytes;    /* from the L4 header to the end of the L3 length */
	__u32 scratch;	   /* for forget() */
};

/* Of an IPv4 packet without tag, option or fragment, what is not read from its header. */
static __always_inline void packet_init(struct packet *packet)
{
	packet->source_high = 0;
	packet->destination_high = 0;
	packet->family = FAMILY_IPV4;
	packet->value[FIELD_FRAGMENT] = FRAGMENT_NONE;
	if (IN_USE(FIELD_TCP_FLAGS))
		packet->value[FIELD_TCP_FLAGS] = TCP_FLAGS_ABSENT;
	if (IN_USE(FIELD_ICMP))
		packet->value[FIELD_ICMP] = ICMP_ABSENT;
	if (IN_USE(FIELD_VLAN))
		packet->value[FIELD_VLAN] = VLAN_ABSENT;
	if (IN_USE(FIELD_IPV4_OPTIONS))
		packet->value[FIELD_IPV4_OPTIONS] = IPV4_OPTIONS_ABSENT;
	if (IN_USE(FIELD_IPV6_EXTENSIONS))
		packet->value[FIELD_IPV6_EXTENSIONS] = IPV6_EXTENSIONS_ABSENT;
	if (IN_USE(FIELD_PAYLOAD))
		packet->value[FIELD_PAYLOAD] = PAYLOAD_TESTS_ABSENT;
}

static __always_inline __u32 load8(const void *at)
{
	return *(const __u8 *)at;
}

static __always_inline __u32 load16(const void *at)
{
	return bpf_ntohs(*(const __u16 *)at);
}

static __always_inline __u32 load32(const void *at)
{
	return bpf_ntohl(*(const __u32 *)at);
}

static __always_inline __u64 load64(const void *at)
{
	return bpf_be64_to_cpu(*(const __u64 *)at);
}

/*
 * The `bytes` bytes at `offset` of the frame, or NULL where the frame ends before. The mask tells the verifier that the
 * sum stays a packet pointer; it changes nothing, for the greatest offset is 22 + 40 + 9 * 2048 + 60 + 2040. In assembly because
 * clang may know that too and leave it out.
 */
static __always_inline const void *bytes_at(struct xdp_md *ctx, __u64 offset, __u64 bytes)
{
	const void *at = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;

	if (!__builtin_constant_p(offset))
		asm volatile("%0 &= 0x7fff" : "+r"(offset));
	at += offset;
	if (at + bytes > end)
		return 0;
	__builtin_assume(at != 0);
	return at;
}

/*
 * Gives `value` back as a number of which the verifier knows nothing: through the caller's memory, where it keeps no
 * track. Paths that differ only in what is known of an offset then join again instead of multiplying.
 */
static __always_inline __u64 forget(__u32 *memory, __u64 value)
{
	*(volatile __u32 *)memory = value;
	return *(volatile __u32 *)memory;
}

#endif
