/*
 * wire.h - bounds-checked writer for DNS messages (RFC 1035, section 4)
 *
 * A writer is a cursor over a buffer that the caller owns and keeps alive. Overflow is
 * sticky: the first put that does not fit writes nothing, sets `overflow`, and turns
 * every later put into a no-op. Write straight through, check once. Integers go in as
 * host order and out as network order. Never allocates, never fails loudly. Inline,
 * because it is the inner loop of every answer.
 */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include "base/base.h"

struct wire {
	uint8_t *buf; /* borrowed */
	size_t cap;   /* octets available in buf */
	size_t len;   /* octets written; len <= cap always holds */
	bool overflow;
};

/* Begin at the start of `buf`. */
static inline void wire_init(struct wire *w, uint8_t *buf, size_t cap)
{
	*w = (struct wire){.buf = buf, .cap = cap};
}

/* Claim n octets, or record the overflow: NULL. The only place where len grows. */
static inline uint8_t *wire_claim(struct wire *w, size_t n)
{
	if (w->overflow || n > w->cap - w->len) {
		w->overflow = true;
		return NULL;
	}
	uint8_t *p = w->buf + w->len;
	w->len += n;
	return p;
}

/* Put one octet. */
static inline void wire_u8(struct wire *w, uint8_t v)
{
	uint8_t *p = wire_claim(w, 1);

	if (p != NULL)
		*p = v;
}

/* Put 16 bits. */
static inline void wire_u16(struct wire *w, uint16_t v)
{
	uint8_t *p = wire_claim(w, 2);

	if (p != NULL)
		store_u16(p, v);
}

/* Put 32 bits. */
static inline void wire_u32(struct wire *w, uint32_t v)
{
	uint8_t *p = wire_claim(w, 4);

	if (p != NULL)
		store_u32(p, v);
}

/* Put n octets as they are. */
static inline void wire_bytes(struct wire *w, const void *src, size_t n)
{
	uint8_t *p = wire_claim(w, n);

	if (p != NULL && n > 0)
		memcpy(p, src, n);
}

/* Overwrite two octets already written, such as a section count or RDLENGTH. */
static inline void wire_patch_u16(struct wire *w, size_t at, uint16_t v)
{
	if (w->len >= 2 && at <= w->len - 2)
		store_u16(w->buf + at, v);
}

/*
 * Forget everything after `mark`, a value of w->len read earlier, and clear `overflow`.
 * This is how an RRset that did not fit is taken back whole (RFC 2181, section 9).
 */
static inline void wire_rewind(struct wire *w, size_t mark)
{
	w->len = mark;
	w->overflow = false;
}

#endif
