/*
 * park.h - queries that wait for an outcome (FP-02; SH-11)
 *
 * What is kept of them stands in the park page of the worker's slot, a memory file that
 * outlives the worker: whoever takes over the slot after a death goes on with them. So
 * what stands there leads nowhere (no pointers, no descriptors), a place is whole at any
 * instruction (its state is written last), and who adopts it believes none of it. What is
 * only of use to this process, such as when a place is due, stands beside the page.
 *
 * No allocation but park_new()'s, no clock, no socket.
 */
#ifndef WORKER_PARK_H
#define WORKER_PARK_H

#include "base/pair.h"
#include "worker/query.h"

#define PARK_PLACES     4096
#define PARK_ROUNDS_MAX 12 /* questions that one query may need, one after another */
#define PARK_NONE       UINT32_MAX

/* How a reply gets to its client. Octets of addresses are in network order. */
struct park_way {
	struct socket_key key; /* of the socket that the query came by (UDP) */
	uint32_t share;
	uint16_t family, port; /* of the client; port in network order */
	uint32_t scope;
	uint8_t client[16];
	uint8_t local[16];    /* the address that was asked, of a catch-all socket */
	uint32_t local_index; /* and its interface */
	uint32_t connection;  /* which one (TCP) */
	uint64_t life;        /* of the connection; 0: UDP */
	uint8_t local_len;    /* 0: the socket's own */
};

/* A place, as it stands in the page. */
struct park_place {
	_Atomic uint32_t state; /* enum park_state */
	uint32_t serial;        /* of the last ASK: a SETTLED has it, or is ignored */
	uint64_t arrival_ns, deadline_ns;
	struct park_way way;
	uint16_t id, flags, type, udp_size; /* of struct query */
	uint16_t len;                       /* octets of the query as it came */
	uint8_t bits;                       /* has_opt and its like */
	uint8_t rounds;
	uint8_t deaths; /* of workers that answered it */
	uint8_t hops;   /* of its loop mark */
	uint8_t qname_len;
	uint8_t qname[NAME_MAX_LEN]; /* letters as they came (RG-03) */
};
_Static_assert(sizeof(struct park_place) <= 400, "octets of a parked query");

enum park_state {
	PARK_FREE,
	PARK_WAITING,
	/* It is being answered. Who finds it so tries it again, but only once: a query
	   that ends the process must not end all its successors too. */
	PARK_WORKING,
};

struct park_page {
	uint64_t magic;
	uint64_t pad[7];
	struct park_place places[PARK_PLACES];
};
_Static_assert(sizeof(struct park_page) <= PARK_OCTETS, "park page");

/* What this process knows of a place. */
struct park_note {
	uint64_t asked_ns; /* when the forwarder was asked; 0: it has to be */
	uint64_t need;     /* what for */
	uint32_t next;     /* in the list of its bucket, or of free places */
	uint16_t bucket;   /* of its client, port, ID and question */
	uint16_t crowd;    /* of its client */
	uint8_t home;      /* which forwarder */
	bool settled;      /* the last ASK has been */
	bool full;         /* ... for lack of room */
};

struct park {
	struct park_page *page;       /* borrowed */
	unsigned n;                   /* places in use */
	unsigned used;                /* places that were in use ever: the first ones */
	uint32_t free;                /* list */
	struct hash_key key;          /* of buckets and crowds: nobody can aim at them */
	uint64_t due_ns[PARK_PLACES]; /* when to run it again; UINT64_MAX: it is free */
	struct park_note notes[PARK_PLACES];
	uint32_t buckets[PARK_PLACES];
	uint16_t crowds[4 * PARK_PLACES]; /* places of clients, by hash */
};

/*
 * Begin with the page at `page`, PARK_OCTETS of it (borrowed as long as it lives). What a
 * predecessor left is adopted: UDP queries that waited are due at once, all else is let
 * go. `key` is random. Owned; never given back.
 */
struct park *park_new(void *page, const struct hash_key *key, uint64_t now_ns);

/*
 * Take the query of `p` in, which answer() says has a need. Its place; or -EALREADY: the
 * client asks again for what waits already; -ENOSPC: all places are taken, or an eighth
 * by this client when half are (FP-02).
 */
int park_add(struct park *k, const struct packet *p, const struct park_way *way,
	uint64_t deadline_ns);

/* The place is free again. */
void park_free(struct park *k, uint32_t place);

/* True if somebody waits there, and for the ASK of that number. */
bool park_waits(const struct park *k, uint32_t place, uint32_t serial);

/*
 * Write the query into p->buf, of which p->cap octets are there, and into p->q, hashed
 * under `key`, as admit() leaves them. False: it does not fit. The place is PARK_WORKING
 * until park_wait() or park_free().
 */
bool park_take(
	struct park *k, uint32_t place, const struct hash_key *key, struct packet *p);

/* What it may still wait for (FP-04, CA-15). */
enum wait park_patience(const struct park *k, uint32_t place,
	const struct forward_settings *f, uint64_t now_ns);

enum park_ask {
	PARK_ASK,   /* ask for p->need: it is new, or has not been asked for */
	PARK_AGAIN, /* ask again: there was no word for long */
	PARK_QUIET, /* it has been asked for */
	PARK_SPENT, /* too many rounds: run it with WAIT_OVER */
};

/*
 * answer() said again that it needs something: it waits on. What is to be done about it;
 * the place has the serial number of the ASK, and is due again in a while.
 */
enum park_ask park_wait(struct park *k, uint32_t place, const struct packet *p,
	const struct forward_settings *f, uint64_t now_ns);

/* The ASK has left for that forwarder; or it could not (0). */
void park_asked(struct park *k, uint32_t place, uint8_t home, uint64_t now_ns);

/* Word has come: it is due. */
void park_settled(struct park *k, uint32_t place, bool full, uint64_t now_ns);

/* All that asked that forwarder are due, and ask again. */
void park_hello(struct park *k, uint8_t home, uint64_t now_ns);

/* All that could not ask are due: there is room again. */
void park_retry(struct park *k, uint64_t now_ns);

/* Free the places of a connection that is gone, or (`now_ns` not 0) make them due. */
void park_connection(struct park *k, uint32_t connection, uint64_t life, uint64_t now_ns);

/* Up to `max` places that are due now into `out`; how many. */
unsigned park_due(const struct park *k, uint64_t now_ns, uint32_t *out, unsigned max);

/* When the next one is; UINT64_MAX: nobody waits. */
uint64_t park_next_ns(const struct park *k);

#endif
