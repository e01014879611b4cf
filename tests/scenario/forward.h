/*
 * forward.h - what the files of the program share that runs *.fws
 */
#ifndef SCENARIO_FORWARD_H
#define SCENARIO_FORWARD_H

#include "deck.h"

#define WORDS_MAX 40

/* The script and where it is. */
struct script {
	const char *path;
	unsigned line, steps, faults;
	char name[128]; /* of the scenario */
	bool open, writing;
	struct deck deck;
	struct wires_reply reply; /* records of the next one */
	uint64_t mark_ns;
	char group[FORWARD_GROUPS_MAX][16];
	char *word[WORDS_MAX];
	unsigned n;
};

/* Complain about the present line. */
void forward_fault(struct script *s, const char *what);

/* Words of the line: number i or ""; is one there from `from` on; the one behind it. */
const char *forward_word(const struct script *s, unsigned i);
bool forward_has(const struct script *s, unsigned from, const char *what);
const char *forward_behind(const struct script *s, unsigned from, const char *what);

/* "50ms", "2s", "500us". */
uint64_t forward_duration_ns(const char *text);

/*
 * The digest of the group that the words name, from `from` on; the first one's if none.
 */
uint64_t forward_group_of(struct script *s, unsigned from);

/* The index of that upstream. */
int forward_upstream(struct script *s, const char *name);

/* Has what the line says happened? It stays. */
bool forward_happened(const struct script *s);

/* An `expect` line, or `until`. */
void forward_expect(struct script *s);

/* A step begins: nothing may be left that was not expected. */
void forward_leftovers(struct script *s);

#endif
