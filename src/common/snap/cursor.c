#include "snap/cursor.h"

#include <string.h>

void cursor_octets(struct cursor *c, void *field, size_t n)
{
	if (c->bad || (c->in != NULL && n > c->left)) {
		c->bad = true;
	} else if (c->out != NULL) {
		memcpy(c->out, field, n);
		c->out += n;
	} else {
		memcpy(field, c->in, n);
		c->in += n;
		c->left -= n;
	}
}

void cursor_insist(struct cursor *c, bool condition)
{
	if (!condition)
		c->bad = true;
}

void cursor_octet(struct cursor *c, uint8_t *field, unsigned max)
{
	cursor_octets(c, field, 1);
	cursor_insist(c, *field <= max);
}

void cursor_flag(struct cursor *c, bool *field)
{
	uint8_t v = c->out != NULL && *field; /* what is not read yet may be no bool */

	cursor_octet(c, &v, 1);
	*field = v == 1;
}

void cursor_half(struct cursor *c, uint16_t *field)
{
	cursor_octets(c, field, sizeof(*field));
}

void cursor_word(struct cursor *c, uint32_t *field)
{
	cursor_octets(c, field, sizeof(*field));
}

/* True if the name is well-formed and folded. */
static bool name_valid(const struct name *n)
{
	uint8_t folded[NAME_MAX_LEN];

	if (name_scan(n->wire, n->len) != n->len)
		return false;
	name_fold(folded, n->wire, n->len);
	return memcmp(folded, n->wire, n->len) == 0;
}

void cursor_optional_name(struct cursor *c, struct name *n)
{
	cursor_octets(c, &n->len, 1);
	if (c->bad)
		return;
	cursor_octets(c, n->wire, n->len);
	cursor_insist(c, n->len == 0 || c->bad || name_valid(n));
}

void cursor_name(struct cursor *c, struct name *n)
{
	cursor_optional_name(c, n);
	cursor_insist(c, n->len > 0);
}

void cursor_address(struct cursor *c, struct addr *a)
{
	static const uint8_t zero[16];

	cursor_octets(c, &a->len, 1);
	cursor_octets(c, a->octets, sizeof(a->octets));
	cursor_insist(c, a->len == 0 || a->len == 4 || a->len == 16);
	if (!c->bad)
		cursor_insist(c, memcmp(a->octets + a->len, zero, 16u - a->len) == 0);
}

void cursor_prefix(struct cursor *c, struct prefix *p)
{
	cursor_address(c, &p->addr);
	cursor_octets(c, &p->bits, 1);
	cursor_insist(c, p->addr.len > 0 && p->bits <= 8u * p->addr.len);
}
