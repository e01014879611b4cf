/*
 * dialogue.h - one question and the reply that is expected, decoded by ldns
 */
#ifndef SCENARIO_DIALOGUE_H
#define SCENARIO_DIALOGUE_H

#include <ldns/ldns.h>

#include "world.h"

#define DIALOGUE_LINES_MAX 2048

/* What an `expect` line and those behind it say. Strings are owned. */
struct expectation {
	bool active, dropped, aa, tc, ad, any_additional, ordered;
	int ra; /* -1: not said */
	int rcode;
	int ede;                         /* -1: none */
	int opt;                         /* 1: an OPT must be there, 0: none */
	int count[3];                    /* RRs in a section; -1: not said */
	char *soa;                       /* zone whose SOA stands alone in authority */
	char *rr[3][DIALOGUE_LINES_MAX]; /* answer, authority, additional */
	size_t n[3];
};

/* Forget what was expected. */
void expectation_fini(struct expectation *e);

/*
 * Ask as the words say: NAME TYPE [class CH] [tcp] [edns N] [from ADDRESS] ... False: bad
 * words, printed.
 */
bool dialogue_ask(struct world *w, char **word, size_t nwords);

/*
 * Ask as the words say, without `turn`, 4,000 times: true if `address` stands first in n
 * of m replies, give or take eight standard deviations (chance alone never gives more).
 * False: printed.
 */
bool dialogue_share(struct world *w, const char *address, unsigned n, unsigned m,
	char **word, size_t nwords);

/* Compare the last reply with what is expected; false with the difference printed. */
bool dialogue_check(const struct world *w, const struct expectation *e);

#endif
