#include "upstream.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/text.h"
#include "dns/type.h"
#include "forwarder/reply.h"

#define OUTCOMES_MAX 64
#define RING         (1u << 20)

enum how { HOW_REPLY, HOW_FAILS, HOW_SILENT };

struct outcome {
	struct name name; /* folded */
	uint16_t type;
	enum how how;
	uint16_t ede;
	char text[64];
	ldns_pkt *pkt; /* owned */
};

struct upstream {
	struct cachewrite cache;
	uint8_t *base, *copies, *entry; /* owned */
	struct outcome outcomes[OUTCOMES_MAX];
	unsigned n, last;
	uint64_t asked;
};

/* Octets that begin at a page's boundary. */
static uint8_t *pages(size_t n)
{
	size_t whole = round_up(n, 4096);
	uint8_t *p = aligned_alloc(4096, whole);

	if (p == NULL)
		abort();
	memset(p, 0, whole);
	return p;
}

struct upstream *upstream_new(struct cache *out, uint64_t now_ns)
{
	struct upstream *u = mem_alloc(1, sizeof(*u));
	size_t octets = cachewrite_octets(RING, RING);

	u->base = pages(octets);
	u->copies = pages(4 * round_up(CACHE_COPY_MAX, 64));
	u->entry = pages(CACHE_COPY_MAX);
	cachewrite_open(&u->cache, u->base, octets, RING, RING, "scenario", u->copies,
		NULL, NULL, now_ns);
	*out = (struct cache){.base = u->base, .size = octets};
	out->copy[0] = u->copies + 2 * round_up(CACHE_COPY_MAX, 64);
	out->copy[1] = u->copies + 3 * round_up(CACHE_COPY_MAX, 64);
	return u;
}

void upstream_free(struct upstream *u)
{
	for (unsigned i = 0; i < u->n; i++)
		ldns_pkt_free(u->outcomes[i].pkt);
	free(u->base);
	free(u->copies);
	free(u->entry);
	free(u);
}

/* ---- the script ---- */

static struct outcome *find(struct upstream *u, const uint8_t *name, size_t len, int type)
{
	for (unsigned i = 0; i < u->n; i++)
		if (u->outcomes[i].type == type && u->outcomes[i].name.len == len &&
			memcmp(u->outcomes[i].name.wire, name, len) == 0)
			return &u->outcomes[i];
	return NULL;
}

static ldns_pkt *new_reply(const char *name, const char *type, ldns_pkt_rcode rcode)
{
	ldns_pkt *pkt = ldns_pkt_query_new(ldns_dname_new_frm_str(name),
		ldns_get_rr_type_by_name(type), LDNS_RR_CLASS_IN, LDNS_RD);

	ldns_pkt_set_qr(pkt, true);
	ldns_pkt_set_ra(pkt, true);
	ldns_pkt_set_rcode(pkt, (uint8_t)rcode);
	return pkt;
}

static bool script_how(struct outcome *o, char **word, size_t n)
{
	const ldns_lookup_table *rcode;
	bool ad = n > 3 && strcmp(word[3], "ad") == 0;

	if (strcmp(word[2], "silent") == 0) {
		o->how = HOW_SILENT;
		return n == 3;
	}
	if (strcmp(word[2], "fails") == 0 && n > 3) {
		o->how = HOW_FAILS;
		o->ede = (uint16_t)atoi(word[3]);
		snprintf(o->text, sizeof(o->text), "%s", n > 4 ? word[4] : "");
		return true;
	}
	rcode = ldns_lookup_by_name(ldns_rcodes, word[2]);
	if (rcode == NULL || n > (ad ? 4 : 3))
		return false;
	o->how = HOW_REPLY;
	o->pkt = new_reply(word[0], word[1], (ldns_pkt_rcode)rcode->id);
	ldns_pkt_set_ad(o->pkt, ad);
	return true;
}

bool upstream_script(struct upstream *u, char **word, size_t nwords)
{
	struct name name;
	struct outcome *o;

	if (nwords < 3 || name_parse(word[0], &name) < 0 || type_parse(word[1]) < 0)
		return false;
	name_fold(name.wire, name.wire, name.len);
	o = find(u, name.wire, name.len, type_parse(word[1]));
	if (o == NULL && u->n == OUTCOMES_MAX)
		return false;
	if (o == NULL)
		o = &u->outcomes[u->n++];
	ldns_pkt_free(o->pkt);
	*o = (struct outcome){.name = name, .type = (uint16_t)type_parse(word[1])};
	u->last = (unsigned)(o - u->outcomes);
	return script_how(o, word, nwords);
}

bool upstream_rr(struct upstream *u, int section, const char *text)
{
	ldns_rr *rr = NULL;

	if (u->n == 0 || u->outcomes[u->last].pkt == NULL ||
		ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
		return false;
	return ldns_pkt_push_rr(u->outcomes[u->last].pkt,
		section == 0 ? LDNS_SECTION_ANSWER : LDNS_SECTION_AUTHORITY, rr);
}

/* ---- asking ---- */

static void take_reply(struct upstream *u, const struct outcome *o,
	const struct question *q, const struct reply_rules *rules)
{
	struct cache_entry *e = (void *)u->entry;
	const char *why = NULL;
	uint8_t *wire = NULL;
	size_t size = 0;

	if (ldns_pkt2wire(&wire, o->pkt, &size) != LDNS_STATUS_OK)
		abort();
	if (reply_take(wire, size, q, rules, e, &why) == REPLY_USELESS)
		reply_failure(q, rules, EDE_NETWORK_ERROR, why, e);
	free(wire);
}

enum upstream_end upstream_ask(struct upstream *u, const struct question *q,
	const struct settings *s, uint64_t now_ns)
{
	const struct reply_rules rules = {
		.settings = &s->forward, .zones = s, .trust_ad = true, .now_ns = now_ns};
	struct cache_entry *e = (void *)u->entry;
	const struct outcome *o = find(u, q->name, q->name_len, q->type);
	char name[NAME_TEXT_MAX], type[12];

	u->asked++;
	if (o == NULL) {
		name_text(q->name, q->name_len, name, sizeof(name));
		fprintf(stderr, "  no upstream knows %s %s\n", name,
			type_text(q->type, type));
		return UPSTREAM_UNKNOWN;
	}
	if (o->how == HOW_SILENT)
		return UPSTREAM_SILENT;
	if (o->how == HOW_FAILS)
		reply_failure(q, &rules, o->ede, o->text, e);
	else
		take_reply(u, o, q, &rules);
	u->cache.keep_positive = s->forward.cache.stale_prefer_positive;
	if (cachewrite_store(&u->cache, e) < 0)
		abort();
	return UPSTREAM_STORED;
}

uint64_t upstream_asked(const struct upstream *u)
{
	return u->asked;
}
