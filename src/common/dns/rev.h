/*
 * rev.h - reverse names: in-addr.arpa and ip6.arpa (RFC 1035, section 3.5; RFC 3596)
 */
#ifndef DNS_REV_H
#define DNS_REV_H

#include "dns/addr.h"
#include "dns/name.h"

/* The reverse name of an address, lower case, with the root label. */
void rev_name(const struct addr *a, struct name *out);

/*
 * The address of a complete reverse name: four decimal labels without leading zeros, or
 * 32 nibbles. `wire` is folded. False for anything else; `out` is then untouched.
 */
bool rev_parse(const uint8_t *wire, size_t len, struct addr *out);

/*
 * The addresses that a reverse name is about, be it cut short (2.10.in-addr.arpa is about
 * 10.2.0.0/16) or have labels in front. `wire` is folded. False: it stands in neither
 * tree, or no label says an octet or nibble; `out` is then untouched.
 */
bool rev_prefix(const uint8_t *wire, size_t len, struct prefix *out);

/*
 * RO-01: a CIDR such as "10.96.0.0/12" to the reverse zones at the next octet (IPv4) or
 * nibble (IPv6) border. Fills at most `max` names; returns how many there are, -EINVAL if
 * it is no CIDR, -E2BIG if there would be more than `max`.
 */
int rev_zones(const char *cidr, struct name *out, int max);

#endif
