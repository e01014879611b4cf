/* mem.c - allocation that succeeds or ends the process */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"

static void die(size_t n, size_t size)
{
	log_line(LOG_ERROR, "out of memory objects=%zu octets_each=%zu", n, size);
	abort();
}

void *mem_alloc(size_t n, size_t size)
{
	void *p = calloc(MAX(n, 1), MAX(size, 1)); /* never NULL for nothing */

	if (p == NULL)
		die(n, size);
	return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
	size_t octets;

	if (__builtin_mul_overflow(n, size, &octets))
		die(n, size);
	p = realloc(p, MAX(octets, 1));
	if (p == NULL)
		die(n, size);
	return p;
}

char *mem_dup(const char *s, size_t n)
{
	char *p = mem_alloc(n + 1, 1);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}

void *mem_buf_add(struct mem_buf *b, size_t n)
{
	size_t need, cap;
	void *p;

	if (__builtin_add_overflow(b->len, n, &need))
		die(n, 1);
	if (need > b->cap || b->data == NULL) {
		cap = MAX(MAX(need, b->cap + b->cap / 2), 256);
		b->data = mem_resize(b->data, cap, 1);
		b->cap = cap;
	}
	p = b->data + b->len;
	b->len = need;
	return p;
}

void mem_buf_put(struct mem_buf *b, const void *src, size_t n)
{
	void *p = mem_buf_add(b, n);

	if (n > 0)
		memcpy(p, src, n);
}

void mem_buf_fini(struct mem_buf *b)
{
	free(b->data);
	*b = (struct mem_buf){0};
}
