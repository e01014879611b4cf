#include "snap/settings.h"

#include <errno.h>

#include "base/base.h"
#include "dns/msg.h"

/*
 * The fixed part; preferred prefixes, own addresses, zones, hosts, forward, acl, the
 * query log, logs, weights.
 */
struct fixed {
	uint32_t ttl_s, negative_ttl_s, startup_ms;
	uint16_t max_udp;
	uint8_t pods, any, rotation, nprefer, nown, nzones, primary, special, chaos;
	struct settings_text nsid, version, hostname;
	struct tcp_limits tcp;
	struct rate_limit rate, miss_rate;
	struct header_settings header;
	uint8_t slip, rate_public, minimal;
};

static uint8_t *put_addr(uint8_t *p, const struct addr *a)
{
	*p++ = a->len;
	memcpy(p, a->octets, 16);
	return p + 16;
}

#define HOSTS_FIXED 5 /* octets in front of its zones */

static size_t encode_hosts(const struct host_settings *h, uint8_t *out)
{
	uint8_t *p = out;

	*p++ = h->on;
	*p++ = h->wildcards;
	*p++ = h->closed;
	*p++ = h->unsupported;
	*p++ = h->nzones;
	for (unsigned i = 0; i < h->nzones; i++) {
		*p++ = h->zones[i].len;
		memcpy(p, h->zones[i].wire, h->zones[i].len);
		p += h->zones[i].len;
	}
	return (size_t)(p - out);
}

size_t settings_encode(const struct settings *s, uint8_t *out)
{
	struct fixed f = {s->ttl_s, s->negative_ttl_s, s->startup_ms, s->max_udp, s->pods,
		s->any, s->rotation, s->nprefer, s->nown, s->nzones, s->primary,
		s->special, s->chaos, s->nsid, s->version, s->hostname, s->tcp, s->rate,
		s->miss_rate, s->header, s->slip, s->rate_public, s->minimal};
	uint8_t *p = out;

	memcpy(p, &f, sizeof(f));
	p += sizeof(f);
	for (unsigned i = 0; i < s->nprefer; i++) {
		p = put_addr(p, &s->prefer[i].addr);
		*p++ = s->prefer[i].bits;
	}
	for (unsigned i = 0; i < s->nown; i++)
		p = put_addr(p, &s->own[i]);
	for (unsigned i = 0; i < s->nzones; i++) {
		*p++ = s->zones[i].kind;
		*p++ = s->zones[i].fallthrough;
		*p++ = s->zones[i].name.len;
		memcpy(p, s->zones[i].name.wire, s->zones[i].name.len);
		p += s->zones[i].name.len;
	}
	p += encode_hosts(&s->hosts, p);
	const uint32_t forward = (uint32_t)forward_encode(&s->forward, p + 4);
	memcpy(p, &forward, 4);
	p += 4 + forward;
	const uint32_t acl = (uint32_t)acl_encode(&s->acl, p + 4);
	memcpy(p, &acl, 4);
	p += 4 + acl;
	const uint32_t queries = (uint32_t)querylog_encode(&s->querylog, p + 4);
	memcpy(p, &queries, 4);
	p += 4 + queries;
	const uint32_t log = (uint32_t)logset_encode(&s->log, p + 4);
	memcpy(p, &log, 4);
	p += 4 + log;
	return (size_t)(p - out) + weights_encode(&s->weights, p);
}

/* One address of the octets that put_addr() wrote; false if it is none. */
static bool take_addr(const uint8_t *p, struct addr *a)
{
	a->len = p[0];
	memcpy(a->octets, p + 1, 16);
	return a->len == 4 || a->len == 16;
}

static bool take_prefix(const uint8_t *p, struct prefix *out)
{
	out->bits = p[17];
	return take_addr(p, &out->addr) && out->bits <= 8 * out->addr.len;
}

/* One zone from *p; false if it is not well-formed. */
static bool decode_zone(const uint8_t **p, const uint8_t *end, struct zone *z)
{
	if (end - *p < 3 || (*p)[1] > 1)
		return false;
	z->kind = (*p)[0];
	z->fallthrough = (*p)[1] == 1;
	z->name.len = (*p)[2];
	*p += 3;
	if (z->kind < ZONE_FORWARD || z->kind > ZONE_FILE || z->name.len == 0 ||
		end - *p < z->name.len || name_scan(*p, z->name.len) != z->name.len)
		return false;
	memcpy(z->name.wire, *p, z->name.len);
	z->labels = (uint8_t)name_labels(z->name.wire, z->name.len);
	*p += z->name.len;
	return true;
}

/* The opposite of encode_hosts(), from *p; false if it is not well-formed. */
static bool decode_hosts(const uint8_t **p, const uint8_t *end, struct host_settings *h)
{
	if (end - *p < HOSTS_FIXED)
		return false;
	h->on = (*p)[0];
	h->wildcards = (*p)[1];
	h->closed = (*p)[2];
	h->unsupported = (*p)[3];
	h->nzones = (*p)[4];
	*p += HOSTS_FIXED;
	if (h->on > 1 || h->wildcards > 1 || h->closed > 1 || h->unsupported > 1 ||
		h->nzones > SETTINGS_HOST_ZONES_MAX)
		return false;
	for (unsigned i = 0; i < h->nzones; i++) {
		struct name *n = &h->zones[i];

		if (end - *p < 1)
			return false;
		n->len = *(*p)++;
		if (n->len == 0 || end - *p < n->len || name_scan(*p, n->len) != n->len)
			return false;
		memcpy(n->wire, *p, n->len);
		*p += n->len;
	}
	return true;
}

static bool tcp_valid(const struct tcp_limits *t)
{
	return t->read_ms <= SETTINGS_TIME_MAX_MS &&
	       t->write_ms <= SETTINGS_TIME_MAX_MS &&
	       t->idle_ms <= SETTINGS_TIME_MAX_MS &&
	       t->max_age_ms <= SETTINGS_TIME_MAX_MS &&
	       t->max_connections <= SETTINGS_CONNECTIONS_MAX;
}

/* A part of which the length stands in front, from *p; NULL: it does not fit. */
static const uint8_t *take_part(const uint8_t **p, const uint8_t *end, size_t *len)
{
	const uint8_t *part = *p + 4;

	if (end - *p < 4)
		return NULL;
	*len = load_host_u32(*p);
	if (*len > (size_t)(end - part))
		return NULL;
	*p = part + *len;
	return part;
}

/* Forward, access rules, the query log, logs, and the rest is the weights. */
static int decode_tables(const uint8_t *p, const uint8_t *end, struct settings *out)
{
	const uint8_t *part;
	size_t len;

	part = take_part(&p, end, &len);
	if (part == NULL || forward_decode(part, len, &out->forward) < 0)
		return -EBADMSG;
	part = take_part(&p, end, &len);
	if (part == NULL || acl_decode(part, len, &out->acl) < 0)
		return -EBADMSG;
	part = take_part(&p, end, &len);
	if (part == NULL || querylog_decode(part, len, &out->querylog) < 0)
		return -EBADMSG;
	part = take_part(&p, end, &len);
	if (part == NULL || logset_decode(part, len, &out->log) < 0)
		return -EBADMSG;
	return weights_decode(p, (size_t)(end - p), &out->weights);
}

static bool rate_valid(const struct rate_limit *l)
{
	return l->per_source <= SETTINGS_RATE_MAX && l->burst <= SETTINGS_RATE_MAX;
}

/* No other flag: none of them may make a query of a response, or a cut one whole. */
static bool header_valid(const struct header_settings *h)
{
	const unsigned all = h->response_set | h->response_clear | h->query_set |
	                     h->query_clear;

	return (all & ~(unsigned)(MSG_AA | MSG_RA | MSG_RD)) == 0;
}

int settings_decode(
	const uint8_t *octets, size_t len, uint64_t number, struct settings *out)
{
	const uint8_t *p = octets, *end = octets + len;
	struct fixed f;

	if (len < sizeof(f))
		return -EBADMSG;
	memcpy(&f, p, sizeof(f));
	p += sizeof(f);
	if (f.pods > PODS_VERIFIED || f.any > ANY_NOTIMP ||
		f.rotation > ROTATION_WEIGHTED || f.nprefer > SETTINGS_PREFER_MAX ||
		f.nown > SETTINGS_OWN_MAX || f.nzones == 0 || f.primary >= f.nzones ||
		f.nsid.len > SETTINGS_TEXT_MAX || f.version.len > SETTINGS_TEXT_MAX ||
		f.hostname.len > SETTINGS_TEXT_MAX || f.max_udp < 512 ||
		f.max_udp > 4096 || !tcp_valid(&f.tcp) || !rate_valid(&f.rate) ||
		!rate_valid(&f.miss_rate) || f.rate_public > 1 || f.minimal > 1 ||
		!header_valid(&f.header) ||
		(size_t)(end - p) < 18u * f.nprefer + 17u * f.nown)
		return -EBADMSG;
	out->number = number;
	out->ttl_s = f.ttl_s;
	out->negative_ttl_s = f.negative_ttl_s;
	out->startup_ms = f.startup_ms;
	out->max_udp = f.max_udp;
	out->pods = f.pods;
	out->any = f.any;
	out->rotation = f.rotation;
	out->special = f.special;
	out->chaos = f.chaos;
	out->nsid = f.nsid;
	out->version = f.version;
	out->hostname = f.hostname;
	out->nprefer = f.nprefer;
	out->nown = f.nown;
	out->nzones = f.nzones;
	out->primary = f.primary;
	out->tcp = f.tcp;
	out->rate = f.rate;
	out->miss_rate = f.miss_rate;
	out->slip = f.slip;
	out->rate_public = f.rate_public == 1;
	out->minimal = f.minimal == 1;
	out->header = f.header;
	for (unsigned i = 0; i < f.nprefer; i++, p += 18)
		if (!take_prefix(p, &out->prefer[i]))
			return -EBADMSG;
	for (unsigned i = 0; i < f.nown; i++, p += 17)
		if (!take_addr(p, &out->own[i]))
			return -EBADMSG;
	for (unsigned i = 0; i < f.nzones; i++)
		if (!decode_zone(&p, end, &out->zones[i]))
			return -EBADMSG;
	settings_index(out);
	if (!decode_hosts(&p, end, &out->hosts))
		return -EBADMSG;
	return decode_tables(p, end, out);
}

/* ---- whose zone is it ---- */

/* Eight octets of a name, in whatever order this machine has. */
static uint64_t load_8(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Of a zone's name, or of what may be one. Operators choose zones: no key is needed. */
static uint32_t hash_zone(const uint8_t *name, size_t len)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = len * odd, last = 0;
	size_t at = 0;

	for (; len - at > 8; at += 8) {
		h = (h ^ load_8(name + at)) * odd;
		h ^= h >> 32;
	}
	if (len >= 8) /* the last eight, of which some may have been there before */
		last = load_8(name + len - 8);
	else
		for (; at < len; at++)
			last = last << 8 | name[at];
	h = (h ^ last) * odd;
	return (uint32_t)(h >> 32);
}

#define SLOT_TAG 0xff00u

/* What tells most names apart that stand in one run of slots. */
static uint16_t tag_of(uint32_t hash)
{
	return (uint16_t)(hash >> 16 & SLOT_TAG);
}

void settings_index(struct settings *s)
{
	struct zone_index *x = &s->index;

	memset(x, 0, sizeof(*x));
	for (unsigned i = 0; i < s->nzones; i++) {
		const struct name *n = &s->zones[i].name;
		const uint32_t hash = hash_zone(n->wire, n->len);
		uint32_t at = hash % SETTINGS_ZONE_SLOTS;

		while (x->slots[at] != 0)
			at = (at + 1) % SETTINGS_ZONE_SLOTS;
		x->slots[at] = (uint16_t)(tag_of(hash) | (i + 1));
		x->lens[n->len / 64] |= UINT64_C(1) << n->len % 64;
	}
}

/* The zone of that very name; -1: there is none. */
static int find_zone(const struct settings *s, const uint8_t *name, size_t len)
{
	const uint32_t hash = hash_zone(name, len);
	uint32_t at = hash % SETTINGS_ZONE_SLOTS;
	uint16_t slot;

	for (; (slot = s->index.slots[at]) != 0; at = (at + 1) % SETTINGS_ZONE_SLOTS) {
		const int zone = (slot & 0xff) - 1;
		const struct name *n = &s->zones[zone].name;

		if ((slot & SLOT_TAG) == tag_of(hash) && n->len == len &&
			memcmp(n->wire, name, len) == 0)
			return zone;
	}
	return -1;
}

int settings_zone(const struct settings *s, const uint8_t *name, size_t len)
{
	/* The longest first: the first that is found is it. */
	while (len > 0) {
		const size_t label = 1u + name[0];

		if ((s->index.lens[len / 64] >> len % 64 & 1) != 0) {
			const int zone = find_zone(s, name, len);

			if (zone >= 0)
				return zone;
		}
		if (label > len)
			break;
		name += label;
		len -= label;
	}
	return -1;
}
