#include "dialogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static const char *const sections[] = {"answer", "authority", "additional"};

void expectation_fini(struct expectation *e)
{
	for (int s = 0; s < 3; s++)
		for (size_t i = 0; i < e->n[s]; i++)
			free(e->rr[s][i]);
	free(e->soa);
	memset(e, 0, sizeof(*e));
	e->ede = -1;
	e->opt = -1;
	e->ra = -1;
	for (int s = 0; s < 3; s++)
		e->count[s] = -1;
}

/* ---- asking ---- */

struct asking {
	ldns_pkt *pkt;
	struct asker from;
};

static bool take_word(struct asking *q, char **word, size_t n, size_t *i)
{
	const char *s = word[*i];

	if (strcmp(s, "tcp") == 0) {
		q->from.tcp = true;
	} else if (strcmp(s, "edns") == 0 && *i + 1 < n) {
		ldns_pkt_set_edns_udp_size(q->pkt, (uint16_t)atoi(word[++*i]));
	} else if (strcmp(s, "from") == 0 && *i + 1 < n) {
		q->from.address = word[++*i];
	} else if (strcmp(s, "turn") == 0 && *i + 1 < n) {
		q->from.turn = (uint32_t)atoi(word[++*i]);
	} else if (strcmp(s, "do") == 0) {
		ldns_pkt_set_edns_do(q->pkt, true);
	} else if (strcmp(s, "cd") == 0) {
		ldns_pkt_set_cd(q->pkt, true);
	} else if (strcmp(s, "ad") == 0) {
		ldns_pkt_set_ad(q->pkt, true);
	} else if (strcmp(s, "nord") == 0) {
		ldns_pkt_set_rd(q->pkt, false);
	} else {
		fprintf(stderr, "unknown word: %s\n", s);
		return false;
	}
	return true;
}

bool dialogue_ask(struct world *w, char **word, size_t nwords)
{
	struct asking q = {0};
	ldns_rdf *name = NULL;
	ldns_rr_class class = LDNS_RR_CLASS_IN;
	uint8_t *wire = NULL;
	size_t size = 0;
	bool ok = nwords >= 2;
	const char *type = ok ? word[1] : NULL;

	if (ok)
		name = ldns_dname_new_frm_str(word[0]);
	if (nwords > 3 && strcmp(word[2], "class") == 0) {
		class = ldns_get_rr_class_by_name(word[3]);
		word += 2;
		nwords -= 2;
	}
	if (name == NULL) {
		fprintf(stderr, "ask NAME TYPE\n");
		return false;
	}
	q.pkt = ldns_pkt_query_new(name, ldns_get_rr_type_by_name(type), class, LDNS_RD);
	ldns_pkt_set_id(q.pkt, 4711);
	for (size_t i = 2; ok && i < nwords; i++)
		ok = take_word(&q, word, nwords, &i);
	if (ok && ldns_pkt2wire(&wire, q.pkt, &size) == LDNS_STATUS_OK)
		ok = world_ask(w, wire, size, &q.from);
	ldns_pkt_free(q.pkt);
	free(wire);
	return ok;
}

/* ---- shares ---- */

#define SHARE_WORDS_MAX 16

/* True if the first RR of that type in the last reply's answer is this address. */
static bool stands_first(const struct world *w, ldns_rr_type type, const char *address)
{
	ldns_pkt *pkt = NULL;
	bool found = false;

	if (ldns_wire2pkt(&pkt, w->reply, w->reply_len) != LDNS_STATUS_OK)
		return false;
	const ldns_rr_list *list = ldns_pkt_answer(pkt);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != type)
			continue;
		char *text = ldns_rdf2str(ldns_rr_rdf(rr, 0));
		found = strcmp(text, address) == 0;
		free(text);
		break;
	}
	ldns_pkt_free(pkt);
	return found;
}

bool dialogue_share(struct world *w, const char *address, unsigned n, unsigned m,
	char **word, size_t nwords)
{
	const unsigned asked = 4000;
	double want = (double)asked * n / m, first = 0;
	char *question[SHARE_WORDS_MAX], turn[] = "turn", number[16];

	if (nwords < 2 || nwords > SHARE_WORDS_MAX - 2)
		return false;
	memcpy(question, word, nwords * sizeof(*word));
	question[nwords] = turn;
	question[nwords + 1] = number;
	for (unsigned i = 0; i < asked; i++) {
		snprintf(number, sizeof(number), "%u", i);
		if (!dialogue_ask(w, question, nwords + 2))
			return false;
		first += stands_first(w, ldns_get_rr_type_by_name(word[1]), address);
	}
	if ((first - want) * (first - want) <= 64 * want * (1 - (double)n / m))
		return true;
	fprintf(stderr, "  %s stands first in %.0f of %u\n", address, first, asked);
	return false;
}

/* ---- comparing ---- */

/* One space between fields, no line feed; owned by the caller. */
static char *squeeze(const char *s)
{
	char *out = malloc(strlen(s) + 1), *at = out;

	while (*s == ' ' || *s == '\t')
		s++;
	for (; *s != '\0' && *s != '\n'; s++) {
		char c = *s == '\t' ? ' ' : *s;

		if (c != ' ' || at == out || at[-1] != ' ')
			*at++ = c;
	}
	while (at > out && at[-1] == ' ')
		at--;
	*at = '\0';
	return out;
}

/* Field for field; "*" is any value. */
static bool same_rr(const char *want, const char *got)
{
	while (*want != '\0' && *got != '\0') {
		if (*want == '*' && (want[1] == ' ' || want[1] == '\0')) {
			want++;
			got += strcspn(got, " ");
		} else if (*want++ != *got++) {
			return false;
		}
	}
	return *want == *got;
}

static bool is_soa(const char *got, const char *zone)
{
	char want[2048];

	snprintf(want, sizeof(want),
		"%s * IN SOA ns.dns.%s hostmaster.%s * 7200 1800 86400 *", zone,
		strcmp(zone, ".") == 0 ? "" : zone, strcmp(zone, ".") == 0 ? "" : zone);
	return same_rr(want, got);
}

/* The RRs of a section as text; *n of them, owned by the caller. */
static char **texts(const ldns_rr_list *list, size_t *n)
{
	char **out = calloc(ldns_rr_list_rr_count(list) + 1, sizeof(*out));

	*n = ldns_rr_list_rr_count(list);
	for (size_t i = 0; i < *n; i++) {
		char *text = ldns_rr2str(ldns_rr_list_rr(list, i));

		out[i] = squeeze(text);
		free(text);
	}
	return out;
}

static void free_texts(char **t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(t[i]);
	free(t);
}

/* Expected RR number i, among those that are not taken; n: it is not there. */
static size_t find_rr(const struct expectation *e, int s, size_t i, char **got, size_t n,
	const bool *taken)
{
	size_t k = e->ordered ? MIN(i, n) : 0, end = e->ordered ? MIN(i + 1, n) : n;

	while (k < end && (taken[k] || !same_rr(e->rr[s][i], got[k])))
		k++;
	return k < end ? k : n;
}

/* Every expected RR is there once, and nothing else. */
static bool check_rrs(const struct expectation *e, int s, char **got, size_t n)
{
	bool ok = true;
	bool *taken = calloc(n + 1, sizeof(*taken));

	for (size_t i = 0; i < e->n[s]; i++) {
		size_t k = find_rr(e, s, i, got, n, taken);

		if (k < n) {
			taken[k] = true;
			continue;
		}
		fprintf(stderr, "  %s lacks: %s\n", sections[s], e->rr[s][i]);
		ok = false;
	}
	for (size_t k = 0; k < n; k++)
		if (!taken[k]) {
			fprintf(stderr, "  %s has: %s\n", sections[s], got[k]);
			ok = false;
		}
	free(taken);
	return ok;
}

static bool check_section(const struct expectation *e, int s, const ldns_rr_list *list)
{
	size_t n;
	char **got = texts(list, &n);
	bool ok;

	if (e->count[s] >= 0) {
		ok = n == (size_t)e->count[s];
		if (!ok)
			fprintf(stderr, "  %s has %zu RRs\n", sections[s], n);
	} else if (s == 1 && e->soa != NULL) {
		ok = n == 1 && is_soa(got[0], e->soa);
		if (!ok)
			fprintf(stderr, "  authority is: %s\n", n > 0 ? got[0] : "empty");
	} else if (s == 2 && e->any_additional) {
		ok = true;
	} else {
		ok = check_rrs(e, s, got, n);
	}
	free_texts(got, n);
	return ok;
}

/* GS-04: CNAMEs stand in front, of all but the DNAMEs that they are made by. */
static bool check_cnames(const ldns_rr_list *answer)
{
	bool other = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(answer, i));
		bool cname = type == LDNS_RR_TYPE_CNAME;

		if (cname && other) {
			fprintf(stderr, "  a CNAME stands behind other RRs\n");
			return false;
		}
		other = other || (!cname && type != LDNS_RR_TYPE_DNAME);
	}
	return true;
}

/* The info code of the extended error (RFC 8914), or -1. */
static int find_ede(const ldns_pkt *pkt)
{
	const ldns_rdf *data = ldns_pkt_edns_data(pkt);
	const uint8_t *at = data == NULL ? NULL : ldns_rdf_data(data);
	size_t left = data == NULL ? 0 : ldns_rdf_size(data);

	while (left >= 4) {
		unsigned code = load_u16(at), len = load_u16(at + 2);

		if (len > left - 4)
			break;
		if (code == 15 && len >= 2)
			return load_u16(at + 4);
		at += 4 + len;
		left -= 4 + len;
	}
	return -1;
}

static bool check_bit(const char *what, bool want, bool got)
{
	if (want == got)
		return true;
	fprintf(stderr, "  %s is %d\n", what, got);
	return false;
}

static bool check_packet(const struct expectation *e, const ldns_pkt *pkt)
{
	int rcode = (int)ldns_pkt_get_rcode(pkt) | ldns_pkt_edns_extended_rcode(pkt) << 4;
	bool ok = check_bit("aa", e->aa, ldns_pkt_aa(pkt));

	ok = check_bit("tc", e->tc, ldns_pkt_tc(pkt)) && ok;
	ok = check_bit("qr", true, ldns_pkt_qr(pkt)) && ok;
	ok = check_bit("ad", e->ad, ldns_pkt_ad(pkt)) && ok;
	if (e->ra >= 0)
		ok = check_bit("ra", e->ra == 1, ldns_pkt_ra(pkt)) && ok;
	if (e->opt >= 0)
		ok = check_bit("opt", e->opt == 1, ldns_pkt_edns(pkt)) && ok;
	if (rcode != e->rcode) {
		fprintf(stderr, "  rcode is %d\n", rcode);
		ok = false;
	}
	if (e->ede >= 0 && find_ede(pkt) != e->ede) {
		fprintf(stderr, "  ede is %d\n", find_ede(pkt));
		ok = false;
	}
	ok = check_section(e, 0, ldns_pkt_answer(pkt)) && ok;
	ok = check_section(e, 1, ldns_pkt_authority(pkt)) && ok;
	ok = check_section(e, 2, ldns_pkt_additional(pkt)) && ok;
	return check_cnames(ldns_pkt_answer(pkt)) && ok;
}

bool dialogue_check(const struct world *w, const struct expectation *e)
{
	ldns_pkt *pkt = NULL;
	bool ok;

	if (w->reply_len == 0 || e->dropped) {
		if (e->dropped != (w->reply_len == 0))
			fprintf(stderr, "  %s\n", e->dropped ? "a reply" : "no reply");
		return e->dropped == (w->reply_len == 0);
	}
	if (ldns_wire2pkt(&pkt, w->reply, w->reply_len) != LDNS_STATUS_OK) {
		fprintf(stderr, "  ldns cannot decode the reply\n");
		return false;
	}
	ok = check_packet(e, pkt);
	if (!ok)
		ldns_pkt_print(stderr, pkt);
	ldns_pkt_free(pkt);
	return ok;
}
