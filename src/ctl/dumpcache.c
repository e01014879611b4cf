#include "ctl/dumpcache.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cache/cache.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "dns/text.h"
#include "dns/type.h"
#include "snap/reader.h"
#include "snap/segment.h"

#define HEADER 12 /* octets of a message */

struct dump {
	const struct name *under;
	bool exact;
	uint64_t now_ns;
	const struct forward_settings *forward; /* NULL: no generation is there */
	struct json json;
	struct cache_entry **entry; /* copies, owned */
	size_t n, cap;
	/* Of the entry in print. */
	char owner[NAME_TEXT_MAX], group[NAME_TEXT_MAX];
	uint8_t msg[HEADER + NAME_MAX_LEN + 4 + CACHE_WIRE_MAX];
};

static bool wanted(const struct dump *d, const struct cache_entry *e)
{
	const struct name *n = d->under;

	return n->len == 0 || (name_under(cache_name(e), e->name_len, n->wire, n->len) &&
				      (!d->exact || e->name_len == n->len));
}

static bool on_entry(void *arg, const struct cache_entry *e)
{
	struct dump *d = arg;
	size_t octets = (size_t)e->size8 * 8;

	if (!wanted(d, e))
		return true;
	if (d->n == d->cap) {
		d->cap = d->cap * 2 + 64;
		d->entry = mem_resize(d->entry, d->cap, sizeof(*d->entry));
	}
	d->entry[d->n] = mem_alloc(octets, 1);
	memcpy(d->entry[d->n++], e, octets);
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct cache_entry *x = *(struct cache_entry *const *)a;
	const struct cache_entry *y = *(struct cache_entry *const *)b;
	int c = name_compare(cache_name(x), x->name_len, cache_name(y), y->name_len);

	if (c == 0)
		c = (int)x->type - (int)y->type;
	return c != 0 ? c : (int)x->kind - (int)y->kind;
}

/* The group that answered, by the zone that it has; a digest of no group in hex. */
static void name_group(struct dump *d, const struct cache_entry *e)
{
	int i = d->forward != NULL ? forward_by_digest(d->forward, e->group) : -1;

	if (i < 0) {
		snprintf(d->group, sizeof(d->group), "%016" PRIx64, e->group);
		return;
	}
	const struct name *from = &d->forward->groups[i].from;
	if (from->len == 0)
		snprintf(d->group, sizeof(d->group), "bootstrap");
	else
		name_text(from->wire, from->len, d->group, sizeof(d->group));
}

static const char *kind_text(const struct cache_entry *e)
{
	switch (e->kind) {
	case CACHE_ANSWER:
		return e->answers > 0 ? "answer" : "NODATA";
	case CACHE_NXDOMAIN:
		return "NXDOMAIN";
	case CACHE_FAILURE:
		return "failure";
	default:
		return "passing";
	}
}

/* Seconds for which it lasts, or since which it has not. */
static uint64_t seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (to_ns - from_ns) / NS_PER_S : 0;
}

static void print_head(struct dump *d, const struct cache_entry *e)
{
	char type[12];

	printf("; %s %s%s%s", d->owner, e->type != 0 ? type_text(e->type, type) : "",
		e->type != 0 ? " " : "", kind_text(e));
	if (e->kind == CACHE_FAILURE && e->ede != UINT16_MAX)
		printf(" EDE %u", e->ede);
	if (e->text_len > 0)
		printf(" \"%.*s\"", e->text_len, (const char *)cache_text(e));
	if (d->now_ns < e->expires_ns)
		printf(", %" PRIu64 " s left", seconds(d->now_ns, e->expires_ns));
	else if (e->kind == CACHE_ANSWER || e->kind == CACHE_NXDOMAIN)
		printf(", stale for %" PRIu64 " s", seconds(e->expires_ns, d->now_ns));
	printf(", group %s%s%s%s\n", d->group,
		(e->flags & QUESTION_DO) != 0 ? ", DO" : "",
		(e->flags & QUESTION_CD) != 0 ? ", CD" : "", e->ad != 0 ? ", AD" : "");
}

static void print_rr(struct dump *d, const struct text_rr *rr, uint32_t ttl_s)
{
	char type[12];

	if (d->json.out == NULL) {
		printf("%s%s\t%u\tIN\t%s\t%s\n",
			rr->section == 1 ? "" : "; authority: ", rr->owner,
			(unsigned)ttl_s, type_text(rr->type, type), rr->rdata);
		return;
	}
	json_begin(&d->json, NULL, '{');
	json_string(&d->json, "section", rr->section == 1 ? "answer" : "authority");
	json_string(&d->json, "name", rr->owner);
	json_string(&d->json, "type", type_text(rr->type, type));
	json_number(&d->json, "ttl", ttl_s);
	json_string(&d->json, "rdata", rr->rdata);
	json_end(&d->json, '}');
}

/* The RRs, as they stand in a reply: a message is put around them. */
static void print_rrs(struct dump *d, const struct cache_entry *e)
{
	const struct cache_set *set = cache_sets(e);
	size_t at = HEADER + e->name_len + 4u;
	struct text_rr rr;

	memset(d->msg, 0, at);
	store_u16(d->msg + 4, 1);
	store_u16(d->msg + 6, e->answers);
	store_u16(d->msg + 8, e->authorities);
	memcpy(d->msg + HEADER, cache_name(e), e->name_len);
	memcpy(d->msg + at, cache_wire(e), e->wire_len);
	struct text_walk w = {.msg = d->msg, .len = at + e->wire_len};
	if (text_next(&w, &rr) != 1) /* the question */
		return;
	for (unsigned i = 0; i < e->nsets; i++) {
		uint32_t ttl_s = cache_ttl_s(e, &set[i], d->now_ns, false);

		for (unsigned k = 0; k < set[i].count; k++) {
			if (text_next(&w, &rr) != 1)
				return;
			print_rr(d, &rr, ttl_s);
		}
	}
}

static void print_json(struct dump *d, const struct cache_entry *e)
{
	char type[12], rcode[12], text[CACHE_TEXT_MAX + 1] = "";

	json_begin(&d->json, NULL, '{');
	json_string(&d->json, "name", d->owner);
	if (e->type != 0)
		json_string(&d->json, "type", type_text(e->type, type));
	json_string(&d->json, "kind", kind_text(e));
	json_string(&d->json, "rcode", rcode_text(e->rcode, rcode));
	json_string(&d->json, "group", d->group);
	json_bool(&d->json, "do", (e->flags & QUESTION_DO) != 0);
	json_bool(&d->json, "cd", (e->flags & QUESTION_CD) != 0);
	json_bool(&d->json, "ad", e->ad != 0);
	json_number(&d->json, "age_s", seconds(e->stored_ns, d->now_ns));
	json_number(&d->json, "left_s", seconds(d->now_ns, e->expires_ns));
	if (d->now_ns >= e->expires_ns)
		json_number(&d->json, "expired_s", seconds(e->expires_ns, d->now_ns));
	json_number(&d->json, "hits", e->hits);
	if (e->kind == CACHE_FAILURE && e->ede != UINT16_MAX)
		json_number(&d->json, "ede", e->ede);
	memcpy(text, cache_text(e), e->text_len);
	if (e->text_len > 0)
		json_string(&d->json, "text", text);
	json_begin(&d->json, "rrs", '[');
	print_rrs(d, e);
	json_end(&d->json, ']');
	json_end(&d->json, '}');
}

static void print_entry(struct dump *d, const struct cache_entry *e)
{
	name_text(cache_name(e), e->name_len, d->owner, sizeof(d->owner));
	name_group(d, e);
	if (d->json.out != NULL) {
		print_json(d, e);
		return;
	}
	print_head(d, e);
	print_rrs(d, e);
}

/* Print one cache and forget it. */
static void print_cache(struct dump *d, unsigned forwarder, struct cache *c)
{
	d->n = 0;
	cache_walk(c, on_entry, d);
	if (d->n > 0)
		qsort(d->entry, d->n, sizeof(struct cache_entry *), compare);
	if (d->json.out == NULL) {
		printf("; cache %u, %zu entries\n", forwarder, d->n);
	} else {
		json_begin(&d->json, NULL, '{');
		json_number(&d->json, "cache", forwarder);
		json_number(&d->json, "torn", c->torn);
		json_begin(&d->json, "entries", '[');
	}
	for (size_t i = 0; i < d->n; i++) {
		print_entry(d, d->entry[i]);
		free(d->entry[i]);
	}
	if (d->json.out == NULL)
		return;
	json_end(&d->json, ']');
	json_end(&d->json, '}');
}

/* Print the caches that there are; how many, and their entries in *entries. */
static unsigned print_caches(struct dump *d, const char *instance, size_t *entries)
{
	struct cache c = {0};
	unsigned n = 0;
	size_t octets;

	c.copy[0] = mem_alloc(CACHE_COPY_MAX, 1);
	for (unsigned i = 0; i < FORWARDERS_MAX; i++) {
		if (segment_cache_map(instance, i, &c.base, &octets) < 0)
			continue;
		c.size = octets;
		if (cache_valid(c.base, c.size, instance)) {
			print_cache(d, i, &c);
			*entries += d->n;
			n++;
		}
		segment_cache_unmap(c.base, octets);
	}
	free(c.copy[0]);
	return n;
}

int dumpcache_print(
	const char *instance, const struct name *under, bool exact, FILE *json)
{
	struct reader *r = mem_alloc(1, sizeof(*r));
	struct dump *d = mem_alloc(1, sizeof(*d));
	size_t entries = 0;

	d->under = under;
	d->exact = exact;
	d->json.out = json;
	d->now_ns = clock_mono_ns();
	reader_init(r, instance);
	reader_refresh(r);
	if (reader_snap(r) != NULL)
		d->forward = &r->settings.forward;
	if (json != NULL) {
		json_begin(&d->json, NULL, '{');
		json_number(&d->json, "version", 1);
		json_begin(&d->json, "caches", '[');
	}
	unsigned caches = print_caches(d, instance, &entries);
	if (json != NULL) {
		json_end(&d->json, ']');
		json_end(&d->json, '}');
		fputc('\n', json);
	}
	reader_fini(r);
	free(d->entry);
	free(d);
	free(r);
	if (caches == 0) {
		ctl_complain("no cache of instance '%s' is in shared memory", instance);
		return EXIT_UNREACHABLE;
	}
	return entries == 0 && under->len > 0 ? EXIT_NEGATIVE : EXIT_OK;
}
