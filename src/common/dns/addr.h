/*
 * addr.h - IP addresses as octets: parse, print, dash, compare (AD and NB rows)
 *
 * All comparison is on octets, never on text. Pure, no allocation.
 */
#ifndef DNS_ADDR_H
#define DNS_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_MAX 46

struct addr {
	uint8_t len;        /* 4, 16, or 0: no address */
	uint8_t octets[16]; /* network order; unused ones are 0: memcmp compares */
};

/*
 * Text from the API (AD-01): IPv4 with leading zeros is decimal, ::ffff:a.b.c.d folds to
 * IPv4, non-canonical IPv6 is accepted. False for anything else, a zone id included.
 */
bool addr_parse(const char *text, size_t len, struct addr *out);

/*
 * A pod label such as 10-1-2-3 or 2001-db8--1 (RP-09, AD-04): exactly three dashes and no
 * "--" is IPv4, strict decimal; else dashes are colons; a v4-mapped result is IPv4.
 */
bool addr_parse_dashed(const uint8_t *label, size_t len, struct addr *out);

/*
 * The address of a socket address of IPv4 or IPv6; a v4-mapped one folds to IPv4. NULL,
 * or another family: no address (len 0).
 */
struct sockaddr;
void addr_of_socket(const struct sockaddr *sa, struct addr *out);

/* Canonical text (RFC 5952). `out` has ADDR_TEXT_MAX octets; returns the length. */
size_t addr_text(const struct addr *a, char *out);

/* NB-05: canonical text, '.' and ':' as '-', IPv6 that then ends in '-' gets a '0'. */
size_t addr_dashed(const struct addr *a, char *out);

/* IPv4 before IPv6, then by octets: <0, 0, >0. */
int addr_compare(const struct addr *a, const struct addr *b);

/* The addresses that begin with the first `bits` bits of `addr`; its other bits are 0. */
struct prefix {
	struct addr addr;
	uint8_t bits; /* at most 8 * addr.len */
};

/* A CIDR, "ADDRESS/BITS"; what stands behind the prefix is cleared. False: it is none. */
bool addr_parse_prefix(const char *text, size_t len, struct prefix *out);

/* True if the address of `len` octets (4 or 16) begins with the prefix. */
bool addr_in_prefix(const uint8_t *octets, size_t len, const struct prefix *p);

/*
 * True for an address that the whole Internet may send to: not private, link-local,
 * loopback, shared (RFC 6598), for documentation, reserved, multicast (RFC 6890).
 */
bool addr_global(const struct addr *a);

/* True for 127.0.0.0/8 and ::1. */
bool addr_loopback(const struct addr *a);

#endif
