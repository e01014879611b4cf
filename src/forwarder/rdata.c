/* rdata.c - the few types that are looked into */
#include "forwarder/rdata.h"

#include "dns/type.h"

static const struct rdata_form forms[] = {
	{TYPE_A, 4, 0, 0, false, false},
	{TYPE_AAAA, 16, 0, 0, false, false},
	{TYPE_NS, 0, 1, 0, true, false},
	{TYPE_CNAME, 0, 1, 0, true, true},
	{TYPE_SOA, 0, 2, 20, true, true},
	{TYPE_PTR, 0, 1, 0, true, false},
	{TYPE_MX, 2, 1, 0, true, false},
	{TYPE_SRV, 6, 1, 0, false, false},
	{TYPE_DNAME, 0, 1, 0, false, true},
};

const struct rdata_form *rdata_form(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (forms[i].type == type)
			return &forms[i];
	return NULL;
}

const uint8_t *rdata_whole(const struct rrs *r, const struct rr *rr,
	uint8_t buf[RDATA_WHOLE_MAX], size_t *len)
{
	const struct rdata_form *f = rdata_form(rr->type);
	size_t at = rrs_rdata(rr), end = at + rr->rdlen, n;
	struct name name;

	*len = rr->rdlen;
	if (f == NULL)
		return r->msg + at;
	if (rr->rdlen < f->before + f->after)
		return NULL;
	memcpy(buf, r->msg + at, f->before);
	n = f->before;
	at += f->before;
	for (unsigned i = 0; i < f->names; i++) {
		at = name_expand(r->msg, end, at, &name);
		if (at == 0)
			return NULL;
		name_fold(buf + n, name.wire, name.len);
		n += name.len;
	}
	if (end - at != f->after)
		return NULL;
	memcpy(buf + n, r->msg + at, f->after);
	*len = n + f->after;
	return buf;
}

bool rdata_name(const struct rrs *r, const struct rr *rr, struct name *out)
{
	size_t end = rrs_rdata(rr) + rr->rdlen;

	return name_expand(r->msg, end, rrs_rdata(rr), out) == end;
}

uint32_t rdata_minimum_s(const struct rrs *r, const struct rr *rr)
{
	return MIN(load_u32(r->msg + rrs_rdata(rr) + rr->rdlen - 4), INT32_MAX);
}

bool rdata_signature(
	const struct rrs *r, const struct rr *rr, struct rdata_signature *out)
{
	const uint8_t *p = r->msg + rrs_rdata(rr);
	size_t n;

	if (rr->rdlen < 18)
		return false;
	n = name_scan(p + 18, rr->rdlen - 18u);
	if (n == 0)
		return false;
	out->covered = load_u16(p);
	out->expires_s = load_u32(p + 8);
	out->signer.len = (uint8_t)n;
	name_fold(out->signer.wire, p + 18, n);
	return true;
}
