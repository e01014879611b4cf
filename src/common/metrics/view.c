#include "metrics/view.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"

static uint64_t word(const void *page, size_t offset)
{
	return stat_get((const stat_u64 *)(const void *)((const char *)page + offset));
}

void view_words(const stat_u64 *words, uint64_t *out, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = stat_get(&words[i]);
}

const struct name *view_probe_zone(const struct settings *s)
{
	return s != NULL && s->nzones > 0 ? &s->zones[0].name : NULL;
}

bool view_is_own(const struct view *v, const struct ring_entry *e)
{
	for (unsigned i = 0; i < VIEW_OWN; i++)
		if (v->own[i].port != 0 && v->own[i].port == e->port &&
			v->own[i].id == e->id)
			return e->type == TYPE_SOA;
	return false;
}

uint64_t view_workers(const struct view *v, size_t offset)
{
	uint64_t sum = 0;

	view_workers_all(v, offset, &sum, 1);
	return sum;
}

uint64_t view_forwarders(const struct view *v, size_t offset)
{
	uint64_t sum = 0;

	view_forwarders_all(v, offset, &sum, 1);
	return sum;
}

void view_workers_all(const struct view *v, size_t offset, uint64_t *out, unsigned n)
{
	memset(out, 0, n * sizeof(*out));
	for (unsigned w = 0; w < v->nworkers; w++)
		for (unsigned i = 0; i < n; i++)
			out[i] += word(v->worker[w], offset + VIEW_WORD(i));
}

void view_forwarders_all(const struct view *v, size_t offset, uint64_t *out, unsigned n)
{
	memset(out, 0, n * sizeof(*out));
	for (unsigned f = 0; f < v->nforwarders; f++)
		for (unsigned i = 0; i < n; i++)
			out[i] += word(v->forwarder[f], offset + VIEW_WORD(i));
}

bool view_lives(const struct view *v, const struct stat_head *head, uint64_t ns)
{
	uint64_t beat_ns = stat_get(&head->heartbeat_ns);

	return stat_get(&head->pid) != 0 && beat_ns != 0 && v->mono_ns < beat_ns + ns;
}

const char *view_digest(const struct view *v, char out[VIEW_DIGEST], bool *last_good)
{
	const struct stat_supervisor *s = v->supervisor;
	uint64_t words[4], begun, number;

	if (s == NULL)
		return NULL;
	begun = stat_read_begin(&s->reload_seq);
	view_words(s->config.digest, words, ARRAY_LEN(words));
	number = stat_get(&s->config.number);
	*last_good = stat_get(&s->config.last_good) != 0;
	if (!stat_read_done(&s->reload_seq, begun) || number == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(words); i++)
		snprintf(out + 2 * i, 3, "%02x", ((const uint8_t *)words)[i]);
	return out;
}

const char *view_text(const char *text, char out[VIEW_TEXT])
{
	memcpy(out, text, STAT_UPSTREAM_TEXT);
	out[STAT_UPSTREAM_TEXT] = '\0';
	for (char *c = out; *c != '\0';
		c++) /* the formats are UTF-8, and terminals read them */
		if (*c < ' ' || *c > '~')
			*c = '?';
	return out;
}
