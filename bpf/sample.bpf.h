/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A packet that was not passed, or that a shadow rule would not have passed -> a record in the ring buffer.
 *
 * Contract: each CPU takes instance.samples_per_jiffy at most in one jiffy, whatever arrives: a flood of drops can not
 * flood user space. A full ring buffer loses the sample, never the verdict. Every packet that was to be sampled is
 * counted once in sample_state, by what became of its sample. A proof instance takes none, and counts none.
 */
#ifndef PISTON_SAMPLE_BPF_H
#define PISTON_SAMPLE_BPF_H

#include "state.bpf.h"

/*
 * Up to SAMPLE_BYTES from the frame's start, eight by eight and then one by one; zero after them. How many is kept in
 * the record, where the verifier does not follow it: it walks the last loop once and not for each end of the first.
 */
static __always_inline void copy_frame(struct xdp_md *ctx, struct sample *sample)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	volatile __u32 *copied = &sample->captured_bytes;

	__builtin_memset(sample->frame, 0, SAMPLE_BYTES);
	*copied = 0;
	for (__u32 i = 0; i < SAMPLE_BYTES && data + i + 8 <= end; i += 8) {
		__builtin_memcpy(sample->frame + i, data + i, 8);
		*copied = i + 8;
	}
	for (__u32 i = 0; i < 7; i++) {
		__u64 offset = *copied;

		if (offset >= SAMPLE_BYTES || data + offset + 1 > end)
			break;
		sample->frame[offset] = *(const __u8 *)(data + offset);
		*copied = offset + 1;
	}
}

/* The slow part, for one packet of thousands. Global, so that the verifier walks it once. Always 0. */
__noinline int write_sample(struct xdp_md *ctx, struct packet *packet, __u32 rule, __u32 reason, __u32 shadow)
{
	__u32 zero = 0;
	struct sample_state *state = bpf_map_lookup_elem(&sample_state, &zero);
	struct sample *sample;
	__u64 jiffy;

	if (!packet || !state)
		return 0;
	jiffy = bpf_jiffies64();
	if (state->jiffy != jiffy) {
		state->jiffy = jiffy;
		state->used = 0;
	}
	if (++state->used >= INSTANCE.samples_per_jiffy)
		state->spent_jiffy = jiffy;
	sample = bpf_ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample) {
		state->lost++;
		return 0;
	}
	state->taken++;
	sample->time_ns = bpf_ktime_get_ns();
	sample->rule_id = rule_id_of(packet, rule);
	sample->reason = reason;
	sample->verdict = VERDICT_DROP; /* a shadow rule's: what it would have given */
	sample->shadow = shadow;
	sample->abi_version = ABI_VERSION;
	sample->interface_index = ctx->ingress_ifindex;
	sample->frame_bytes = packet->frame_bytes;
	for (int i = 0; i < 8; i++)
		sample->bundle_digest[i] = INSTANCE.bundle_digest[i];
	copy_frame(ctx, sample);
	bpf_ringbuf_submit(sample, 0);
	return 0;
}

/*
 * `rule` as in struct packet: its id is read only for what is written. Nearly every packet finds the budget of its jiffy spent:
 * that is one comparison, and no call.
 */
static __always_inline void take_sample(struct xdp_md *ctx, struct packet *packet, __u32 rule, __u32 reason, __u32 shadow)
{
	struct sample_state *state;
	__u32 zero = 0;

	if (INSTANCE.proof || !INSTANCE.samples_per_jiffy)
		return;
	state = bpf_map_lookup_elem(&sample_state, &zero);
	if (!state)
		return;
	if (state->spent_jiffy == bpf_jiffies64())
		state->suppressed++;
	else
		write_sample(ctx, packet, rule, reason, shadow);
}

#endif
