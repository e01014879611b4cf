/*
 * ringtext.h - what a ring has, as a line of text: SM-02's formats (core)
 *
 * A line is printable ASCII whatever stands in the entry: names in presentation form
 * (RFC 1035, section 5.1), where every octet that could mean something else is \ddd.
 */
#ifndef SNAP_RINGTEXT_H
#define SNAP_RINGTEXT_H

#include <stddef.h>

#include "dns/privacy.h"
#include "snap/querylog.h"
#include "snap/ring.h"
#include "snap/who.h"

#define RINGTEXT_MAX    3072 /* octets of the longest line, and a NUL */
#define RINGTEXT_CLIENT 48
#define RINGTEXT_FLAGS  32

/* The client as it may be shown (LG-04). Returns `out`. */
const char *ringtext_client(
	const struct ring_entry *e, const struct privacy *p, char out[RINGTEXT_CLIENT]);

/* Bits of a header as CoreDNS names them: "qr,aa,rd"; "" for none. Returns `out`. */
const char *ringtext_flags(uint16_t flags, char out[RINGTEXT_FLAGS]);

/*
 * The entry as a line of that format without its end, RINGTEXT_MAX octets at most; how
 * long it is. QUERYLOG_OFF counts as QUERYLOG_KV. `who` is the client as it is known,
 * empty or NULL: not at all; its namespace and Pod are told where `p` hides nothing, but
 * not in CoreDNS's format, which has no place for them.
 */
size_t ringtext_line(const struct ring_entry *e, enum querylog_format format,
	const struct privacy *p, const struct who *who, char out[RINGTEXT_MAX]);

#endif
