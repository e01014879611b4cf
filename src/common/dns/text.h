/*
 * text.h - RRs and replies as text, for people: dump and query of shmdnsctl
 *
 * The rdata of types that we know are printed in presentation form (RFC 1035, section 5),
 * others as \# LENGTH HEX (RFC 3597). Messages are not trusted: a name that does not
 * decompress, or rdata that ends early, is printed as "; malformed".
 */
#ifndef DNS_TEXT_H
#define DNS_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* One RR of a message, as text_next() found it. */
struct text_rr {
	unsigned section; /* 0 question, 1 answer, 2 authority, 3 additional */
	uint16_t type, class;
	uint32_t ttl;
	char owner[1024];
	char rdata[4096];
};

/* A walk over the records of a message; set msg and len, zero the rest. */
struct text_walk {
	const uint8_t *msg; /* borrowed */
	size_t len;
	size_t at;        /* 0: begin */
	unsigned section; /* of the next record */
	unsigned left;    /* records left in it */
};

/* The next record; 1: *rr is set; 0: the end; -EBADMSG: malformed there. */
int text_next(struct text_walk *w, struct text_rr *rr);

/* Rdata of `type` at msg[at .. at+len) as text into `out`; -EBADMSG if broken. */
int text_rdata(const uint8_t *msg, size_t msg_len, size_t at, size_t len, uint16_t type,
	char *out, size_t cap);

#endif
