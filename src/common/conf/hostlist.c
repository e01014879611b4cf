#include "conf/hostlist.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define SHOWN_MAX 40 /* octets of a word that a message shows */

struct word {
	const char *at; /* borrowed; not terminated; NULL: there is none */
	size_t len;
};

/* A walk over the words of a line. */
struct line {
	const char *at, *end;
	unsigned number;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct word next_word(struct line *l)
{
	struct word w = {0};

	while (l->at < l->end && is_space(*l->at))
		l->at++;
	if (l->at == l->end)
		return w;
	w.at = l->at;
	while (l->at < l->end && !is_space(*l->at))
		l->at++;
	w.len = (size_t)(l->at - w.at);
	return w;
}

/* What is wrong with a word: cut, and nothing in it that a terminal would obey. */
static void bad(const struct line *l, const struct word *w, const char *what,
	const struct hostlist_handlers *handlers, void *arg)
{
	char shown[SHOWN_MAX + 1], text[SHOWN_MAX + 160];
	size_t n = MIN(w->len, (size_t)SHOWN_MAX);

	for (size_t i = 0; i < n; i++) {
		bool plain = w->at[i] >= ' ' && w->at[i] <= '~' && w->at[i] != '"';

		shown[i] = '?';
		if (plain)
			shown[i] = w->at[i];
	}
	shown[n] = '\0';
	snprintf(text, sizeof(text), "\"%s%s\" %s", shown, w->len > n ? "..." : "", what);
	handlers->on_bad(arg, l->number, text);
}

static bool take_addr(const struct word *w, struct addr *out)
{
	const char *zone = memchr(w->at, '%', w->len);
	size_t len = zone == NULL ? w->len : (size_t)(zone - w->at);

	return addr_parse(w->at, len, out);
}

static bool take_name(const struct word *w, struct name *out)
{
	char text[NAME_TEXT_MAX];

	if (w->len >= sizeof(text) || memchr(w->at, '\0', w->len) != NULL)
		return false;
	memcpy(text, w->at, w->len);
	text[w->len] = '\0';
	if (name_parse(text, out) < 0 || out->len <= 1)
		return false;
	name_fold(out->wire, out->wire, out->len);
	return true;
}

static void parse_line(
	struct line *l, const struct hostlist_handlers *handlers, void *arg)
{
	struct word address = next_word(l), w;
	struct line again;
	struct addr addr;
	struct name name;

	if (address.at == NULL)
		return;
	if (!take_addr(&address, &addr)) {
		bad(l, &address, "is no IP address", handlers, arg);
		return;
	}
	again = *l;
	w = next_word(l);
	if (w.at == NULL)
		bad(l, &address, "has no name behind it", handlers, arg);
	for (; w.at != NULL; w = next_word(l))
		if (!take_name(&w, &name)) {
			bad(l, &w, "is no domain name", handlers, arg);
			return;
		}
	for (w = next_word(&again); w.at != NULL; w = next_word(&again))
		if (take_name(&w, &name))
			handlers->on_host(arg, l->number, &addr, &name);
}

void hostlist_parse(
	const char *text, size_t len, const struct hostlist_handlers *handlers, void *arg)
{
	const char *at = text, *end = text + len;

	for (unsigned number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline == NULL ? end : newline;
		const char *comment = memchr(at, '#', (size_t)(stop - at));
		struct line l = {at, comment == NULL ? stop : comment, number};

		parse_line(&l, handlers, arg);
		at = newline == NULL ? end : newline + 1;
	}
}
