/*
 * logline.h - what a line of the log looks like: logfmt or JSON (LG-01)
 *
 * Who logs says "event in words key=value key="value in \"quotes\"" (log.h). Here that is
 * cut into what happened, which are its words, and into keys and values, and written down
 * so that any octets in it stay one line, well-formed, and printable ASCII:
 *
 *   kv    level=info process=worker.2 what="worker ready" slot=1
 *         A value that is not plain stands in double quotes, with \" \\ and \xHH.
 *   json  {"level":"info","process":"worker.2","what":"worker ready","slot":"1"}
 *         Every value is a string; what is no ASCII is \uHHHH, what is no UTF-8 either,
 *         or not printable, stands there as the text \xHH.
 *
 * Pure, no allocation; O(length).
 */
#ifndef BASE_LOGLINE_H
#define BASE_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_KV, LOG_JSON };

#define LOGLINE_TEXT_MAX 1000 /* of the text of a line, with a NUL; the rest is cut */
#define LOGLINE_MAX      2000 /* of a line as it is written; less than PIPE_BUF */

/* What stands in front. */
struct logline_head {
	enum log_level level;
	enum log_format format;
	bool priority;       /* begin with the <N> of syslog, for the journal */
	const char *time;    /* "": none */
	const char *process; /* "worker.2" */
};

/*
 * Write the line for `text` into `out` of `cap` octets (at least 200), its end of line
 * included, without a NUL; returns its length. A value for which there is no room is cut
 * between two characters, and what follows it is left out: the line stays well-formed.
 * A key of the head in `text` gets a '_' behind it.
 */
size_t logline_make(
	const struct logline_head *h, const char *text, char *out, size_t cap);

/*
 * A wall clock's time as "2026-11-28T17:20:00.123Z", into `out` (25 octets). Not
 * by gmtime(3): that may look for time zones in files.
 */
void logline_time(uint64_t wall_ns, char *out, size_t cap);

/*
 * What tells one message from another: a hash of the text but for the values of keys that
 * count or measure (ms, failures, ...). Lines of one key are repeats (logfold.h).
 */
uint64_t logline_key(enum log_level level, const char *text);

/* The words of the text: what happened. Cut to fit `cap`, always with a NUL. */
void logline_what(const char *text, char *out, size_t cap);

/*
 * Its keys with their values, as they stand there, but for those that count or measure:
 * whom it happened to. What does not fit `cap` is left out; always with a NUL.
 */
void logline_whom(const char *text, char *out, size_t cap);

/*
 * Write `s` into `out` as a value of key=value: as it is if it is made of plain
 * characters, else in double quotes with \" \\ and \xHH. Always ends with a NUL; cut to
 * fit `cap`. Returns `out`. Also known as log_quote().
 */
const char *logline_quote(const char *s, char *out, unsigned cap);

#endif
