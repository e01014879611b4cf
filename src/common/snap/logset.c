#include "snap/logset.h"

#include <errno.h>
#include <string.h>

#include "base/logline.h"
#include "snap/cursor.h"

static void rule(struct cursor *c, struct logset_rule *r)
{
	cursor_word(c, &r->window_ms);
	cursor_octet(c, &r->level, LOG_DEBUG);
	cursor_flag(c, &r->show_first);
	cursor_octet(c, &r->len, LOGSET_MATCH_MAX);
	if (c->bad)
		return;
	cursor_octets(c, r->match, r->len);
	r->match[r->len] = '\0';
	cursor_insist(c, c->bad || strlen(r->match) == r->len);
}

static void walk(struct cursor *c, struct log_settings *l)
{
	cursor_octet(c, &l->level, LOG_DEBUG);
	cursor_octet(c, &l->format, LOG_JSON);
	cursor_octet(c, &l->nrules, LOGSET_RULES_MAX);
	for (unsigned i = 0; !c->bad && i < l->nrules; i++)
		rule(c, &l->rules[i]);
}

size_t logset_encode(const struct log_settings *l, uint8_t *out)
{
	struct log_settings copy = *l; /* walked by what could change it */
	struct cursor c = {.out = out};

	walk(&c, &copy);
	return (size_t)(c.out - out);
}

int logset_decode(const uint8_t *octets, size_t len, struct log_settings *out)
{
	struct cursor c = {.in = octets, .left = len};

	*out = (struct log_settings){0};
	walk(&c, out);
	return c.bad || c.left > 0 ? -EBADMSG : 0;
}
