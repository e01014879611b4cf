/*
 * test_upstream.c - what is learnt of an upstream (U-02 to U-04, U-07, U-09, FW-13,
 * FW-26)
 */
#include "forwarder/upstream.h"
#include "dns/type.h"
#include "support.h"

static const struct forward_group group = {
	.n = 2,
	.max_fails = 2,
	.edns = true,
	.case_randomize = true,
	.timeout_ms = 2000,
	.probe_ms = 500,
};

#define T0 (1000 * NS_PER_S)

static struct upstream made(void)
{
	struct forward_upstream to = {.addr = {4, {10, 0, 0, 1}}, .port = 53};
	struct upstream u;

	upstream_init(&u, &to, T0);
	return u;
}

static enum upstream_change reply(struct upstream *u, uint16_t rcode, uint64_t at_ns)
{
	return upstream_replied(u, UPSTREAM_UDP, rcode, NS_PER_MS, false, &group, at_ns);
}

START_TEST(waits)
{
	static const struct {
		uint64_t rtt_ms; /* of ten replies; 0: none came */
		unsigned asked;
		uint64_t least_ms, most_ms;
	} rows[] = {
		{0, 0, 300, 300},
		{0, 1, 600, 600},
		{0, 9, 2000, 2000},
		{1, 0, 50, 50},
		{1, 1, 100, 100},
		{100, 0, 100, 140}, /* the deviation has become small */
		{1900, 0, 1900, 2000},
		{1900, 1, 2000, 2000},
	};
	struct upstream u = made();

	for (unsigned i = 0; rows[_i].rtt_ms > 0 && i < 10; i++)
		upstream_replied(&u, UPSTREAM_UDP, 0, rows[_i].rtt_ms * NS_PER_MS, false,
			&group, T0);
	uint64_t wait = upstream_wait_ns(&u, UPSTREAM_UDP, rows[_i].asked, &group);
	ck_assert_uint_ge(wait, rows[_i].least_ms * NS_PER_MS);
	ck_assert_uint_le(wait, rows[_i].most_ms * NS_PER_MS);
	/* what is known of UDP says nothing of TCP */
	ck_assert_uint_eq(
		upstream_wait_ns(&u, UPSTREAM_STREAM, 0, &group), 300 * NS_PER_MS);
}
END_TEST

/* FW-14: of 64 replies, of which some are slow, the one that five in a hundred exceed. */
START_TEST(slowest)
{
	struct upstream u = made();

	for (unsigned i = 0; i < 19; i++)
		reply(&u, 0, T0);
	ck_assert_uint_eq(upstream_hedge_ns(&u, UPSTREAM_UDP), 0);
	for (unsigned i = 0; i < 64; i++)
		upstream_replied(&u, UPSTREAM_UDP, 0,
			(i % 32 == 0 ? 100 : 10) * NS_PER_MS, false, &group, T0);
	ck_assert_uint_eq(upstream_hedge_ns(&u, UPSTREAM_UDP), 10 * NS_PER_MS);
	for (unsigned i = 0; i < 64; i++)
		upstream_replied(&u, UPSTREAM_UDP, 0, (i % 8 == 0 ? 100 : 10) * NS_PER_MS,
			false, &group, T0);
	ck_assert_uint_eq(upstream_hedge_ns(&u, UPSTREAM_UDP), 100 * NS_PER_MS);
	/* 1 to 64 ms in another order: three are slower */
	for (unsigned i = 0; i < 64; i++)
		upstream_replied(&u, UPSTREAM_UDP, 0, (i * 37 % 64 + 1) * NS_PER_MS,
			false, &group, T0);
	ck_assert_uint_eq(upstream_hedge_ns(&u, UPSTREAM_UDP), 61 * NS_PER_MS);
}
END_TEST

/* U-04: over half of a hundred replies say no. */
START_TEST(rcodes)
{
	static const uint16_t no[] = {RCODE_SERVFAIL, RCODE_REFUSED, RCODE_NOTIMP};

	for (unsigned bad = 50; bad <= 51; bad++) {
		struct upstream u = made();
		enum upstream_change change = UPSTREAM_SAME;

		for (unsigned i = 0; i < 100; i++)
			change = reply(&u, i < 100 - bad ? RCODE_NOERROR : no[i % 3], T0);
		ck_assert_int_eq(change, bad > 50 ? UPSTREAM_WENT_DOWN : UPSTREAM_SAME);
		ck_assert_int_eq(u.down, bad > 50);
		ck_assert_int_eq(u.probe_ns != UPSTREAM_NEVER, bad > 50);
	}
}
END_TEST

/* ... but not if no other one is up. */
START_TEST(rcodes_of_the_last)
{
	struct upstream u = made();

	for (unsigned i = 0; i < 200; i++)
		upstream_replied(
			&u, UPSTREAM_UDP, RCODE_SERVFAIL, NS_PER_MS, true, &group, T0);
	ck_assert(!u.down);
}
END_TEST

START_TEST(failures)
{
	struct upstream u = made();

	/* U-03: five in a row; a reply begins anew */
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(upstream_failed(&u, &group, T0, T0 + 1), UPSTREAM_SAME);
	reply(&u, RCODE_SERVFAIL, T0 + 2);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(
			upstream_failed(&u, &group, T0 + 3, T0 + 4), UPSTREAM_SAME);
	ck_assert_int_eq(upstream_failed(&u, &group, T0 + 3, T0 + 4), UPSTREAM_WENT_DOWN);
	ck_assert_int_eq(upstream_failed(&u, &group, T0 + 3, T0 + 5), UPSTREAM_SAME);
	ck_assert_uint_eq(u.down_ns, T0 + 4);
	/* what was sent before the last reply says nothing */
	reply(&u, RCODE_SERVFAIL, T0 + 6);
	ck_assert(u.down);
	ck_assert_int_eq(reply(&u, RCODE_NXDOMAIN, T0 + 7), UPSTREAM_CAME_UP);
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(
			upstream_failed(&u, &group, T0 + 5, T0 + 8), UPSTREAM_SAME);
}
END_TEST

START_TEST(refusals)
{
	struct upstream u = made();

	/* U-04: each second one is a failure */
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(upstream_refused(&u, &group, T0, T0 + 1), UPSTREAM_SAME);
	ck_assert_int_eq(upstream_refused(&u, &group, T0, T0 + 1), UPSTREAM_WENT_DOWN);
}
END_TEST

START_TEST(packets_a_second)
{
	struct forward_group g = {.packet_rate = 80};
	struct upstream u = made();
	unsigned n = 0;

	/* FW-26: an eighth of a second's packets at once, then as many as there may be */
	for (; upstream_room(&u, &g, T0); n++)
		upstream_sent(&u, &g, T0);
	ck_assert_uint_eq(n, 11);
	for (uint64_t ms = 1; ms <= 1000; ms++) {
		if (upstream_room(&u, &g, T0 + ms * NS_PER_MS)) {
			upstream_sent(&u, &g, T0 + ms * NS_PER_MS);
			n++;
		}
	}
	ck_assert_uint_ge(n, 90);
	ck_assert_uint_le(n, 91);
	/* U-05 */
	u.inflight = UPSTREAM_INFLIGHT;
	ck_assert(!upstream_room(&u, &group, T0 + 9 * NS_PER_S));
}
END_TEST

START_TEST(texts)
{
	static const struct {
		struct forward_upstream to;
		const char *text;
	} rows[] = {
		{{.addr = {4, {10, 0, 0, 1}}, .port = 53}, "10.0.0.1:53"},
		{{.addr = {16, {0x20, 1, 0xd, 0xb8, [15] = 1}}, .port = 5353},
			"[2001:db8::1]:5353"},
		{{.host = {9, {3, 'd', 'n', 's', 3, 'n', 'e', 't', 0}}, .port = 853},
			"dns.net:853"},
	};
	struct upstream u = {.to = rows[_i].to};
	char text[64];

	ck_assert_uint_eq(upstream_text(&u, text, sizeof(text)), strlen(rows[_i].text));
	ck_assert_str_eq(text, rows[_i].text);
}
END_TEST

/* FW-02: what a look-up brings; one that brings nothing takes nothing away. */
START_TEST(addresses)
{
	struct forward_upstream to = {.host = {5, {3, 'd', 'n', 's', 0}}, .port = 53};
	struct addr addrs[2] = {{4, {192, 0, 2, 1}}, {4, {192, 0, 2, 2}}};
	struct upstream u;

	upstream_init(&u, &to, T0);
	ck_assert(!upstream_reachable(&u, T0));
	ck_assert_uint_eq(upstream_due_ns(&u), T0);
	upstream_resolved(&u, addrs, 2, T0 + 9);
	ck_assert(upstream_reachable(&u, T0));
	for (unsigned i = 0; i < 5; i++) {
		upstream_sent(&u, &group, T0);
		ck_assert_int_eq(addr_compare(&u.to.addr, &addrs[i % 2]), 0);
	}
	upstream_resolved(&u, NULL, 0, T0 + 10);
	ck_assert(upstream_reachable(&u, T0));
	upstream_loop(&u, T0);
	ck_assert(!upstream_reachable(&u, T0 + 60 * NS_PER_S - 1));
	ck_assert(upstream_reachable(&u, T0 + 60 * NS_PER_S));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("upstream");

	tcase_add_loop_test(tc, waits, 0, 8);
	tcase_add_test(tc, slowest);
	tcase_add_test(tc, rcodes);
	tcase_add_test(tc, rcodes_of_the_last);
	tcase_add_test(tc, failures);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, packets_a_second);
	tcase_add_loop_test(tc, texts, 0, 3);
	tcase_add_test(tc, addresses);
	return run_case("upstream", tc);
}
