/*
 * sketch.h - what comes most often, in bounded memory (core)
 *
 * Space-saving (Metwally, Agrawal, El Abbadi, 2005): a key that is not there takes the
 * place of the one with the least weight and inherits that weight as its error. What has
 * more than a SKETCH_ITEMS-th of all weight is there. Old weight fades by
 * sketch_scale(). Keys are any octets, by strangers perhaps.
 */
#ifndef CTL_SKETCH_H
#define CTL_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define SKETCH_ITEMS 256
#define SKETCH_KEY   256
#define SKETCH_LABEL 64 /* a DNS label and a NUL */

/* What of a kind of replies: the rcodes that are common, and all others. */
enum sketch_rcode {
	SKETCH_NOERROR,
	SKETCH_NXDOMAIN,
	SKETCH_SERVFAIL,
	SKETCH_REFUSED,
	SKETCH_OTHER,
	SKETCH_RCODES
};

struct sketch_item {
	uint8_t key[SKETCH_KEY];
	size_t len;
	double weight, error; /* the true weight is within [weight - error, weight] */
	/* of what was added while it was there: */
	double rcodes[SKETCH_RCODES];
	double wasted;
	double count, duration_ns;
	uint64_t max_ns;
	char label[SKETCH_LABEL]; /* of the caller's; "" at first */
};

struct sketch {
	struct sketch_item item[SKETCH_ITEMS];
	size_t n;
	double all; /* weight */
};

/*
 * Add weight to a key of at most SKETCH_KEY octets (longer ones are cut); returns its
 * item, valid until the next call.
 */
struct sketch_item *sketch_add(
	struct sketch *s, const void *key, size_t len, double weight);

/* The item of a key, or NULL. */
struct sketch_item *sketch_find(struct sketch *s, const void *key, size_t len);

/* Multiply all weights by a factor of 0 to 1; what is next to nothing goes. */
void sketch_scale(struct sketch *s, double factor);

/* The `n` heaviest at most, heaviest first, equal ones by key; returns how many. */
size_t sketch_top(const struct sketch *s, const struct sketch_item **out, size_t n);

/* The kind of an rcode, and its name. */
enum sketch_rcode sketch_rcode(unsigned rcode);
const char *sketch_rcode_text(enum sketch_rcode r);

/* The kind of which the item had most. */
enum sketch_rcode sketch_mostly(const struct sketch_item *it);

#endif
