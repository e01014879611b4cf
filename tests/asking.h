/*
 * asking.h - ask a small cluster's snapshot and decode the reply by ldns
 */
#ifndef TESTS_ASKING_H
#define TESTS_ASKING_H

#include <ldns/ldns.h>
#include <stdio.h>

#include "cluster.h"
#include "dns/type.h"
#include "support.h"
#include "worker/answer.h"

#define Z           "cluster.local."
#define D           ".default.svc.cluster.local."
#define SOA_TAIL    " 2026112100 7200 1800 86400 5"
#define SOA_OF(z)   z " 5 IN SOA ns.dns." z " hostmaster." z SOA_TAIL
#define SOA         SOA_OF(Z)
#define SOA_REVERSE SOA_OF("in-addr.arpa.")
#define SOA_SET     SOA_OF("clusterset.local.")
#define SOA_CORP    SOA_OF("corp.example.")

#define REPLY_MAX 65535

static struct cluster cluster;

struct asked {
	struct packet p;
	ldns_pkt *pkt; /* NULL: no reply, or a header alone */
	uint8_t buf[REPLY_MAX];
	uint8_t query[512];
	size_t query_len;
};
static struct asked asked;

/* Who asks; NULL: nobody who is known. */
static const struct sockaddr *asking_client;

/* ---- asking ---- */

/* What must hold for every reply, whatever was asked. */
static inline void check_reply(const struct asked *a)
{
	const uint8_t *r = a->buf, *q = a->query;
	size_t question = a->p.q.end - 12u;

	ck_assert_uint_le(a->p.reply_len, a->p.cap);
	ck_assert_uint_eq(load_u16(r), load_u16(q)); /* RG-03: ID */
	/* QR, opcode and RD; AA and TC as they are. */
	ck_assert_uint_eq(r[2] & 0xf9, 0x80 | (q[2] & 0x79));
	ck_assert_uint_eq(r[3] & 0xe0, 0);           /* RA, Z, AD (RG-04, Z-13) */
	ck_assert_uint_eq(r[3] & 0x10, q[3] & 0x10); /* CD */
	if (load_u16(r + 4) == 1)
		ck_assert_mem_eq(r + 12, q + 12, question); /* octet for octet (W-23) */
}

/* Send the query in asked.query; a reply that is more than a header is decoded. */
static inline const ldns_pkt *send_to(struct cluster *c, size_t cap, bool tcp)
{
	struct basis b = {.snap = &c->snap, .settings = &c->settings};
	struct asked *a = &asked;
	uint32_t turn = a->p.turn;

	ldns_pkt_free(a->pkt);
	a->pkt = NULL;
	memcpy(a->buf, a->query, a->query_len);
	memset(&a->p, 0x5a, sizeof(a->p));
	a->p.buf = a->buf;
	a->p.cap = cap;
	a->p.len = a->query_len;
	a->p.turn = turn;
	a->p.tcp = tcp;
	a->p.cut = false;
	a->p.client = asking_client;
	if (admit(&b, &a->p, NULL))
		ck_assert_int_eq(answer(&b, &a->p),
			a->p.reply_len > 0 ? VERDICT_REPLY : VERDICT_DROP);
	if (a->p.reply_len == 0)
		return NULL;
	if (a->p.facts & PACKET_HEADER_ONLY) {
		ck_assert_uint_eq(a->p.reply_len, 12);
		return NULL;
	}
	check_reply(a);
	ck_assert_int_eq(ldns_wire2pkt(&a->pkt, a->buf, a->p.reply_len), LDNS_STATUS_OK);
	return a->pkt;
}

static inline const ldns_pkt *ask(const char *name, uint16_t type, uint16_t edns)
{
	asked.query_len = cluster_query(asked.query, name, type, edns);
	return send_to(&cluster, 4608, false);
}

static inline const ldns_pkt *ask_tcp(const char *name, uint16_t type)
{
	asked.query_len = cluster_query(asked.query, name, type, 0);
	return send_to(&cluster, REPLY_MAX, true);
}

/* A section as text: "owner TTL IN TYPE rdata; ...". */
static inline const char *text_of(const ldns_rr_list *list)
{
	static char text[4][200000];
	static unsigned next;
	char *to = text[next++ % 4];
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		char *rr = ldns_rr2str(ldns_rr_list_rr(list, i));

		rr[strcspn(rr, "\n")] = '\0';
		for (char *t = rr; *t != '\0'; t++)
			if (*t == '\t')
				*t = ' ';
		len += (size_t)snprintf(
			to + len, sizeof(text[0]) - len, "%s%s", i > 0 ? "; " : "", rr);
		free(rr);
	}
	return to;
}

static inline size_t count_of(const ldns_rr_list *list)
{
	return ldns_rr_list_rr_count(list);
}

static inline void check_sections(const ldns_pkt *pkt, const char *row, const char *an,
	const char *ns, const char *ar)
{
	const char *got = text_of(ldns_pkt_answer(pkt));

	ck_assert_msg(strcmp(got, an) == 0, "%s: answer\n%s\nnot\n%s", row, got, an);
	got = text_of(ldns_pkt_authority(pkt));
	ck_assert_msg(strcmp(got, ns) == 0, "%s: authority\n%s\nnot\n%s", row, got, ns);
	got = text_of(ldns_pkt_additional(pkt));
	ck_assert_msg(strcmp(got, ar) == 0, "%s: additional\n%s\nnot\n%s", row, got, ar);
}

/* The INFO-CODE of the EDE in the last reply, which ends with it; -1: there is none. */
static inline int ede_code(size_t text)
{
	const uint8_t *end = asked.buf + asked.p.reply_len;

	if (!ldns_pkt_edns(asked.pkt) || load_u16(end - 6 - text) != 15)
		return -1;
	ck_assert_uint_eq(load_u16(end - 4 - text), 2 + text);
	return load_u16(end - 2 - text);
}

/* Run the tests of `tc` over the small cluster. */
static inline int asking_main(const char *name, TCase *tc)
{
	cluster_init(&cluster, 4 << 20);
	cluster_demo(&cluster);
	cluster_seal(&cluster);
	tcase_set_timeout(tc, 120);
	int ret = run_case(name, tc);
	ldns_pkt_free(asked.pkt);
	cluster_fini(&cluster);
	return ret;
}

#endif
