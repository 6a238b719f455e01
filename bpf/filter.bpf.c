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

/* apply_word(): no rule of this word decided. Beside the two verdicts. */
#define GO_ON 2

#define GUESS_AFTER 8 /* packets */

#define HAS_LIMITS IS_SET(__builtin_offsetof(struct rodata, config.limit_count))

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

/* The end of a packet that no rule decided; `rule` is 0, or the management flow's place plus 1. */
static __always_inline int finish_by_reason(struct xdp_md *ctx, struct packet *packet, __u32 reason, __u32 rule,
					    __u32 verdict)
{
	count(packet, reason);
	packet->reason = reason;
	packet->rule = rule;
	packet->block_id = 0;
	return finish(ctx, packet, verdict);
}

/*
 * A limit, or a rule in shadow: the ones after which evaluation may go on. A verdict, with packet->rule and
 * packet->reason, or GO_ON.
 */
__noinline int apply_limit_or_shadow(struct xdp_md *ctx, struct cpu_state *cpu, __u32 index, slot_entry entry)
{
	const struct rule *rule = ENTRY(struct rule, TABLE_OF(rules), index);
	struct packet *packet = &cpu->packet;
	__u32 reason = REASON_RULE;

	if (!cpu)
		return GO_ON;
	if (HAS_LIMITS && rule->action == ACTION_LIMIT) {
		if (!limit_exceeded(cpu, rule)) {
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
		block_source(cpu, rule, entry);
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
 * The topmost rule of `bits` is `index`, a limit or in shadow, and was not guessed. When it has been the same GUESS_AFTER times
 * it is, until another one comes: a guess that is often wrong costs more than none. Without a branch, which would be
 * as wrong as often.
 */
static __always_inline void learn(struct guess *guess, __u64 bits, __u32 index, slot_entry entry)
{
	__u64 same = -(((__u64)(index ^ guess->index) - 1) >> 63);

	guess->index = index;
	guess->bits &= same;
	guess->times = (guess->times + 1) & same;
	if (guess->times == GUESS_AFTER) {
		guess->entry = entry;
		guess->below = ~(bits ^ (bits - 1));
		guess->bits = bits | guess->below;
	}
}

/* Whether the guess holds. It is no more than that: it says where the rule stands, never what becomes of the packet. */
static __always_inline int is_guessed(const struct guess *guess, __u32 word, __u64 bits)
{
	return (bits | guess->below) == guess->bits && (__builtin_constant_p(word) || guess->index / 64 == word);
}

/*
 * Rules 64 * word + b of each bit b of `bits`, which is not 0, from top to bottom; returns as above.
 *
 * Where there are limits, the first rule is guessed first. A processor begins a compare-and-swap when all before it is done, and
 * no load after it before that, so what a limited packet takes is the length of its chain of loads; a comparison that is
 * foretold cuts it in two, and the limit's state is looked for while the packet's rules are (docs/adr/0026).
 *
 * The loop is verified round by round: as many as a word can have bits, for with ten rules 64 rounds were half of what the
 * verifier has to do. Its condition is at the end, so that it is closed by a jump: kernel 6.1 takes no other (loops.test.ts).
 */
static __always_inline int apply_word(struct xdp_md *ctx, struct cpu_state *cpu, __u32 word, __u64 bits)
{
	__u32 index, rounds = CONSTANT(config.rule_count);
	struct guess *guess = &cpu->guess;
	slot_entry entry;
	int verdict;

	if (HAS_LIMITS && is_guessed(guess, word, bits)) {
		index = guess->index;
		entry = guess->entry;
	} else {
		index = word * 64 + lowest_bit(bits);
		entry = *ENTRY(slot_entry, TABLE_OF(counter_slots), index);
		if (!(entry >> RULE_GOES_ON_BIT))
			return decide_by(&cpu->packet, index, entry);
		if (HAS_LIMITS)
			learn(guess, bits, index, entry);
	}
	if (rounds > 64)
		rounds = 64;
	for (;;) {
		verdict = apply_limit_or_shadow(ctx, cpu, index, entry);
		if (verdict != GO_ON)
			return verdict;
		bits &= bits - 1;
		if (!bits || !--rounds)
			return GO_ON;
		index = word * 64 + lowest_bit(bits);
		entry = *ENTRY(slot_entry, TABLE_OF(counter_slots), index);
		if (!(entry >> RULE_GOES_ON_BIT))
			return decide_by(&cpu->packet, index, entry);
	}
past_the_end:
	return GO_ON;
}

/* The same of one word of several, for the verifier to walk once. */
__noinline int apply_rules(struct xdp_md *ctx, struct cpu_state *cpu, __u32 word, __u64 bits)
{
	return cpu ? apply_word(ctx, cpu, word, bits) : GO_ON;
}

/* Every rule that matches, word by word. `first` is not 0. The loop's condition is at its end: see apply_word(). */
static __always_inline int judge(struct xdp_md *ctx, struct cpu_state *cpu, const struct rows *rows, __u64 first)
{
	__u32 rounds = CONSTANT(config.word_count);
	__u64 words = first;

	if (!OPTIONAL_FEATURE(FEATURE_WORDS))
		return apply_word(ctx, cpu, 0, first);
	if (HAS_DECISIONS && rows->decided)
		return decide_by(&cpu->packet, rows->decided - 1,
				 *ENTRY(slot_entry, TABLE_OF(counter_slots), rows->decided - 1));
	if (CANARY(CANARY_SUMMARY_WORD))
		words &= ~2ULL;
	do {
		__u32 word = lowest_bit(words);
		__u64 bits = rows_and(rows, 1 + word);
		/* 0: every row has rules in this word, but no rule is in all of them. */
		int verdict = bits ? apply_rules(ctx, cpu, word, bits) : GO_ON;

		if (verdict != GO_ON)
			return verdict;
		words &= words - 1;
	} while (words && --rounds);
past_the_end:
	return GO_ON;
}

/* The topmost management flow that matches passes the packet, before any block: its place plus 1. 0: none does. */
static __always_inline __u32 management_flow(const struct packet *packet, const struct rows *rows, __u64 first)
{
	__u64 bits;
	__u32 index;

	if (HAS_DECISIONS && rows->decided)
		return 0;
	bits = (!HAS_FEATURE(FEATURE_WORDS) ? first : rows_and(rows, 1)) & CONFIG.management_mask;
	if (!bits)
		return 0;
	index = lowest_bit(bits);
	count_rule(packet, *ENTRY(slot_entry, TABLE_OF(counter_slots), index), COUNTER_DECIDED);
	return index + 1;
past_the_end:
	return 0;
}

/* 1: the source is blocked, and the packet is counted. */
static __always_inline int is_blocked(struct cpu_state *cpu)
{
	const struct block *block = find_block(cpu);
	struct packet *packet = &cpu->packet;

	if (!block)
		return 0;
	packet->rule = 0;
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
	struct cpu_state *cpu = this_cpu();
	__u32 reason, verdict, told_bytes = 0;
	struct packet *packet;
	struct rows rows;
	__u64 first;

	if (!cpu)
		return XDP_PASS; /* never; the verifier asks */
	packet = &cpu->packet;
	packet->now_ns = 0;
	if (INSTANCE.proof) {
		const struct proof *proof = (void *)(long)ctx->data_meta;

		if ((void *)(proof + 1) > (void *)(long)ctx->data)
			return XDP_ABORTED; /* the test-run was called without metadata; a program that serves has no such path */
		packet->now_ns = proof->now_ns;
		told_bytes = proof->frame_bytes;
	}

	reason = parse(ctx, packet, told_bytes);
	if (reason != PARSED)
		return finish_by_reason(ctx, packet, reason, 0, (CONFIG.pass_reasons | ALWAYS_PASSED) >> (reason & 63) & 1);

	/* A blocked source costs no classification, unless it may still reach a management flow. */
	if (!OPTIONAL_FEATURE(FEATURE_MANAGEMENT) && is_blocked(cpu))
		return finish(ctx, packet, VERDICT_DROP);
	find_present(ctx, packet);
	if (IN_USE(FIELD_PAYLOAD))
		find_payload(ctx, packet);
	first = HAS_DECISIONS ? decide(packet, &rows) : classify(packet, &rows);
	if (OPTIONAL_FEATURE(FEATURE_MANAGEMENT)) {
		__u32 flow = first ? management_flow(packet, &rows, first) : 0;

		if (flow)
			return finish_by_reason(ctx, packet, REASON_MANAGEMENT, flow, VERDICT_PASS);
		if (is_blocked(cpu))
			return finish(ctx, packet, VERDICT_DROP);
	}
	verdict = first ? judge(ctx, cpu, &rows, first) : GO_ON;
	if (verdict != GO_ON)
		return finish(ctx, packet, verdict);
	return finish_by_reason(ctx, packet, REASON_DEFAULT, 0, CONSTANT(config.default_verdict));
}

char program_license[] SEC("license") = "Dual BSD/GPL";
