/*
 * question.h - what gen asks, and the replies that are right
 *
 * A file of questions has one per line, `NAME TYPE`. A file of expectations, as
 * `gen learn` writes it, has the replies in hexadecimal behind them, from the octet after
 * the ID on: `NAME TYPE HEX [HEX ...]`; each of them is right. Empty lines and what
 * follows '#' are skipped.
 */
#ifndef BENCH_QUESTION_H
#define BENCH_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct form {
	uint8_t *octets; /* owned: a canonical form */
	size_t len;
};

struct question {
	char *text; /* owned: "NAME TYPE" */
	uint8_t query[300];
	size_t len;
	struct form *form; /* owned: the replies that are right */
	size_t nforms;
};

struct questions {
	struct question *q; /* owned */
	size_t n;
};

/*
 * Read `path`. `edns` adds an OPT record with a payload size of 1232 to each query. 0;
 * -EINVAL with a line on stderr that names file and line; -errno.
 */
int questions_read(const char *path, bool edns, struct questions *out);

void questions_fini(struct questions *qs);

/*
 * 1: the reply is one of the right ones; 0: it is not. A question without expectations
 * takes any reply with QR=1 that repeats it.
 */
bool question_right(const struct question *q, const uint8_t *reply, size_t len);

#endif
