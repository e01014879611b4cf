/* records.c - every form of an RRset, back to RRs */
#include "ctl/records.h"

#include <stdio.h>

#include "base/base.h"
#include "dns/text.h"
#include "dns/type.h"

#define RDATA_TEXT 8192

struct expansion {
	const struct node_view *node;
	const struct rrset *rr;
	records_on_rdata on_rdata;
	void *arg;
};

static void pass_rdata(const struct expansion *e, const uint8_t *rdata, size_t len)
{
	char text[RDATA_TEXT];

	text_rdata(rdata, len, 0, len, e->rr->type, text, sizeof(text));
	e->on_rdata(e->arg, text);
}

static bool expand_addrs(const struct expansion *e)
{
	size_t size = e->rr->type == TYPE_A ? 4 : 16;

	if (e->rr->len < size * e->rr->count)
		return false;
	for (size_t i = 0; i < e->rr->count; i++)
		pass_rdata(e, e->rr->data + i * size, size);
	return true;
}

/* A target is made of `label` (may be empty) and the owner without `skip` octets. */
static bool pass_srv(
	const struct expansion *e, uint16_t port, const uint8_t *label, size_t label_len)
{
	uint8_t skip = e->rr->data[2];
	struct name target = {0};
	char text[NAME_TEXT_MAX], line[NAME_TEXT_MAX + 32];

	if (skip >= e->node->head->name_len)
		return false;
	if (label_len > 0 && name_push(&target, label, label_len) < 0)
		return false;
	if (name_end(&target, e->node->name + skip, e->node->head->name_len - skip) < 0)
		return false;
	name_text(target.wire, target.len, text, sizeof(text));
	snprintf(line, sizeof(line), "0 %u %u %s", (unsigned)load_host_u16(e->rr->data),
		(unsigned)port, text);
	e->on_rdata(e->arg, line);
	return true;
}

static bool expand_srv_self(const struct expansion *e)
{
	if (e->rr->len < 4 + 2u * e->rr->count)
		return false;
	for (size_t i = 0; i < e->rr->count; i++)
		if (!pass_srv(e, load_host_u16(e->rr->data + 4 + 2 * i), NULL, 0))
			return false;
	return true;
}

static bool expand_srv_list(const struct expansion *e, uint16_t port, uint32_t offset)
{
	struct endpoints it;
	struct endpoint ep;

	if (!endpoints_begin(e->node, offset, &it))
		return false;
	while (endpoints_next(&it, &ep))
		if (!pass_srv(e, port, ep.label, ep.label_len))
			return false;
	return it.left == 0;
}

static bool expand_srv_body(const struct expansion *e)
{
	const uint8_t *list = e->rr->data + 4;

	if (e->rr->len < 4 || e->rr->len < 4 + 8u * e->rr->data[3])
		return false;
	for (unsigned i = 0; i < e->rr->data[3]; i++, list += 8)
		if (!expand_srv_list(e, load_host_u16(list), load_host_u32(list + 4)))
			return false;
	return true;
}

static bool expand_names(const struct expansion *e)
{
	const uint8_t *p = e->rr->data, *end = p + e->rr->len;

	for (unsigned i = 0; i < e->rr->count; i++) {
		if (end - p < 2 || end - p - 2 < p[0])
			return false;
		pass_rdata(e, p + 2, p[0]);
		p += 2 + p[0];
	}
	return true;
}

static bool expand_opaque(const struct expansion *e)
{
	const uint8_t *p = e->rr->data, *end = p + e->rr->len;

	for (unsigned i = 0; i < e->rr->count; i++) {
		if (end - p < 2 || end - p - 2 < load_host_u16(p))
			return false;
		pass_rdata(e, p + 2, load_host_u16(p));
		p += 2 + load_host_u16(p);
	}
	return true;
}

bool records_expand(const struct node_view *v, const struct rrset *rr,
	records_on_rdata on_rdata, void *arg)
{
	const struct expansion e = {v, rr, on_rdata, arg};

	switch (rr->form) {
	case FORM_ADDRS:
	case FORM_BODY_ADDRS:
	case FORM_ADDRS_PLACED:
	case FORM_BODY_PLACED:
		return expand_addrs(&e);
	case FORM_SRV_SELF:
		return expand_srv_self(&e);
	case FORM_SRV_BODY:
		return expand_srv_body(&e);
	case FORM_NAMES:
		return expand_names(&e);
	case FORM_OPAQUE:
		return expand_opaque(&e);
	}
	return false;
}
