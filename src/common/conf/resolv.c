#include "conf/resolv.h"

#include <stdbool.h>
#include <string.h>

#include "base/base.h"
#include "conf/endpoint.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word of a line; *p moves behind it. Length 0: there is none. */
static size_t next_word(const char **p, const char *end, const char **word)
{
	while (*p < end && is_space(**p))
		(*p)++;
	*word = *p;
	while (*p < end && !is_space(**p))
		(*p)++;
	return (size_t)(*p - *word);
}

/* An address, perhaps with the interface of a link-local one. */
static bool take_address(const char *word, size_t n, struct resolv_server *out)
{
	const char *percent = memchr(word, '%', n);
	const size_t len = percent != NULL ? (size_t)(percent - word) : n;

	if (!addr_parse(word, len, &out->addr))
		return false;
	if (percent == NULL)
		return true;
	const size_t rest = n - len - 1;
	if (rest == 0 || rest >= sizeof(out->interface))
		return false;
	memcpy(out->interface, percent + 1, rest);
	return true;
}

static bool known(const struct resolv *r, const struct resolv_server *s)
{
	for (size_t i = 0; i < r->n; i++)
		if (addr_compare(&r->server[i].addr, &s->addr) == 0 &&
			strcmp(r->server[i].interface, s->interface) == 0)
			return true;
	return false;
}

static void take_line(const char *p, const char *end, unsigned line, struct resolv *out)
{
	static const char keyword[] = "nameserver";
	struct resolv_server s = {.line = line};
	const char *word;
	size_t n = next_word(&p, end, &word);

	if (n != sizeof(keyword) - 1 || memcmp(word, keyword, n) != 0)
		return;
	n = next_word(&p, end, &word);
	if (!take_address(word, n, &s)) {
		if (out->bad_line == 0)
			out->bad_line = line;
	} else if (known(out, &s)) {
		return;
	} else if (out->n == RESOLV_SERVERS_MAX) {
		out->more++;
	} else {
		out->server[out->n++] = s;
	}
}

void resolv_parse(const char *text, size_t len, struct resolv *out)
{
	const char *p = text, *end = text + len;

	memset(out, 0, sizeof(*out));
	for (unsigned line = 1; p < end; line++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		eol = eol != NULL ? eol : end;
		take_line(p, eol, line, out);
		p = eol < end ? eol + 1 : end;
	}
}

const char *resolv_fault(
	const struct resolv_server *s, const struct conf_listen *listen, size_t n)
{
	if (addr_loopback(&s->addr))
		return "loopback: that is this machine, or this pod";
	if (endpoint_nowhere(&s->addr))
		return "no address of a machine";
	if (endpoint_link_local(&s->addr) && s->interface[0] == '\0')
		return "link-local, and no interface stands behind \"%\"";
	for (size_t i = 0; i < n; i++)
		if (listen[i].port == RESOLV_PORT &&
			addr_compare(&listen[i].addr, &s->addr) == 0)
			return "our own address: we would ask ourselves";
	return NULL;
}
