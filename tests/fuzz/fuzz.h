/*
 * fuzz.h - what a fuzz target gives: one function, and how it says that something is
 * wrong
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called with each input; returns 0. Ends the process if what was found is wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As assert(), but never compiled out. */
#define FUZZ_CHECK(condition)                                                            \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                         \
		}                                                                        \
	} while (0)

#endif
