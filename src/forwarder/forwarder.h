/*
 * forwarder.h - what the files of a forwarder's shell share: one process, one struct
 *
 * Everything in it is made at start or when the supervisor says so, never for a question.
 * A *turn* is one round of the event loop: what it brought is handed to the core, and at
 * its end everything that the core wants sent leaves in batches. Time stands still within
 * a turn.
 */
#ifndef FORWARDER_FORWARDER_H
#define FORWARDER_FORWARDER_H

#include "base/log.h"
#include "base/pair.h"
#include "forwarder/consolidate.h"
#include "forwarder/fwdtab.h"
#include "forwarder/pace.h"
#include "snap/reader.h"

struct event;
struct event_base;

struct forwarder {
	struct event_base *base;
	struct reader reader;
	struct stat_forwarder *stat; /* NULL before START */
	struct fwdtab *table;        /* NULL before all that it needs is there */
	struct cachewrite cache;
	int cache_fd;                 /* owned; -1: none yet */
	uint64_t success, denial;     /* octets of its rings, as CACHE said */
	uint8_t *copies;              /* owned; for its reader */
	struct settings *settings[2]; /* owned; the table has one of them, */
	unsigned current;             /* this one */
	uint64_t number;              /* of these settings; 0: none yet */
	struct exchanges *exchanges;
	struct udp *udp;
	struct kept *kept;
	struct tcp *tcp;
	struct pairs *pairs; /* NULL before START */
	uint32_t slot;
	uint64_t life;
	char instance[INSTANCE_MAX];
	struct hash_key key; /* of the board, once the table has it */
	uint64_t now_ns;     /* of this turn; 0: nobody has asked */
	uint64_t wake_ns;    /* for which `wake` is set */
	struct pace pace;
	bool cache_missed; /* there was no memory for the cache, and it was said */
	bool live;         /* pairs are read */
	bool ready_due;    /* READY has not been taken by the pair yet */
	bool ended;
	struct log_bucket control_log, event_log[4];
	struct consolidate consolidate; /* of lines of failed questions */
	struct event *control, *poll, *tick, *step, *term, *wake;
};

/* The time of this turn: the clock is read once. */
uint64_t forwarder_now(struct forwarder *f);

/* Something is known to have happened after the time of this turn: read it again. */
uint64_t forwarder_later(struct forwarder *f);

/* Look for newer settings, and hand them to the core. */
void forwarder_refresh(struct forwarder *f);

/*
 * CACHE came: take the object, which is owned from here on. 0 or -EALREADY: it is not. It
 * is opened as soon as there is memory for its index.
 */
int forwarder_cache(struct forwarder *f, const struct message_cache *m, int fd);

/* End the process after this turn. */
void forwarder_end(struct forwarder *f);

#endif
