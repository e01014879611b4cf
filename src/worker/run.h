/*
 * run.h - one run of answer(): what its parts share (core)
 *
 * A run begins at the asked name and goes on along CNAMEs, from what is ours (answer.c)
 * to what is not (far.c) and back, at most RUN_CHAIN_MAX of them (RE-08). There is no
 * state between runs but what the packet has.
 */
#ifndef WORKER_RUN_H
#define WORKER_RUN_H

#include "dns/type.h"
#include "snap/client.h"
#include "worker/cached.h"
#include "worker/encode.h"

#define RUN_CHAIN_MAX 10 /* CNAMEs in an answer (RE-08) */

/* A name that a wildcard of a signed zone answers for (denial.h). */
struct run_wildcard {
	struct owner owner;
	uint8_t encloser; /* octets of the name that the wildcard stands below of */
};

/* NSECs that are told apart, so that none stands in a reply twice: 3 and a wildcard's. */
#define RUN_PROOFS_MAX (RUN_CHAIN_MAX + 4)

struct run {
	const struct basis *b;
	struct packet *p;
	struct reply r;
	bool host;            /* the name stands in `hosts`, or is denied by it */
	bool need;            /* p->need is missing: there is no reply */
	bool drop;            /* there shall be none (AC-01) */
	bool known;           /* `client` was looked up */
	struct client client; /* who asks, if it was; see access.c */
	struct viewer viewer; /* ... as visibility has it, if r.viewer is set */
	uint64_t rules;       /* of access control, about this client, as bits */
	struct owner owner;   /* the name that is looked at; zone -1: not ours */
	struct hash128 hash;  /* of it */
	unsigned nchain;      /* CNAMEs in the reply, and their owners */
	uint16_t nproofs;     /* see below */
	uint8_t nwild;
	/*
	 * In a zone from a file: 0 if the name that is looked at is there itself, else
	 * octets of the closest name above it that is.
	 */
	uint8_t encloser;
	const uint8_t *chain[RUN_CHAIN_MAX + 1];
	uint8_t chain_len[RUN_CHAIN_MAX + 1];
	struct name target[RUN_CHAIN_MAX + 1]; /* of those that are not ours, folded */
	struct cached_names names;
	struct run_wildcard wild[RUN_CHAIN_MAX + 1]; /* whose proofs are due */
	const uint8_t *proof[RUN_PROOFS_MAX]; /* owners of NSECs in the reply, borrowed */
};

/*
 * Octets of ours that make no sense, or what must not be answered: begin anew with why.
 */
static inline void run_refuse(struct run *run, uint16_t ede)
{
	encode_reset(&run->r);
	run->nwild = 0; /* what it would be proved for is in the reply no more */
	run->r.aa = false;
	run->r.rcode = RCODE_REFUSED;
	run->r.ede = ede;
	run->p->source = SOURCE_POLICY;
}

/* True if `name` is an owner of the chain already (RE-08). */
static inline bool run_in_chain(const struct run *run, const uint8_t *name, size_t len)
{
	for (unsigned i = 0; i < run->nchain; i++)
		if (run->chain_len[i] == len && memcmp(run->chain[i], name, len) == 0)
			return true;
	return false;
}

/* The name that is looked at has a CNAME, which is in the reply. */
static inline void run_push(struct run *run)
{
	run->chain[run->nchain] = run->owner.name;
	run->chain_len[run->nchain++] = run->owner.len;
}

#endif
