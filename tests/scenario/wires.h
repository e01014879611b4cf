/*
 * wires.h - what a scripted upstream reads and writes, by ldns
 */
#ifndef SCENARIO_WIRES_H
#define SCENARIO_WIRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRES_MAX 65536

/* A query, as ldns reads it. */
struct wires_query {
	char name[1024]; /* letter case as it stands */
	char type[16];
	bool opt, do_bit, cd, rd, ad;
	bool mixed;       /* any upper case letter */
	bool marked;      /* the loop mark is there, its data in `mark` */
	uint8_t mark[20]; /* MARK_OCTETS */
	unsigned udp_size;
};

/* False: it is no query with one question. */
bool wires_read(const uint8_t *msg, size_t len, struct wires_query *out);

/* How a reply is wrong. */
enum wires_fault {
	WIRES_RIGHT,
	WIRES_ID,
	WIRES_NAME,
	WIRES_TYPE,
	WIRES_QUERY, /* QR=0 */
	WIRES_SHORT, /* 4 octets */
	WIRES_GARBAGE,
	WIRES_NO_QUESTION,
	WIRES_CASE,     /* letters folded */
	WIRES_RDLENGTH, /* past the end */
};

struct wires_reply {
	unsigned rcode;
	bool tc, no_opt;
	bool loop; /* the OPT says EDE 0 "loop" */
	enum wires_fault fault;
	/* RRs as text, by section: answer, authority, additional. */
	char rr[3][8][2048];
	unsigned n[3];
};

/* A reply to a query, into `out` (WIRES_MAX); its length, 0: an RR cannot be read. */
size_t wires_write(
	const uint8_t *query, size_t len, const struct wires_reply *r, uint8_t *out);

#endif
