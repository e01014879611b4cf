#include "snap/chain.h"

#include "base/base.h"

#define LINK_HEAD 8u

/* ---- reading ---- */

/* Where the offsets begin: behind header and salt. */
static size_t offsets_at(uint8_t salt_len)
{
	return round_up(sizeof(struct chain_header) + salt_len, 4);
}

bool chain_view(const struct node_view *apex, struct chain *out)
{
	struct chain_header head;

	if ((apex->head->file & NODE_FILE_CHAIN) == 0 || apex->body == NULL ||
		apex->body_len < sizeof(head))
		return false;
	memcpy(&head, apex->body, sizeof(head));
	size_t at = offsets_at(head.salt_len);
	if (head.count == 0 || head.hash > NSEC3_SHA1 ||
		head.iterations > NSEC3_ITERATIONS_MAX || at > apex->body_len ||
		head.count > (apex->body_len - at) / 4)
		return false;
	*out = (struct chain){
		.octets = apex->body,
		.len = apex->body_len,
		.count = head.count,
		.hashed = head.hash != 0,
		.params = {head.iterations, head.salt_len, apex->body + sizeof(head)},
		.offsets = apex->body + at,
	};
	return true;
}

bool chain_link(const struct chain *c, uint32_t i, struct chain_link *out)
{
	size_t at = load_host_u32(c->offsets + 4 * (size_t)i);

	if (at > c->len || c->len - at < LINK_HEAD)
		return false;
	const uint8_t *p = c->octets + at;
	struct chain_link l = {
		.name = p + LINK_HEAD,
		.name_len = p[6],
		.signatures = p[7],
		.rdata_len = load_host_u16(p + 4),
		.ttl_s = load_host_u32(p),
		.end = c->octets + c->len,
	};
	if ((size_t)l.name_len + l.rdata_len > (size_t)(l.end - l.name) ||
		l.name_len == 0 || name_scan(l.name, l.name_len) != l.name_len)
		return false;
	l.rdata = l.name + l.name_len;
	l.at = l.rdata + l.rdata_len;
	*out = l;
	return true;
}

bool chain_signature(struct chain_link *l, const uint8_t **rdata, size_t *len)
{
	if (l->end - l->at < 2 || l->end - l->at - 2 < load_host_u16(l->at))
		return false;
	*len = load_host_u16(l->at);
	*rdata = l->at + 2;
	l->at = *rdata + *len;
	return true;
}

enum chain_found chain_find(
	const struct chain *c, const uint8_t *name, size_t len, struct chain_link *out)
{
	uint32_t low = 0, high = c->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (!chain_link(c, middle, out))
			return CHAIN_DAMAGED;
		int d = name_compare(name, len, out->name, out->name_len);
		if (d == 0)
			return CHAIN_EQUAL;
		if (d < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return chain_link(c, (low == 0 ? c->count : low) - 1, out) ? CHAIN_BEFORE
	                                                           : CHAIN_DAMAGED;
}

/* ---- building ---- */

void chain_begin(struct mem_buf *b, uint32_t count, const struct nsec3_params *params)
{
	struct chain_header head = {.count = count};

	if (params != NULL) {
		head.hash = NSEC3_SHA1;
		head.iterations = params->iterations;
		head.salt_len = params->salt_len;
	}
	size_t len = offsets_at(head.salt_len) + 4 * (size_t)count;
	uint8_t *to = mem_buf_add(b, len);
	memset(to, 0, len);
	memcpy(to, &head, sizeof(head));
	if (head.salt_len > 0)
		memcpy(to + sizeof(head), params->salt, head.salt_len);
}

void chain_add(struct mem_buf *b, uint32_t i, const struct chain_link *l)
{
	const struct chain_header *head = (const void *)b->data;
	uint32_t at = (uint32_t)b->len;
	uint8_t octets[LINK_HEAD];

	memcpy(b->data + offsets_at(head->salt_len) + 4 * (size_t)i, &at, sizeof(at));
	memcpy(octets, &l->ttl_s, 4);
	memcpy(octets + 4, &l->rdata_len, 2);
	octets[6] = l->name_len;
	octets[7] = l->signatures;
	mem_buf_put(b, octets, sizeof(octets));
	mem_buf_put(b, l->name, l->name_len);
	mem_buf_put(b, l->rdata, l->rdata_len);
}

void chain_add_signature(struct mem_buf *b, const uint8_t *rdata, size_t len)
{
	uint16_t n = (uint16_t)len;

	mem_buf_put(b, &n, sizeof(n));
	mem_buf_put(b, rdata, len);
}
