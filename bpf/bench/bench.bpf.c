// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The XDP program as it serves, beside the programs that it is measured against, all in one object: `piston bench`
 * builds it, runs it with BPF_PROG_TEST_RUN, and attaches some of it to a veth of its own.
 *
 * A test-run repeats one packet. So each measured program has a feeder, which is what runs: it writes the next address
 * (or addresses and ports) of a table made before into the packet, and tail-calls the program. What the feeder costs is
 * in every figure, that of the program that only drops included, and the subtraction takes it out.
 */
#include "../filter.bpf.c"

#define SOURCE4_OFFSET (ETHERNET_BYTES + 12)
#define SOURCE6_OFFSET (ETHERNET_BYTES + 8)
#define TOUCHED_LINES 65536 /* 4 MiB */

/* Where the feeder is in its table, and what the measured programs add up so that nothing of them can be left out. */
struct bench_state {
	__u64 next;
	__u64 sum;
	__u32 mask;        /* entries - 1; a power of two */
	__u32 redirect_to; /* ifindex */
	__u32 chased_mask; /* as mask, of bench_chased */
	__u32 spare;
	__u64 found;       /* by bench_chase() in its last line: 0, as all of them are */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bench_state));
} bench_state SEC(".maps");

union feed_line {
	__u32 source4[16];                                                 /* network order */
	struct { __u32 source, destination, ports, spare; } tuple[4];      /* network order */
	struct { __u64 high, low; } source6[4];                            /* network order */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, LINE_BYTES);
} bench_feed SEC(".maps");

struct trie4_key { __u32 length; __u32 address; };
#define TRIE6_KEY_BYTES 20
/* The key is what follows `spare`, so that on the stack the address is two aligned words, as the trie reads it. */
struct trie6_key { __u32 spare, length; __u64 address[2]; };

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct trie4_key));
	__uint(value_size, sizeof(__u32));
} bench_trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, TRIE6_KEY_BYTES);
	__uint(value_size, sizeof(__u32));
} bench_trie6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, TOUCHED_LINES);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, LINE_BYTES);
} bench_touched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* a power of two */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, LINE_BYTES);
} bench_chased SEC(".maps");

struct token_bucket {
	__u64 tokens; /* in ns of the rate */
	__u64 seen_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct token_bucket));
} bench_buckets SEC(".maps");

static __always_inline struct bench_state *state_of_bench(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&bench_state, &zero);
}

static __always_inline const union feed_line *feed_at(__u32 line)
{
	return bpf_map_lookup_elem(&bench_feed, &line);
}

/* --- What is measured ------------------------------------------------------------------------------------------------ */

SEC("xdp")
int bench_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* For the veth: what a packet gets that nft is to judge. */
SEC("xdp")
int bench_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* For the veth: a source that is listed is dropped, as whoever filters by a trie does. */
SEC("xdp")
int bench_filter_lpm(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct trie4_key key = { .length = 32 };

	if (data + SOURCE4_OFFSET + 8 > end || load16(data + 12) != ETHERTYPE_IPV4)
		return XDP_PASS;
	key.address = *(const __u32 *)(data + SOURCE4_OFFSET);
	return bpf_map_lookup_elem(&bench_trie4, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int bench_parse(struct xdp_md *ctx)
{
	struct bench_state *state = state_of_bench();
	struct cpu_state *cpu = this_cpu();

	if (!state || !cpu || parse(ctx, &cpu->packet, 0) != PARSED)
		return XDP_ABORTED;
	state->sum += cpu->packet.value[FIELD_L3_LENGTH];
	return XDP_DROP;
}

/* The source step alone: an address of the packet, as parse() would leave it, to its class. */
SEC("xdp")
int bench_source4(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	struct packet packet = {};

	if (data + SOURCE4_OFFSET + 4 > end || !state)
		return XDP_ABORTED;
	packet.family = FAMILY_IPV4;
	packet.source_low = 0xffffULL << 32 | load32(data + SOURCE4_OFFSET);
	state->sum += source_class(&packet);
	return XDP_DROP;
}

SEC("xdp")
int bench_source6(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	struct packet packet = {};

	if (data + SOURCE6_OFFSET + 16 > end || !state)
		return XDP_ABORTED;
	packet.family = FAMILY_IPV6;
	packet.source_high = load64(data + SOURCE6_OFFSET);
	packet.source_low = load64(data + SOURCE6_OFFSET + 8);
	state->sum += source_class(&packet);
	return XDP_DROP;
}

SEC("xdp")
int bench_lpm4(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	struct trie4_key key = { .length = 32 };
	const __u32 *found;

	if (data + SOURCE4_OFFSET + 4 > end || !state)
		return XDP_ABORTED;
	key.address = *(const __u32 *)(data + SOURCE4_OFFSET);
	found = bpf_map_lookup_elem(&bench_trie4, &key);
	if (found)
		state->sum += *found;
	return XDP_DROP;
}

SEC("xdp")
int bench_lpm6(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	struct trie6_key key = { .length = 128 };
	const __u32 *found;

	if (data + SOURCE6_OFFSET + 16 > end || !state)
		return XDP_ABORTED;
	key.address[0] = *(const __u64 *)(data + SOURCE6_OFFSET);
	key.address[1] = *(const __u64 *)(data + SOURCE6_OFFSET + 8);
	found = bpf_map_lookup_elem(&bench_trie6, &key.length);
	if (found)
		state->sum += *found;
	return XDP_DROP;
}

/* Knuth's multiplicative hash of the source: every bit has a say in the high ones. */
static __always_inline __u32 source4_hash(const void *data)
{
	return load32(data + SOURCE4_OFFSET) * 0x9e3779b1U;
}

/* One line of 4 MiB, chosen by the address: what a random access costs on this machine. */
SEC("xdp")
int bench_touch(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	const __u32 *line;
	__u32 index;

	if (data + SOURCE4_OFFSET + 4 > end || !state)
		return XDP_ABORTED;
	index = source4_hash(data) >> 16;
	line = bpf_map_lookup_elem(&bench_touched, &index);
	if (line)
		state->sum += *line;
	return XDP_DROP;
}

/* Likewise of bench_chased, but no packet knows its line before the one of the packet before is there: a miss that nothing hides. */
SEC("xdp")
int bench_chase(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	const __u64 *line;
	__u32 index;

	if (data + SOURCE4_OFFSET + 4 > end || !state)
		return XDP_ABORTED;
	index = (source4_hash(data) >> 8 ^ (__u32)state->found) & state->chased_mask;
	line = bpf_map_lookup_elem(&bench_chased, &index);
	if (line)
		state->found = *line;
	return XDP_DROP;
}

/* A token bucket as XDP firewalls write it: 1,000,000 packets/s, burst 1,000, by source, in an LRU hash. */
SEC("xdp")
int bench_bucket(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	__u64 now, cost = 1000, full = 1000 * cost;
	struct token_bucket *bucket;
	__u32 source;

	if (data + SOURCE4_OFFSET + 4 > end)
		return XDP_ABORTED;
	source = *(const __u32 *)(data + SOURCE4_OFFSET);
	now = bpf_ktime_get_ns();
	bucket = bpf_map_lookup_elem(&bench_buckets, &source);
	if (!bucket) {
		struct token_bucket fresh = { .tokens = full - cost, .seen_ns = now };

		bpf_map_update_elem(&bench_buckets, &source, &fresh, BPF_ANY);
		return XDP_PASS;
	}
	bucket->tokens += now - bucket->seen_ns;
	bucket->seen_ns = now;
	if (bucket->tokens > full)
		bucket->tokens = full;
	if (bucket->tokens < cost)
		return XDP_DROP;
	bucket->tokens -= cost;
	return XDP_PASS;
}

SEC("xdp")
int bench_redirect(struct xdp_md *ctx)
{
	struct bench_state *state = state_of_bench();

	return state ? bpf_redirect(state->redirect_to, 0) : XDP_ABORTED;
}

/* --- Feeders --------------------------------------------------------------------------------------------------------- */

enum target {
	TARGET_DROP, TARGET_PARSE, TARGET_SOURCE4, TARGET_SOURCE6, TARGET_LPM4, TARGET_LPM6, TARGET_TOUCH, TARGET_CHASE,
	TARGET_BUCKET, TARGET_FILTER, TARGET_OTHER, TARGET_REDIRECT, TARGET_COUNT,
};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TARGET_COUNT);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} bench_targets SEC(".maps") = {
	.values = {
		[TARGET_DROP] = (void *)&bench_drop,
		[TARGET_PARSE] = (void *)&bench_parse,
		[TARGET_SOURCE4] = (void *)&bench_source4,
		[TARGET_SOURCE6] = (void *)&bench_source6,
		[TARGET_LPM4] = (void *)&bench_lpm4,
		[TARGET_LPM6] = (void *)&bench_lpm6,
		[TARGET_TOUCH] = (void *)&bench_touch,
		[TARGET_CHASE] = (void *)&bench_chase,
		[TARGET_BUCKET] = (void *)&bench_bucket,
		[TARGET_FILTER] = (void *)&piston_filter,
		[TARGET_REDIRECT] = (void *)&bench_redirect,
	},
};

/*
 * Two instances of the program in turn, in one test-run: for a difference that is less than what a neighbour takes from
 * one test-run and not from the next. Who measures puts the other instance's program into TARGET_OTHER.
 */
#define BENCH_TURNS_MAX 8192

struct bench_turns {
	__u64 began;
	__u32 count;
	__u32 shift; /* a turn is 2^shift packets */
	__u32 ns[BENCH_TURNS_MAX]; /* that each took; even ones are of TARGET_FILTER */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bench_turns));
} bench_turns SEC(".maps");

/* Whose turn packet `next` is. */
static __always_inline __u32 turn_of_bench(__u64 next)
{
	__u32 zero = 0;
	struct bench_turns *turns = bpf_map_lookup_elem(&bench_turns, &zero);
	__u64 now;

	if (!turns)
		return TARGET_COUNT;
	if (!(next & ((1ULL << (turns->shift & 63)) - 1))) {
		now = bpf_ktime_get_ns();
		if (turns->began && turns->count < BENCH_TURNS_MAX)
			turns->ns[turns->count++] = now - turns->began;
		turns->began = now;
	}
	return next >> (turns->shift & 63) & 1 ? TARGET_OTHER : TARGET_FILTER;
}

static __always_inline void feed_source4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	const union feed_line *line;
	__u32 index;

	if (!state || data + SOURCE4_OFFSET + 4 > end)
		return;
	index = state->next++ & state->mask;
	line = feed_at(index / 16);
	if (line)
		*(__u32 *)(data + SOURCE4_OFFSET) = line->source4[index % 16];
}

static __always_inline void feed_tuple(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	const union feed_line *line;
	__u32 index;

	if (!state || data + SOURCE4_OFFSET + 12 > end)
		return;
	index = state->next++ & state->mask;
	line = feed_at(index / 4);
	if (!line)
		return;
	*(__u32 *)(data + SOURCE4_OFFSET) = line->tuple[index % 4].source;
	*(__u32 *)(data + SOURCE4_OFFSET + 4) = line->tuple[index % 4].destination;
	*(__u32 *)(data + SOURCE4_OFFSET + 8) = line->tuple[index % 4].ports;
}

static __always_inline void feed_source6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct bench_state *state = state_of_bench();
	const union feed_line *line;
	__u64 *source;
	__u32 index;

	if (!state || data + SOURCE6_OFFSET + 16 > end)
		return;
	index = state->next++ & state->mask;
	line = feed_at(index / 4);
	if (!line)
		return;
	/*
	 * As words, for that is how it is read. memcpy would store bytes, and a load of a word gets nothing from the store buffer
	 * that was stored in bytes: it would wait until the packet before is done with. Frames that are received are not in there.
	 */
	source = data + SOURCE6_OFFSET;
	source[0] = line->source6[index % 4].high;
	source[1] = line->source6[index % 4].low;
}

/* XDP_ABORTED: the tail call failed, and the figure would mean nothing. */
#define FEEDER(name, feed, target)                          \
	SEC("xdp")                                          \
	int name(struct xdp_md *ctx)                        \
	{                                                   \
		feed(ctx);                                  \
		bpf_tail_call(ctx, &bench_targets, target); \
		return XDP_ABORTED;                         \
	}

FEEDER(source4_drop, feed_source4, TARGET_DROP)
FEEDER(source4_parse, feed_source4, TARGET_PARSE)
FEEDER(source4_class_step, feed_source4, TARGET_SOURCE4)
FEEDER(source4_lpm, feed_source4, TARGET_LPM4)
FEEDER(source4_touch, feed_source4, TARGET_TOUCH)
FEEDER(source4_chase, feed_source4, TARGET_CHASE)
FEEDER(source4_bucket, feed_source4, TARGET_BUCKET)
FEEDER(source4_filter, feed_source4, TARGET_FILTER)
FEEDER(source4_redirect, feed_source4, TARGET_REDIRECT)
FEEDER(source6_drop, feed_source6, TARGET_DROP)
FEEDER(source6_class_step, feed_source6, TARGET_SOURCE6)
FEEDER(source6_lpm, feed_source6, TARGET_LPM6)
FEEDER(tuple_drop, feed_tuple, TARGET_DROP)
FEEDER(tuple_parse, feed_tuple, TARGET_PARSE)
FEEDER(tuple_filter, feed_tuple, TARGET_FILTER)

SEC("xdp")
int source4_turns(struct xdp_md *ctx)
{
	struct bench_state *state = state_of_bench();
	__u32 target;

	if (!state)
		return XDP_ABORTED;
	target = turn_of_bench(state->next);
	feed_source4(ctx);
	bpf_tail_call(ctx, &bench_targets, target);
	return XDP_ABORTED;
}
