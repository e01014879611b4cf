/*
 * log.h - one event, one line on stderr (LG-01 to LG-03)
 *
 * logline.h has what a line looks like. Under the journal, which JOURNAL_STREAM names, it
 * begins with the <N> of its priority; elsewhere with its time. Repeats are folded
 * (logfold.h), and whatever goes wrong, a process writes no more than LOG_RATE lines a
 * second, after LOG_BURST.
 *
 * Writing never waits: who does not take a line loses it, and is told how many those were
 * as soon as a line goes out again (EV-10). Stderr belongs to others too, so nothing is
 * changed about it. A line leaves with one call and is shorter than PIPE_BUF: in a pipe
 * the lines of several processes do not mix.
 *
 * There is no timer: what was folded is told by the next line, by log_tick(), or when the
 * process exits.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/logline.h"

#define LOG_RATE  100  /* lines a second of a process, */
#define LOG_BURST 1000 /* after so many */

/* What a supervisor tells its children with START (pair.h). */
struct log_style {
	uint8_t level;  /* enum log_level */
	uint8_t format; /* enum log_format */
};

/*
 * Begin: `process` names us in each line ("worker.2"), copied. Lines below the level are
 * not written.
 */
void log_init(const char *process, enum log_level level);

/* True if lines go to the journal, which wants their priority, and not to a person. */
bool log_is_journal(void);

/* Change the level, after a reload. */
void log_set_level(enum log_level level);

/* Change level and format. What is none of them is left as it was. */
void log_set_style(struct log_style style);

/* How lines are written now. */
struct log_style log_get_style(void);

/* True if a line of this level would be written. */
bool log_enabled(enum log_level level);

/* What stands before a line of that level in the journal, "<6>"; else "". */
const char *log_prefix(enum log_level level);

/*
 * Write one line. `fmt` makes "event key=value ..." as printf does: words that say what
 * happened, always the same ones, then keys with values. (Words that may look like a key
 * are a value in front: "what=\"...\" key=value".) A value that is not a plain word
 * by its nature goes through log_quote().
 */
void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Write octets that are a line already, without waiting. A signal handler may call it,
 * and log_get_style().
 */
void log_raw(const char *line, size_t len);

/* write(2) of octets to stderr that does not wait: -1 with EAGAIN where it would. */
ssize_t log_write(const char *line, size_t len);

/* Tell what was folded and whose time is over; call it about once a second. */
void log_tick(uint64_t now_ns);

/*
 * Append what further lines of LOG_ERROR say, a line each, to the text in `out`, which
 * has `cap` octets with its NUL and is cut; NULL: no more. Borrowed until then.
 */
void log_gather(char *out, unsigned cap);

/* A token bucket per place in the code: 10 lines a second, the first always (EV-10). */
struct log_bucket {
	uint64_t next_ns;     /* when the next token is there */
	uint32_t tokens_used; /* since next_ns */
	uint64_t suppressed;  /* lines not written since the last one written */
};

/*
 * True if this place may write a line at `now_ns`; *suppressed then holds how many were
 * held back since the last (write "suppressed=N" if it is not 0).
 */
bool log_allow(struct log_bucket *b, uint64_t now_ns, uint64_t *suppressed);

/* Lines lost because stderr did not take them. */
uint64_t log_dropped(void);

/*
 * Write `s` into `out` as a value of key=value: as it is if it is made of plain
 * characters, else in double quotes with \" \\ and \xHH. Always ends with a NUL; cut to
 * fit `cap`. Returns `out`.
 */
const char *log_quote(const char *s, char *out, unsigned cap);

#endif
