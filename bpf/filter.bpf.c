// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * A frame -> XDP_PASS or XDP_DROP, by the tables of one generation. docs/SEMANTICS.md is the law; this file is its
 * order of effects, and each header one of its parts.
 *
 * Kernel 5.15 or newer. The program holds no policy: the agent sets .rodata and the tables before load, and freezes
 * them. Large parts are global functions (not static): the verifier walks each once, by itself, so that the cost of
 * verification is a sum of parts and does not grow with the number of rules.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"
#include "tables.bpf.h"
#include "parse.bpf.h"
#include "state.bpf.h"
#include "classify.bpf.h"
#include "present.bpf.h"
#include "payload.bpf.h"
#include "limit.bpf.h"
#include "sample.bpf.h"

/* apply_rules(): no rule of this word decided. Beside the two verdicts. */
#define GO_ON 2

/* Leaves the decision where the test-run reads it. Gone from a program that serves. */
static __always_inline void write_proof(struct xdp_md *ctx, const struct packet *packet, __u32 verdict)
{
	struct proof *proof = (void *)(long)ctx->data_meta;

	if ((void *)(proof + 1) > (void *)(long)ctx->data)
		return; /* never: piston_filter() has looked */
	proof->rule_id = rule_id_of(packet, packet->rule);
	proof->reason = packet->reason;
	proof->verdict = verdict;
}

/* The end of every packet: packet->reason and packet->rule say why. */
static __always_inline int finish(struct xdp_md *ctx, struct packet *packet, __u32 verdict)
{
	if (INSTANCE.proof)
		write_proof(ctx, packet, verdict);
	if (verdict == VERDICT_PASS)
		return XDP_PASS;
	take_sample(ctx, packet, packet->rule, packet->reason, 0);
	return XDP_DROP;
}

/* The end of a packet that no rule decided. */
static __always_inline int finish_by_reason(struct xdp_md *ctx, struct packet *packet, __u32 reason, __u32 verdict)
{
	count(packet, reason);
	packet->reason = reason;
	return finish(ctx, packet, verdict);
}

/*
 * A limit, or a rule in shadow: the ones after which evaluation may go on. A verdict, with packet->rule and
 * packet->reason, or GO_ON.
 */
__noinline int apply_limit_or_shadow(struct xdp_md *ctx, struct packet *packet, __u32 index, slot_entry entry)
{
	const struct rule *rule = ENTRY(struct rule, TABLE_OF(rules), index);
	struct cpu_state *cpu = this_cpu();
	__u32 reason = REASON_RULE;

	if (!packet || !cpu)
		return GO_ON;
	if (CONSTANT(config.limit_count) && rule->action == ACTION_LIMIT) {
		if (!limit_exceeded(packet, rule, cpu)) {
			count_rule(packet, entry, COUNTER_CONFORMED);
			return GO_ON;
		}
		reason = REASON_LIMIT;
	}
	count_rule(packet, entry, reason == REASON_LIMIT ? COUNTER_EXCEEDED : COUNTER_DECIDED);
	if (rule->shadow) {
		if (rule->action != ACTION_PASS)
			take_sample(ctx, packet, index + 1, reason, 1);
		return GO_ON;
	}
	if (CONSTANT(config.block_count) && rule->block_ns)
		block_source(packet, rule, entry, cpu);
	packet->rule = index + 1;
	packet->reason = reason;
	return VERDICT_DROP;
past_the_end:
	return GO_ON;
}

/* The verdict of a rule after which evaluation does not go on. */
static __always_inline int decide_by(struct packet *packet, __u32 index, slot_entry entry)
{
	count_rule(packet, entry, COUNTER_DECIDED);
	packet->rule = index + 1;
	packet->reason = REASON_RULE;
	return entry >> RULE_PASSES_BIT & 1 ? VERDICT_PASS : VERDICT_DROP;
}

/*
 * Rules 64 * word + b of each bit b of `bits`, from top to bottom; returns as above. Verified once for all words, round by
 * round: as many as a word can have bits, for with ten rules 64 rounds were half of what the verifier has to do. `bits` is
 * not 0. The condition is at the end, so that the loop is closed by a jump: kernel 6.1 takes no other (loops.test.ts).
 */
__noinline int apply_rules(struct xdp_md *ctx, struct packet *packet, __u32 word, __u64 bits)
{
	__u32 index, rounds = CONSTANT(config.rule_count);
	slot_entry entry;

	if (!packet)
		return GO_ON;
	if (rounds > 64)
		rounds = 64;
	do {
		int verdict;

		index = word * 64 + lowest_bit(bits);
		entry = *ENTRY(slot_entry, TABLE_OF(counter_slots), index);
		if (!(entry >> RULE_GOES_ON_BIT))
			break;
		verdict = apply_limit_or_shadow(ctx, packet, index, entry);
		if (verdict != GO_ON)
			return verdict;
		bits &= bits - 1;
	} while (bits && --rounds);
	if (entry >> RULE_GOES_ON_BIT)
		return GO_ON;
	return decide_by(packet, index, entry);
past_the_end:
	return GO_ON;
}

/* Every rule that matches, word by word. `first` is not 0. The loop's condition is at its end: see apply_rules(). */
static __always_inline int judge(struct xdp_md *ctx, struct packet *packet, const struct rows *rows, __u64 first)
{
	__u32 rounds = CONSTANT(config.word_count);
	__u64 words = first;

	if (!OPTIONAL_FEATURE(FEATURE_WORDS))
		return apply_rules(ctx, packet, 0, first);
	if (HAS_DECISIONS && rows->decided)
		return decide_by(packet, rows->decided - 1,
				 *ENTRY(slot_entry, TABLE_OF(counter_slots), rows->decided - 1));
	if (CANARY(CANARY_SUMMARY_WORD))
		words &= ~2ULL;
	do {
		__u32 word = lowest_bit(words);
		__u64 bits = rows_and(rows, 1 + word);
		/* 0: every row has rules in this word, but no rule is in all of them. */
		int verdict = bits ? apply_rules(ctx, packet, word, bits) : GO_ON;

		if (verdict != GO_ON)
			return verdict;
		words &= words - 1;
	} while (words && --rounds);
past_the_end:
	return GO_ON;
}

/* The topmost management flow that matches passes the packet, before any block. 1: it did. */
static __always_inline int is_management(struct packet *packet, const struct rows *rows, __u64 first)
{
	__u64 bits;
	__u32 index;

	if (HAS_DECISIONS && rows->decided)
		return 0;
	bits = (!HAS_FEATURE(FEATURE_WORDS) ? first : rows_and(rows, 1)) & CONFIG.management_mask;
	if (!bits)
		return 0;
	index = lowest_bit(bits);
	packet->rule = index + 1;
	count_rule(packet, *ENTRY(slot_entry, TABLE_OF(counter_slots), index), COUNTER_DECIDED);
	return 1;
past_the_end:
	return 0;
}

/* 1: the source is blocked, and the packet is counted. */
static __always_inline int is_blocked(struct packet *packet)
{
	const struct block *block = find_block(packet);

	if (!block)
		return 0;
	packet->block_id = block->rule_id;
	packet->reason = REASON_BLOCK;
	if (block->counter >= COUNTER_NONE)
		count(packet, REASON_BLOCK);
	else
		count_rule(packet, block->counter, COUNTER_BLOCKED);
	return 1;
}

SEC("xdp")
int piston_filter(struct xdp_md *ctx)
{
	struct packet packet;
	struct rows rows;
	__u64 first;
	__u32 reason, verdict;

	packet_init(&packet);
	if (INSTANCE.proof) {
		const struct proof *proof = (void *)(long)ctx->data_meta;

		if ((void *)(proof + 1) > (void *)(long)ctx->data)
			return XDP_ABORTED; /* the test-run was called without metadata; a program that serves has no such path */
		packet.now_ns = proof->now_ns;
		packet.frame_bytes = proof->frame_bytes; /* parse() takes 1 off */
	}

	reason = parse(ctx, &packet);
	if (reason != PARSED)
		return finish_by_reason(ctx, &packet, reason, (CONFIG.pass_reasons | ALWAYS_PASSED) >> (reason & 63) & 1);

	/* A blocked source costs no classification, unless it may still reach a management flow. */
	if (!OPTIONAL_FEATURE(FEATURE_MANAGEMENT) && is_blocked(&packet))
		return finish(ctx, &packet, VERDICT_DROP);
	find_present(ctx, &packet);
	if (IN_USE(FIELD_PAYLOAD))
		find_payload(ctx, &packet);
	first = HAS_DECISIONS ? decide(&packet, &rows) : classify(&packet, &rows);
	if (OPTIONAL_FEATURE(FEATURE_MANAGEMENT)) {
		if (first && is_management(&packet, &rows, first))
			return finish_by_reason(ctx, &packet, REASON_MANAGEMENT, VERDICT_PASS);
		if (is_blocked(&packet))
			return finish(ctx, &packet, VERDICT_DROP);
	}
	verdict = first ? judge(ctx, &packet, &rows, first) : GO_ON;
	if (verdict != GO_ON)
		return finish(ctx, &packet, verdict);
	return finish_by_reason(ctx, &packet, REASON_DEFAULT, CONSTANT(config.default_verdict));
}

char program_license[] SEC("license") = "Dual BSD/GPL";
