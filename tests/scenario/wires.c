#include "wires.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <ldns/ldns.h>

#include "base/base.h"
#include "dns/mark.h"

/* The loop mark among the options of an OPT. */
static void read_mark(const ldns_pkt *p, struct wires_query *out)
{
	ldns_rdf *data = ldns_pkt_edns_data(p);
	const uint8_t *o = data == NULL ? NULL : ldns_rdf_data(data);
	size_t len = data == NULL ? 0 : ldns_rdf_size(data);

	for (size_t at = 0; at + 4 <= len; at += 4u + load_u16(o + at + 2)) {
		if (load_u16(o + at) != MARK_OPTION || at + 4 + MARK_OCTETS > len)
			continue;
		out->marked = true;
		memcpy(out->mark, o + at + 4, MARK_OCTETS);
	}
}

bool wires_read(const uint8_t *msg, size_t len, struct wires_query *out)
{
	ldns_pkt *p = NULL;
	ldns_rr *question;
	char *name, *type;

	memset(out, 0, sizeof(*out));
	if (ldns_wire2pkt(&p, msg, len) != LDNS_STATUS_OK)
		return false;
	if (ldns_pkt_qdcount(p) != 1 || ldns_pkt_qr(p)) {
		ldns_pkt_free(p);
		return false;
	}
	question = ldns_rr_list_rr(ldns_pkt_question(p), 0);
	name = ldns_rdf2str(ldns_rr_owner(question));
	type = ldns_rr_type2str(ldns_rr_get_type(question));
	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->type, sizeof(out->type), "%s", type);
	for (const char *c = name; *c != '\0'; c++)
		out->mixed = out->mixed || isupper((unsigned char)*c);
	free(name);
	free(type);
	out->opt = ldns_pkt_edns(p);
	out->do_bit = ldns_pkt_edns_do(p);
	out->udp_size = ldns_pkt_edns_udp_size(p);
	out->cd = ldns_pkt_cd(p);
	out->rd = ldns_pkt_rd(p);
	out->ad = ldns_pkt_ad(p);
	read_mark(p, out);
	ldns_pkt_free(p);
	return true;
}

/* Octets of one RR behind the `len` that stand; the new length, 0: it cannot be read. */
static size_t put_rr(uint8_t *out, size_t len, const char *text, int section)
{
	ldns_rr *rr = NULL;
	uint8_t *wire = NULL;
	size_t n = 0;

	if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		return 0;
	if (ldns_rr2wire(&wire, rr, section, &n) == LDNS_STATUS_OK && len + n < WIRES_MAX)
		memcpy(out + len, wire, n);
	else
		len = n = 0;
	free(wire);
	ldns_rr_free(rr);
	return len + n;
}

static size_t question_end(const uint8_t *query)
{
	size_t at = 12;

	while (query[at] != 0)
		at += 1u + query[at];
	return at + 5;
}

static void spoil(uint8_t *out, size_t question, enum wires_fault fault)
{
	switch (fault) {
	case WIRES_ID:
		out[0] ^= 0x55;
		break;
	case WIRES_NAME:
		out[13] = out[13] == 'x' ? 'y' : 'x';
		break;
	case WIRES_TYPE:
		out[question - 3] ^= 0x20;
		break;
	case WIRES_QUERY:
		out[2] &= 0x7f;
		break;
	case WIRES_GARBAGE:
		store_u16(out + 6, 7); /* answers that are not there */
		break;
	case WIRES_CASE:
		for (size_t i = 12; i < question - 4; i++)
			out[i] = (uint8_t)tolower(out[i]);
		break;
	default:
		break;
	}
}

size_t wires_write(
	const uint8_t *query, size_t query_len, const struct wires_reply *r, uint8_t *out)
{
	static const uint8_t opt[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
	static const uint8_t loop[] = {0, 15, 0, 6, 0, 0, 'l', 'o', 'o', 'p'};
	static const int sections[] = {
		LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL};
	struct wires_query q;
	size_t question = question_end(query), len = question;

	memcpy(out, query, question);
	out[2] = (uint8_t)(0x80 | (query[2] & 1) | (r->tc ? 2 : 0));
	out[3] = (uint8_t)(0x80 | r->rcode);
	memset(out + 6, 0, 6);
	for (unsigned s = 0; s < 3; s++) {
		for (unsigned i = 0; i < r->n[s]; i++) {
			len = put_rr(out, len, r->rr[s][i], sections[s]);
			if (len == 0)
				return 0;
		}
		store_u16(out + 6 + 2 * s, (uint16_t)r->n[s]);
	}
	if (wires_read(query, query_len, &q) && q.opt && !r->no_opt) {
		memcpy(out + len, opt, sizeof(opt));
		len += sizeof(opt);
		store_u16(out + 10, (uint16_t)(r->n[2] + 1));
		if (r->loop) {
			store_u16(out + len - 2, sizeof(loop));
			memcpy(out + len, loop, sizeof(loop));
			len += sizeof(loop);
		}
	}
	spoil(out, question, r->fault);
	if (r->fault == WIRES_SHORT)
		return 4;
	if (r->fault == WIRES_NO_QUESTION) {
		memset(out + 4, 0, 8);
		return 12;
	}
	if (r->fault == WIRES_RDLENGTH && r->n[0] > 0)
		return len - (r->no_opt || !q.opt ? 0 : sizeof(opt)) - 2;
	return len;
}
