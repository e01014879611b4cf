/*
 * name.h - domain names in wire form (RFC 1035, section 3.1)
 *
 * A name is a run of labels that ends with the root label, at most 255 octets, each
 * label at most 63. Functions that take `wire, len` trust it to be a valid name
 * unless they say otherwise. Folding is ASCII only (RFC 4343). Pure, no allocation.
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_LEN  255
#define LABEL_MAX_LEN 63
#define NAME_TEXT_MAX 1024 /* the longest name as text, every octet as \ddd, with a NUL */

struct name {
	uint8_t len; /* with the root label; 0: no name */
	uint8_t wire[NAME_MAX_LEN];
};

/*
 * Length of the valid uncompressed name at the start of `wire`, looking at no more than
 * `max` octets. 0: pointers, label types 0x40 and 0x80, a label cut short, no end, or
 * more than 255 octets. Never trusts its input.
 */
size_t name_scan(const uint8_t *wire, size_t max);

/*
 * The name at `at` of a message of `len` octets (RFC 1035, section 4.1.4), case kept.
 * Each pointer must lead before the run of labels that it ends, and there are at most
 * 127 of them (V-01). Never trusts its input. Returns the offset behind the name; 0:
 * there is none, and *out is undefined.
 */
size_t name_expand(const uint8_t *msg, size_t len, size_t at, struct name *out);

/*
 * Text to wire form, case kept. The final dot is optional; "." is the root; \ddd and \c
 * are understood. 0; -EINVAL: an empty label or a bad escape; -ENAMETOOLONG.
 */
int name_parse(const char *text, struct name *out);

/*
 * The same of letters, digits, '-', '_' and dots alone, which is what people mean by a
 * name; folded, and zeroed behind its end.
 */
int name_parse_plain(const char *text, struct name *out);

/*
 * Wire form to text with the final dot; octets outside letters, digits, '-', '_' and '*'
 * as \ddd, '.' and '\' too (W-22). `cap` of NAME_TEXT_MAX always suffices; returns the
 * length without the NUL, text is cut to fit.
 */
size_t name_text(const uint8_t *wire, size_t len, char *out, size_t cap);

/*
 * Copy `len` octets, or change them where they stand, with A-Z folded to a-z; label
 * lengths are below 'A' and unharmed.
 */
void name_fold(uint8_t *dst, const uint8_t *src, size_t len);

/* Number of labels, the root not counted. */
unsigned name_labels(const uint8_t *wire, size_t len);

/* Octets that the first `n` labels take; 0 if there are not so many. */
size_t name_prefix(const uint8_t *wire, size_t len, unsigned n);

/* True if `wire` is `zone` or ends with it at a label border. Both folded. */
bool name_under(const uint8_t *wire, size_t len, const uint8_t *zone, size_t zone_len);

/* True if the octets are equal without regard to ASCII case. */
bool name_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* Canonical order (RFC 4034, section 6.1) of two folded names: <0, 0, >0. */
int name_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/*
 * Building from the left: begin with an empty struct (len = 0, no root label yet), push
 * labels, then end with the octets of a complete name. Folds what it takes.
 * 0; -EINVAL: the label is empty or over 63 octets; -ENAMETOOLONG: over 255 with what
 * stands already and the root label. On failure the name is unchanged.
 */
int name_push(struct name *n, const void *label, size_t len);
int name_end(struct name *n, const uint8_t *wire, size_t len);

#endif
