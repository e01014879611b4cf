/* test_fwdtab.c - questions in flight: limits, hedges, and thousands of random events */
#include <errno.h>

#include "flying.h"

/* ---- limits ---- */

/* FP-02 Q-06: 256 wait for a question, the next one is told so. */
START_TEST(waiters_of_a_question)
{
	struct flying *y = flying_open();
	struct settings *s = flying_settings();
	struct question q = flying_question(1, 1, 7);

	flying_group(s, 7, ".", 1);
	fwdtab_configure(y->f, s, y->now_ns);
	for (uint32_t i = 0; i < FWDTAB_WAITERS + 3; i++)
		flying_ask(y, i, 1, &q, 1);
	ck_assert_uint_eq(y->settled[ASK_FULL], 3);
	ck_assert_uint_eq(stat_get(&y->stat->rejected[REJECT_WAITERS]), 3);
	ck_assert_uint_eq(y->sent, 1);
	flying_answer(y, y->last, 0, true);
	ck_assert_uint_eq(y->settled[ASK_STORED], FWDTAB_WAITERS);
	ck_assert_uint_eq(y->nopen, 0);
	flying_close_all(y);
	free(s);
}
END_TEST

/* U-05: 4,096 at an upstream, then the next one; FP-02: 16,384 in all. */
START_TEST(questions_in_flight)
{
	struct flying *y = flying_open();
	struct settings *s = flying_settings();
	struct ask_head head = {.arrival_ns = FLYING_START, .deadline_ns = UINT64_MAX};

	flying_group(s, 7, ".", 5);
	fwdtab_configure(y->f, s, y->now_ns);
	for (unsigned i = 0; i < FWDTAB_QUESTIONS + 10; i++) {
		struct question q = flying_question(i, 1, 7);

		fwdtab_ask(y->f, &q, 1, NULL, &head, y->now_ns);
	}
	ck_assert_uint_eq(y->f->nflights, FWDTAB_QUESTIONS);
	ck_assert_uint_eq(y->nopen, FWDTAB_QUESTIONS);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(stat_get(&y->stat->upstreams[i].inflight), 4096);
	ck_assert_uint_eq(stat_get(&y->stat->rejected[REJECT_SLOTS]), 10);
	ck_assert_uint_eq(stat_get(&y->stat->inflight), FWDTAB_QUESTIONS);
	flying_close_all(y);
	free(s);
}
END_TEST

/* U-05 FP-02: every upstream has all that it may have. */
START_TEST(upstreams_are_full)
{
	struct flying *y = flying_open();
	struct settings *s = flying_settings();
	struct ask_head head = {.arrival_ns = FLYING_START, .deadline_ns = UINT64_MAX};
	struct question q;

	flying_group(s, 7, ".", 1);
	fwdtab_configure(y->f, s, y->now_ns);
	for (unsigned i = 0; i < 4096; i++) {
		q = flying_question(i, 1, 7);
		fwdtab_ask(y->f, &q, 1, NULL, &head, y->now_ns);
	}
	q = flying_question(5000, 1, 7);
	flying_ask(y, 1, 1, &q, 1);
	ck_assert_uint_eq(y->settled[ASK_FULL], 1);
	ck_assert_uint_eq(stat_get(&y->stat->rejected[REJECT_RATE]), 1);
	flying_close_all(y);
	free(s);
}
END_TEST

/* ---- hedges ---- */

/* FW-14: at p95 of the first a second one is asked; never more than one in twenty. */
START_TEST(hedges)
{
	struct flying *y = flying_open();
	struct settings *s = flying_settings();
	struct forward_group *g = flying_group(s, 7, ".", 2);
	unsigned slow = 0, hedged;

	g->hedge = true;
	fwdtab_configure(y->f, s, y->now_ns);
	for (unsigned i = 0; i < 4000; i++) {
		struct question q = flying_question(i, 1, 7);
		uint64_t rtt_us = 1000 + next_random(&y->random) % 20000;
		bool first = true;

		flying_ask(y, 1, i + 1, &q, 1);
		uint32_t exchange = y->last;
		if (i >= 200 && i % 10 == 0) {
			slow++;
			rtt_us = 49000;
		}
		flying_run(y, rtt_us * 1000);
		for (uint32_t x = 0; first && x < FWDTAB_EXCHANGES; x++) {
			if (!y->open[x] || y->f->attempts[x].kind != ATTEMPT_QUESTION)
				continue;
			first = false;
			flying_answer(y, x, 0, true);
		}
		ck_assert(!y->open[exchange]);
	}
	hedged = (unsigned)stat_get(&y->stat->upstreams[1].hedges);
	ck_assert_uint_gt(hedged, 50);
	ck_assert_uint_le(hedged, 4000 / 20);
	ck_assert_uint_eq(y->settled[ASK_STORED], 4000);
	flying_close_all(y);
	free(s);
}
END_TEST

/* ---- policies ---- */

/* FW-06: random means any of them, each as often as the others. */
START_TEST(random_order)
{
	struct flying *y = flying_open();
	struct settings *s = flying_settings();
	unsigned n[4] = {0};

	flying_group(s, 7, ".", 4)->policy = FORWARD_RANDOM;
	fwdtab_configure(y->f, s, y->now_ns);
	for (unsigned i = 0; i < 4000; i++) {
		struct question q = flying_question(i, 1, 7);

		flying_ask(y, 1, i + 1, &q, 1);
		n[y->upstream[y->last]]++;
		flying_answer(y, y->last, 0, true);
	}
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_gt(n[i], 800);
		ck_assert_uint_lt(n[i], 1200);
	}
	flying_close_all(y);
	free(s);
}
END_TEST

/* FW-23 Q-02: IDs and letter case are drawn anew for each query. */
START_TEST(nobody_can_guess)
{
	struct flying *y = flying_open();
	struct settings *s = flying_settings();
	unsigned ids[16] = {0}, upper = 0, letters = 0;

	flying_group(s, 7, ".", 1)->case_randomize = true;
	fwdtab_configure(y->f, s, y->now_ns);
	for (unsigned i = 0; i < 1000; i++) {
		struct question q = flying_question(i, 1, 7);

		flying_ask(y, 1, i + 1, &q, 1);
		ids[y->query[y->last][0] >> 4]++;
		for (unsigned k = 12; k < 12u + q.name_len; k++) {
			upper += y->query[y->last][k] >= 'A' &&
			         y->query[y->last][k] <= 'Z';
			letters += q.name[k - 12] >= 'a' && q.name[k - 12] <= 'z';
		}
		flying_answer(y, y->last, 0, true);
	}
	for (unsigned i = 0; i < 16; i++)
		ck_assert_uint_gt(ids[i], 30);
	ck_assert_uint_gt(upper, letters * 4 / 10);
	ck_assert_uint_lt(upper, letters * 6 / 10);
	flying_close_all(y);
	free(s);
}
END_TEST

/* ---- random events ---- */

/* Settings that differ in groups, upstreams, transports. */
static struct settings *variant(unsigned v)
{
	struct settings *s = flying_settings();
	struct forward_group *g;

	s->number = v + 1;
	s->forward.cache.prefetch_window_ms = 60000;
	g = flying_group(s, 7, "x.example.", v == 2 ? 1 : 3);
	g->digest = v == 2 ? 17 : 7;
	g->policy = FORWARD_RANDOM;
	g->hedge = g->case_randomize = true;
	g->next = 1u << 3;
	g->max_concurrent = 200;
	if (v != 1)
		flying_group(s, 8, "y.example.", 2)->policy = FORWARD_ROUND_ROBIN;
	g = flying_group(s, 9, ".", 2);
	g->next_on_nodata = true;
	g->packet_rate = 2000;
	s->forward.upstreams[g->first].addr.len = 0;
	s->forward.upstreams[g->first].host = g->from;
	ck_assert_int_eq(
		name_parse("up.example.", &s->forward.upstreams[g->first].host), 0);
	s->forward.upstreams[g->first + 1].tls = true;
	s->forward.bootstrap = true;
	g = flying_group(s, 10, ".", 1);
	g->from.len = 0;
	g->max_fails = 0;
	return s;
}

static void some_reply(struct flying *y, uint32_t exchange)
{
	uint8_t out[REPLY_QUERY_MAX + 64];
	uint64_t dice = next_random(&y->random) % 20;
	size_t len = flying_reply(y, exchange,
		(uint8_t)(dice < 12 ? 0 : next_random(&y->random) % 6), dice < 10, out);

	if (dice == 13)
		out[2] |= 2; /* TC */
	if (dice == 14)
		out[0] ^= 1;
	if (dice == 15)
		len = (size_t)(next_random(&y->random) % len);
	if (dice == 16)
		name_fold(out + 12, out + 12, len - 16);
	for (unsigned i = 0; i < (dice == 14 ? 30 : 1); i++)
		fwdtab_reply(y->f, exchange, out, len, y->now_ns);
}

static uint32_t some_open(struct flying *y)
{
	uint32_t from = (uint32_t)(next_random(&y->random) % 400);

	for (uint32_t i = 0; i < 800; i++) {
		if (y->open[(from + i) % 800])
			return (from + i) % 800;
	}
	return from;
}

static void some_ask(struct flying *y)
{
	static const uint64_t digests[] = {7, 8, 9, 17};
	struct question q[ASK_QUESTIONS_MAX];
	uint32_t place = (uint32_t)(next_random(&y->random) % 500);
	unsigned n = 1 + (unsigned)(next_random(&y->random) % 3);
	struct ask_head head = {.arrival_ns = y->now_ns, .deadline_ns = UINT64_MAX};

	for (unsigned i = 0; i < n; i++) {
		q[i] = flying_question((unsigned)(next_random(&y->random) % 300),
			next_random(&y->random) % 2 ? 1 : 28,
			digests[next_random(&y->random) % 4]);
		q[i].hops = next_random(&y->random) % 4 ? 0 : 1;
	}
	if (next_random(&y->random) % 8 == 0)
		fwdtab_ask(y->f, q, n, NULL, &head, y->now_ns);
	else if (y->wanted[place] != 0 && next_random(&y->random) % 2)
		flying_ask(y, place, y->wanted[place], q, n); /* asks again */
	else
		flying_ask(y, place, 1 + (uint32_t)(next_random(&y->random) >> 40), q, n);
}

static void some_note(struct flying *y)
{
	struct question q = flying_question(
		(unsigned)(next_random(&y->random) % 300), 1, 8);
	struct ask_note n = {.hits = 2};
	struct cache_found found;

	n.word = next_random(&y->random);
	if (cache_find(&y->cache.reader, &q, y->now_ns, y->now_ns, &found))
		n.word = found.word;
	fwdtab_note(y->f, &n, y->now_ns);
}

/* What holds between any two events. */
static void check(const struct flying *y)
{
	const struct fwdtab *f = y->f;
	unsigned flights = 0, open = 0, waits = 0, inflight[FORWARD_POOL_MAX] = {0};
	unsigned home[FORWARD_GROUPS_MAX] = {0};

	for (uint32_t i = 0; i < FWDTAB_QUESTIONS; i++) {
		const struct flight *fl = &f->flights[i];
		unsigned n = 0;

		if (!fl->live)
			continue;
		flights++;
		home[fl->home]++;
		waits += fl->waiting.n;
		ck_assert_uint_le(fl->waiting.n, FWDTAB_WAITERS);
		for (uint32_t j = fl->attempts; j != TABLE_NONE;
			j = f->attempts[j].next) {
			ck_assert(f->attempts[j].open && y->open[j]);
			ck_assert_uint_eq(f->attempts[j].flight, i);
			n++;
		}
		open += n;
		ck_assert_uint_eq(n, fl->effort.open);
		/* U-01: the budget */
		for (unsigned at = 0; at < FORWARD_UPSTREAMS_MAX; at++) {
			ck_assert_uint_le(fl->effort.sent[at][0], EFFORT_SAME_MAX);
			ck_assert_uint_le(fl->effort.sent[at][1], EFFORT_SAME_MAX);
		}
		ck_assert_uint_lt(f->timers.due[i], HEAP_NEVER);
		ck_assert_uint_le(f->timers.due[i], fl->effort.deadline_ns);
	}
	for (uint32_t i = 0; i < FWDTAB_EXCHANGES; i++) {
		ck_assert_int_eq(f->attempts[i].open, y->open[i]);
		if (!y->open[i])
			continue;
		inflight[f->attempts[i].upstream]++;
		open += f->attempts[i].kind != ATTEMPT_QUESTION;
	}
	ck_assert_uint_eq(flights, f->nflights);
	ck_assert_uint_eq(open, y->nopen);
	ck_assert_uint_eq(waits, f->waiters.nwaits);
	for (unsigned i = 0; i < FORWARD_POOL_MAX; i++)
		ck_assert_uint_eq(inflight[i], f->upstreams[i].inflight);
	for (unsigned i = 0; i < FORWARD_GROUPS_MAX; i++)
		ck_assert_uint_eq(home[i], f->groups[i].inflight);
	ck_assert_uint_eq(stat_get(&y->stat->inflight), flights);
	ck_assert_uint_eq(stat_get(&y->stat->failed), y->failures);
}

/* Sometimes all shall be forgotten that was asked for until now, or a while ago. */
static void some_settings(struct flying *y, struct settings *s)
{
	if (next_random(&y->random) % 2) {
		s->forward.nflush = 1;
		s->forward.flush[0] = (struct forward_flush){
			.at_ns = y->now_ns - next_random(&y->random) % NS_PER_S,
			.below = true,
			.name = {.len = 1}};
	}
	fwdtab_configure(y->f, s, y->now_ns);
}

static void event(struct flying *y, struct settings *const *variants)
{
	struct ask_loop l = {.life = 5};
	uint64_t dice = next_random(&y->random) % 1000;

	y->refuse = dice % 7 == 0 ? (dice % 2 ? -ECONNREFUSED : -EMFILE) : 0;
	if (dice < 400)
		some_ask(y);
	else if (dice < 750)
		some_reply(y, some_open(y));
	else if (dice < 830)
		fwdtab_error(y->f, some_open(y), (enum fwdtab_error)(dice % 4),
			dice % 2 ? "reset" : NULL, y->now_ns);
	else if (dice < 960)
		flying_run(y, next_random(&y->random) % (60 * NS_PER_MS));
	else if (dice < 980)
		some_note(y);
	else if (dice < 990)
		flying_run(y, next_random(&y->random) % (3 * NS_PER_S));
	else if (dice < 995) {
		l.upstream = (uint32_t)(next_random(&y->random) % 10);
		fwdtab_loop(y->f, &l, y->now_ns);
	} else
		some_settings(y, variants[next_random(&y->random) % 3]);
}

/* FP-03 U-01: everybody is told once, nothing is left open, budgets hold. */
START_TEST(random_events)
{
	struct flying *y = flying_open();
	struct settings *variants[3];
	unsigned waiting = 0;

	for (unsigned i = 0; i < 3; i++)
		variants[i] = variant(i);
	y->random = 1000 + (uint64_t)_i;
	fwdtab_configure(y->f, variants[0], y->now_ns);
	for (unsigned step = 0; step < 20000; step++) {
		event(y, variants);
		if (step % 500 == 0)
			check(y);
	}
	flying_run(y, 60 * NS_PER_S);
	check(y);
	for (unsigned i = 0; i < FLYING_PLACES; i++)
		waiting += y->wanted[i] != 0;
	ck_assert_uint_eq(waiting, 0);
	ck_assert_uint_eq(y->f->waiters.nasks, 0);
	ck_assert_uint_eq(y->f->waiters.nwaits, 0);
	ck_assert_uint_gt(y->settled[ASK_STORED], 1000);
	ck_assert_uint_gt(y->settled[ASK_OTHER], 10);
	ck_assert_uint_gt(stat_get(&y->stat->answered), 500);
	flying_close_all(y);
	for (unsigned i = 0; i < 3; i++)
		free(variants[i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("fwdtab");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, waiters_of_a_question);
	tcase_add_test(tc, questions_in_flight);
	tcase_add_test(tc, upstreams_are_full);
	tcase_add_test(tc, hedges);
	tcase_add_test(tc, random_order);
	tcase_add_test(tc, nobody_can_guess);
	tcase_add_loop_test(tc, random_events, 0, 6);
	return run_case("fwdtab", tc);
}
