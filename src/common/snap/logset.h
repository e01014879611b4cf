/*
 * logset.h - what settings say of logs: level, format, and errors that are folded (SM-01)
 *
 * A part of struct settings: made by the controller from `log` and `errors`, decoded by
 * workers and forwarders. Pure.
 */
#ifndef SNAP_LOGSET_H
#define SNAP_LOGSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGSET_RULES_MAX 16
#define LOGSET_MATCH_MAX 200 /* octets of a pattern */

/* Lines that match are told together, at the end of the window. */
struct logset_rule {
	uint32_t window_ms;
	uint8_t level;   /* enum log_level */
	bool show_first; /* the line that begins the window is written */
	uint8_t len;
	char match[LOGSET_MATCH_MAX + 1]; /* pattern.h; `len` octets and a NUL */
};

struct log_settings {
	uint8_t level;  /* enum log_level */
	uint8_t format; /* enum log_format */
	uint8_t nrules;
	struct logset_rule rules[LOGSET_RULES_MAX];
};

/* Largest size of logset_encode()'s output. */
#define LOGSET_OCTETS_MAX (sizeof(struct log_settings))

/* Octets of *l into `out` (LOGSET_OCTETS_MAX); returns how many. */
size_t logset_encode(const struct log_settings *l, uint8_t *out);

/*
 * The opposite: `len` octets, all of them. -EBADMSG (with *out undefined) if anything is
 * out of its range. Whether a pattern is one is not looked at.
 */
int logset_decode(const uint8_t *octets, size_t len, struct log_settings *out);

#endif
