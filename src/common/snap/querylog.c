#include "snap/querylog.h"

#include <errno.h>

#include "base/base.h"
#include "dns/msg.h"
#include "dns/type.h"

#define FIXED 8 /* octets in front of the names */

size_t querylog_encode(const struct querylog_settings *q, uint8_t *out)
{
	uint8_t *p = out;

	*p++ = q->format;
	*p++ = q->privacy;
	*p++ = q->classes;
	*p++ = q->nnames;
	memcpy(p, &q->sample, sizeof(q->sample));
	p += sizeof(q->sample);
	for (unsigned i = 0; i < q->nnames; i++) {
		*p++ = q->names[i].len;
		memcpy(p, q->names[i].wire, q->names[i].len);
		p += q->names[i].len;
	}
	return (size_t)(p - out);
}

int querylog_decode(const uint8_t *octets, size_t len, struct querylog_settings *out)
{
	const uint8_t *p = octets + FIXED, *end = octets + len;

	if (len < FIXED)
		return -EBADMSG;
	out->format = octets[0];
	out->privacy = octets[1];
	out->classes = octets[2];
	out->nnames = octets[3];
	out->sample = load_host_u32(octets + 4);
	if (out->format > QUERYLOG_COREDNS || out->privacy > PRIVACY_PREFIX ||
		out->classes > QUERYLOG_CLASSES || out->nnames > QUERYLOG_NAMES_MAX ||
		out->sample > QUERYLOG_ALL)
		return -EBADMSG;
	for (unsigned i = 0; i < out->nnames; i++) {
		struct name *n = &out->names[i];

		if (end - p < 1)
			return -EBADMSG;
		n->len = *p++;
		if (n->len == 0 || end - p < n->len || name_scan(p, n->len) != n->len)
			return -EBADMSG;
		memcpy(n->wire, p, n->len);
		p += n->len;
	}
	return p == end ? 0 : -EBADMSG;
}

uint8_t querylog_class(uint16_t rcode, const uint8_t header[12])
{
	bool empty = load_u16(header + 6) == 0; /* ANCOUNT */

	if (rcode == RCODE_NXDOMAIN)
		return QUERYLOG_DENIAL;
	if (rcode != RCODE_NOERROR)
		return QUERYLOG_ERROR;
	/* One that was cut says nothing of what there is. */
	return empty && (load_u16(header + 2) & MSG_TC) == 0 ? QUERYLOG_DENIAL
	                                                     : QUERYLOG_SUCCESS;
}

static bool is_named(const struct querylog_settings *q, const uint8_t *name, size_t len)
{
	if (q->nnames == 0)
		return true;
	for (unsigned i = 0; i < q->nnames && len > 0; i++)
		if (name_under(name, len, q->names[i].wire, q->names[i].len))
			return true;
	return false;
}

bool querylog_wants(const struct querylog_settings *q, uint8_t class, const uint8_t *name,
	size_t len, uint32_t random)
{
	/* Both sides times 2^32: what a million times `random` is out of. */
	return (q->classes & class) != 0 &&
	       (uint64_t)random * QUERYLOG_ALL < (uint64_t)q->sample << 32 &&
	       is_named(q, name, len);
}
