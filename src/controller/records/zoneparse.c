#include "controller/records/zoneparse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/records/zonerdata.h"
#include "dns/type.h"

#define SHOWN_MAX 48 /* octets of a word in a message */

struct state {
	const struct name *apex;
	const struct zoneparse_handlers *handlers;
	void *arg;
	struct zoneparse_fault *fault;
	uint32_t default_s, last_s; /* $TTL; of the record before */
	bool has_default, has_last;
	struct mem_buf rdata;
	unsigned depth;
	size_t octets; /* that were read, those of a text that is included twice twice */
};

/* A text that is being read. */
struct source {
	const struct zoneparse_text *text;
	struct zonescan scan;
	struct name origin, owner;
	bool has_owner;
};

/* ---- what is wrong ---- */

int zoneparse_fail(struct zoneparse_fault *fault, const char *path, unsigned line,
	unsigned column, const char *fmt, ...)
{
	va_list ap;

	snprintf(fault->path, sizeof(fault->path), "%s", path);
	fault->line = line;
	fault->column = column;
	va_start(ap, fmt);
	vsnprintf(fault->why, sizeof(fault->why), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int fail_at(struct state *st, const struct source *s,
	const struct zonescan_word *w, const char *why)
{
	char shown[SHOWN_MAX + 1];
	size_t n = MIN(w->len, (size_t)SHOWN_MAX);

	for (size_t i = 0; i < n; i++)
		shown[i] = w->at[i] >= ' ' && w->at[i] <= '~' ? w->at[i] : '?';
	shown[n] = '\0';
	return zoneparse_fail(st->fault, s->text->path, w->line, w->column, "%s%s %s",
		shown, n < w->len ? "..." : "", why);
}

/* ---- directives ---- */

static int read_source(struct state *st, struct source *s);

static int take_include(struct state *st, struct source *s)
{
	const struct zonescan_word *w = s->scan.word;
	struct zoneparse_text text;
	struct source inner = {.text = &text,
		.origin = s->origin,
		.owner = s->owner,
		.has_owner = s->has_owner};
	size_t quote = s->scan.n > 1 && w[1].quoted ? 1 : 0;
	const char *why;
	int ret;

	if (s->scan.n < 2 || s->scan.n > 3)
		return fail_at(st, s, w, "needs a file, and may have an origin");
	if (s->scan.n == 3) {
		why = zonerdata_name(&w[2], &s->origin, &inner.origin);
		if (why != NULL)
			return fail_at(st, s, &w[2], why);
	}
	if (st->depth == ZONEPARSE_DEPTH_MAX)
		return fail_at(st, s, &w[1], "is included too deep: by 8 files in a row");
	why = st->handlers->on_include(
		st->arg, s->text->path, w[1].at + quote, w[1].len - 2 * quote, &text);
	if (why != NULL)
		return fail_at(st, s, &w[1], why);
	if (text.len > ZONEPARSE_OCTETS_MAX - st->octets)
		return fail_at(st, s, &w[1], "makes the zone larger than 64 MiB");
	st->octets += text.len;
	st->depth++;
	ret = read_source(st, &inner);
	st->depth--;
	return ret;
}

static int take_directive(struct state *st, struct source *s)
{
	const struct zonescan_word *w = s->scan.word;
	const char *why;

	if (zonerdata_is(w, "$INCLUDE"))
		return take_include(st, s);
	if (zonerdata_is(w, "$ORIGIN")) {
		if (s->scan.n != 2)
			return fail_at(st, s, w, "needs one name");
		why = zonerdata_name(&w[1], &s->origin, &s->origin);
		return why == NULL ? 0 : fail_at(st, s, &w[1], why);
	}
	if (zonerdata_is(w, "$TTL")) {
		if (s->scan.n != 2 || !zonerdata_ttl(&w[1], &st->default_s))
			return fail_at(st, s, w,
				"needs one time such as 3600 or 1h, up to 2147483647");
		st->has_default = true;
		return 0;
	}
	return fail_at(st, s, w, "is no directive — $ORIGIN, $TTL and $INCLUDE are");
}

/* ---- records ---- */

/* TTL and class, each at most once and in any order; *i moves to the type. */
static int take_head(
	struct state *st, const struct source *s, size_t *i, struct zoneparse_rr *rr)
{
	static const char *const others[] = {"CH", "CS", "HS", "ANY", "NONE"};
	const struct zonescan_word *w = s->scan.word;
	bool has_class = false;

	for (; *i < s->scan.n; (*i)++) {
		if (!has_class && zonerdata_is(&w[*i], "IN")) {
			has_class = true;
			continue;
		}
		for (size_t k = 0; k < ARRAY_LEN(others); k++)
			if (zonerdata_is(&w[*i], others[k]))
				return fail_at(st, s, &w[*i],
					"is not the class of this zone — it is IN");
		if (rr->ttl_known || w[*i].at[0] < '0' || w[*i].at[0] > '9')
			return 0;
		if (!zonerdata_ttl(&w[*i], &rr->ttl_s))
			return fail_at(st, s, &w[*i],
				"is no TTL such as 3600 or 1h, up to 2147483647");
		rr->ttl_known = true;
	}
	return 0;
}

/* RFC 2308, section 4; RFC 1035, section 5.1: $TTL, or as the record before. */
static void complete_ttl(struct state *st, struct zoneparse_rr *rr)
{
	if (!rr->ttl_known && (st->has_default || st->has_last)) {
		rr->ttl_s = st->has_default ? st->default_s : st->last_s;
		rr->ttl_known = true;
	}
	if (rr->ttl_known) {
		st->last_s = rr->ttl_s;
		st->has_last = true;
	}
}

static int take_owner(struct state *st, struct source *s)
{
	const struct zonescan_word *w = s->scan.word;
	const char *why;

	if (s->scan.blank)
		return s->has_owner
		               ? 0
		               : fail_at(st, s, w,
					 "begins a record without an owner: there is "
					 "none before it");
	why = zonerdata_name(w, &s->origin, &s->owner);
	if (why != NULL)
		return fail_at(st, s, w, why);
	s->has_owner = true;
	return 0;
}

static int take_record(struct state *st, struct source *s)
{
	const struct zonescan_word *w = s->scan.word;
	struct zoneparse_rr rr = {.path = s->text->path, .line = w[0].line};
	size_t i = s->scan.blank ? 0 : 1;
	struct zonerdata_fault fault;
	int ret = take_owner(st, s), type;

	if (ret == 0)
		ret = take_head(st, s, &i, &rr);
	if (ret < 0)
		return ret;
	if (i >= s->scan.n)
		return fail_at(
			st, s, &w[s->scan.n - 1], "is not all: a type has to follow");
	type = zonerdata_type(&w[i]);
	if (type < 0)
		return fail_at(st, s, &w[i], "is no type of records in a zone");
	if (!name_under(s->owner.wire, s->owner.len, st->apex->wire, st->apex->len)) {
		char text[NAME_TEXT_MAX];

		name_text(s->owner.wire, s->owner.len, text, sizeof(text));
		return zoneparse_fail(st->fault, s->text->path, w[0].line, w[0].column,
			"%.200s is not in the zone — is a final dot missing, or one too "
			"much?",
			text);
	}
	if (i + 1 >= s->scan.n)
		return fail_at(st, s, &w[i], "is not all: its data have to follow");
	st->rdata.len = 0;
	if (!zonerdata_parse((uint16_t)type, &w[i + 1], s->scan.n - i - 1, &s->origin,
		    &st->rdata, &fault))
		return fail_at(st, s, &w[i + 1 + fault.word], fault.why);
	complete_ttl(st, &rr);
	rr.owner = &s->owner;
	rr.type = (uint16_t)type;
	rr.rdata = st->rdata.data;
	rr.len = st->rdata.len;
	if (!st->handlers->on_rr(st->arg, &rr))
		return fail_at(st, s, w, "is one record too many");
	return 0;
}

/* ---- texts ---- */

static int read_source(struct state *st, struct source *s)
{
	int ret;

	s->scan = (struct zonescan){.text = s->text->text, .len = s->text->len};
	while ((ret = zonescan_next(&s->scan)) > 0) {
		if (!s->scan.blank && s->scan.word[0].at[0] == '$')
			ret = take_directive(st, s);
		else
			ret = take_record(st, s);
		if (ret < 0)
			break;
	}
	if (ret < 0 && s->scan.why != NULL)
		zoneparse_fail(st->fault, s->text->path, s->scan.why_line,
			s->scan.why_column, "%s", s->scan.why);
	zonescan_fini(&s->scan);
	return ret;
}

int zoneparse(const struct name *apex, const struct zoneparse_text *text,
	const struct zoneparse_handlers *handlers, void *arg,
	struct zoneparse_fault *fault)
{
	struct state st = {.apex = apex,
		.handlers = handlers,
		.arg = arg,
		.fault = fault,
		.octets = MIN(text->len, ZONEPARSE_OCTETS_MAX)};
	struct source s = {.text = text, .origin = *apex};
	int ret = read_source(&st, &s);

	mem_buf_fini(&st.rdata);
	return ret;
}
