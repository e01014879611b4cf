/*
 * ring.h - the latest queries of a worker, for who wants to look on (SM-02)
 *
 * Each worker's stat page ends with a ring of entries, one for each reply that was taken
 * note of: one in 64, always (RING_SAMPLED), and those that the settings of the query
 * log choose (RING_LOGGED). The worker alone writes, over the oldest entry, and never
 * waits. Readers, as many as like, leave no trace in it: each has its own position, and
 * counts what was overwritten before it came by. The ring outlives its worker; a
 * successor in the slot goes on where it ended.
 *
 * An entry is copied word by word and believed only if its number stands unchanged
 * around the copy. What is copied is hostile all the same, as all of a page: ring_next()
 * checks the name; numbers that stand for words of an enum are the caller's to check.
 *
 * Cost: no system call, no lock; a put is some 20 stores.
 */
#ifndef SNAP_RING_H
#define SNAP_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_ENTRIES 1024 /* a power of two */
#define RING_SAMPLE  64   /* one query in so many is sampled, on average */
#define RING_NAME    255  /* NAME_MAX_LEN */

/* Bits of ring_entry.marks. */
enum {
	RING_SAMPLED = 0x01, /* one in RING_SAMPLE, whatever is asked */
	RING_LOGGED = 0x02,  /* the settings of the query log want it */
	RING_TCP = 0x04,     /* else UDP */
	RING_IPV6 = 0x08,    /* else IPv4, in the first 4 octets of `client` */
	RING_OPT = 0x10,     /* the query had an OPT */
	RING_DO = 0x20,      /* ... with DO set */
};

/* A query and its reply. Numbers in host order. */
struct ring_entry {
	uint64_t wall_ns;     /* when the reply left; real time */
	uint64_t duration_ns; /* from the arrival to then */
	uint64_t generation;  /* that was served */
	uint64_t logged;    /* RING_LOGGED entries so far, with this one; by ring_put() */
	uint8_t client[16]; /* address */
	uint16_t port;      /* of the client */
	uint16_t id;
	uint16_t type, class;
	uint16_t flags;          /* of the query: MSG_* and opcode */
	uint16_t reply_flags;    /* of the reply, without rcode */
	uint16_t rcode;          /* of the reply, 12 bits */
	uint16_t udp_size;       /* that the query's OPT says; without one 512 */
	uint16_t query_len;      /* octets of the query ... */
	uint16_t reply_len;      /* ... and of the reply */
	uint8_t marks;           /* RING_* */
	uint8_t source;          /* enum stat_source */
	uint8_t name_len;        /* octets; 0: no question could be read */
	uint8_t name[RING_NAME]; /* wire form, folded */
	uint8_t pad[2];
};

#define RING_WORDS (sizeof(struct ring_entry) / 8)

/* Where an entry stands. */
struct ring_place {
	_Atomic uint64_t number; /* of the entry, from 1; 0: it is being written */
	_Atomic uint64_t words[RING_WORDS];
};

struct ring {
	_Alignas(64) _Atomic uint64_t written; /* entries, ever */
	_Atomic uint64_t logged;               /* RING_LOGGED ones of them */
	struct ring_place places[RING_ENTRIES];
};

/* A reader's position; owned by the reader. Zeroed: it begins with the first entry. */
struct ring_reader {
	uint64_t next; /* entries that it has passed */
	uint64_t lost; /* of them, those that it could not read any more */
};

/* The writer: append *e. The name must be valid, and `logged` need not be set. */
void ring_put(struct ring *r, const struct ring_entry *e);

/* Begin behind what is there now. */
void ring_seek_end(struct ring_reader *reader, const struct ring *r);

/*
 * The next entry, oldest first; false: there is none now, and *out is not touched. What
 * has been overwritten is skipped and counted in `lost`, and so is what cannot be valid.
 * Of out->name, name_len octets are set: a well-formed name in wire form with its root.
 */
bool ring_next(struct ring_reader *reader, const struct ring *r, struct ring_entry *out);

_Static_assert(sizeof(struct ring_entry) % 8 == 0, "entries are copied by words");

#endif
