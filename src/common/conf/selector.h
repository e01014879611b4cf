/*
 * selector.h - label selectors of Kubernetes, as `kubectl -l` takes them
 *
 * Requirements joined by commas, all of which must hold: `a`, `!a`, `a=b`, `a==b`,
 * `a!=b`, `a in (b,c)`, `a notin (b,c)`. As in Kubernetes, `!=` and `notin` hold for an
 * object without that label. The empty text matches everything.
 */
#ifndef CONF_SELECTOR_H
#define CONF_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

enum selector_op { SELECTOR_EXISTS, SELECTOR_ABSENT, SELECTOR_IN, SELECTOR_NOT_IN };

struct selector_requirement {
	enum selector_op op;
	char *key;
	char **values; /* of IN and NOT_IN: at least one */
	size_t nvalues;
};

/* Zeroed is valid and matches everything. Owns what it points to. */
struct selector {
	struct selector_requirement *requirement;
	size_t n;
};

/*
 * Read a selector. 0 with *out owned by the caller; -EINVAL with *at the offset of what
 * is wrong and *why a constant text about it.
 */
int selector_parse(const char *text, struct selector *out, size_t *at, const char **why);

/*
 * True if labels match. `label(arg, key)` returns the value of the object's label of
 * that key, NULL if it has none.
 */
bool selector_matches(const struct selector *s,
	const char *(*label)(const void *arg, const char *key), const void *arg);

/* Free what the selector owns; it is empty then. */
void selector_fini(struct selector *s);

#endif
