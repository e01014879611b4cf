#include "ctl/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ctl/records.h"
#include "dns/type.h"

struct taking {
	struct lines *out;
	const struct rrset *rr;
};

void lines_add(struct lines *l, const char *text)
{
	if (l->n == l->cap) {
		l->cap = 2 * l->cap + 16;
		l->line = mem_resize(l->line, l->cap, sizeof(*l->line));
	}
	l->line[l->n++] = mem_dup(text, strlen(text));
}

static void on_rdata(void *arg, const char *rdata)
{
	const struct taking *t = arg;
	struct mem_buf b = {0};
	char head[32], type[12];
	int n = snprintf(head, sizeof(head), "%u %s ", (unsigned)t->rr->ttl_s,
		type_text(t->rr->type, type));

	mem_buf_put(&b, head, (size_t)n);
	mem_buf_put(&b, rdata, strlen(rdata));
	if (t->rr->glue_only)
		mem_buf_put(&b, " glue only", strlen(" glue only"));
	mem_buf_put(&b, "", 1);
	lines_add(t->out, (const char *)b.data);
	mem_buf_fini(&b);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool lines_take(const struct node_view *v, struct lines *out)
{
	const uint8_t *cursor = v->rrsets;
	bool whole = true;
	struct rrset rr;
	struct taking t = {out, &rr};

	for (unsigned i = 0; i < v->head->nrrsets && whole; i++)
		whole = node_next(v, &cursor, &rr) &&
		        records_expand(v, &rr, on_rdata, &t);
	if (out->n > 0)
		qsort(out->line, out->n, sizeof(*out->line), compare);
	return whole;
}

bool lines_equal(const struct lines *a, const struct lines *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->line[i], b->line[i]) != 0)
			return false;
	return true;
}

void lines_fini(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	free(l->line);
	*l = (struct lines){0};
}
