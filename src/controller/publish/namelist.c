#include "controller/publish/namelist.h"

#include <string.h>

#include "base/base.h"

/* Octets at their ends that both have alike; they need not begin at a label. */
static size_t common_end(const struct name *a, const uint8_t *b, size_t len)
{
	size_t n = 0, most = MIN((size_t)a->len, len);

	while (n < most && a->wire[a->len - 1 - n] == b[len - 1 - n])
		n++;
	return n;
}

void namelist_put(
	struct mem_buf *list, struct name *last, const uint8_t *name, size_t len)
{
	size_t own = len - common_end(last, name, len);
	uint8_t head[2] = {(uint8_t)own, (uint8_t)len};

	mem_buf_put(list, head, sizeof(head));
	mem_buf_put(list, name, own);
	memcpy(last->wire, name, len);
	last->len = (uint8_t)len;
}

bool namelist_next(struct namelist_cursor *c, struct name *name)
{
	size_t own, len;

	if (c->at >= c->len)
		return false;
	own = c->octets[c->at];
	len = c->octets[c->at + 1];
	memmove(name->wire + own, name->wire + name->len - (len - own), len - own);
	memcpy(name->wire, c->octets + c->at + 2, own);
	name->len = (uint8_t)len;
	c->at += 2 + own;
	return true;
}
