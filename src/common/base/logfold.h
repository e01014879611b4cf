/*
 * logfold.h - repeats of a message, folded into one line (LG-02)
 *
 * A message may be written LOGFOLD_BURST times in LOGFOLD_WINDOW_NS; more of it within
 * that time is counted, and told when the time is over: "... and 412 more in 60 s". As
 * long as it goes on like that, each further window costs that one line alone: a fault
 * that lasts is told once a minute, and a change of state is always told.
 *
 * The table holds LOGFOLD_MESSAGES; who has not been seen for the longest time makes
 * room. Pure: time is an argument. No allocation; O(LOGFOLD_MESSAGES) for a line.
 */
#ifndef BASE_LOGFOLD_H
#define BASE_LOGFOLD_H

#include "base/base.h"
#include "base/logline.h"

#define LOGFOLD_BURST     10
#define LOGFOLD_WINDOW_NS (60 * NS_PER_S)
#define LOGFOLD_MESSAGES  64
#define LOGFOLD_WHAT_MAX  120
#define LOGFOLD_WHOM_MAX  160

struct logfold_message {
	uint64_t key;      /* logline_key(); only if count > 0 */
	uint64_t begin_ns; /* of its window */
	uint64_t seen_ns;
	uint64_t folded; /* in this window, not written */
	uint32_t count;  /* written in this window, or before it in one row; 0: free */
	enum log_level level;
	char what[LOGFOLD_WHAT_MAX], whom[LOGFOLD_WHOM_MAX];
};

struct logfold {
	struct logfold_message message[LOGFOLD_MESSAGES];
	uint64_t next_ns; /* no window with folded lines ends before; 0: there is none */
};

/* What was folded of one message. */
struct logfold_summary {
	enum log_level level;
	uint64_t lines; /* 0: nothing */
	uint64_t in_s;
	char what[LOGFOLD_WHAT_MAX], whom[LOGFOLD_WHOM_MAX];
};

/*
 * A message comes at `now_ns`. True: it is written. False: it is folded. If another had
 * to make room for it, what was folded of that is in *evicted.
 */
bool logfold_add(struct logfold *f, uint64_t now_ns, enum log_level level,
	const char *text, struct logfold_summary *evicted);

/*
 * True, with *out, if a window has ended in which lines were folded; call it until it is
 * false. With `all` those that have not ended yet too: the process ends.
 */
bool logfold_due(
	struct logfold *f, uint64_t now_ns, bool all, struct logfold_summary *out);

#endif
