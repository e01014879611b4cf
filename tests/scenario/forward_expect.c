#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "forward.h"

/* ---- what the table did ---- */

static void take_line(struct script *s, unsigned i)
{
	struct deck *d = &s->deck;

	memmove(&d->lines[i], &d->lines[i + 1],
		(d->nlines - i - 1) * sizeof(d->lines[0]));
	d->nlines--;
}

static void unexpected(struct script *s, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s (there is: %s)", what,
		s->deck.nlines == 0 ? "nothing" : s->deck.lines[0].text);
	forward_fault(s, text);
}

void forward_leftovers(struct script *s)
{
	while (s->deck.nlines > 0) {
		unexpected(s, "not expected");
		take_line(s, 0);
	}
	if (s->deck.overflow)
		forward_fault(s, "more happened than there is room for");
	s->deck.overflow = 0;
}

/* Do the words from `from` to `end` of the line stand in `text` in their order? */
static bool reads(const struct script *s, unsigned from, unsigned end, const char *text)
{
	for (unsigned i = from; i < end; i++) {
		size_t len = strlen(s->word[i]);

		if (strncmp(text, s->word[i], len) != 0 ||
			(text[len] != ' ' && text[len] != '\0'))
			return false;
		text += len;
		text += strspn(text, " ");
	}
	return true;
}

bool forward_happened(const struct script *s)
{
	for (unsigned i = 0; i < s->deck.nlines; i++) {
		if (reads(s, 1, s->n, s->deck.lines[i].text))
			return true;
	}
	return false;
}

static const char *const attributes[] = {
	"opt", "noopt", "mixed", "lower", "do", "nodo", "cd", "ad", "nord", "mark"};

static bool is_attribute(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (strcmp(word, attributes[i]) == 0)
			return true;
	}
	return false;
}

/* What stands in the query that was sent. */
static bool query_is(const struct script *s, unsigned from, const struct deck_exchange *x)
{
	struct wires_query q;

	if (!wires_read(x->query, x->len, &q))
		return false;
	const bool is[] = {q.opt, !q.opt, q.mixed, !q.mixed, q.do_bit, !q.do_bit, q.cd,
		q.ad, !q.rd, q.marked};

	for (unsigned w = from; w < s->n; w++) {
		for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
			if (strcmp(s->word[w], attributes[i]) == 0 && !is[i])
				return false;
		}
	}
	return !q.opt || q.udp_size == 1232;
}

static void expect_line(struct script *s)
{
	unsigned end = s->n;

	while (end > 1 && is_attribute(s->word[end - 1]))
		end--;
	for (unsigned i = 0; i < s->deck.nlines; i++) {
		const struct deck_line *l = &s->deck.lines[i];

		if (!reads(s, 1, end, l->text))
			continue;
		if (end < s->n && !query_is(s, end, &s->deck.exchanges[l->exchange]))
			forward_fault(s, "the query is another one");
		take_line(s, i);
		return;
	}
	unexpected(s, "did not happen");
}

/* ---- what the cache has ---- */

static bool number_is(struct script *s, unsigned from, const char *what, uint64_t is)
{
	const char *v = forward_behind(s, from, what);
	char text[96];

	if (v == NULL || strtoull(v, NULL, 10) == is)
		return true;
	snprintf(text, sizeof(text), "%s is %llu", what, (unsigned long long)is);
	forward_fault(s, text);
	return false;
}

/* "text" is the last word: all that follows is the text. */
static void text_is(struct script *s, unsigned from, const struct cache_entry *e)
{
	char want[256] = "", text[CACHE_TEXT_MAX + 1];

	snprintf(text, sizeof(text), "%.*s", (int)e->text_len,
		(const char *)cache_text(e));
	for (unsigned i = from; i < s->n; i++) {
		if (strcmp(s->word[i], "text") != 0)
			continue;
		for (unsigned j = i + 1; j < s->n; j++)
			snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s%s",
				j > i + 1 ? " " : "", s->word[j]);
		if (strcmp(want, text) != 0)
			forward_fault(s, text);
		return;
	}
}

static void check_failure(struct script *s, unsigned from, const struct cache_entry *e)
{
	const char *holds = forward_behind(s, from, "holds");
	uint64_t left = e->expires_ns - e->stored_ns;

	number_is(s, from, "ede", e->ede);
	text_is(s, from, e);
	if (holds != NULL && forward_duration_ns(holds) != left) {
		char text[64];

		snprintf(text, sizeof(text), "holds %llu ms",
			(unsigned long long)(left / NS_PER_MS));
		forward_fault(s, text);
	}
}

static void check_answer(struct script *s, unsigned from, const struct cache_found *found)
{
	const struct cache_entry *e = found->answer;

	if (forward_has(s, from, "fresh") && !found->fresh)
		forward_fault(s, "it is stale");
	if (forward_has(s, from, "stale") && found->fresh)
		forward_fault(s, "it is fresh");
	number_is(s, from, "answers", e->answers);
	number_is(s, from, "rcode", e->rcode);
	number_is(s, from, "ad", e->ad);
	if (forward_behind(s, from, "ttl") != NULL && e->nsets > 0)
		number_is(s, from, "ttl",
			cache_ttl_s(e, cache_sets(e), s->deck.now_ns, false));
}

static void check_found(
	struct script *s, unsigned at, const struct question *q, uint64_t arrival_ns)
{
	const char *kind = forward_word(s, at);
	struct cache_found found;
	bool any = cache_find(
		&s->deck.cache.reader, q, arrival_ns, s->deck.now_ns, &found);

	if (strcmp(kind, "nothing") == 0) {
		if (any &&
			((found.answer != NULL && found.fresh) || found.failure != NULL))
			forward_fault(s, "something is there");
	} else if (strcmp(kind, "failure") == 0) {
		if (!any || found.failure == NULL)
			forward_fault(s, "no failure is there");
		else
			check_failure(s, at + 1, found.failure);
	} else if (!any || found.answer == NULL) {
		forward_fault(s, "no answer is there");
	} else if ((strcmp(kind, "nxdomain") == 0) != (found.answer->rcode == 3)) {
		forward_fault(s, "it is of another kind");
	} else {
		check_answer(s, at + 1, &found);
	}
}

static void expect_outcome(struct script *s)
{
	unsigned place = (unsigned)atoi(forward_word(s, 2) + 1) % DECK_ASKS;
	const struct deck_ask *a = &s->deck.asks[place];

	for (unsigned i = 0; i < a->n; i++)
		check_found(s, 3, &a->q[i], a->arrival_ns);
}

static void expect_cached(struct script *s)
{
	struct question q;

	deck_question(
		forward_word(s, 2), forward_word(s, 3), 0, forward_group_of(s, 4), &q);
	check_found(s, 4, &q, s->deck.now_ns);
}

/* ---- what was counted ---- */

static const stat_u64 *upstream_counter(struct stat_upstream *u, const char *name)
{
	const struct {
		const char *name;
		const stat_u64 *at;
	} all[] = {
		{"up", &u->up},
		{"udp", &u->queries[0]},
		{"tcp", &u->queries[1]},
		{"tls", &u->queries[2]},
		{"noerror", &u->rcodes[0]},
		{"servfail", &u->rcodes[2]},
		{"timeouts", &u->failures[FAILURE_TIMEOUT]},
		{"refusals", &u->failures[FAILURE_REFUSED]},
		{"networks", &u->failures[FAILURE_NETWORK]},
		{"mismatches", &u->failures[FAILURE_MISMATCH]},
		{"malformed", &u->failures[FAILURE_MALFORMED]},
		{"inflight", &u->inflight},
		{"truncated", &u->truncated},
		{"hedges", &u->hedges},
		{"failovers", &u->failovers},
		{"loops", &u->loops},
		{"probes", &u->probes},
		{"probes_failed", &u->probes_failed},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(name, all[i].name) == 0)
			return all[i].at;
	}
	return NULL;
}

static const stat_u64 *counter(struct stat_forwarder *f, const char *name)
{
	const struct {
		const char *name;
		const stat_u64 *at;
	} all[] = {
		{"inflight", &f->inflight},
		{"limit", &f->inflight_limit},
		{"questions", &f->questions},
		{"coalesced", &f->coalesced},
		{"answered", &f->answered},
		{"failed", &f->failed},
		{"slots", &f->rejected[REJECT_SLOTS]},
		{"waiters", &f->rejected[REJECT_WAITERS]},
		{"rate", &f->rejected[REJECT_RATE]},
		{"prefetches", &f->prefetches},
		{"flushed", &f->flushed},
		{"broken", &f->broken},
		{"upstreams", &f->nupstreams},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(name, all[i].name) == 0)
			return all[i].at;
	}
	return NULL;
}

static void expect_count(struct script *s)
{
	const stat_u64 *c = s->n == 4 ? counter(s->deck.stat, s->word[2])
	                              : upstream_counter(
						&s->deck.stat->upstreams[forward_upstream(
							s, forward_word(s, 2))],
						forward_word(s, 3));
	char text[64];

	if (c == NULL) {
		forward_fault(s, "no such counter");
		return;
	}
	if (stat_get(c) == strtoull(s->word[s->n - 1], NULL, 10))
		return;
	snprintf(text, sizeof(text), "it is %llu", (unsigned long long)stat_get(c));
	forward_fault(s, text);
}

void forward_expect(struct script *s)
{
	const char *what = forward_word(s, 1);

	if (strcmp(what, "quiet") == 0)
		forward_leftovers(s);
	else if (strcmp(what, "outcome") == 0)
		expect_outcome(s);
	else if (strcmp(what, "cached") == 0)
		expect_cached(s);
	else if (strcmp(what, "count") == 0)
		expect_count(s);
	else if (strcmp(what, "open") == 0)
		number_is(s, 1, "open", deck_open_exchanges(&s->deck));
	else
		expect_line(s);
}
