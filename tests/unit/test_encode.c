/*
 * test_encode.c - header bits, OPT, compression, rotation and truncation of replies
 *
 * Rows: RG-03 to RG-09, RG-15, LD-01 to LD-03; W-11, W-12, W-19, E and S of robustness.
 */
#include "asking.h"

/* ---- compression (RG-09) ---- */

/* Octets that Z and D take as names. */
#define ZN 15
#define DN 27

static const struct {
	const char *name;
	uint16_t type;
	size_t octets; /* of the reply: every name that may be a pointer is one */
} sizes[] = {
	{"web" D, TYPE_A, 12 + (4 + DN + 4) + 16},
	{"web" D, TYPE_AAAA, 12 + (4 + DN + 4) + 28},
	{"missing" D, TYPE_A, 12 + (8 + DN + 4) + 54},
	/* targets in full, owners of addresses as pointers */
	{"_pg._tcp.db" D, TYPE_SRV,
		12 + (4 + 5 + 3 + DN + 4) + 2 * (18 + 5 + 3 + DN) + 2 * 16},
	/* ns.dns and a pointer */
	{Z, TYPE_NS, 12 + (ZN + 4) + (12 + 7 + 2) + 16 + 28},
	/* web and a pointer to default.svc... in the question */
	{"near" D, TYPE_A, 12 + (5 + DN + 4) + (12 + 4 + 2) + 16},
	/* the target is the question itself */
	{"self" D, TYPE_A, 12 + (5 + DN + 4) + (12 + 2)},
	/* one target in full; db-0.mirror, web: pointers into it */
	{"1.0.1.10.in-addr.arpa.", TYPE_PTR,
		12 + (23 + 4) + (12 + 5 + 3 + DN) + (12 + 5 + 7 + 2) + (12 + 4 + 2)},
};

START_TEST(compressed)
{
	ck_assert_ptr_nonnull(ask(sizes[_i].name, sizes[_i].type, 0));
	ck_assert_uint_eq(asked.p.reply_len, sizes[_i].octets);
}
END_TEST

/* Equal octets only: a target in other letters is written out (RG-09, RG-15). */
START_TEST(compressed_by_letters)
{
	ck_assert_ptr_nonnull(ask("near.Default.svc.cluster.local.", TYPE_A, 0));
	ck_assert_uint_eq(asked.p.reply_len, 12 + (5 + DN + 4) + (12 + 4 + 8 + 2) + 16);
}
END_TEST

/* ---- header bits, OPT, EDE ---- */

START_TEST(header_bits) /* W-11, W-12, B-03, B-06 */
{
	asked.query_len = cluster_query(asked.query, "web" D, TYPE_A, 0);
	asked.query[2] = 0x07; /* AA TC RD */
	asked.query[3] = 0xff; /* RA Z AD CD, rcode 15 */
	const ldns_pkt *pkt = send_to(&cluster, 4608, false);
	ck_assert_int_eq(ldns_pkt_get_rcode(pkt), RCODE_NOERROR);
	ck_assert(ldns_pkt_aa(pkt) && ldns_pkt_cd(pkt) && ldns_pkt_rd(pkt));
	ck_assert(!ldns_pkt_tc(pkt) && !ldns_pkt_ra(pkt) && !ldns_pkt_ad(pkt));
	asked.query[2] = asked.query[3] = 0;
	pkt = send_to(&cluster, 4608, false);
	ck_assert(!ldns_pkt_cd(pkt) && !ldns_pkt_rd(pkt));
}
END_TEST

START_TEST(opt_of_reply) /* E-01, E-03, E-04, E-07, E-08, E-10 */
{
	static const uint8_t option[] = {0xfd, 0xe9, 0, 3, 'a', 'b', 'c'};

	asked.query_len = cluster_query(asked.query, "web" D, TYPE_A, 65535);
	uint8_t *opt = asked.query + asked.query_len - 11;
	store_u16(opt + 7, 0xffff); /* DO and flags without a meaning */
	store_u16(opt + 9, sizeof(option));
	memcpy(asked.query + asked.query_len, option, sizeof(option));
	asked.query_len += sizeof(option);
	const ldns_pkt *pkt = send_to(&cluster, 4608, false);
	ck_assert(ldns_pkt_edns(pkt) && ldns_pkt_edns_do(pkt));
	ck_assert_uint_eq(ldns_pkt_edns_udp_size(pkt), 1232);
	ck_assert_uint_eq(ldns_pkt_edns_version(pkt), 0);
	ck_assert_uint_eq(load_u16(asked.buf + asked.p.reply_len - 4), 0x8000);
	ck_assert_uint_eq(load_u16(asked.buf + asked.p.reply_len - 2), 0);
}
END_TEST

START_TEST(bad_version) /* E-05, E-06, E-23 */
{
	asked.query_len = cluster_query(asked.query, "web" D, TYPE_A, 1232);
	uint8_t *opt = asked.query + asked.query_len - 11;
	opt[6] = 1;
	opt[7] = 0x80;
	const ldns_pkt *pkt = send_to(&cluster, 4608, false);
	ck_assert_uint_eq(asked.p.rcode, RCODE_BADVERS);
	ck_assert_int_eq(ldns_pkt_get_rcode(pkt), 0);
	ck_assert_uint_eq(ldns_pkt_edns_extended_rcode(pkt), 1);
	ck_assert(!ldns_pkt_aa(pkt) && ldns_pkt_edns_do(pkt));
	check_sections(pkt, "E-05", "", "", "");
}
END_TEST

/* Ask `name` with a keepalive option of `content` octets; the reply's rdata of OPT. */
static const uint8_t *ask_keepalive(
	const char *name, uint8_t version, uint16_t content, bool tcp, size_t *len)
{
	uint8_t *opt;

	asked.query_len = cluster_query(asked.query, name, TYPE_A, 1232);
	opt = asked.query + asked.query_len - 11;
	opt[6] = version;
	store_u16(opt + 9, (uint16_t)(4 + content));
	store_u16(opt + 11, 11);
	store_u16(opt + 13, content);
	memset(opt + 15, 0xff, content);
	asked.query_len += 4u + content;
	ck_assert_ptr_nonnull(send_to(&cluster, 4608, tcp));
	for (size_t at = asked.p.reply_len - 11;; at--) { /* OPT is the last */
		ck_assert_uint_gt(at, 12);
		if (asked.buf[at] == 0 && load_u16(asked.buf + at + 1) == TYPE_OPT &&
			at + 11u + load_u16(asked.buf + at + 9) == asked.p.reply_len) {
			*len = asked.p.reply_len - at - 11;
			return asked.buf + at + 11;
		}
	}
}

START_TEST(keepalive) /* E-06, E-16, E-17, E-23 */
{
	static const uint8_t option[] = {0, 11, 0, 2, 0x5a, 0x5a}; /* of send_to() */
	size_t len;

	for (uint16_t content = 0; content < 4; content++) {
		ck_assert_mem_eq(
			ask_keepalive("web" D, 0, content, true, &len), option, 6);
		ck_assert_uint_eq(len, 6);
		ask_keepalive("web" D, 0, content, false, &len);
		ck_assert_uint_eq(len, 0);
		ask_keepalive("web" D, 1, content, true, &len);
		ck_assert_uint_eq(len, 0);
		ck_assert_uint_eq(asked.p.rcode, RCODE_BADVERS);
		ck_assert_mem_eq(
			ask_keepalive("www.example.net.", 0, content, true, &len), option,
			6);
		ck_assert_uint_eq(len, 12);
		ck_assert_int_eq(ede_code(0), EDE_NOT_AUTHORITATIVE);
	}
}
END_TEST

START_TEST(refused_says_why) /* RG-07, RG-13, E-22 */
{
	ask("www.example.net.", TYPE_A, 1232);
	ck_assert_int_eq(ede_code(0), EDE_NOT_AUTHORITATIVE);
	ask("web" D, TYPE_A, 1232);
	ck_assert_int_eq(ede_code(0), -1);
}
END_TEST

/* ---- rotation ---- */

/* The first address of the last reply. */
static uint32_t first_addr(void)
{
	const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(asked.pkt), 0);

	return load_u32(ldns_rdf_data(ldns_rr_rdf(rr, 0)));
}

START_TEST(rotation) /* LD-01, LD-02, GS-04 */
{
	struct cluster c = cluster;
	const char *srv = NULL;

	c.settings.rotation = ROTATION_SHUFFLE;
	for (uint32_t turn = 0; turn < 7; turn++) {
		asked.p.turn = turn;
		asked.query_len = cluster_query(asked.query, "db" D, TYPE_A, 0);
		const ldns_pkt *pkt = send_to(&c, 4608, false);
		ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 3);
		ck_assert_uint_eq(first_addr(), 0x0a010001 + turn % 3);
		ldns_rr_list_sort(ldns_pkt_answer(pkt));
		check_sections(pkt, "LD-01",
			"db" D " 30 IN A 10.1.0.1; db" D " 30 IN A 10.1.0.2; db" D
			" 30 IN A 10.1.0.3",
			"", "");
		asked.query_len = cluster_query(asked.query, "db" D, TYPE_SRV, 1232);
		srv = text_of(ldns_pkt_answer(send_to(&c, 4608, false)));
		ck_assert_ptr_eq(strstr(srv, "db" D " 30 IN SRV 0 16 5432 db-0."), srv);
	}
}
END_TEST

START_TEST(rotated_and_cut) /* S-01: the RRs that fit, rotated */
{
	struct cluster c = cluster;

	c.settings.rotation = ROTATION_SHUFFLE;
	asked.p.turn = 35;
	asked.query_len = cluster_query(asked.query, "many" D, TYPE_A, 0);
	const ldns_pkt *pkt = send_to(&c, 4608, false);
	ck_assert(ldns_pkt_tc(pkt));
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), (512 - 12 - 33) / 16);
	ck_assert_uint_eq(first_addr(), 0x0a030000 + 35);
}
END_TEST

/* ---- preferred prefixes (LD-03) ---- */

#define PREFERRED_MAX 5000

static const struct {
	const char *prefix[SETTINGS_PREFER_MAX];
	const char *name;
	uint32_t first; /* of its `count` addresses, all in a row */
	unsigned count;
} preferred[] = {
	{{"10.3.0.7/32"}, "many" D, 0x0a030000, 40},
	{{"10.3.0.32/27", "10.3.0.4/30"}, "many" D, 0x0a030000, 40},
	{{"10.3.0.0/16"}, "many" D, 0x0a030000, 40},         /* all of them */
	{{"10.4.0.0/16", "::/0"}, "many" D, 0x0a030000, 40}, /* none */
	{{"10.3.0.9/32", "10.3.0.8/29", "10.3.0.0/28", "10.3.0.9/32", "fd00::/8",
		 "10.3.0.20/31", "0.0.0.0/1", "10.3.0.30/32"},
		"many" D, 0x0a030000, 40},
	{{"10.1.0.3/32"}, "db" D, 0x0a010001, 3},
};

/* What the reply must be, by lists: the group of each address, and each group turned. */
static unsigned by_lists(const struct settings *s, int row, uint32_t turn, uint32_t *out)
{
	static uint32_t group[PREFERRED_MAX];
	bool taken[PREFERRED_MAX] = {false};
	unsigned n = 0;

	for (unsigned g = 0; g <= s->nprefer; g++) {
		unsigned m = 0;

		for (unsigned i = 0; i < preferred[row].count; i++) {
			uint8_t octets[4];
			store_u32(octets, preferred[row].first + i);
			if (taken[i] || (g < s->nprefer && !addr_in_prefix(octets, 4,
								   &s->prefer[g])))
				continue;
			taken[i] = true;
			group[m++] = preferred[row].first + i;
		}
		for (unsigned i = 0; i < m; i++)
			out[n++] = group[(i + turn) % m];
	}
	return n;
}

static void take_prefixes(struct settings *s, int row)
{
	for (s->nprefer = 0; s->nprefer < SETTINGS_PREFER_MAX; s->nprefer++) {
		const char *text = preferred[row].prefix[s->nprefer];

		if (text == NULL)
			break;
		ck_assert(addr_parse_prefix(text, strlen(text), &s->prefer[s->nprefer]));
	}
}

START_TEST(preferred_first) /* LD-03, S-01: what is cut is of the rest */
{
	static uint32_t want[PREFERRED_MAX];
	static const uint16_t sizes_asked[] = {0, 700, 1232};
	struct cluster c = cluster;

	take_prefixes(&c.settings, _i);
	for (uint32_t turn = 0; turn < 90; turn++) {
		bool fixed = turn % 9 == 0;

		c.settings.rotation = fixed ? ROTATION_FIXED : ROTATION_SHUFFLE;
		asked.p.turn = turn;
		asked.query_len = cluster_query(asked.query, preferred[_i].name, TYPE_A,
			sizes_asked[turn % ARRAY_LEN(sizes_asked)]);
		const ldns_pkt *pkt = send_to(&c, 4608, false);
		size_t n = count_of(ldns_pkt_answer(pkt));
		ck_assert_uint_eq(by_lists(&c.settings, _i, fixed ? 0 : turn, want),
			preferred[_i].count);
		ck_assert(ldns_pkt_tc(pkt) == (n < preferred[_i].count));
		ck_assert_uint_gt(n, 2);
		for (size_t i = 0; i < n; i++) {
			const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(pkt), i);

			ck_assert_uint_eq(
				load_u32(ldns_rdf_data(ldns_rr_rdf(rr, 0))), want[i]);
		}
	}
}
END_TEST

START_TEST(preferred_of_many) /* LD-03: whatever there are, each stands there once */
{
	struct cluster c = cluster;
	const char *text = "0.0.0.0/0";
	unsigned plain;

	const ldns_pkt *pkt = ask_tcp("huge" D, TYPE_A);
	plain = (unsigned)count_of(ldns_pkt_answer(pkt));
	c.settings.rotation = ROTATION_SHUFFLE;
	c.settings.nprefer = 1;
	ck_assert(addr_parse_prefix(text, strlen(text), &c.settings.prefer[0]));
	for (uint32_t turn = 0; turn < 3; turn++) {
		asked.p.turn = turn * 1999;
		pkt = send_to(&c, REPLY_MAX, true);
		ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), plain);
		ldns_rr_list *list = ldns_pkt_answer(pkt);
		ldns_rr_list_sort(list);
		for (size_t i = 1; i < plain; i++)
			ck_assert_int_ne(ldns_rr_compare(ldns_rr_list_rr(list, i - 1),
						 ldns_rr_list_rr(list, i)),
				0);
	}
}
END_TEST

/* ---- truncation ---- */

static const struct {
	const char *name;
	uint16_t type;
} cut_names[] = {
	{"many" D, TYPE_A},
	{"db" D, TYPE_SRV},
	{"wide" D, TYPE_SRV},
	{"huge" D, TYPE_A},
	{"huge" D, TYPE_SRV},
	{"web" D, TYPE_SRV},
	{"missing" D, TYPE_A},
	{"hop-3" D, TYPE_A},
	{"lost" D, TYPE_A},
	{"corp-lost" D, TYPE_A},
	{"1.0.1.10.in-addr.arpa.", TYPE_PTR},
	{"corp.example.", TYPE_NS},
	{"dns-version." Z, TYPE_TXT},
	{"10-1-0-9.default.pod." Z, TYPE_SRV},
	{"www.example.net.", TYPE_A},
};

/* True if the RRs of `part` are the first ones of `whole`. */
static bool is_prefix(const ldns_rr_list *part, const ldns_rr_list *whole)
{
	for (size_t i = 0; i < count_of(part); i++)
		if (i >= count_of(whole) || ldns_rr_compare(ldns_rr_list_rr(part, i),
						    ldns_rr_list_rr(whole, i)) != 0)
			return false;
	return true;
}

/* True if the next RR of `whole` belongs to another RRset than the last one of `part`. */
static bool ends_with_rrset(const ldns_rr_list *part, const ldns_rr_list *whole)
{
	size_t n = count_of(part);

	if (n == 0 || n == count_of(whole))
		return true;
	const ldns_rr *last = ldns_rr_list_rr(part, n - 1),
		      *next = ldns_rr_list_rr(whole, n);
	return ldns_rr_get_type(last) != ldns_rr_get_type(next) ||
	       ldns_dname_compare(ldns_rr_owner(last), ldns_rr_owner(next)) != 0;
}

/* RG-08 of one reply, `whole` being what stands there without a limit. */
static void check_cut(const ldns_pkt *pkt, const ldns_pkt *whole, size_t cap, bool edns)
{
	const ldns_rr_list *an = ldns_pkt_answer(pkt), *all = ldns_pkt_answer(whole);
	bool fits = count_of(ldns_pkt_question(pkt)) == 1 &&
	            count_of(an) == count_of(all) &&
	            count_of(ldns_pkt_authority(pkt)) ==
	                    count_of(ldns_pkt_authority(whole));

	ck_assert_uint_le(asked.p.reply_len, cap);
	ck_assert_int_eq(ldns_pkt_tc(pkt), !fits);
	if (count_of(ldns_pkt_question(pkt)) == 0) {
		ck_assert_uint_eq(asked.p.reply_len, 12);
		return;
	}
	ck_assert_int_eq(ldns_pkt_edns(pkt), edns); /* S-02: OPT always kept */
	ck_assert(is_prefix(an, all));
	ck_assert(is_prefix(ldns_pkt_additional(pkt), ldns_pkt_additional(whole)));
	ck_assert(ends_with_rrset(ldns_pkt_additional(pkt), ldns_pkt_additional(whole)));
	if (!fits) {
		ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 0);
		ck_assert_uint_eq(count_of(ldns_pkt_additional(pkt)), 0);
	}
	/* As many RRs as fit: the next one would not have (all here are under 128). */
	if (count_of(an) < count_of(all))
		ck_assert_uint_gt(asked.p.reply_len + 128, cap);
}

START_TEST(every_limit) /* RG-08, S-01 to S-05, DE-14 */
{
	const char *name = cut_names[_i].name;
	uint16_t type = cut_names[_i].type;

	for (int edns = 0; edns < 2; edns++) {
		ck_assert_ptr_nonnull(ask_tcp(name, type));
		ldns_pkt *whole = asked.pkt;
		asked.pkt = NULL;
		asked.query_len = cluster_query(
			asked.query, name, type, edns != 0 ? 4096 : 0);
		for (size_t cap = 12; cap <= 1300; cap++) {
			const ldns_pkt *pkt = send_to(&cluster, cap, false);
			size_t limit = MIN(cap, edns != 0 ? 1232u : 512u);
			ck_assert_ptr_nonnull(pkt);
			check_cut(pkt, whole, limit, edns != 0);
		}
		ldns_pkt_free(whole);
	}
}
END_TEST

START_TEST(limit_of_client) /* E-03, E-04, RG-08 */
{
	static const struct {
		uint16_t edns;
		size_t limit;
	} sizes_asked[] = {{0, 512}, {1, 512}, {511, 512}, {513, 513}, {1000, 1000},
		{1232, 1232}, {4096, 1232}, {65535, 1232}};

	for (unsigned i = 0; i < ARRAY_LEN(sizes_asked); i++) {
		ask("huge" D, TYPE_A, sizes_asked[i].edns);
		ck_assert_uint_le(asked.p.reply_len, sizes_asked[i].limit);
		ck_assert_uint_gt(asked.p.reply_len + 16, sizes_asked[i].limit);
		ck_assert(asked.p.facts & PACKET_TRUNCATED);
	}
}
END_TEST

/* Owner i of additional is target i of the answer. */
static bool owners_are_targets(const ldns_pkt *pkt)
{
	for (size_t i = 0; i < count_of(ldns_pkt_answer(pkt)); i++) {
		const ldns_rr *srv = ldns_rr_list_rr(ldns_pkt_answer(pkt), i);
		const ldns_rr *a = ldns_rr_list_rr(ldns_pkt_additional(pkt), i);

		if (ldns_dname_compare(ldns_rr_rdf(srv, 3), ldns_rr_owner(a)) != 0)
			return false;
	}
	return true;
}

START_TEST(whole_over_tcp) /* S-05, S-06 */
{
	const ldns_pkt *pkt = ask_tcp("many" D, TYPE_A);
	ck_assert(!ldns_pkt_tc(pkt));
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 40);
	pkt = ask_tcp("huge" D, TYPE_A);
	ck_assert(!ldns_pkt_tc(pkt));
	ck_assert_uint_gt(count_of(ldns_pkt_answer(pkt)), 4000);
	pkt = ask_tcp("huge" D, TYPE_SRV);
	ck_assert(!ldns_pkt_tc(pkt));
	ck_assert_uint_gt(count_of(ldns_pkt_answer(pkt)), 800);
	/* Targets beyond what a pointer reaches: their addresses have whole owners. */
	pkt = ask_tcp("wider" D, TYPE_SRV);
	ck_assert_uint_gt(asked.p.reply_len, 3 * 0x4000);
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 500);
	ck_assert_uint_eq(count_of(ldns_pkt_additional(pkt)), 500);
	ck_assert(owners_are_targets(pkt));
	pkt = ask_tcp("wide" D, TYPE_SRV);
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 60);
	ck_assert_uint_eq(count_of(ldns_pkt_additional(pkt)), 60);
}
END_TEST

/* ---- names at their limits ---- */

START_TEST(longest_names) /* W-19, S-01 */
{
	char name[NAME_TEXT_MAX], label[64];

	memset(label, 'a', 63);
	label[63] = '\0';
	snprintf(name, sizeof(name), "%s.%s.%s.%.47s." Z, label, label, label, label);
	for (int edns = 0; edns < 2; edns++) {
		const ldns_pkt *pkt = ask(name, TYPE_A, edns != 0 ? 512 : 0);
		ck_assert_uint_eq(asked.p.q.qname_len, 255);
		ck_assert_int_eq(ldns_pkt_get_rcode(pkt), RCODE_NXDOMAIN);
		ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 1);
	}
	/* NG-07: an underscore more would be too long. */
	snprintf(name, sizeof(name), "%s.tcp.web" D, label);
	ck_assert_int_eq(ldns_pkt_get_rcode(ask(name, TYPE_SRV, 0)), RCODE_NXDOMAIN);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("encode");

	tcase_add_loop_test(tc, compressed, 0, ARRAY_LEN(sizes));
	tcase_add_test(tc, compressed_by_letters);
	tcase_add_test(tc, header_bits);
	tcase_add_test(tc, opt_of_reply);
	tcase_add_test(tc, bad_version);
	tcase_add_test(tc, keepalive);
	tcase_add_test(tc, refused_says_why);
	tcase_add_test(tc, rotation);
	tcase_add_test(tc, rotated_and_cut);
	tcase_add_loop_test(tc, preferred_first, 0, ARRAY_LEN(preferred));
	tcase_add_test(tc, preferred_of_many);
	tcase_add_loop_test(tc, every_limit, 0, ARRAY_LEN(cut_names));
	tcase_add_test(tc, limit_of_client);
	tcase_add_test(tc, whole_over_tcp);
	tcase_add_test(tc, longest_names);
	return asking_main("encode", tc);
}
