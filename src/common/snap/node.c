#include "snap/node.h"

#include <assert.h>

#include "base/base.h"
#include "dns/type.h"

#define TTL_MASK   0x00ffffffu
#define FORM_SHIFT 24
#define FORM_MASK  0x0fu

/* Octets of a TCP message less header, question tail and OPT with room for options. */
#define TCP_ROOM (65535u - 12u - 4u - 128u)

bool node_view(const uint8_t *base, uint64_t used, uint32_t ref, struct node_view *v)
{
	uint64_t at = (uint64_t)ref * 8;

	if (at < SEGMENT_FIRST || at + sizeof(struct node_header) > used)
		return false;
	const struct node_header *head = (const void *)(base + at);
	size_t size = (size_t)head->size8 * 8;
	size_t name = head->name_len > 0 ? head->name_len : sizeof(struct hash128);
	size_t rrsets = round_up(sizeof(*head) + name, 4);
	if (size < rrsets || size > used - at)
		return false;
	*v = (struct node_view){
		.head = head,
		.name = head->name_len > 0 ? base + at + sizeof(*head) : NULL,
		.rrsets = base + at + rrsets,
		.end = base + at + size,
	};
	if (head->body == 0)
		return true;
	at = (uint64_t)head->body * 8;
	if (at < SEGMENT_FIRST || at + sizeof(struct body_header) > used)
		return false;
	const struct body_header *body = (const void *)(base + at);
	uint64_t body_size = (uint64_t)body->size8 * 8;
	if (body_size < sizeof(*body) || body_size > used - at)
		return false;
	v->body = base + at + sizeof(*body);
	v->body_len = body_size - sizeof(*body);
	return true;
}

/* Octets of one address of this type; 0 if it is not an address type. */
static size_t addr_size(uint16_t type)
{
	return type == TYPE_A ? 4 : type == TYPE_AAAA ? 16 : 0;
}

/* True if `len` octets hold exactly `count` items {u8 len, u8 zone_len, name}. */
static bool names_fit(const uint8_t *p, size_t len, unsigned count)
{
	while (count-- > 0) {
		if (len < 2 || p[0] == 0 || p[0] > len - 2 || p[1] > p[0])
			return false;
		len -= 2u + p[0];
		p += 2u + p[0];
	}
	return len == 0;
}

/* True if `len` octets hold exactly `count` items {u16 len, rdata}. */
static bool opaque_fits(const uint8_t *p, size_t len, unsigned count)
{
	while (count-- > 0) {
		if (len < 2)
			return false;
		uint16_t n = load_host_u16(p);
		if (n > len - 2)
			return false;
		len -= 2u + n;
		p += 2u + n;
	}
	return len == 0;
}

/* Resolve an RRset whose addresses stand in the body. */
static bool body_data(const struct node_view *v, struct rrset *r)
{
	size_t size = addr_size(r->type) * r->count;
	uint32_t offset = load_host_u32(r->data);

	if (size == 0 || v->body == NULL || offset > v->body_len ||
		size > v->body_len - offset)
		return false;
	r->data = v->body + offset;
	r->len = size;
	return true;
}

/* measure() of addresses with their places. */
static size_t measure_placed(const struct node_view *v, struct rrset *r, size_t left)
{
	bool in_body = r->form == FORM_BODY_PLACED;
	struct place_order p;
	size_t room = left;

	if (in_body) {
		if (left < 4 || !body_data(v, r))
			return 0;
		room = (size_t)(v->body + v->body_len - r->data);
	} else {
		r->len = addr_size(r->type) * r->count;
	}
	if (r->len == 0 || r->len > room)
		return 0;
	size_t size = place_view(r->data + r->len, room - r->len, r->count, &p);
	if (size == 0)
		return 0;
	return in_body ? 4 : r->len + size;
}

bool node_places(const struct rrset *r, struct place_order *out)
{
	return place_view(r->data + r->len, SIZE_MAX, r->count, out) != 0;
}

/*
 * Find how many octets the data of *r take, r->data being behind the RRset's header with
 * `left` octets to the end of the node; set data and len. 0 where they do not fit.
 */
static size_t measure(const struct node_view *v, struct rrset *r, size_t left)
{
	uint16_t n;

	switch (r->form) {
	case FORM_ADDRS:
		r->len = addr_size(r->type) * r->count;
		return r->len <= left ? r->len : 0;
	case FORM_BODY_ADDRS:
		return left >= 4 && body_data(v, r) ? 4 : 0;
	case FORM_ADDRS_PLACED: /* next_placed() */
	case FORM_BODY_PLACED:
		return 0;
	case FORM_SRV_SELF:
	case FORM_SRV_BODY:
		if (left < 4 || r->data[2] >= v->head->name_len)
			return 0;
		r->len = 4 + (r->form == FORM_SRV_SELF ? 2 * (size_t)r->count
						       : 8 * (size_t)r->data[3]);
		return r->len <= left ? r->len : 0;
	case FORM_NAMES:
	case FORM_OPAQUE:
		if (left < 2)
			return 0;
		n = load_host_u16(r->data);
		if (n > left - 2)
			return 0;
		r->data += 2;
		r->len = n;
		if (r->form == FORM_NAMES ? !names_fit(r->data, n, r->count)
					  : !opaque_fits(r->data, n, r->count))
			return 0;
		return 2u + n;
	}
	return 0;
}

/* What the header at `p` says; data begin behind it. */
static struct rrset rrset_at(const uint8_t *p)
{
	struct rrset_header head;

	memcpy(&head, p, sizeof(head));
	return (struct rrset){
		.type = head.type,
		.count = head.count,
		.ttl_s = head.ttl_form & TTL_MASK,
		.form = (enum rrset_form)(head.ttl_form >> FORM_SHIFT & FORM_MASK),
		.glue_only = (head.ttl_form & RRSET_GLUE_ONLY) != 0,
		.data = p + sizeof(head),
	};
}

/* Behind an RRset whose data at `p` take n octets: nodes end at a multiple of 8. */
static const uint8_t *behind(const uint8_t *p, size_t n)
{
	return p + round_up(sizeof(struct rrset_header) + n, 4);
}

/* node_next() of all forms but those with places. */
static bool next_plain(
	const struct node_view *v, const uint8_t **cursor, struct rrset *out)
{
	const uint8_t *p = *cursor;

	if (p < v->rrsets || (size_t)(v->end - p) < sizeof(struct rrset_header))
		return false;
	struct rrset r = rrset_at(p);
	size_t n = measure(v, &r, (size_t)(v->end - p) - sizeof(struct rrset_header));
	if (n == 0)
		return false;
	*out = r;
	*cursor = behind(p, n);
	return true;
}

/*
 * node_next() of what is no RRset, or one with places. Out of line and last, so that the
 * others pay nothing for it.
 */
__attribute__((noinline)) static bool next_placed(
	const struct node_view *v, const uint8_t **cursor, struct rrset *out)
{
	const uint8_t *p = *cursor;

	if (p < v->rrsets || (size_t)(v->end - p) < sizeof(struct rrset_header))
		return false;
	struct rrset r = rrset_at(p);
	if (!node_placed(r.form))
		return false;
	size_t n = measure_placed(
		v, &r, (size_t)(v->end - p) - sizeof(struct rrset_header));
	if (n == 0)
		return false;
	*out = r;
	*cursor = behind(p, n);
	return true;
}

bool node_next(const struct node_view *v, const uint8_t **cursor, struct rrset *out)
{
	return next_plain(v, cursor, out) || next_placed(v, cursor, out);
}

bool node_rrset(
	const struct node_view *v, uint16_t type, struct rrset *out, bool *damaged)
{
	const uint8_t *cursor = v->rrsets;

	for (unsigned i = 0; i < v->head->nrrsets; i++) {
		struct rrset r;

		if (!next_plain(v, &cursor, &r) && !next_placed(v, &cursor, &r)) {
			*damaged = true;
			return false;
		}
		if (r.type == type) {
			*out = r;
			return true;
		}
	}
	return false;
}

bool node_intact(const struct node_view *v)
{
	const uint8_t *from = (const uint8_t *)v->head +
	                      offsetof(struct node_header, size8);

	if (v->head->check != hash_check(from, (size_t)(v->end - from)))
		return false;
	if (v->body == NULL)
		return true;
	const uint8_t *body = v->body - sizeof(struct body_header);
	return load_host_u32(body) ==
	       hash_check(body + 4, v->body_len + sizeof(struct body_header) - 4);
}

size_t node_size(const struct node_view *v)
{
	size_t size = (size_t)v->head->size8 * 8;

	if ((v->head->flags & NODE_OWNS_BODY) != 0 && v->body != NULL)
		size += v->body_len + sizeof(struct body_header);
	return size;
}

bool endpoints_begin(const struct node_view *v, uint32_t offset, struct endpoints *it)
{
	const size_t head = 8; /* count, octets */

	if (v->body == NULL || offset > v->body_len || head > v->body_len - offset)
		return false;
	const uint8_t *at = v->body + offset + head;
	uint32_t count = load_host_u32(at - 8), octets = load_host_u32(at - 4);
	if (octets > v->body_len - offset - head)
		return false;
	*it = (struct endpoints){.at = at, .end = at + octets, .left = count};
	return true;
}

#define ENDPOINT_HEAD 6u

/*
 * There are places blocks behind addresses of *e, whose octets without them end at
 * it->at: take them into account. False where they do not fit. Out of line: endpoints
 * without pay nothing for it.
 */
__attribute__((noinline)) static bool skip_places(
	struct endpoints *it, struct endpoint *e)
{
	size_t left = (size_t)(it->end - it->at), n = 0;
	struct place_order p;

	if ((e->flags & ENDPOINT_PLACED4) != 0) {
		n = place_view(e->addrs6, left + 16u * e->n6, e->n4, &p);
		if (n == 0 || n > left)
			return false;
		e->addrs6 += n;
		left -= n;
	}
	if ((e->flags & ENDPOINT_PLACED6) != 0) {
		n = place_view(e->addrs6 + 16u * e->n6, left, e->n6, &p);
		left -= n;
	}
	it->at = it->end - left;
	return n != 0;
}

bool endpoints_next(struct endpoints *it, struct endpoint *out)
{
	size_t left = (size_t)(it->end - it->at);

	if (it->left == 0 || left < ENDPOINT_HEAD)
		return false;
	struct endpoint e = {
		.label_len = it->at[0],
		.flags = it->at[1],
		.n4 = load_host_u16(it->at + 2),
		.n6 = load_host_u16(it->at + 4),
	};
	size_t size = ENDPOINT_HEAD + e.label_len + 4u * e.n4 + 16u * e.n6;
	if (e.label_len == 0 || e.label_len > LABEL_MAX_LEN || size > left)
		return false;
	e.label = it->at + ENDPOINT_HEAD;
	e.addrs4 = e.label + e.label_len;
	e.addrs6 = e.addrs4 + 4u * e.n4;
	*out = e;
	it->at += size;
	if (e.flags != 0 && !skip_places(it, out))
		return false;
	it->left--;
	return true;
}

/* ---- building ---- */

/* What stands in a body under construction. */
struct block {
	uint64_t hash; /* of its octets */
	uint32_t at;   /* behind the header */
	uint32_t len;
};

/* Reserve the header at first use. */
static void body_start(struct body_builder *b)
{
	if (b->buf.len == 0)
		memset(mem_buf_add(&b->buf, sizeof(struct body_header)), 0,
			sizeof(struct body_header));
}

/* Pad to a multiple of `to` with zeros. */
static void pad(struct mem_buf *b, size_t to)
{
	size_t n = round_up(b->len, to) - b->len;

	if (n > 0)
		memset(mem_buf_add(b, n), 0, n);
}

/*
 * Append a block, or find the one that has the same octets. By their hashes: a Service of
 * many ports has thousands, and the body may be megabytes long.
 */
static uint32_t put_block(struct body_builder *b, const void *src, size_t len)
{
	struct block fresh = {.hash = hash_content(src, len), .len = (uint32_t)len};

	for (size_t i = 0; i < b->blocks.len; i += sizeof(fresh)) {
		struct block known;

		memcpy(&known, b->blocks.data + i, sizeof(known));
		if (known.hash == fresh.hash && known.len == len &&
			memcmp(b->buf.data + sizeof(struct body_header) + known.at, src,
				len) == 0)
			return known.at;
	}
	fresh.at = (uint32_t)(b->buf.len - sizeof(struct body_header));
	mem_buf_put(&b->blocks, &fresh, sizeof(fresh));
	mem_buf_put(&b->buf, src, len);
	pad(&b->buf, 4);
	return fresh.at;
}

uint32_t body_addrs(
	struct body_builder *b, const uint8_t *octets, size_t count, size_t size)
{
	body_start(b);
	return count > 0 ? put_block(b, octets, count * size) : 0;
}

bool body_placed(struct body_builder *b, const uint8_t *octets, size_t count, size_t size,
	const uint32_t *place, uint32_t *offset)
{
	struct mem_buf block = {0};

	body_start(b);
	mem_buf_put(&block, octets, count * size);
	bool any = place_build(&block, place, count);
	if (any)
		*offset = put_block(b, block.data, block.len);
	mem_buf_fini(&block);
	return any;
}

/* Append one endpoint record. */
static void put_endpoint(struct mem_buf *b, const struct endpoint_spec *e)
{
	uint8_t head[ENDPOINT_HEAD] = {e->label_len};
	size_t at = b->len;

	memcpy(head + 2, &e->n4, 2);
	memcpy(head + 4, &e->n6, 2);
	mem_buf_put(b, head, sizeof(head));
	mem_buf_put(b, e->label, e->label_len);
	mem_buf_put(b, e->addrs4, 4u * e->n4);
	if (e->place4 != NULL && place_build(b, e->place4, e->n4))
		b->data[at + 1] |= ENDPOINT_PLACED4;
	mem_buf_put(b, e->addrs6, 16u * e->n6);
	if (e->place6 != NULL && place_build(b, e->place6, e->n6))
		b->data[at + 1] |= ENDPOINT_PLACED6;
}

uint32_t body_endpoints(struct body_builder *b, const struct endpoint_spec *e, size_t n)
{
	struct mem_buf list = {0};
	uint32_t head[2] = {(uint32_t)n, 0};

	body_start(b);
	mem_buf_put(&list, head, sizeof(head));
	for (size_t i = 0; i < n; i++)
		put_endpoint(&list, &e[i]);
	head[1] = (uint32_t)(list.len - sizeof(head));
	memcpy(list.data, head, sizeof(head));
	uint32_t at = put_block(b, list.data, list.len);
	mem_buf_fini(&list);
	return at;
}

void body_octets(struct body_builder *b, const void *octets, size_t len)
{
	body_start(b);
	mem_buf_put(&b->buf, octets, len);
}

const uint8_t *body_finish(struct body_builder *b, size_t *len)
{
	struct body_header head;

	body_start(b);
	pad(&b->buf, 8);
	head.size8 = (uint32_t)(b->buf.len / 8);
	memcpy(b->buf.data + 4, &head.size8, 4);
	head.check = hash_check(b->buf.data + 4, b->buf.len - 4);
	memcpy(b->buf.data, &head.check, 4);
	*len = b->buf.len;
	return b->buf.data;
}

void body_reset(struct body_builder *b)
{
	b->buf.len = 0;
	b->blocks.len = 0;
}

void body_fini(struct body_builder *b)
{
	mem_buf_fini(&b->buf);
	mem_buf_fini(&b->blocks);
}

static struct node_header *head_of(const struct node_builder *b)
{
	return (struct node_header *)(void *)b->buf.data;
}

void node_begin(
	struct node_builder *b, const struct name *owner, uint8_t zone, uint8_t flags)
{
	struct node_header head = {.name_len = owner->len, .zone = zone, .flags = flags};

	b->buf.len = 0;
	b->uses_body = false;
	mem_buf_put(&b->buf, &head, sizeof(head));
	mem_buf_put(&b->buf, owner->wire, owner->len);
	pad(&b->buf, 4);
}

void node_set_file(struct node_builder *b, uint8_t file)
{
	head_of(b)->file = file;
	b->uses_body = (file & NODE_FILE_CHAIN) != 0;
}

void node_begin_ent(struct node_builder *b, const struct hash128 *h, uint8_t zone)
{
	struct node_header head = {.zone = zone};

	b->buf.len = 0;
	b->uses_body = false;
	mem_buf_put(&b->buf, &head, sizeof(head));
	mem_buf_put(&b->buf, h, sizeof(*h));
}

/* Append an RRset's header. */
static void begin_rrset(struct node_builder *b, uint16_t type, size_t count,
	uint32_t ttl_s, enum rrset_form form, bool glue_only)
{
	struct rrset_header head = {
		.type = type,
		.count = (uint16_t)count,
		.ttl_form = MIN(ttl_s, TTL_MASK) | (uint32_t)form << FORM_SHIFT |
	                    (glue_only ? RRSET_GLUE_ONLY : 0),
	};

	assert(head_of(b)->nrrsets < UINT8_MAX);
	mem_buf_put(&b->buf, &head, sizeof(head));
	head_of(b)->nrrsets++;
}

/* How many RRs of `rdata` octets behind a compressed owner fit into a TCP message. */
static size_t cut(const struct node_builder *b, size_t count, size_t rdata)
{
	size_t most = (TCP_ROOM - head_of(b)->name_len) / (12 + rdata);

	return MIN(count, most);
}

size_t node_fit(const struct node_builder *b, uint16_t type, size_t count)
{
	return cut(b, count, addr_size(type));
}

size_t node_add_addrs(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const uint8_t *octets, size_t count, bool glue_only)
{
	size_t size = addr_size(type);

	count = cut(b, count, size);
	if (count == 0)
		return 0;
	begin_rrset(b, type, count, ttl_s, FORM_ADDRS, glue_only);
	mem_buf_put(&b->buf, octets, count * size);
	return count;
}

size_t node_add_body_addrs(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	uint32_t body_offset, size_t count, bool glue_only)
{
	count = cut(b, count, addr_size(type));
	if (count == 0)
		return 0;
	begin_rrset(b, type, count, ttl_s, FORM_BODY_ADDRS, glue_only);
	mem_buf_put(&b->buf, &body_offset, sizeof(body_offset));
	b->uses_body = true;
	return count;
}

size_t node_add_addrs_placed(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const uint8_t *octets, size_t count, const uint32_t *place)
{
	struct mem_buf block = {0};

	count = node_fit(b, type, count);
	if (!place_build(&block, place, count))
		return node_add_addrs(b, type, ttl_s, octets, count, false);
	begin_rrset(b, type, count, ttl_s, FORM_ADDRS_PLACED, false);
	mem_buf_put(&b->buf, octets, count * addr_size(type));
	mem_buf_put(&b->buf, block.data, block.len);
	pad(&b->buf, 4);
	mem_buf_fini(&block);
	return count;
}

void node_add_body_placed(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	uint32_t body_offset, size_t count)
{
	assert(count == node_fit(b, type, count));
	begin_rrset(b, type, count, ttl_s, FORM_BODY_PLACED, false);
	mem_buf_put(&b->buf, &body_offset, sizeof(body_offset));
	b->uses_body = true;
}

/* Append the first four octets of an SRV RRset's data. */
static void put_srv_head(
	struct node_builder *b, uint16_t weight, uint8_t skip, uint8_t lists)
{
	uint8_t head[4] = {0, 0, skip, lists};

	memcpy(head, &weight, sizeof(weight));
	mem_buf_put(&b->buf, head, sizeof(head));
}

size_t node_add_srv_self(struct node_builder *b, uint32_t ttl_s, uint16_t weight,
	uint8_t skip, const uint16_t *ports, size_t count)
{
	count = cut(b, count, 6u + head_of(b)->name_len - skip);
	if (count == 0)
		return 0;
	begin_rrset(b, TYPE_SRV, count, ttl_s, FORM_SRV_SELF, false);
	put_srv_head(b, weight, skip, 0);
	mem_buf_put(&b->buf, ports, count * sizeof(*ports));
	pad(&b->buf, 4);
	return count;
}

size_t node_add_srv_body(struct node_builder *b, uint32_t ttl_s, uint16_t weight,
	uint8_t skip, const struct srv_list *lists, size_t nlists)
{
	size_t count = 0;

	nlists = MIN(nlists, (size_t)UINT8_MAX);
	for (size_t i = 0; i < nlists; i++)
		count += lists[i].count;
	if (count == 0)
		return 0;
	begin_rrset(
		b, TYPE_SRV, MIN(count, (size_t)UINT16_MAX), ttl_s, FORM_SRV_BODY, false);
	put_srv_head(b, weight, skip, (uint8_t)nlists);
	for (size_t i = 0; i < nlists; i++) {
		uint16_t port[2] = {lists[i].port, 0};

		mem_buf_put(&b->buf, port, sizeof(port));
		mem_buf_put(&b->buf, &lists[i].body_offset, 4);
	}
	b->uses_body = true;
	return count;
}

size_t node_add_names(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const struct rdata_name *names, size_t count)
{
	size_t octets = 0, n = 0;

	/*
	 * Counted as if nothing were compressed: a cut set
	 * fits whatever the letters are.
	 */
	for (size_t wire = head_of(b)->name_len; n < count; n++) {
		wire += 12u + names[n].name.len;
		if (wire > TCP_ROOM)
			break;
		octets += 2u + names[n].name.len;
	}
	if (n == 0)
		return 0;
	begin_rrset(b, type, n, ttl_s, FORM_NAMES, false);
	uint16_t len = (uint16_t)octets;
	mem_buf_put(&b->buf, &len, sizeof(len));
	for (size_t i = 0; i < n; i++) {
		uint8_t head[2] = {names[i].name.len, names[i].zone_len};

		mem_buf_put(&b->buf, head, sizeof(head));
		mem_buf_put(&b->buf, names[i].name.wire, names[i].name.len);
	}
	pad(&b->buf, 4);
	return n;
}

size_t node_add_opaque(struct node_builder *b, uint16_t type, uint32_t ttl_s,
	const uint8_t *rdatas, size_t len, size_t count)
{
	if (count == 0 || len + 10 * count > TCP_ROOM - head_of(b)->name_len)
		return 0;
	begin_rrset(b, type, count, ttl_s, FORM_OPAQUE, false);
	uint16_t octets = (uint16_t)len;
	mem_buf_put(&b->buf, &octets, sizeof(octets));
	mem_buf_put(&b->buf, rdatas, len);
	pad(&b->buf, 4);
	return count;
}

const uint8_t *node_finish(struct node_builder *b, size_t *len)
{
	pad(&b->buf, 8);
	if (b->buf.len > (size_t)UINT16_MAX * 8)
		return NULL;
	head_of(b)->size8 = (uint16_t)(b->buf.len / 8);
	*len = b->buf.len;
	return b->buf.data;
}

void node_builder_fini(struct node_builder *b)
{
	mem_buf_fini(&b->buf);
}
