/*
 * test_effort.c - the plan of a question: budgets, order, what a reply means (U-01,
 * FW-15)
 */
#include "forwarder/effort.h"
#include "dns/type.h"
#include "forwarder/reply.h"
#include "support.h"

#define T0 (1000 * NS_PER_S)

struct world {
	struct forward_group group;
	struct upstream upstreams[FORWARD_UPSTREAMS_MAX];
	struct effort_group shared;
	struct effort effort;
	struct effort_view view;
};

static uint32_t on_draw(void *arg)
{
	return (uint32_t)next_random(arg);
}

static uint64_t random_state = 5;

static void begin(struct world *w, unsigned n)
{
	memset(w, 0, sizeof(*w));
	w->group = (struct forward_group){
		.n = (uint8_t)n,
		.policy = FORWARD_SEQUENTIAL,
		.max_fails = 2,
		.timeout_ms = 2000,
		.failover = 1u << RCODE_SERVFAIL,
		.next = 1u << RCODE_NXDOMAIN,
	};
	for (unsigned i = 0; i < n; i++) {
		struct forward_upstream to = {.addr = {4, {10, 0, 0, (uint8_t)(i + 1)}}};

		upstream_init(&w->upstreams[i], &to, T0);
	}
	w->view = (struct effort_view){
		&w->group, w->upstreams, &w->shared, on_draw, &random_state};
	w->effort.deadline_ns = T0 + 4 * NS_PER_S;
	effort_begin(&w->effort, &w->view);
}

/* Nobody ever answers, and each attempt is open to the end: how many packets? */
static unsigned silence(struct world *w, unsigned by[FORWARD_UPSTREAMS_MAX])
{
	struct effort_try t;
	uint64_t now_ns = T0;
	unsigned n = 0;

	for (;;) {
		switch (effort_next(&w->effort, &w->view, now_ns, &t)) {
		case EFFORT_SEND:
		case EFFORT_HEDGE:
			ck_assert_uint_lt(t.at, w->group.n);
			effort_sent(&w->effort, &w->view, &t, now_ns);
			w->effort.open++;
			by[t.at]++;
			n++;
			break;
		case EFFORT_WAIT:
			ck_assert_uint_gt(effort_due_ns(&w->effort), now_ns);
			now_ns = effort_due_ns(&w->effort);
			break;
		case EFFORT_OVER:
			ck_assert_uint_eq(now_ns, T0 + 4 * NS_PER_S);
			return n;
		}
	}
}

/* U-01 U-02 FW-12: 2 x upstreams, at most three for each; the same one last. */
START_TEST(budget)
{
	static const struct {
		unsigned n, attempts, packets;
	} rows[] = {{1, 0, 2}, {2, 0, 4}, {3, 0, 6}, {1, 9, 3}, {2, 9, 6}, {3, 1, 1},
		{2, 3, 3}};
	unsigned by[FORWARD_UPSTREAMS_MAX] = {0}, least = 9, most = 0;
	struct world w;

	begin(&w, rows[_i].n);
	w.group.max_connect_attempts = (uint8_t)rows[_i].attempts;
	effort_begin(&w.effort, &w.view);
	w.group.timeout_ms = 300;
	ck_assert_uint_eq(silence(&w, by), rows[_i].packets);
	for (unsigned i = 0; i < rows[_i].n; i++) {
		least = MIN(least, by[i]);
		most = MAX(most, by[i]);
	}
	ck_assert_uint_le(most, EFFORT_SAME_MAX);
	ck_assert_uint_le(most - least, 1);
}
END_TEST

/* FW-08 FW-15 FW-16 FW-25: what a reply means. */
START_TEST(replies)
{
	static const struct {
		struct reply_facts facts;
		uint8_t transport;
		bool edns;
		enum effort_verdict verdict;
	} rows[] = {
		{{0, false, false, true, false}, EXCHANGE_UDP, true, EFFORT_TAKE},
		{{RCODE_SERVFAIL, false, false, true, false}, EXCHANGE_UDP, true,
			EFFORT_OTHER},
		{{RCODE_REFUSED, false, false, true, false}, EXCHANGE_UDP, true,
			EFFORT_TAKE},
		{{RCODE_NXDOMAIN, false, false, true, false}, EXCHANGE_UDP, true,
			EFFORT_GROUP},
		{{RCODE_FORMERR, false, false, false, false}, EXCHANGE_UDP, true,
			EFFORT_AGAIN},
		{{RCODE_FORMERR, false, false, true, false}, EXCHANGE_UDP, true,
			EFFORT_TAKE},
		{{RCODE_FORMERR, false, false, false, false}, EXCHANGE_UDP, false,
			EFFORT_TAKE},
		{{0, true, false, true, false}, EXCHANGE_UDP, true, EFFORT_AGAIN},
		{{0, true, false, true, false}, EXCHANGE_TCP, true, EFFORT_BAD},
		{{23, false, false, true, false}, EXCHANGE_UDP, true, EFFORT_OTHER},
	};
	struct effort_try t = {.transport = rows[_i].transport};
	struct world w;

	begin(&w, 2);
	ck_assert_int_eq(
		effort_judge(&w.effort, &w.group, &t, rows[_i].edns, &rows[_i].facts),
		rows[_i].verdict);
	ck_assert_int_eq(w.effort.again_due, rows[_i].verdict == EFFORT_AGAIN);
}
END_TEST

/*
 * FW-06 FW-11: whoever is down is passed over; nobody twice in a row if another one is
 * up.
 */
START_TEST(down_ones_are_passed_over)
{
	unsigned by[FORWARD_UPSTREAMS_MAX] = {0};
	struct world w;

	begin(&w, 3);
	w.upstreams[0].down = w.upstreams[2].down = true;
	ck_assert_uint_eq(silence(&w, by), 3);
	ck_assert_uint_eq(by[1], 3);
	/* all are down: of twenty, two are tried */
	unsigned tried = 0;
	for (unsigned i = 0; i < 20; i++) {
		struct effort_try t;
		struct effort_group shared = w.shared;

		begin(&w, 3);
		w.shared = shared;
		w.shared.tried_ns = T0;
		for (unsigned k = 0; k < 3; k++)
			w.upstreams[k].down = true;
		tried += effort_next(&w.effort, &w.view, T0, &t) == EFFORT_SEND;
	}
	ck_assert_uint_eq(tried, 2);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("effort");

	tcase_add_loop_test(tc, budget, 0, 7);
	tcase_add_loop_test(tc, replies, 0, 10);
	tcase_add_test(tc, down_ones_are_passed_over);
	return run_case("effort", tc);
}
