/*
 * test_miss.c - names that are not ours: the cache's entries in replies, cuts, access
 *
 * What dialogues cannot say: every size of a reply, every turn, entries that make no
 * sense, for which names access control is asked. The rest of the rows is in the
 * scenarios far, farchain and stale.
 */
#include "asking.h"
#include "cached.h"
#include "forwarder/reply.h"

#define FAR_NAME "www.example.net." /* what far.default.svc.cluster.local. leads to */

static struct cached store;
static struct cache cache;
static union cached_entry entry;

/* ---- asking with a cache ---- */

static struct question question_of(const char *name, uint16_t type)
{
	struct question q = cached_question(&cluster.snap.key, name, type);

	q.group = cluster.settings.forward.groups[0].digest;
	return q;
}

static void put(union cached_entry *u)
{
	ck_assert_int_eq(cachewrite_store(&store.w, &u->e), 0);
}

/* `count` RRs of `rdlen` octets at the name. */
static void put_plain(const char *name, uint16_t type, unsigned count, uint16_t rdlen)
{
	struct question q = question_of(name, type);

	cached_make(&entry, &q, CACHE_ANSWER, CACHED_SECOND, 60, count, rdlen, 7);
	for (unsigned i = 0; i < count; i++) /* the last octet tells them apart */
		((uint8_t *)(uintptr_t)cache_wire(
			&entry.e))[(i + 1) * (12u + rdlen) - 1] = (uint8_t)i;
	put(&entry);
}

/* A reply of an upstream, "name TTL IN TYPE rdata" one a line; "-" begins authority. */
static void put_reply(const char *name, uint16_t type, ldns_pkt_rcode rcode,
	const char *const *rrs, unsigned n)
{
	struct question q = question_of(name, type);
	const struct reply_rules rules = {.settings = &cluster.settings.forward,
		.zones = &cluster.settings,
		.now_ns = CACHED_SECOND};
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(name),
		(ldns_rr_type)type, LDNS_RR_CLASS_IN, LDNS_RD);
	ldns_pkt_section section = LDNS_SECTION_ANSWER;
	uint8_t *wire;
	size_t size;

	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_rcode(pkt, (uint8_t)rcode);
	for (unsigned i = 0; i < n; i++) {
		ldns_rr *rr;

		if (rrs[i][0] == '-') {
			section = LDNS_SECTION_AUTHORITY;
			continue;
		}
		ck_assert_int_eq(ldns_rr_new_frm_str(&rr, rrs[i], 0, NULL, NULL), 0);
		ldns_pkt_push_rr(pkt, section, rr);
	}
	ck_assert_int_eq(ldns_pkt2wire(&wire, pkt, &size), LDNS_STATUS_OK);
	ck_assert_int_ne(
		reply_take(wire, size, &q, &rules, &entry.e, NULL), REPLY_USELESS);
	put(&entry);
	ldns_pkt_free(pkt);
	free(wire);
}

static struct basis basis(uint64_t now_ns)
{
	return (struct basis){.snap = &cluster.snap,
		.settings = &cluster.settings,
		.now_ns = now_ns,
		.caches = &cache,
		.ncaches = 1};
}

/* Ask and decode. NULL: there is a need, or nothing. */
static const ldns_pkt *ask_with(
	const struct basis *b, const char *name, uint16_t type, size_t cap, uint32_t turn)
{
	struct asked *a = &asked;
	size_t len = cluster_query(a->query, name, type, cap > 512 ? (uint16_t)cap : 0);

	ldns_pkt_free(a->pkt);
	a->pkt = NULL;
	memcpy(a->buf, a->query, len);
	a->p = (struct packet){.buf = a->buf,
		.cap = sizeof(a->buf),
		.len = len,
		.turn = turn,
		.arrival_ns = b->now_ns,
		.client = asking_client};
	ck_assert(admit(b, &a->p, NULL));
	if (answer(b, &a->p) != VERDICT_REPLY) {
		ck_assert_uint_eq(a->p.reply_len, 0);
		return NULL;
	}
	ck_assert_uint_le(a->p.reply_len, MAX(cap, 512));
	ck_assert_int_eq(ldns_wire2pkt(&a->pkt, a->buf, a->p.reply_len), LDNS_STATUS_OK);
	return a->pkt;
}

static const ldns_pkt *ask_now(const char *name, uint16_t type)
{
	struct basis b = basis(2 * CACHED_SECOND);

	return ask_with(&b, name, type, 1232, 0);
}

/* ---- needs ---- */

START_TEST(a_need)
{
	ck_assert_ptr_null(ask_now("Needed.example.com.", TYPE_MX));
	const struct packet *p = &asked.p;
	ck_assert_uint_eq(p->nneeds, 1);
	ck_assert_uint_eq(p->need[0].type, TYPE_MX);
	ck_assert_mem_eq(p->need[0].name, "\6needed\7example\3com", 20);
	ck_assert_uint_eq(p->need[0].group, cluster.settings.forward.groups[0].digest);
	ck_assert_uint_eq(p->need[0].hops, 0);
	/* LO-01: its hops go on, and a failure of who has more does not count */
	struct question q = question_of("hops.example.com.", TYPE_A);
	q.hops = 2;
	cached_make(&entry, &q, CACHE_FAILURE, CACHED_SECOND, 60, 0, 0, 0);
	put(&entry);
	ck_assert_ptr_null(ask_now("hops.example.com.", TYPE_A));
	asked.p.q.hops = 1;
	struct basis b = basis(2 * CACHED_SECOND);
	ck_assert_int_eq(answer(&b, &asked.p), VERDICT_NEED);
	ck_assert_uint_eq(p->need[0].hops, 1);
	asked.p.q.hops = 3;
	ck_assert_int_eq(answer(&b, &asked.p), VERDICT_REPLY);
	ck_assert_uint_eq(asked.p.rcode, RCODE_SERVFAIL);
	/* RE-05: behind a CNAME of ours the need is the target's */
	ck_assert_ptr_null(ask_now("far" D, TYPE_TXT));
	ck_assert_mem_eq(p->need[0].name, "\3www\7example\3net", 17);
	ck_assert_uint_eq(p->need[0].hash.path,
		hash_name(&cluster.snap.key, p->need[0].name, 17).path);
}
END_TEST

/* FP-02, FP-04: what is said where nobody can wait. */
START_TEST(no_waiting)
{
	static const struct {
		enum wait wait;
		const char *name;
		uint16_t rcode, ede;
		unsigned answers;
	} rows[] = {
		{WAIT_FULL, "full.example.com.", RCODE_REFUSED, EDE_OTHER, 0},
		{WAIT_OVER, "over.example.com.", RCODE_SERVFAIL,
			EDE_NO_REACHABLE_AUTHORITY, 0},
		{WAIT_FULL, "far" D, RCODE_SERVFAIL, EDE_OTHER, 1},
		{WAIT_OVER, "far" D, RCODE_SERVFAIL, EDE_NO_REACHABLE_AUTHORITY, 1},
	};
	struct basis b = basis(2 * CACHED_SECOND);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert_ptr_null(ask_with(&b, rows[i].name, TYPE_TXT, 1232, 0));
		asked.p.wait = (uint8_t)rows[i].wait;
		ck_assert_int_eq(answer(&b, &asked.p), VERDICT_REPLY);
		ck_assert_uint_eq(asked.p.rcode, rows[i].rcode);
		ck_assert_uint_eq(asked.p.ede, rows[i].ede);
		ck_assert_uint_eq(load_u16(asked.buf + 6), rows[i].answers);
	}
}
END_TEST

/* ---- every size, every turn ---- */

/*
 * LD-01 CA-18: addresses and MX begin where the packet's turn says, both ways of writing.
 */
START_TEST(turns)
{
	static const struct {
		uint16_t type, rdlen;
		bool turns;
	} rows[] = {{TYPE_A, 4, true}, {TYPE_AAAA, 16, true}, {TYPE_TXT, 8, false}};
	static const char *const names[] = {FAR_NAME, "far" D};
	struct basis b = basis(2 * CACHED_SECOND);

	cluster.settings.rotation = ROTATION_SHUFFLE;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (uint32_t turn = 0; turn < 12; turn++)
			for (size_t k = 0; k < 2; k++) {
				put_plain(FAR_NAME, rows[i].type, 5, rows[i].rdlen);
				const ldns_pkt *pkt = ask_with(
					&b, names[k], rows[i].type, 1232, turn);
				ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 5 + k);
				const ldns_rdf *first = ldns_rr_rdf(
					ldns_rr_list_rr(ldns_pkt_answer(pkt), k), 0);
				uint8_t last = ldns_rdf_data(
					first)[ldns_rdf_size(first) - 1];
				if (rows[i].type != TYPE_TXT)
					ck_assert_uint_eq(last, turn % 5);
			}
	cluster.settings.rotation = ROTATION_FIXED;
}
END_TEST

/* S-01, S-02, RG-08: whole RRs as fit, TC, no authority; at every size of the buffer. */
START_TEST(every_size)
{
	static const char *const names[] = {FAR_NAME, "far" D};
	struct basis b = basis(2 * CACHED_SECOND);

	put_plain(FAR_NAME, TYPE_A, 60, 4);
	for (size_t k = 0; k < 2; k++)
		for (size_t cap = 513; cap <= 1232; cap++) {
			const ldns_pkt *pkt = ask_with(&b, names[k], TYPE_A, cap, 0);
			size_t n = count_of(ldns_pkt_answer(pkt)) - k;

			ck_assert_uint_le(n, 60);
			ck_assert_int_eq(ldns_pkt_tc(pkt), n < 60);
			if (n < 60) /* not one more would have fit */
				ck_assert_uint_gt(asked.p.reply_len + 16, cap);
		}
}
END_TEST

/* S-04: a denial whose SOA does not fit has TC and no authority. */
START_TEST(soa_that_does_not_fit)
{
	static const char *const rrs[] = {"-",
		"example.org. 60 IN SOA "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
		"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc."
		"ddddddddddddddddddddddddddddddddddddddddddddddddddd.org. "
		"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee."
		"fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff."
		"ggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg."
		"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh.org. 1 2 3 4 60"};
	struct basis b = basis(2 * CACHED_SECOND);

	put_reply("no.example.org.", TYPE_A, LDNS_RCODE_NXDOMAIN, rrs, 2);
	const ldns_pkt *pkt = ask_with(&b, "no.example.org.", TYPE_A, 512, 0);
	ck_assert(ldns_pkt_tc(pkt));
	ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 0);
	ck_assert_uint_eq(asked.p.rcode, RCODE_NXDOMAIN);
	pkt = ask_with(&b, "no.example.org.", TYPE_A, 1232, 0);
	ck_assert(!ldns_pkt_tc(pkt));
	ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 1);
}
END_TEST

/* ---- names written anew ---- */

/* RE-05: behind a CNAME of ours every type says the same as directly. */
START_TEST(types_behind_a_cname)
{
	static const struct {
		uint16_t type;
		const char *rrs[3];
	} rows[] = {
		{TYPE_MX, {"www.example.net. 60 IN MX 5 mx.example.net.",
				  "www.example.net. 60 IN MX 10 mx.example.org."}},
		{TYPE_SRV, {"www.example.net. 60 IN SRV 1 2 53 a.www.example.net.",
				   "www.example.net. 60 IN SRV 1 2 53 b.example.org."}},
		{TYPE_NS, {"www.example.net. 60 IN NS ns.www.example.net.",
				  "www.example.net. 60 IN NS ns.example.net."}},
		{TYPE_PTR, {"www.example.net. 60 IN PTR .",
				   "www.example.net. 60 IN PTR example.net."}},
		{TYPE_SOA, {"www.example.net. 60 IN SOA ns.www.example.net. "
			    "host.ns.www.example.net. 1 2 3 4 5"}},
		{TYPE_TXT, {"www.example.net. 60 IN TXT \"one\" \"two\"",
				   "www.example.net. 60 IN TXT \"three\""}},
		{TYPE_HTTPS, {"www.example.net. 60 IN TYPE65 \\# 5 0001000000"}},
		{TYPE_A, {"www.example.net. 60 IN CNAME Mixed.example.org.",
				 "mixed.example.org. 50 IN A 192.0.2.1",
				 "mixed.example.org. 50 IN A 192.0.2.2"}},
		{TYPE_AAAA, {"example.net. 60 IN DNAME example.org.",
				    "www.example.net. 60 IN CNAME www.example.org.",
				    "www.example.org. 50 IN AAAA 2001:db8::1"}},
	};
	char direct[4096];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned n = 0;

		while (n < 3 && rows[i].rrs[n] != NULL)
			n++;
		put_reply(FAR_NAME, rows[i].type, LDNS_RCODE_NOERROR, rows[i].rrs, n);
		const ldns_pkt *pkt = ask_now(FAR_NAME, rows[i].type);
		snprintf(direct, sizeof(direct), "far" D " 30 IN CNAME " FAR_NAME "; %s",
			text_of(ldns_pkt_answer(pkt)));
		ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), n);
		pkt = ask_now("far" D, rows[i].type);
		ck_assert_str_eq(text_of(ldns_pkt_answer(pkt)), direct);
	}
}
END_TEST

/* ---- access control ---- */

/* One more rule, about everybody and this zone. */
static void add_rule(enum acl_action action, const char *zone)
{
	struct acl_settings *acl = &cluster.settings.acl;

	acl->names[acl->nnames].len = (uint8_t)name_wire(
		zone, acl->names[acl->nnames].wire);
	acl->rules[acl->nrules] = (struct acl_rule){
		.action = (uint8_t)action, .zones = {acl->nnames++, 1}};
	acl->anybody |= UINT64_C(1) << acl->nrules++;
}

/* What a name that is not allowed leaves: nothing but its rcode and why. */
static void check_not_allowed(const char *name, enum acl_action action)
{
	const ldns_pkt *pkt = ask_now(name, TYPE_A);

	if (action == ACL_DROP) {
		ck_assert_ptr_null(pkt);
		ck_assert_uint_eq(asked.p.reply_len, 0);
	} else {
		ck_assert_uint_eq(asked.p.rcode,
			action == ACL_BLOCK ? RCODE_REFUSED : RCODE_NOERROR);
		ck_assert_uint_eq(
			asked.p.ede, action == ACL_BLOCK ? EDE_BLOCKED : EDE_FILTERED);
		ck_assert(!ldns_pkt_aa(pkt));
		ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 0);
		ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 0);
	}
	ck_assert_uint_eq(asked.p.action, action);
	ck_assert_uint_eq(asked.p.facts & (PACKET_HIT | PACKET_REFRESH), 0);
}

/* AC-01, AC-02, C-16, RE-12: the asked name and each name of a chain, in their order. */
START_TEST(access_is_asked)
{
	static const char *const rrs[] = {"www.example.net. 60 IN CNAME in.example.org.",
		"in.example.org. 60 IN CNAME web" D};
	static const char *const names[] = {
		"far" D, "www.example.net.", "in.example.org.", "web" D};
	struct acl_settings *acl = &cluster.settings.acl;

	put_reply(FAR_NAME, TYPE_A, LDNS_RCODE_NOERROR, rrs, 2);
	add_rule(ACL_BLOCK, "elsewhere.");
	ck_assert_uint_eq(count_of(ldns_pkt_answer(ask_now("far" D, TYPE_A))), 4);
	ck_assert_uint_eq(asked.p.facts & PACKET_ACCESS, PACKET_ACCESS);
	ck_assert_uint_eq(asked.p.action, ACL_ALLOW);
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		for (unsigned action = ACL_BLOCK; action < ACL_ACTIONS; action++) {
			memset(acl, 0, sizeof(*acl));
			/* Of two, that which stands first in the chain counts. */
			for (unsigned k = ARRAY_LEN(names); k-- > i + 1;)
				add_rule(action == ACL_BLOCK ? ACL_DROP : ACL_BLOCK,
					names[k]);
			add_rule((enum acl_action)action, names[i]);
			check_not_allowed("far" D, (enum acl_action)action);
		}
	memset(acl, 0, sizeof(*acl));
	add_rule(ACL_BLOCK, "localhost.");
	check_not_allowed("localhost.", ACL_BLOCK);
	memset(acl, 0, sizeof(*acl));
}
END_TEST

/* ---- entries that make no sense ---- */

/* C-17: any octet of the RRs: a reply that decodes, or a need; never more. */
START_TEST(any_octet)
{
	static const char *const rrs[] = {"www.example.net. 60 IN CNAME in.example.org.",
		"in.example.org. 60 IN MX 5 mx.example.org.",
		"in.example.org. 60 IN MX 6 mx.in.example.org."};
	union cached_entry good;
	struct basis b = basis(2 * CACHED_SECOND);
	uint64_t random = 1;
	unsigned stored = 0;

	put_reply(FAR_NAME, TYPE_MX, LDNS_RCODE_NOERROR, rrs, 3);
	memcpy(&good, &entry, entry.e.size8 * 8u);
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(&entry, &good, good.e.size8 * 8u);
		uint8_t *from = (uint8_t *)(uintptr_t)cache_sets(&entry.e);
		size_t n = (size_t)((uint8_t *)&entry + entry.e.size8 * 8u - from);
		for (unsigned k = 0; k <= i % 3; k++)
			from[next_random(&random) % n] = (uint8_t)next_random(&random);
		if (cachewrite_store(&store.w, &entry.e) < 0)
			continue;
		stored++;
		for (size_t k = 0; k < 2; k++) {
			size_t len = cluster_query(
				asked.query, k == 0 ? FAR_NAME : "far" D, TYPE_MX, 1232);

			memcpy(asked.buf, asked.query, len);
			asked.p = (struct packet){.buf = asked.buf,
				.cap = 512 + i % 512,
				.len = len,
				.arrival_ns = b.now_ns};
			ck_assert(admit(&b, &asked.p, NULL));
			answer(&b, &asked.p);
			ck_assert_uint_le(asked.p.reply_len, asked.p.cap);
		}
	}
	ck_assert_uint_gt(stored, 1000);
}
END_TEST

int main(void)
{
	struct forward_settings *f = &cluster.settings.forward;
	TCase *tc = tcase_create("miss");

	cluster_init(&cluster, 4 << 20);
	cluster_demo(&cluster);
	cluster_seal(&cluster);
	cluster_forward(&cluster, 77);
	f->cache.success_max_ttl_s = f->cache.denial_max_ttl_s = UINT32_MAX;
	cached_open(&store, 1 << 20, 1 << 20);
	cache = (struct cache){.base = store.base, .size = store.octets};
	for (unsigned i = 0; i < 2; i++)
		cache.copy[i] = malloc(round_up(CACHE_COPY_MAX, 8));
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_need);
	tcase_add_test(tc, no_waiting);
	tcase_add_test(tc, turns);
	tcase_add_test(tc, every_size);
	tcase_add_test(tc, soa_that_does_not_fit);
	tcase_add_test(tc, types_behind_a_cname);
	tcase_add_test(tc, access_is_asked);
	tcase_add_test(tc, any_octet);
	int ret = run_case("miss", tc);
	ldns_pkt_free(asked.pkt);
	free(cache.copy[0]);
	free(cache.copy[1]);
	cached_close(&store);
	cluster_fini(&cluster);
	return ret;
}
