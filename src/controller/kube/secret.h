/*
 * secret.h - octets that must not stay behind in freed memory: tokens, keys, passwords
 *
 * The memory is allocated once at its exact size and never moved, so that nothing is left
 * where it was; it is overwritten before it is freed. Zeroed is valid and empty.
 */
#ifndef KUBE_SECRET_H
#define KUBE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
	uint8_t *data; /* owned; len octets and a NUL; NULL if empty */
	size_t len;
};

/* Memory for `len` octets, zeroed, in place of what was there. */
uint8_t *secret_make(struct secret *s, size_t len);

/* A copy of `len` octets in place of what was there; they are not inside of *s. */
void secret_set(struct secret *s, const void *data, size_t len);

/* Overwrite, free, empty. */
void secret_clear(struct secret *s);

/* Equal in length and octets. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* The octets as a string; "" if empty. Borrowed until *s changes. */
const char *secret_text(const struct secret *s);

/* Overwrite and free a string that was allocated alone; NULL is fine. */
void secret_forget(char *text);

#endif
