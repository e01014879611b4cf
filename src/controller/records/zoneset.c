#include "controller/records/zoneset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "snap/layout.h"

#define LABELS_MAX 128

/* What is read, besides the set itself. */
struct reading {
	struct zoneset *set;
	const char *(*on_include)(void *arg, const char *from, const char *target,
		size_t len, struct zoneparse_text *out);
	void *arg;
	struct zoneparse_fault *fault;
};

#define TTL_UNKNOWN UINT32_MAX

/* ---- filling ---- */

static uint32_t keep(struct zoneset *s, const void *octets, size_t len)
{
	size_t at = s->octets.len;

	mem_buf_put(&s->octets, octets, len);
	return (uint32_t)at;
}

/* The index of a path; the last one stands for all that are too many. */
static uint8_t path_of(struct zoneset *s, const char *path)
{
	for (size_t i = s->npaths; i-- > 0;)
		if (strcmp(s->path[i], path) == 0)
			return (uint8_t)i;
	if (s->npaths == ZONESET_PATHS_MAX)
		return ZONESET_PATHS_MAX - 1;
	s->path[s->npaths] = mem_dup(path, strlen(path));
	return (uint8_t)s->npaths++;
}

/* True if rdata is one name, which is compared and looked up. */
static bool is_name(uint16_t type)
{
	return type == TYPE_NS || type == TYPE_CNAME || type == TYPE_PTR ||
	       type == TYPE_DNAME;
}

static bool on_rr(void *arg, const struct zoneparse_rr *rr)
{
	struct zoneset *s = ((struct reading *)arg)->set;
	struct zoneset_rr *out;

	if (s->n == ZONESET_RRS_MAX)
		return false;
	if (s->n == s->room) {
		s->room = s->room == 0 ? 64 : s->room * 2;
		s->rrs = mem_resize(s->rrs, s->room, sizeof(*s->rrs));
	}
	out = &s->rrs[s->n];
	*out = (struct zoneset_rr){
		.name_len = rr->owner->len,
		.path = path_of(s, rr->path),
		.type = rr->type,
		.len = (uint16_t)rr->len,
		.ttl_s = rr->ttl_known ? rr->ttl_s : TTL_UNKNOWN,
		.line = rr->line,
	};
	/* Records of one owner mostly stand together: its name is kept once. */
	if (s->n > 0 && out[-1].name_len == out->name_len &&
		memcmp(zoneset_octets(s, out[-1].name), rr->owner->wire,
			rr->owner->len) == 0)
		out->name = out[-1].name;
	else
		out->name = keep(s, rr->owner->wire, rr->owner->len);
	out->rdata = keep(s, rr->rdata, rr->len);
	if (is_name(rr->type))
		name_fold(s->octets.data + out->rdata, s->octets.data + out->rdata,
			out->len);
	s->n++;
	return true;
}

static const char *on_include(void *arg, const char *from, const char *target, size_t len,
	struct zoneparse_text *out)
{
	struct reading *r = arg;

	return r->on_include(r->arg, from, target, len, out);
}

/* ---- order ---- */

static int compare_names(
	const struct zoneset *s, const struct zoneset_rr *a, const struct zoneset_rr *b)
{
	if (a->name == b->name)
		return 0;
	return name_compare(zoneset_octets(s, a->name), a->name_len,
		zoneset_octets(s, b->name), b->name_len);
}

static int compare_rdata(
	const struct zoneset *s, const struct zoneset_rr *a, const struct zoneset_rr *b)
{
	size_t n = MIN(a->len, b->len);
	int d = n == 0 ? 0
	               : memcmp(zoneset_octets(s, a->rdata), zoneset_octets(s, b->rdata),
				 n);

	return d != 0 ? d : (int)a->len - (int)b->len;
}

static int by_all(const void *x, const void *y, void *set)
{
	const struct zoneset_rr *a = x, *b = y;
	int d = compare_names(set, a, b);

	if (d == 0)
		d = (int)a->type - (int)b->type;
	return d != 0 ? d : compare_rdata(set, a, b);
}

static bool same_set(
	const struct zoneset *s, const struct zoneset_rr *a, const struct zoneset_rr *b)
{
	return a->type == b->type && compare_names(s, a, b) == 0;
}

/* Sort, and leave out what stands twice; one TTL for each RRset, the lowest. */
static void sort(struct zoneset *s)
{
	size_t n = 0, end;

	if (s->n == 0)
		return;
	qsort_r(s->rrs, s->n, sizeof(*s->rrs), by_all, s);
	for (size_t i = 0; i < s->n; i = end) {
		uint32_t ttl_s = s->rrs[i].ttl_s;
		size_t first = n;

		for (end = i; end < s->n && same_set(s, &s->rrs[i], &s->rrs[end]); end++)
			ttl_s = MIN(ttl_s, s->rrs[end].ttl_s);
		for (size_t k = i; k < end; k++) {
			if (n > first &&
				compare_rdata(s, &s->rrs[n - 1], &s->rrs[k]) == 0)
				continue;
			s->rrs[n] = s->rrs[k];
			s->rrs[n++].ttl_s = ttl_s;
		}
	}
	s->n = n;
}

/* ---- names ---- */

static struct zoneset_name *add_name(struct zoneset *s, uint32_t at, size_t len)
{
	if (s->nnames == s->names_room) {
		s->names_room = s->names_room == 0 ? 64 : s->names_room * 2;
		s->names = mem_resize(s->names, s->names_room, sizeof(*s->names));
	}
	s->names[s->nnames] = (struct zoneset_name){.name = at, .len = (uint8_t)len};
	return &s->names[s->nnames++];
}

/* What is known while names are walked in canonical order. */
struct names_walk {
	size_t above[LABELS_MAX]; /* the last name of so many labels */
	size_t cover;             /* what hides all below it; SIZE_MAX: nothing does */
};

static bool has(const struct zoneset *s, const struct zoneset_name *n, uint16_t type)
{
	size_t count;

	return zoneset_rrset(s, n, type, &count) != NULL;
}

static bool is_hashed(const struct zoneset *s, const struct zoneset_name *n)
{
	bool any = false;

	for (size_t i = n->rr; i < n->rr + n->n; i++) {
		if (s->rrs[i].type != TYPE_NSEC3 && s->rrs[i].type != TYPE_RRSIG)
			return false;
		any |= s->rrs[i].type == TYPE_NSEC3;
	}
	return any;
}

/* Say of a name what answers need to know; names above it are there already. */
static void mark(struct zoneset *s, struct names_walk *w, size_t i)
{
	struct zoneset_name *n = &s->names[i];
	const uint8_t *wire = zoneset_octets(s, n->name);
	unsigned labels = name_labels(wire, n->len);

	if (w->cover != SIZE_MAX) {
		const struct zoneset_name *c = &s->names[w->cover];

		if (name_under(wire, n->len, zoneset_octets(s, c->name), c->len))
			n->flags = NODE_FILE_BELOW;
		else
			w->cover = SIZE_MAX;
	}
	if (w->cover == SIZE_MAX && i > 0 && has(s, n, TYPE_NS))
		n->flags = NODE_FILE_CUT;
	else if (w->cover == SIZE_MAX && has(s, n, TYPE_DNAME))
		n->flags = NODE_FILE_DNAME;
	if ((n->flags & (NODE_FILE_CUT | NODE_FILE_DNAME)) != 0)
		w->cover = i;
	if (i > 0 && wire[0] == 1 && wire[1] == '*')
		s->names[w->above[labels - 1]].flags |= NODE_FILE_WILD;
	if (is_hashed(s, n))
		n->flags = ZONESET_HASHED;
	w->above[labels] = i;
}

/* Labels that two names have in common, counted from the root. */
static unsigned common(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	unsigned n = MIN(name_labels(a, a_len), name_labels(b, b_len));

	for (; n > 0; n--) {
		size_t i = name_prefix(a, a_len, name_labels(a, a_len) - n);
		size_t k = name_prefix(b, b_len, name_labels(b, b_len) - n);

		if (a_len - i == b_len - k && memcmp(a + i, b + k, a_len - i) == 0)
			break;
	}
	return n;
}

/*
 * Names between the last one and this one that have no records (RFC 4592, 2.2.2): of one
 * record there may be more than a hundred. False: there are too many.
 */
static bool add_empty(
	struct zoneset *s, struct names_walk *w, const struct zoneset_rr *rr)
{
	const struct zoneset_name last = s->names[s->nnames - 1];
	const uint8_t *wire = zoneset_octets(s, rr->name);
	unsigned labels = name_labels(wire, rr->name_len);
	unsigned known = common(
		wire, rr->name_len, zoneset_octets(s, last.name), last.len);

	if (s->nnames + labels - known > ZONESET_NAMES_MAX)
		return false;
	for (unsigned n = known + 1; n < labels; n++) {
		size_t skip = name_prefix(wire, rr->name_len, labels - n);

		add_name(s, rr->name + (uint32_t)skip, rr->name_len - skip);
		mark(s, w, s->nnames - 1);
	}
	return true;
}

static int refuse(struct reading *r, const struct zoneset_rr *rr, const char *why)
{
	char text[NAME_TEXT_MAX];

	name_text(zoneset_octets(r->set, rr->name), rr->name_len, text, sizeof(text));
	return zoneparse_fail(
		r->fault, r->set->path[rr->path], rr->line, 1, "%.200s %s", text, why);
}

static int make_names(struct reading *r)
{
	struct zoneset *s = r->set;
	struct names_walk w = {.cover = SIZE_MAX};
	size_t end;

	for (size_t i = 0; i < s->n; i = end) {
		struct zoneset_name *n;

		for (end = i + 1;
			end < s->n && compare_names(s, &s->rrs[i], &s->rrs[end]) == 0;)
			end++;
		if (i > 0 && !add_empty(s, &w, &s->rrs[i]))
			return refuse(r, &s->rrs[i],
				"is one name too many: a zone may have 500000, those "
				"above its records included");
		n = add_name(s, s->rrs[i].name, s->rrs[i].name_len);
		n->rr = (uint32_t)i;
		n->n = (uint32_t)(end - i);
		mark(s, &w, s->nnames - 1);
	}
	return 0;
}

/* ---- checks ---- */

/* The apex comes first in canonical order: with one SOA, and no other is anywhere. */
static int check_soa(struct reading *r)
{
	const struct zoneset *s = r->set;
	const struct zoneset_rr *first = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct zoneset_rr *rr = &s->rrs[i];

		if (rr->type != TYPE_SOA)
			continue;
		if (rr->name_len != s->apex.len)
			return refuse(r, rr, "has an SOA, but is not the zone's apex");
		if (first != NULL)
			return refuse(r, rr->line > first->line ? rr : first,
				"has several SOAs — keep one");
		first = rr;
	}
	if (first == NULL) {
		char text[NAME_TEXT_MAX];

		name_text(s->apex.wire, s->apex.len, text, sizeof(text));
		return zoneparse_fail(r->fault,
			s->npaths > 0 ? s->path[0] : r->fault->path, 0, 0,
			"%.200s has no SOA at its apex", text);
	}
	return 0;
}

/* RFC 2308, section 4: without $TTL and a TTL before it, the SOA's minimum. */
static void complete_ttls(struct zoneset *s)
{
	uint32_t minimum = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->rrs[i].type == TYPE_SOA)
			minimum = load_u32(
				zoneset_octets(s, s->rrs[i].rdata) + s->rrs[i].len - 4);
	for (size_t i = 0; i < s->n; i++)
		if (s->rrs[i].ttl_s == TTL_UNKNOWN)
			s->rrs[i].ttl_s = minimum;
}

/* May it stand beside a CNAME (RFC 2181, section 10.1; RFC 4034, sections 3 and 4)? */
static bool beside_cname(uint16_t type)
{
	return type == TYPE_CNAME || type == TYPE_RRSIG || type == TYPE_NSEC;
}

/* What no answer and no node has room for would be served in part. */
static int check_sizes(struct reading *r, const struct zoneset_name *n)
{
	const struct zoneset_rr *rr = &r->set->rrs[n->rr];
	size_t octets = 0;

	for (size_t i = 0; i < n->n; i++) {
		if (i > 0 && rr[i].type != rr[i - 1].type)
			octets = 0;
		octets += 2u + rr[i].len; /* as FORM_OPAQUE and FORM_NAMES have them */
		if (octets > UINT16_MAX)
			return refuse(r, &rr[i],
				"has more data of one type than an answer has room for");
	}
	return 0;
}

static int check_name(struct reading *r, const struct zoneset_name *n)
{
	const struct zoneset_rr *rr = &r->set->rrs[n->rr];
	const uint8_t *wire = zoneset_octets(r->set, n->name);
	bool wildcard = wire[0] == 1 && wire[1] == '*';
	const struct zoneset_rr *cname, *dname, *ds;
	size_t ncname, ndname, nds, nns;

	cname = zoneset_rrset(r->set, n, TYPE_CNAME, &ncname);
	dname = zoneset_rrset(r->set, n, TYPE_DNAME, &ndname);
	ds = zoneset_rrset(r->set, n, TYPE_DS, &nds);
	if (cname != NULL && ncname > 1)
		return refuse(r, &cname[1], "has several CNAMEs — keep one");
	if (dname != NULL && ndname > 1)
		return refuse(r, &dname[1], "has several DNAMEs — keep one");
	for (size_t i = 0; cname != NULL && i < n->n; i++)
		if (!beside_cname(rr[i].type))
			return refuse(r, rr[i].line > cname->line ? &rr[i] : cname,
				"has a CNAME and other records — keep one of both");
	if (dname != NULL && n->len != r->set->apex.len &&
		zoneset_rrset(r->set, n, TYPE_NS, &nns) != NULL)
		return refuse(r, dname, "has a DNAME and an NS (RFC 6672, 2.3)");
	if (wildcard && dname != NULL)
		return refuse(r, dname, "is a wildcard with a DNAME (RFC 4592, 4.4)");
	for (size_t i = 0; wildcard && i < n->n; i++)
		if (rr[i].type == TYPE_NS)
			return refuse(
				r, &rr[i], "is a wildcard with an NS (RFC 4592, 4.2)");
	if (ds != NULL && n->len == r->set->apex.len)
		return refuse(r, ds, "has a DS, which belongs into the zone above");
	return check_sizes(r, n);
}

static int check(struct reading *r)
{
	struct zoneset *s = r->set;
	int ret = check_soa(r);

	if (ret < 0)
		return ret;
	complete_ttls(s);
	ret = make_names(r);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < s->nnames; i++)
		if (s->names[i].n > 0 && (ret = check_name(r, &s->names[i])) < 0)
			return ret;
	return 0;
}

/* ---- the set ---- */

struct zoneset *zoneset_read(const struct name *apex, const struct zoneparse_text *text,
	const char *(*include)(void *arg, const char *from, const char *target,
		size_t len, struct zoneparse_text *out),
	void *arg, struct zoneparse_fault *fault)
{
	static const struct zoneparse_handlers handlers = {on_rr, on_include};
	struct reading r = {.set = mem_alloc(1, sizeof(*r.set)),
		.on_include = include,
		.arg = arg,
		.fault = fault};

	r.set->apex = *apex;
	path_of(r.set, text->path);
	if (zoneparse(apex, text, &handlers, &r, fault) < 0)
		goto fail;
	sort(r.set);
	if (check(&r) < 0)
		goto fail;
	return r.set;
fail:
	zoneset_free(r.set);
	return NULL;
}

void zoneset_free(struct zoneset *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->npaths; i++)
		free(s->path[i]);
	mem_buf_fini(&s->octets);
	free(s->rrs);
	free(s->names);
	free(s);
}

const struct zoneset_name *zoneset_find(
	const struct zoneset *s, const uint8_t *name, size_t len)
{
	size_t low = 0, high = s->nnames;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct zoneset_name *n = &s->names[middle];
		int d = name_compare(name, len, zoneset_octets(s, n->name), n->len);

		if (d == 0)
			return (n->flags & ZONESET_HASHED) == 0 ? n : NULL;
		if (d < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct zoneset_rr *zoneset_rrset(const struct zoneset *s,
	const struct zoneset_name *name, uint16_t type, size_t *n)
{
	size_t i = name->rr, end = name->rr + name->n;

	while (i < end && s->rrs[i].type < type)
		i++;
	*n = 0;
	while (i + *n < end && s->rrs[i + *n].type == type)
		(*n)++;
	return *n > 0 ? &s->rrs[i] : NULL;
}
