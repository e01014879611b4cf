/*
 * log.h - one event, one line on stderr: `level what key=value ...` (LG-01 to LG-03)
 *
 * The descriptor is made non-blocking by log_init(): a reader that stands still costs
 * lines (counted, EV-10), never progress. A line is at most 1,000 octets and leaves with
 * one write(). Values that are not plain words are quoted and escaped.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * Begin: `process` names us in each line ("worker.2"), copied. Lines below `level` are
 * not written. With JOURNAL_STREAM set each line gets the <N> prefix of its priority.
 */
void log_init(const char *process, enum log_level level);

/* True if lines go to the journal, which wants their priority, and not to a person. */
bool log_is_journal(void);

/* Change the level, after a reload. */
void log_set_level(enum log_level level);

/* True if a line of this level would be written. */
bool log_enabled(enum log_level level);

/* What stands before a line of that level in the journal, "<6>"; else "". */
const char *log_prefix(enum log_level level);

/* Write one line. `fmt` makes "event key=value ..." as printf does. */
void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

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
