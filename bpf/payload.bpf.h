/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The payload of a parsed packet -> one bit for each of the fleet's payload tests: FIELD_PAYLOAD.
 *
 * Contract: runs after parse(), and only where a rule asks. The tests are constants in .rodata: the verifier knows
 * offset, mask and value of each, and takes out those that the fleet does not have. A payload that is too short for a
 * test fails it; a later fragment has no payload, and its value stays "absent".
 */
#ifndef PISTON_PAYLOAD_BPF_H
#define PISTON_PAYLOAD_BPF_H

#include "classify.bpf.h"
#include "packet.bpf.h"

/* A global function; bits are gathered in the caller's memory, see present.bpf.h. */
__noinline int find_payload(struct xdp_md *ctx, struct packet *packet)
{
	if (!has_dimension(FIELD_PAYLOAD) || !packet || packet->value[FIELD_PAYLOAD_LENGTH] == PAYLOAD_ABSENT)
		return 0;
	packet->value[FIELD_PAYLOAD] = 0;
#pragma unroll
	for (__u32 index = 0; index < PAYLOAD_TESTS_MAX; index++) {
		const volatile struct payload_test *test = &CONFIG.payload_tests[index];
		__u64 length, start, found = 0;
		const void *at;

		if (index >= CONSTANT(config.payload_test_count))
			break;
		/* Read again for each test: what one test learnt of the length is nothing to the next. */
		length = forget(&packet->scratch, packet->value[FIELD_PAYLOAD_LENGTH]);
		start = forget(&packet->scratch, packet->l4_offset + packet->l4_bytes - length);
		if (test->offset + test->bytes > length)
			continue;
		at = bytes_at(ctx, start + test->offset, test->bytes);
		if (!at)
			continue;
#pragma unroll
		for (__u32 byte = 0; byte < 8; byte++)
			if (byte < test->bytes)
				found |= (__u64)load8(at + byte) << (56 - 8 * byte);
		if ((found & test->mask) == test->value)
			packet->value[FIELD_PAYLOAD] |= 1 << (15 - index);
	}
	return 0;
}

#endif
