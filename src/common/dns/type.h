/*
 * type.h - numbers of RR types, classes, rcodes and opcodes, and their mnemonics
 */
#ifndef DNS_TYPE_H
#define DNS_TYPE_H

#include <stdint.h>

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_HINFO = 13,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_RRSIG = 46,
	TYPE_NSEC = 47,
	TYPE_DNSKEY = 48,
	TYPE_NSEC3 = 50,
	TYPE_NSEC3PARAM = 51,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
	TYPE_TKEY = 249,
	TYPE_TSIG = 250,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_MAILB = 253,
	TYPE_MAILA = 254,
	TYPE_ANY = 255,
	TYPE_CAA = 257,
};

enum { CLASS_IN = 1, CLASS_CH = 3, CLASS_ANY = 255 };

enum {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6,
	RCODE_NOTAUTH = 9,
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23,
};

enum { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

/* EDNS options that we know. */
enum {
	OPTION_NSID = 3,       /* RFC 5001 */
	OPTION_COOKIE = 10,    /* RFC 7873 */
	OPTION_KEEPALIVE = 11, /* RFC 7828 */
	OPTION_EDE = 15,       /* RFC 8914 */
};

/* Extended DNS errors (RFC 8914) that we use. */
enum {
	EDE_OTHER = 0,
	EDE_STALE = 3,
	EDE_CACHED_ERROR = 13,
	EDE_NOT_READY = 14,
	EDE_BLOCKED = 15,
	EDE_CENSORED = 16,
	EDE_FILTERED = 17,
	EDE_PROHIBITED = 18,
	EDE_STALE_NXDOMAIN = 19,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
};

/*
 * "A", "AAAA", ...; TYPE123 for what has no mnemonic here. `buf` (12 octets or more) is
 * used for the latter; the result is static or `buf`.
 */
const char *type_text(uint16_t type, char buf[12]);

/* Mnemonic (any case) or TYPE123 to number; -1 if it is neither. */
int type_parse(const char *text);

/* "NOERROR", "NXDOMAIN", ...; RCODE11 for the rest. `buf` as above. */
const char *rcode_text(unsigned rcode, char buf[12]);

/* "Blocked", ...: words of an INFO-CODE (RFC 8914, section 5.2); NULL: it has none. */
const char *ede_text(unsigned code);

#endif
