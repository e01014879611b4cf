/*
 * deck.h - a table of a forwarder with everything around it, in virtual time
 *
 * Settings by hand, a cache in plain memory, upstreams that do what a script says. What
 * the table does is written down as lines of text, and the script takes them off.
 */
#ifndef SCENARIO_DECK_H
#define SCENARIO_DECK_H

#include "forwarder/fwdtab.h"
#include "wires.h"

#define DECK_LINES     256
#define DECK_EXCHANGES 1024
#define DECK_ASKS      1024

struct deck_line {
	char text[256]; /* "send u1 udp www.example. A" */
	uint32_t exchange;
};

struct deck_exchange {
	bool open, probe;
	uint8_t upstream, transport;
	unsigned order; /* which were sent before it */
	uint8_t query[REPLY_QUERY_MAX];
	size_t len;
};

struct deck_ask {
	struct question q[ASK_QUESTIONS_MAX];
	unsigned n;
	uint64_t arrival_ns;
	unsigned settled;
	bool asked;
};

struct deck {
	struct settings *settings[2]; /* owned */
	unsigned current;
	struct cachewrite cache;
	uint8_t *object, *copies;    /* owned */
	struct stat_forwarder *stat; /* owned */
	struct fwdtab *table;        /* owned */
	uint64_t now_ns;
	uint64_t random;
	struct deck_line lines[DECK_LINES];
	unsigned nlines;
	struct deck_exchange *exchanges; /* owned; FWDTAB_EXCHANGES */
	unsigned sent;
	struct deck_ask *asks;        /* owned; DECK_ASKS, by place */
	int refuse[FORWARD_POOL_MAX]; /* what send() returns */
	char name[FORWARD_POOL_MAX]
		 [16]; /* of upstreams, in the settings that are written */
	char overflow; /* 1: more lines than there is room for */
};

void deck_open(struct deck *d);
void deck_close(struct deck *d);

/* Begin new settings, without groups; and give them to the table. */
struct settings *deck_settings(struct deck *d);
void deck_configure(struct deck *d);

/* Go on to that time, doing all that is due on the way at its time. */
void deck_run(struct deck *d, uint64_t until_ns);

/* The question of a name and type in the group with that digest. */
void deck_question(const char *name, const char *type, uint8_t flags, uint64_t group,
	struct question *out);

/* Is an exchange open that is no probe? */
unsigned deck_open_exchanges(const struct deck *d);

#endif
