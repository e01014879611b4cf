/*
 * step.h - what becomes of one question, from the shared pages and the controller (shell)
 */
#ifndef CTL_STEP_H
#define CTL_STEP_H

#include "ctl/lines.h"
#include "ctl/overview.h"
#include "ctl/tell.h"

#define CACHED_MAX 288 /* a text of the cache, and what kind it is */

enum step_outcome {
	STEP_ANSWER,
	STEP_NODATA,
	STEP_NXDOMAIN,
	STEP_SERVFAIL,  /* the generation is not complete (RU-03), or damaged */
	STEP_FORWARDED, /* the cache or an upstream says */
	STEP_DELEGATED, /* a zone from a file names others that serve it (SM-11) */
	STEP_REFUSED,   /* it is not ours, and nobody is asked; or not for this client */
	STEP_DROPPED    /* this client gets no reply (AC-01) */
};

struct asker;

/* Whom and what to ask. */
struct step_basis {
	const struct overview *view;
	uint16_t type;
	const char *socket;  /* of the controller */
	unsigned timeout_ms; /* for each step */
	bool told;           /* the controller answers; false: it is asked no more */
	const struct asker *asker; /* who asks (asker.h); NULL: nobody in particular */
};

/* Texts are "" where nothing is known. */
struct step {
	struct name name;
	char text[NAME_TEXT_MAX]; /* of it */
	struct name owner;        /* whose node it comes from, such as "*.b."; or empty */
	enum step_outcome outcome;
	struct lines records;      /* of the type, or the CNAME; owned */
	uint64_t since, since_ns;  /* generation and its time; 0: not known */
	bool since_start;          /* ... which is where history begins: or before */
	bool hidden;               /* it does not exist for who asks (AC-04) */
	char group[NAME_TEXT_MAX]; /* STEP_FORWARDED: `from` of the group */
	char cached[CACHED_MAX];   /* what the cache has of it */
	char rule[16], object[200], kind[40], version[80],
		reason[400]; /* of the controller */
};

/* Find out what becomes of `name`; step_fini() ends it. */
void step_take(struct step_basis *b, const struct name *name, struct step *out);
void step_fini(struct step *s);

/* "NOERROR", "NODATA", "NXDOMAIN", ... */
const char *step_outcome_text(enum step_outcome o);

#endif
