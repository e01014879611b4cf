/*
 * interval.h - times on the command line: "2s", "500ms", "30us"; a bare number is seconds
 */
#ifndef CTL_INTERVAL_H
#define CTL_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The time in `text` in nanoseconds, above 0 and of an hour at most; false with a message
 * that names `what`.
 */
bool interval_parse(const char *what, const char *text, uint64_t *ns);

#endif
