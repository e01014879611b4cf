/*
 * privacy.h - a client's address as it may be shown: in logs, top and tail (LG-04)
 *
 * Whoever shows a client does it through privacy_text(), so that one key decides for all.
 * Pure; constant memory.
 */
#ifndef DNS_PRIVACY_H
#define DNS_PRIVACY_H

#include "base/hash.h"
#include "dns/addr.h"

enum privacy_mode {
	PRIVACY_OFF,    /* the address itself: 10.1.2.3 */
	PRIVACY_HASH,   /* 16 digits that stand for it: 3f9a02c4d1e85b77 */
	PRIVACY_PREFIX, /* the network that it is in: 10.1.2.0, 2001:db8:0:100:: */
};

/* How much of an address PRIVACY_PREFIX leaves: RFC 7871, section 11.1, says so much. */
#define PRIVACY_BITS_V4 24
#define PRIVACY_BITS_V6 56

#define PRIVACY_TEXT_MAX ADDR_TEXT_MAX

struct privacy {
	uint8_t mode;        /* enum privacy_mode; what is none of them counts as HASH */
	struct hash_key key; /* of the words; follows from the instance's */
};

/*
 * Begin with `mode`. `instance` is the key that stands on the board (board.h): drawn when
 * the instance starts, gone when it ends. So all processes of one run write the same word
 * for an address, another run or appliance writes another, and who has only the log
 * cannot try all addresses. What is made of it says nothing of the key itself.
 */
void privacy_init(struct privacy *p, uint8_t mode, const struct hash_key *instance);

/*
 * *a as it may be shown, into `out` of PRIVACY_TEXT_MAX octets; "-" if it is no address.
 * Always a plain value of key=value. Returns the length.
 */
size_t privacy_text(const struct privacy *p, const struct addr *a, char *out);

#endif
