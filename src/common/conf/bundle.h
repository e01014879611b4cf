/*
 * bundle.h - the octets of a conf_bundle as a run of named records (inside of conf/)
 *
 * A record is a header, its name and its text, both followed by a NUL. Records come in
 * the order in which files apply; what files include stands behind the file that does.
 */
#ifndef CONF_BUNDLE_H
#define CONF_BUNDLE_H

#include "conf/conf.h"

enum bundle_kind {
	BUNDLE_FILE = 1,  /* shmdns.conf or one of conf.d */
	BUNDLE_INCLUDED,  /* read because another file includes it */
	BUNDLE_FAILED,    /* an included file that cannot be read; the text says why */
	BUNDLE_INTERFACE, /* a network interface; the text is its index in decimal */
};

/* One record, borrowed from the bundle. */
struct bundle_record {
	enum bundle_kind kind;
	unsigned order;   /* 0 for the first record */
	const char *name; /* NUL-terminated */
	const char *text; /* len octets and a NUL; may hold NULs inside */
	size_t len;
};

/* Append one record; everything is copied. */
void bundle_add(struct conf_bundle *b, enum bundle_kind kind, const char *name,
	const void *text, size_t len);

/*
 * The record at *pos (0 at first), which then moves to the next one. 1; 0: that was the
 * last; -EBADMSG: the octets are no bundle.
 */
int bundle_next(const uint8_t *data, size_t len, size_t *pos, struct bundle_record *out);

/* The first record of that name whose kind is `a` or `b`. True if there is one. */
bool bundle_find(const uint8_t *data, size_t len, const char *name, enum bundle_kind a,
	enum bundle_kind b, struct bundle_record *out);

/*
 * What `target`, `n` octets as written behind @include in the file `from`, means: beside
 * `from` unless absolute. Owned by the caller.
 */
char *bundle_beside(const char *from, const char *target, size_t n);

#endif
