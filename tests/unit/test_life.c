/*
 * test_life.c - when a TCP connection ends, in virtual time (T-04 to T-08, MQ-11)
 */
#include "support.h"
#include "worker/life.h"

#define MS(n) ((uint64_t)(n)*NS_PER_MS)
#define T0    MS(1000000)

static const struct tcp_limits limits = {
	.read_ms = 3000,
	.write_ms = 5000,
	.idle_ms = 10000,
	.max_age_ms = 60000,
	.max_queries = 0,
	.max_connections = 1000,
};

/* It goes on until `at`, and from then on ends that way. */
static void check_ends(const struct life *l, const struct tcp_limits *how, uint64_t at,
	enum life_state state, enum stat_tcp_close why)
{
	enum stat_tcp_close got = STAT_TCP_CLOSES;

	ck_assert_int_eq(life_check(l, how, at - 1, &got), LIFE_GOES_ON);
	ck_assert_int_eq(life_check(l, how, at, &got), state);
	ck_assert_int_eq(got, why);
	ck_assert_int_eq(life_check(l, how, at + MS(100000), &got), state);
}

START_TEST(idle) /* T-05 */
{
	struct life l;

	life_begin(&l, T0);
	check_ends(&l, &limits, T0 + MS(10000), LIFE_END, TCP_CLOSE_IDLE);
	life_turn(&l, 1, false, T0 + MS(4000));
	check_ends(&l, &limits, T0 + MS(14000), LIFE_END, TCP_CLOSE_IDLE);
	life_turn(&l, 0, false, T0 + MS(9000)); /* nothing happened */
	check_ends(&l, &limits, T0 + MS(14000), LIFE_END, TCP_CLOSE_IDLE);
}
END_TEST

START_TEST(reading) /* T-04: the time runs from the first octet of a query */
{
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 0, true, T0 + MS(500));
	check_ends(&l, &limits, T0 + MS(3500), LIFE_CLOSE, TCP_CLOSE_READ);
	life_turn(&l, 0, true, T0 + MS(3000)); /* another octet of it: no more time */
	check_ends(&l, &limits, T0 + MS(3500), LIFE_CLOSE, TCP_CLOSE_READ);
	life_turn(&l, 2, true, T0 + MS(3400)); /* whole, and the next has begun */
	check_ends(&l, &limits, T0 + MS(6400), LIFE_CLOSE, TCP_CLOSE_READ);
	life_turn(&l, 1, false, T0 + MS(4000));
	check_ends(&l, &limits, T0 + MS(14000), LIFE_END, TCP_CLOSE_IDLE);
}
END_TEST

START_TEST(writing) /* T-07: and while we do not read, nobody is slow to send */
{
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 5, true, T0);
	life_unsent(&l, T0 + MS(100));
	check_ends(&l, &limits, T0 + MS(5100), LIFE_CLOSE, TCP_CLOSE_WRITE);
	life_sent(&l, T0 + MS(5000));
	check_ends(&l, &limits, T0 + MS(15000), LIFE_END, TCP_CLOSE_IDLE);
	life_turn(&l, 0, true, T0 + MS(5000));
	check_ends(&l, &limits, T0 + MS(8000), LIFE_CLOSE, TCP_CLOSE_READ);
}
END_TEST

START_TEST(age) /* T-06: between queries, but not for ever */
{
	enum stat_tcp_close why;
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 1, false, T0 + MS(59000));
	check_ends(&l, &limits, T0 + MS(60000), LIFE_END, TCP_CLOSE_AGE);
	life_turn(&l, 1, true, T0 + MS(59900));
	ck_assert_int_eq(life_check(&l, &limits, T0 + MS(60000), &why), LIFE_GOES_ON);
	life_turn(&l, 1, true, T0 + MS(62900)); /* always one on its way */
	ck_assert_int_eq(life_check(&l, &limits, T0 + MS(63000) - 1, &why), LIFE_GOES_ON);
	ck_assert_int_eq(life_check(&l, &limits, T0 + MS(63000), &why), LIFE_END);
	ck_assert_int_eq(why, TCP_CLOSE_AGE);
}
END_TEST

START_TEST(no_age)
{
	struct tcp_limits how = limits;
	struct life l;

	how.max_age_ms = 0;
	life_begin(&l, T0);
	life_turn(&l, 1, false, T0 + MS(1000000));
	check_ends(&l, &how, T0 + MS(1010000), LIFE_END, TCP_CLOSE_IDLE);
}
END_TEST

START_TEST(queries) /* tcp.max_queries; 0: as many as they like */
{
	struct tcp_limits how = limits;
	enum stat_tcp_close why;
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 100000, false, T0);
	ck_assert(!life_spent(&l, &limits));
	ck_assert_int_eq(life_check(&l, &limits, T0, &why), LIFE_GOES_ON);
	how.max_queries = 100001;
	ck_assert(!life_spent(&l, &how));
	life_turn(&l, 1, true, T0);
	ck_assert(life_spent(&l, &how));
	ck_assert_int_eq(life_check(&l, &how, T0, &why), LIFE_END);
	ck_assert_int_eq(why, TCP_CLOSE_QUERIES);
	life_unsent(&l, T0); /* the replies first */
	ck_assert_int_eq(life_check(&l, &how, T0, &why), LIFE_GOES_ON);
}
END_TEST

START_TEST(lingering) /* T-06: a second of reading behind our FIN, for any reason */
{
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 1, true, T0);
	life_end(&l, (enum stat_tcp_close)_i, T0 + MS(70000));
	check_ends(&l, &limits, T0 + MS(71000), LIFE_CLOSE, (enum stat_tcp_close)_i);
}
END_TEST

/* T-08: rows in the order in which they give way. */
static const struct {
	const char *what;
	uint64_t quiet_ms;
	unsigned connections;
	bool ended, partial, unsent, pending;
} order[] = {
	{"ended already", 50, 1, true, false, false, false},
	{"idle longest, of who has most", 10, 9, false, false, false, false},
	{"idle less long, of who has most", 20, 9, false, false, false, false},
	{"idle longest of all, of who has few", 5, 2, false, false, false, false},
	{"idle, alone", 5, 1, false, false, false, false},
	{"sends a query, has most", 5, 9, false, true, false, false},
	{"takes replies, has few", 5, 2, false, false, true, false},
	{"sends a query, has few", 6, 2, false, true, false, false},
	{"waits for a reply, has few", 7, 2, false, false, false, true},
};

static struct life life_of(size_t i)
{
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 1, order[i].partial, T0 + MS(order[i].quiet_ms));
	if (order[i].unsent)
		life_unsent(&l, T0 + MS(order[i].quiet_ms));
	if (order[i].pending)
		life_parked(&l);
	if (order[i].ended)
		life_end(&l, TCP_CLOSE_IDLE, T0 + MS(order[i].quiet_ms));
	return l;
}

START_TEST(gives_way)
{
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		for (size_t k = 0; k < ARRAY_LEN(order); k++) {
			struct life a = life_of(i), b = life_of(k);

			ck_assert_msg(life_gives_way(&a, order[i].connections, &b,
					      order[k].connections) == (i < k),
				"%s, %s", order[i].what, order[k].what);
		}
}
END_TEST

/* T-05, T-06: who waits for a reply is not idle; other ends are said and wait for it. */
START_TEST(pending)
{
	struct tcp_limits few = {.idle_ms = 1000, .max_queries = 2};
	enum stat_tcp_close why;
	struct life l;

	life_begin(&l, T0);
	life_turn(&l, 1, false, T0);
	life_parked(&l);
	life_parked(&l);
	ck_assert_int_eq(life_check(&l, &few, T0 + MS(5000), &why), LIFE_GOES_ON);
	life_settled(&l, T0 + MS(5000));
	ck_assert_int_eq(life_check(&l, &few, T0 + MS(9000), &why), LIFE_GOES_ON);
	life_settled(&l, T0 + MS(9000));
	ck_assert_int_eq(life_check(&l, &few, T0 + MS(9999), &why), LIFE_GOES_ON);
	ck_assert_int_eq(life_check(&l, &few, T0 + MS(10000), &why), LIFE_END);
	ck_assert_int_eq(why, TCP_CLOSE_IDLE);
	life_turn(&l, 1, false, T0 + MS(10000));
	life_parked(&l);
	ck_assert_int_eq(life_check(&l, &few, T0 + MS(10000), &why), LIFE_END);
	ck_assert_int_eq(why, TCP_CLOSE_QUERIES);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("life");

	tcase_add_test(tc, idle);
	tcase_add_test(tc, reading);
	tcase_add_test(tc, writing);
	tcase_add_test(tc, age);
	tcase_add_test(tc, no_age);
	tcase_add_test(tc, queries);
	tcase_add_loop_test(tc, lingering, 0, STAT_TCP_CLOSES);
	tcase_add_test(tc, gives_way);
	tcase_add_test(tc, pending);
	return run_case("life", tc);
}
