/*
 * mem.h - allocation for start-up and the controller: success or the end
 *
 * Out of memory is fatal: the process logs one line and aborts, the supervisor is the
 * recovery. Workers call these at start only.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory for n objects of `size` octets; owned by the caller, free() ends it. */
void *mem_alloc(size_t n, size_t size);

/* As realloc() for n objects of `size` octets; new octets are not zeroed. */
void *mem_resize(void *p, size_t n, size_t size);

/* A copy of n octets, with a NUL behind them; owned by the caller. */
char *mem_dup(const char *s, size_t n);

/* A growing octet buffer. Zeroed is valid and empty; mem_buf_fini() ends it. */
struct mem_buf {
	uint8_t *data; /* owned */
	size_t len, cap;
};

/* Make room for n more octets at the end and return where they begin; len grows by n. */
void *mem_buf_add(struct mem_buf *b, size_t n);

/* Append n octets. */
void mem_buf_put(struct mem_buf *b, const void *src, size_t n);

/* Free the octets; the buffer is empty and valid again. */
void mem_buf_fini(struct mem_buf *b);

#endif
