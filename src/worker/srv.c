#include "worker/srv.h"

#include "dns/type.h"

/* Labels and addresses that one reply compares to fold targets (S-07). */
#define COMPARE_BUDGET 20000

/* An SRV RRset in work. */
struct srv {
	struct reply *r;
	const struct node_view *node;
	const uint8_t *lists; /* FORM_SRV_BODY: `nlists` times 8 octets */
	unsigned nlists;
	uint16_t weight;
	unsigned written; /* SRVs in the answer */
	size_t first;     /* where the first of them begins */
	unsigned budget;
	uint8_t head[ENCODE_HEAD_MAX];
	size_t head_len;
	uint8_t base[NAME_MAX_LEN]; /* what all targets end with, as it is written */
	uint8_t base_len;
};

/*
 * The end of all targets: the owner without `skip` octets, the zone's part in the letters
 * of the question (RG-15). False: skip does not end at a label.
 */
static bool make_base(struct srv *s, const struct owner *o, unsigned skip)
{
	struct reply *r = s->r;

	if (skip >= o->len)
		return false;
	s->base_len = (uint8_t)(o->len - skip);
	memcpy(s->base, o->name + skip, s->base_len);
	if (name_scan(s->base, s->base_len) != s->base_len)
		return false;
	if (o->zone < 0 || o->zone != r->zone)
		return true;
	unsigned zone_len = r->settings->zones[r->zone].name.len;
	if (zone_len <= s->base_len)
		memcpy(s->base + s->base_len - zone_len, r->p->buf + r->zone_at,
			zone_len);
	return true;
}

static bool begin(struct srv *s, struct reply *r, const struct owner *o,
	const struct node_view *v, uint32_t ttl_s, unsigned skip)
{
	s->r = r;
	s->node = v;
	s->lists = NULL;
	s->nlists = 0;
	s->written = 0;
	s->first = r->w.len;
	s->budget = COMPARE_BUDGET;
	s->head_len = encode_head(r, o->at, TYPE_SRV, ttl_s, s->head);
	return s->head_len != 0 && make_base(s, o, skip);
}

/* One SRV RR whose target is `label` (or nothing) in front of the base. */
static bool put_srv(struct srv *s, uint16_t weight, uint16_t port, const uint8_t *label,
	uint8_t label_len)
{
	struct reply *r = s->r;
	size_t front = label != NULL ? 1u + label_len : 0;
	uint8_t *to = wire_claim(&r->w, s->head_len + 8 + front + s->base_len);

	if (to == NULL) {
		r->w.overflow = false;
		r->cut = true;
		return false;
	}
	memcpy(to, s->head, s->head_len);
	to += s->head_len;
	store_u16(to, (uint16_t)(6 + front + s->base_len));
	store_u16(to + 2, 0);
	store_u16(to + 4, weight);
	store_u16(to + 6, port);
	to += 8;
	if (front != 0) {
		to[0] = label_len;
		memcpy(to + 1, label, label_len);
	}
	memcpy(to + front, s->base, s->base_len);
	s->written++;
	r->an++;
	return true;
}

/* Where the target of the SRV at `rr_at` stands. */
static uint16_t target_at(const struct srv *s, size_t rr_at)
{
	return (uint16_t)(rr_at + s->head_len + 8);
}

/* A and AAAA of the node itself, under the first target. */
static void glue_self(struct srv *s)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
	struct rrset rr;
	bool damaged = false;

	for (unsigned i = 0; i < ARRAY_LEN(types); i++)
		if (node_rrset(s->node, types[i], &rr, &damaged))
			encode_glue(s->r, target_at(s, s->first), &rr);
}

static bool answer_self(struct srv *s, const struct rrset *rr)
{
	if (rr->len < 4 + 2u * rr->count)
		return false;
	for (unsigned i = 0; i < rr->count; i++)
		if (!put_srv(s, s->weight, load_host_u16(rr->data + 4 + 2 * i), NULL, 0))
			break;
	if (s->written > 0 && !s->r->cut)
		glue_self(s);
	return true;
}

static uint16_t list_port(const struct srv *s, unsigned i)
{
	return load_host_u16(s->lists + 8 * i);
}

static uint32_t list_offset(const struct srv *s, unsigned i)
{
	return load_host_u32(s->lists + 8 * i + 4);
}

static bool endpoint_fits(const struct srv *s, const struct endpoint *e)
{
	return e->label_len > 0 && e->label_len <= LABEL_MAX_LEN &&
	       1u + e->label_len + s->base_len <= NAME_MAX_LEN;
}

/* The SRVs of one list; false where it is damaged. */
static bool put_list(struct srv *s, unsigned i)
{
	struct endpoints it;
	struct endpoint e;

	if (!endpoints_begin(s->node, list_offset(s, i), &it))
		return false;
	while (!s->r->cut && endpoints_next(&it, &e)) {
		if (!endpoint_fits(s, &e))
			return false;
		put_srv(s, s->weight, list_port(s, i), e.label, e.label_len);
	}
	return s->r->cut || it.left == 0;
}

/* True if an earlier list is the same one: its targets have their addresses already. */
static bool seen_list(const struct srv *s, unsigned i)
{
	for (unsigned j = 0; j < i; j++)
		if (list_offset(s, j) == list_offset(s, i))
			return true;
	return false;
}

/* Find the endpoint of that label in list i. */
static bool find_endpoint(
	struct srv *s, unsigned i, const struct endpoint *like, struct endpoint *found)
{
	struct endpoints it;

	if (!endpoints_begin(s->node, list_offset(s, i), &it))
		return false;
	while (s->budget > 0 && endpoints_next(&it, found)) {
		s->budget--;
		if (found->label_len == like->label_len &&
			memcmp(found->label, like->label, like->label_len) == 0)
			return true;
	}
	return false;
}

/* True if one of the `n` addresses at `octets` is the one at `addr`. */
static bool has_addr(struct srv *s, const uint8_t *octets, unsigned n,
	const uint8_t *addr, size_t size)
{
	for (unsigned i = 0; i < n && s->budget > 0; i++) {
		s->budget--;
		if (memcmp(octets + i * size, addr, size) == 0)
			return true;
	}
	return false;
}

/* What is gathered for one target: one family of it, from all lists. */
#define UNION_MAX 64
struct gathered {
	uint8_t octets[UNION_MAX * 16];
	unsigned n;
};

static void gather(struct srv *s, struct gathered *g, const struct endpoint *e, bool six)
{
	size_t size = six ? 16 : 4;
	const uint8_t *addrs = six ? e->addrs6 : e->addrs4;
	unsigned n = six ? e->n6 : e->n4;

	for (unsigned i = 0; i < n && g->n < UNION_MAX; i++) {
		const uint8_t *a = addrs + i * size;

		if (has_addr(s, g->octets, g->n, a, size))
			continue;
		memcpy(g->octets + g->n * size, a, size);
		g->n++;
	}
}

/* Add one family of a target's addresses; list i names it first. */
static void glue_family(struct srv *s, unsigned i, const struct endpoint *e, uint16_t at,
	uint32_t ttl_s, bool six)
{
	struct gathered g;
	struct endpoint other;
	struct rrset rr = {.type = six ? TYPE_AAAA : TYPE_A, .form = FORM_ADDRS};

	rr.ttl_s = ttl_s;
	rr.data = six ? e->addrs6 : e->addrs4;
	rr.count = six ? e->n6 : e->n4;
	if ((e->flags & (six ? ENDPOINT_PLACED6 : ENDPOINT_PLACED4)) != 0)
		rr.form = FORM_ADDRS_PLACED;
	g.n = 0;
	for (unsigned j = i + 1; j < s->nlists; j++) {
		if (seen_list(s, j) || !find_endpoint(s, j, e, &other))
			continue;
		if (g.n == 0)
			gather(s, &g, e, six);
		gather(s, &g, &other, six);
		rr.data = g.octets;
		rr.count = (uint16_t)g.n;
		rr.form = FORM_ADDRS; /* of several lists: rotated, no places */
	}
	rr.len = rr.count * (six ? 16u : 4u);
	if (rr.count > 0)
		encode_glue(s->r, at, &rr);
}

/* Addresses of the targets of list i that no earlier list names; `at`: its first SRV. */
static size_t glue_list(struct srv *s, unsigned i, size_t at, uint32_t ttl_s)
{
	struct endpoints it;
	struct endpoint e, other;
	bool again = seen_list(s, i);

	if (!endpoints_begin(s->node, list_offset(s, i), &it))
		return at;
	while (endpoints_next(&it, &e)) {
		bool known = again;

		for (unsigned j = 0; j < i && !known; j++)
			known = !seen_list(s, j) && find_endpoint(s, j, &e, &other);
		if (!known && s->budget > 0 && !s->r->full) {
			glue_family(s, i, &e, target_at(s, at), ttl_s, false);
			glue_family(s, i, &e, target_at(s, at), ttl_s, true);
		}
		at += s->head_len + 8 + 1u + e.label_len + s->base_len;
	}
	return at;
}

static bool answer_body(struct srv *s, const struct rrset *rr)
{
	size_t at = s->first;

	s->nlists = rr->data[3];
	s->lists = rr->data + 4;
	if (rr->len < 4 + 8u * s->nlists)
		return false;
	for (unsigned i = 0; i < s->nlists && !s->r->cut; i++)
		if (!put_list(s, i))
			return false;
	for (unsigned i = 0; i < s->nlists && !s->r->cut && !s->r->full; i++)
		at = glue_list(s, i, at, rr->ttl_s);
	return true;
}

bool srv_answer(struct reply *r, const struct owner *o, const struct node_view *v,
	const struct rrset *rr)
{
	struct srv s;

	if (rr->len < 4 || !begin(&s, r, o, v, rr->ttl_s, rr->data[2]))
		return false;
	s.weight = load_host_u16(rr->data);
	if (rr->form == FORM_SRV_SELF)
		return answer_self(&s, rr);
	return rr->form == FORM_SRV_BODY && answer_body(&s, rr);
}

void srv_answer_pod(struct reply *r, const struct owner *o, const struct rrset *address)
{
	struct srv s;

	if (!begin(&s, r, o, NULL, address->ttl_s, 0))
		return;
	if (put_srv(&s, 100, 0, NULL, 0))
		encode_glue(r, target_at(&s, s.first), address);
}
