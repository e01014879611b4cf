/*
 * special.h - names that are answered without the snapshot (core)
 *
 * localhost and the reverse names of loopback (SM-04, RFC 6761, RFC 6303), names that
 * never leave (SM-16: invalid, onion; by setting test, local), and resolver.arpa (RFC
 * 9462). The longest match wins, as between zones: a special name never stands inside a
 * zone of ours that is as long as its own.
 */
#ifndef SNAP_SPECIAL_H
#define SNAP_SPECIAL_H

#include "snap/settings.h"

enum special_kind {
	SPECIAL_FORWARD, /* localhost: has the loopback addresses */
	SPECIAL_REVERSE, /* has PTR localhost. at one name */
	SPECIAL_EMPTY,   /* NXDOMAIN, the apex included (N-03, N-04) */
	SPECIAL_NODATA,  /* exists, and has nothing (N-06) */
};

struct special {
	enum special_kind kind;
	uint8_t zone_len; /* octets of the special zone's name at the end of the qname */
};

/* The names of 127.0.0.1 and ::1, the only ones of SPECIAL_REVERSE that have a PTR. */
#define SPECIAL_LOOPBACK4 24
#define SPECIAL_LOOPBACK6 74
extern const uint8_t special_loopback4[SPECIAL_LOOPBACK4];
extern const uint8_t special_loopback6[SPECIAL_LOOPBACK6];

/*
 * Is the folded `name` special? `ours` is the length of the zone of ours that it is in,
 * 0 if it is in none. True: *out is set.
 */
bool special_look(const struct settings *s, const uint8_t *name, size_t len, size_t ours,
	struct special *out);

/*
 * ... by the index of that zone, or -1. Special names are outside of our zones; only
 * those of loopback addresses are below the reverse zones, where the longer zone wins
 * (RO-01).
 */
static inline bool special_find(const struct settings *s, const uint8_t *name, size_t len,
	int zone, struct special *out)
{
	if (zone < 0)
		return special_look(s, name, len, 0, out);
	return s->zones[zone].kind == ZONE_REVERSE &&
	       special_look(s, name, len, s->zones[zone].name.len, out);
}

#endif
