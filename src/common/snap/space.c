#include "snap/space.h"

#include <string.h>

#include "base/base.h"

static int compare(const struct space *s, const char *text, size_t len)
{
	const int order = memcmp(s->octets, text, MIN(s->len, len));

	return order != 0 ? order : (s->len > len) - (s->len < len);
}

void space_set(struct space *s, const char *text, size_t len)
{
	memset(s, 0, sizeof(*s));
	s->len = (uint8_t)MIN(len, sizeof(s->octets));
	memcpy(s->octets, text, s->len);
}

int space_compare(const void *a, const void *b)
{
	const struct space *other = b;

	return compare(a, other->octets, other->len);
}

const void *space_find(
	const void *table, unsigned n, size_t size, const char *text, size_t len)
{
	unsigned low = 0, high = n;

	while (low < high) {
		const unsigned middle = (low + high) / 2;
		const void *entry = (const char *)table + middle * size;
		const int order = compare(entry, text, len);

		if (order == 0)
			return entry;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void space_walk(struct cursor *c, struct space *s)
{
	cursor_octet(c, &s->len, sizeof(s->octets));
	cursor_insist(c, s->len > 0);
	if (c->bad)
		return;
	if (c->in != NULL)
		memset(s->octets, 0, sizeof(s->octets));
	cursor_octets(c, s->octets, s->len);
}
