/*
 * timestamp.h - moments as Kubernetes writes them (core)
 */
#ifndef KUBE_TIMESTAMP_H
#define KUBE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A timestamp such as 2026-01-02T03:04:05Z (RFC 3339) as Unix time; parts of a second are
 * left out. False: it is none.
 */
bool timestamp_parse(const char *text, uint64_t *unix_s);

struct moment {
	unsigned year, month, day, hour, minute, second;
};

/* `n` digits at *p, which then moves behind them; false if one is none. */
bool timestamp_digits(const char **p, unsigned n, unsigned *out);

/* A moment of UTC as Unix time; false: there is no such, or it was before 1970. */
bool timestamp_unix(const struct moment *m, uint64_t *out);

#endif
