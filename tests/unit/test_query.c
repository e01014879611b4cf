/*
 * test_query.c - what admit() settles by itself, and what it counts
 *
 * Rows: RG-01, RG-02, W-01 to W-35 as far as they end before a look-up; MQ-04.
 */
#include "asking.h"

/* Settled by the parser: question, no RRs. */
static const struct {
	const char *row;
	uint16_t type, class, rcode;
	bool tcp;
} statuses[] = {
	{"W-25 CH", TYPE_TXT, 3, RCODE_REFUSED, false},
	{"W-25 ANY", TYPE_A, 255, RCODE_REFUSED, false},
	{"W-25 0", TYPE_A, 0, RCODE_REFUSED, true},
	{"W-26 0", 0, 1, RCODE_FORMERR, false},
	{"W-26 OPT", TYPE_OPT, 1, RCODE_FORMERR, false},
	{"W-26 TSIG", TYPE_TSIG, 1, RCODE_FORMERR, true},
	{"W-27", TYPE_MAILA, 1, RCODE_NOTIMP, false},
	{"W-30", TYPE_AXFR, 1, RCODE_NOTIMP, false},
	{"W-31 RS-14", TYPE_AXFR, 1, RCODE_REFUSED, true},
	{"W-31", TYPE_IXFR, 1, RCODE_REFUSED, false},
};

START_TEST(settled_by_admit)
{
	for (uint16_t edns = 0; edns <= 1232; edns = (uint16_t)(edns + 1232)) {
		asked.query_len = cluster_query(
			asked.query, "web" D, statuses[_i].type, edns);
		uint8_t *end = asked.query + asked.query_len - (edns > 0 ? 11 : 0);
		store_u16(end - 2, statuses[_i].class);
		const ldns_pkt *pkt = send_to(&cluster, 4608, statuses[_i].tcp);
		ck_assert_msg(pkt != NULL, "%s", statuses[_i].row);
		ck_assert_int_eq(ldns_pkt_get_rcode(pkt), statuses[_i].rcode);
		ck_assert(!ldns_pkt_aa(pkt));
		ck_assert_uint_eq(count_of(ldns_pkt_question(pkt)), 1);
		check_sections(pkt, statuses[_i].row, "", "", "");
	}
}
END_TEST

/* The 12-octet replies, and no reply at all. */
START_TEST(header_alone) /* RG-01, W-01, W-02, W-07 to W-10, W-16 */
{
	static const uint8_t hdr_formerr[12] = {0x12, 0x34, 0x80, 0x01};
	static const uint8_t hdr_notify[12] = {0x12, 0x34, 0xa0, 0x04};

	asked.query_len = cluster_query(asked.query, "web" D, TYPE_A, 0) + 1;
	ck_assert_ptr_null(send_to(&cluster, 4608, false)); /* an octet left over */
	ck_assert_uint_eq(asked.p.reply_len, 12);
	ck_assert_mem_eq(asked.buf, hdr_formerr, 12);
	asked.query_len--;
	asked.query[2] = 0x27; /* NOTIFY, AA TC RD */
	asked.query[3] = 0xff;
	ck_assert_ptr_null(send_to(&cluster, 4608, false));
	ck_assert_mem_eq(asked.buf, hdr_notify, 12);
	asked.query[2] = 0x80; /* a reply */
	ck_assert_ptr_null(send_to(&cluster, 4608, false));
	ck_assert_uint_eq(asked.p.reply_len, 0);
	for (asked.query_len = 0; asked.query_len < 12; asked.query_len++) {
		asked.query[2] = 0;
		ck_assert_ptr_null(send_to(&cluster, 4608, false));
		ck_assert_uint_eq(asked.p.reply_len, 0);
	}
}
END_TEST

START_TEST(longer_than_the_buffer) /* W-35 */
{
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};

	asked.query_len = cluster_query(asked.query, "web" D, TYPE_A, 0);
	send_to(&cluster, 4608, false);
	memcpy(asked.buf, asked.query, asked.query_len);
	asked.p.cut = true;
	ck_assert(!admit(&b, &asked.p, NULL));
	ck_assert_uint_eq(asked.p.reply_len, 12);
	ck_assert_uint_eq(asked.p.rcode, RCODE_FORMERR);
}
END_TEST

/* ---- loops ---- */

/* A query with a mark of `hops` that `key` has signed. */
static void query_with_mark(const char *name, unsigned hops, const struct hash_key *key)
{
	const struct mark mark = {
		.life = mark_life(key), .upstream = 1, .hops = (uint8_t)hops};
	uint8_t *end;

	asked.query_len = cluster_query(asked.query, name, TYPE_A, 1232);
	end = asked.query + asked.query_len;
	store_u16(end - 2, 4 + MARK_OCTETS);
	store_u16(end, MARK_OPTION);
	store_u16(end + 2, MARK_OCTETS);
	mark_write(&mark, key, end + 4);
	asked.query_len += 4 + MARK_OCTETS;
}

/* LO-01: our own mark is a loop at once, somebody else's after four appliances. */
START_TEST(loops)
{
	const struct hash_key other = {3, 4, UINT64_MAX};
	static const unsigned hops[] = {0, 1, 3, 4, 5, 255};
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};
	struct stat_worker st = {0};
	uint64_t found = 0, passed = 0;

	for (size_t i = 0; i < 2 * ARRAY_LEN(hops); i++) {
		unsigned n = hops[i / 2];
		bool ours = i % 2 == 0, loop = ours || n >= 4;
		const ldns_pkt *pkt;

		query_with_mark("web" D, n, ours ? &cluster.snap.key : &other);
		pkt = send_to(&cluster, 4608, i % 3 == 0);
		ck_assert_uint_eq(
			ldns_pkt_get_rcode(pkt), loop ? RCODE_SERVFAIL : RCODE_NOERROR);
		ck_assert_int_eq((asked.p.facts & PACKET_LOOP) != 0, loop);
		if (loop) {
			ck_assert_uint_eq(asked.p.ede, EDE_OTHER);
			check_sections(pkt, "LO-01", "", "", "");
			query_count_reply(&asked.p, &st);
			found++;
		}
		passed += loop && !ours;
		ck_assert_uint_eq(stat_get(&st.loops), found);
		ck_assert_uint_eq(stat_get(&st.loops_passed), passed);
	}
	/* what is no mark counts no hops */
	query_with_mark("web" D, 255, &other);
	store_u16(asked.query + asked.query_len - MARK_OCTETS - 4, MARK_OPTION + 1);
	ck_assert_uint_eq(
		ldns_pkt_get_rcode(send_to(&cluster, 4608, false)), RCODE_NOERROR);
	memcpy(asked.buf, asked.query, asked.query_len);
	ck_assert(admit(&b, &asked.p, NULL));
	ck_assert_uint_eq(asked.p.q.hops, 0);
}
END_TEST

/* ---- counters ---- */

START_TEST(counters) /* SH-07, MQ-04 */
{
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};
	struct stat_worker st = {0};
	struct packet p = {.buf = asked.buf, .cap = 4608};

	p.len = cluster_query(asked.buf, "missing" D, TYPE_A, 0);
	ck_assert(admit(&b, &p, &st));
	answer(&b, &p);
	query_count_reply(&p, &st);
	ck_assert_uint_eq(stat_get(&st.queries), 1);
	ck_assert_uint_eq(stat_get(&st.replies), 1);
	ck_assert_uint_eq(stat_get(&st.rcodes[RCODE_NXDOMAIN]), 1);
	ck_assert_uint_eq(stat_get(&st.qtypes[stat_qtype(TYPE_A)]), 1);
	p.len = 11;
	ck_assert(!admit(&b, &p, &st));
	ck_assert_uint_eq(stat_get(&st.drops[DROP_SHORT]), 1);
	p.len = cluster_query(asked.buf, "web" D, TYPE_A, 0);
	asked.buf[2] |= 0x80;
	ck_assert(!admit(&b, &p, &st));
	ck_assert_uint_eq(stat_get(&st.drops[DROP_RESPONSE]), 1);
	ck_assert_uint_eq(stat_get(&st.queries), 1);
}
END_TEST

/* A counter of its own: a difference of two that move goes back between two scrapes. */
START_TEST(fault_counters) /* MQ-06 */
{
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};
	struct stat_worker st = {0};
	struct packet p = {.buf = asked.buf, .cap = 4608};

	p.len = cluster_query(asked.buf, "web" D, TYPE_OPT, 0);
	ck_assert(!admit(&b, &p, &st));
	query_count_reply(&p, &st);
	ck_assert_uint_eq(stat_get(&st.formerr), 1);
	ck_assert_uint_eq(stat_get(&st.header_rcodes[0]), 0);
	p.len = cluster_query(asked.buf, "web" D, TYPE_MAILA, 0); /* NOTIMP */
	ck_assert(!admit(&b, &p, &st));
	query_count_reply(&p, &st);
	cluster_query(asked.buf, "web" D, TYPE_A, 0);
	p.len = MSG_HEADER_LEN + 1; /* the name is cut */
	ck_assert(!admit(&b, &p, &st));
	query_count_reply(&p, &st);
	ck_assert_uint_eq(stat_get(&st.formerr), 1);
	ck_assert_uint_eq(stat_get(&st.header_rcodes[0]), 1);
	ck_assert_uint_eq(stat_get(&st.answers[SOURCE_ERROR][RCODE_FORMERR]), 2);
}
END_TEST

START_TEST(access_counters) /* MQ-12, MQ-04 */
{
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};
	struct acl_settings *acl = &cluster.settings.acl;
	struct packet p = {.buf = asked.buf, .cap = 4608};
	struct stat_worker st = {0};

	acl->nrules = 1;
	acl->anybody = 1;
	for (unsigned action = 0; action < ACL_ACTIONS; action++) {
		acl->rules[0].action = (uint8_t)action;
		p.len = cluster_query(asked.buf, "web" D, TYPE_A, 0);
		ck_assert(admit(&b, &p, &st));
		if (answer(&b, &p) == VERDICT_REPLY)
			query_count_reply(&p, &st);
		else
			query_count_drop(&p, &st);
	}
	for (unsigned action = 0; action < ACL_ACTIONS; action++)
		ck_assert_uint_eq(stat_get(&st.acl[action]), 1);
	ck_assert_uint_eq(stat_get(&st.drops[DROP_ACL]), 1);
	ck_assert_uint_eq(stat_get(&st.replies), ACL_ACTIONS - 1);
	memset(acl, 0, sizeof(*acl));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("query");

	tcase_add_loop_test(tc, settled_by_admit, 0, ARRAY_LEN(statuses));
	tcase_add_test(tc, header_alone);
	tcase_add_test(tc, longer_than_the_buffer);
	tcase_add_test(tc, loops);
	tcase_add_test(tc, counters);
	tcase_add_test(tc, fault_counters);
	tcase_add_test(tc, access_counters);
	return asking_main("query", tc);
}
