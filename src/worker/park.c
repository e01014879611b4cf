#include "worker/park.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/type.h"

#define MAGIC     UINT64_C(0x316b726170736473) /* "sdspark1" */
#define RUN_MS    250  /* between runs of a query that waits: no message is relied on */
#define ASK_MS    1000 /* between ASKs for the same */
#define HALF      (PARK_PLACES / 2)
#define EIGHTH    (PARK_PLACES / 8)
#define CROWDS    (4 * PARK_PLACES)
#define WAITS_MAX (300 * NS_PER_S) /* no deadline of ours is further away */

enum { BIT_OPT = 1, BIT_DO = 2, BIT_NSID = 4, BIT_KEEPALIVE = 8, BITS = 15 };

static struct park_place *place_of(const struct park *k, uint32_t place)
{
	return &k->page->places[place];
}

static uint32_t state_of(const struct park *k, uint32_t place)
{
	return atomic_load_explicit(&place_of(k, place)->state, memory_order_relaxed);
}

/* Whatever was written before stands there first, wherever the process ends. */
static void set_state(struct park *k, uint32_t place, enum park_state state)
{
	atomic_store_explicit(
		&place_of(k, place)->state, (uint32_t)state, memory_order_release);
}

/* ---- who waits for what ---- */

static size_t address_len(const struct park_way *way)
{
	return way->family == AF_INET6 ? 16 : 4;
}

static uint16_t crowd_of(const struct park *k, const struct park_way *way)
{
	return (uint16_t)(hash_name(&k->key, way->client, address_len(way)).path %
			  CROWDS);
}

/* Of what makes two queries the same: client, port, ID, question. */
static uint16_t bucket_of(const struct park *k, const struct park_place *a)
{
	uint8_t octets[24 + NAME_MAX_LEN] = {0};

	memcpy(octets, a->way.client, 16);
	memcpy(octets + 16, &a->way.port, 2);
	memcpy(octets + 18, &a->id, 2);
	memcpy(octets + 20, &a->type, 2);
	memcpy(octets + 24, a->qname, a->qname_len);
	return (uint16_t)(hash_name(&k->key, octets, 24u + a->qname_len).path %
			  PARK_PLACES);
}

static bool same_query(const struct park_place *a, const struct park_place *b)
{
	return a->way.life == 0 && b->way.life == 0 && a->id == b->id &&
	       a->type == b->type && a->flags == b->flags && a->bits == b->bits &&
	       a->way.port == b->way.port && a->way.family == b->way.family &&
	       memcmp(a->way.client, b->way.client, 16) == 0 &&
	       a->qname_len == b->qname_len &&
	       memcmp(a->qname, b->qname, a->qname_len) == 0;
}

static bool is_parked(const struct park *k, const struct park_place *a, uint16_t bucket)
{
	uint32_t at = k->buckets[bucket];

	for (; at != PARK_NONE; at = k->notes[at].next)
		if (same_query(a, place_of(k, at)))
			return true;
	return false;
}

/* A place is in use from now on. */
static void enter(struct park *k, uint32_t place, uint16_t bucket, uint64_t due_ns)
{
	struct park_note *n = &k->notes[place];

	*n = (struct park_note){.next = k->buckets[bucket],
		.bucket = bucket,
		.crowd = crowd_of(k, &place_of(k, place)->way)};
	k->buckets[bucket] = place;
	k->crowds[n->crowd]++;
	k->due_ns[place] = due_ns;
	k->used = MAX(k->used, place + 1);
	k->n++;
}

static void leave(struct park *k, uint32_t place)
{
	struct park_note *n = &k->notes[place];
	uint32_t *at = &k->buckets[n->bucket];

	while (*at != place)
		at = &k->notes[*at].next;
	*at = n->next;
	k->crowds[n->crowd]--;
	k->n--;
}

static void put_free(struct park *k, uint32_t place)
{
	set_state(k, place, PARK_FREE);
	k->due_ns[place] = UINT64_MAX;
	k->notes[place].next = k->free;
	k->free = place;
}

void park_free(struct park *k, uint32_t place)
{
	leave(k, place);
	put_free(k, place);
}

/* ---- adopting ---- */

/*
 * True if a place that a predecessor left is one, as far as anybody could tell (DE-12).
 */
static bool is_whole(const struct park_place *a, uint64_t now_ns)
{
	return a->way.life == 0 && a->arrival_ns <= now_ns && a->deadline_ns > now_ns &&
	       a->deadline_ns - now_ns < WAITS_MAX && a->qname_len > 0 &&
	       name_scan(a->qname, a->qname_len) == a->qname_len &&
	       a->udp_size >= MSG_UDP_MIN && (a->bits & ~BITS) == 0 &&
	       (a->flags & MSG_QR) == 0 && a->hops < MARK_HOPS &&
	       (a->way.family == AF_INET || a->way.family == AF_INET6) &&
	       a->way.key.kind <= SOCKET_UDP_WILD &&
	       (a->way.local_len == 0 || a->way.local_len == address_len(&a->way));
}

/* May it be run (again)? A worker that was killed is likelier than one that it ended. */
static bool is_left(const struct park *k, uint32_t place)
{
	struct park_place *a = place_of(k, place);

	if (state_of(k, place) == PARK_WAITING)
		return true;
	if (state_of(k, place) != PARK_WORKING || a->deaths > 0)
		return false;
	a->deaths = 1;
	return true;
}

static void adopt(struct park *k, uint64_t now_ns)
{
	for (uint32_t i = PARK_PLACES; i-- > 0;) {
		struct park_place *a = place_of(k, i);

		if (is_left(k, i) && is_whole(a, now_ns)) {
			set_state(k, i, PARK_WAITING);
			enter(k, i, bucket_of(k, a), now_ns);
		} else {
			put_free(k, i);
		}
	}
}

struct park *park_new(void *page, const struct hash_key *key, uint64_t now_ns)
{
	struct park *k = mem_alloc(1, sizeof(*k));

	k->page = page;
	k->key = *key;
	k->key.mask = UINT64_MAX;
	k->free = PARK_NONE;
	for (unsigned i = 0; i < PARK_PLACES; i++)
		k->buckets[i] = PARK_NONE;
	if (k->page->magic != MAGIC) {
		memset(k->page, 0, sizeof(*k->page));
		k->page->magic = MAGIC;
	}
	adopt(k, now_ns);
	return k;
}

/* ---- a query comes and goes ---- */

static void write_place(struct park_place *a, const struct packet *p,
	const struct park_way *way, uint64_t deadline_ns)
{
	const struct query *q = &p->q;

	a->arrival_ns = p->arrival_ns;
	a->deadline_ns = deadline_ns;
	a->way = *way;
	a->id = q->id;
	a->flags = q->flags;
	a->type = q->type;
	a->udp_size = q->udp_size;
	a->len = (uint16_t)p->len;
	a->bits = (uint8_t)((q->has_opt ? BIT_OPT : 0) | (q->want_do ? BIT_DO : 0) |
			    (q->want_nsid ? BIT_NSID : 0) |
			    (q->want_keepalive ? BIT_KEEPALIVE : 0));
	a->rounds = 0;
	a->deaths = 0;
	a->hops = q->hops;
	a->qname_len = q->qname_len;
	memcpy(a->qname, p->buf + MSG_HEADER_LEN, q->qname_len);
}

int park_add(struct park *k, const struct packet *p, const struct park_way *way,
	uint64_t deadline_ns)
{
	struct park_place next;
	uint32_t place = k->free;

	write_place(&next, p, way, deadline_ns);
	uint16_t bucket = bucket_of(k, &next);
	if (is_parked(k, &next, bucket))
		return -EALREADY;
	if (place == PARK_NONE || (k->n >= HALF && k->crowds[crowd_of(k, way)] >= EIGHTH))
		return -ENOSPC;
	k->free = k->notes[place].next;
	write_place(place_of(k, place), p, way, deadline_ns);
	place_of(k, place)->serial++;
	enter(k, place, bucket, p->arrival_ns);
	set_state(k, place, PARK_WORKING); /* park_wait() follows */
	return (int)place;
}

bool park_waits(const struct park *k, uint32_t place, uint32_t serial)
{
	return place < PARK_PLACES && state_of(k, place) == PARK_WAITING &&
	       place_of(k, place)->serial == serial;
}

bool park_take(
	struct park *k, uint32_t place, const struct hash_key *key, struct packet *p)
{
	const struct park_place *a = place_of(k, place);
	struct query *q = &p->q;

	set_state(k, place, PARK_WORKING);
	if (p->cap < MSG_HEADER_LEN + a->qname_len + 4u)
		return false;
	*q = (struct query){.id = a->id,
		.flags = a->flags,
		.type = a->type,
		.class = CLASS_IN,
		.qname_len = a->qname_len,
		.has_opt = (a->bits & BIT_OPT) != 0,
		.want_do = (a->bits & BIT_DO) != 0,
		.want_nsid = (a->bits & BIT_NSID) != 0,
		.want_keepalive = (a->bits & BIT_KEEPALIVE) != 0,
		.hops = a->hops,
		.udp_size = a->udp_size,
		.end = (uint16_t)(MSG_HEADER_LEN + a->qname_len + 4)};
	name_fold(q->qname, a->qname, a->qname_len);
	memset(p->buf, 0, MSG_HEADER_LEN);
	memcpy(p->buf + MSG_HEADER_LEN, a->qname, a->qname_len);
	store_u16(p->buf + q->end - 4, q->type);
	store_u16(p->buf + q->end - 2, q->class);
	p->len = a->len;
	p->reply_len = 0;
	p->arrival_ns = a->arrival_ns;
	p->tcp = a->way.life != 0;
	p->cut = false;
	p->hash = hash_name(key, q->qname, q->qname_len);
	return true;
}

/* ---- time ---- */

static uint64_t stale_ns(const struct park_place *a, const struct forward_settings *f)
{
	return a->arrival_ns + f->cache.stale_timeout_ms * NS_PER_MS;
}

enum wait park_patience(const struct park *k, uint32_t place,
	const struct forward_settings *f, uint64_t now_ns)
{
	const struct park_place *a = place_of(k, place);

	if (now_ns >= a->deadline_ns)
		return WAIT_OVER;
	if (k->notes[place].full)
		return WAIT_FULL;
	return now_ns >= stale_ns(a, f) ? WAIT_STALE : WAIT_ASK;
}

/* The next look: soon, but not behind what changes what may be answered. */
static uint64_t next_look(
	const struct park_place *a, const struct forward_settings *f, uint64_t now_ns)
{
	uint64_t at = MIN(now_ns + RUN_MS * NS_PER_MS, a->deadline_ns);

	return stale_ns(a, f) > now_ns ? MIN(at, stale_ns(a, f)) : at;
}

/* Two needs of one query are the same if this is. */
static uint64_t need_of(const struct packet *p)
{
	const struct question *q = &p->need[0];

	return q->hash.check ^ q->group ^ (uint64_t)q->type << 8 ^ q->flags;
}

enum park_ask park_wait(struct park *k, uint32_t place, const struct packet *p,
	const struct forward_settings *f, uint64_t now_ns)
{
	struct park_place *a = place_of(k, place);
	struct park_note *n = &k->notes[place];
	enum park_ask ask = PARK_QUIET;

	if (n->asked_ns == 0 || n->settled || n->need != need_of(p))
		ask = a->rounds < PARK_ROUNDS_MAX ? PARK_ASK : PARK_SPENT;
	else if (now_ns >= n->asked_ns + ASK_MS * NS_PER_MS)
		ask = PARK_AGAIN;
	if (ask == PARK_SPENT)
		return ask;
	if (ask == PARK_ASK && (n->settled || n->need != need_of(p))) {
		a->rounds++;
		a->serial++;
	}
	n->need = need_of(p);
	n->settled = n->full = false;
	k->due_ns[place] = next_look(a, f, now_ns);
	set_state(k, place, PARK_WAITING);
	return ask;
}

void park_asked(struct park *k, uint32_t place, uint8_t home, uint64_t now_ns)
{
	k->notes[place].asked_ns = now_ns;
	k->notes[place].home = home;
}

void park_settled(struct park *k, uint32_t place, bool full, uint64_t now_ns)
{
	struct park_note *n = &k->notes[place];

	n->settled = true;
	n->full = full;
	k->due_ns[place] = now_ns;
}

/* ---- those that something has happened to ---- */

void park_hello(struct park *k, uint8_t home, uint64_t now_ns)
{
	for (uint32_t i = 0; i < k->used; i++) {
		if (k->due_ns[i] == UINT64_MAX || k->notes[i].home != home)
			continue;
		k->notes[i].asked_ns = 0;
		k->due_ns[i] = now_ns;
	}
}

void park_retry(struct park *k, uint64_t now_ns)
{
	for (uint32_t i = 0; i < k->used; i++)
		if (k->due_ns[i] != UINT64_MAX && k->notes[i].asked_ns == 0)
			k->due_ns[i] = now_ns;
}

void park_connection(struct park *k, uint32_t connection, uint64_t life, uint64_t now_ns)
{
	for (uint32_t i = 0; i < k->used; i++) {
		const struct park_way *way = &place_of(k, i)->way;

		if (k->due_ns[i] == UINT64_MAX || way->connection != connection ||
			way->life != life)
			continue;
		if (now_ns == 0)
			park_free(k, i);
		else
			k->due_ns[i] = now_ns;
	}
}

unsigned park_due(const struct park *k, uint64_t now_ns, uint32_t *out, unsigned max)
{
	unsigned n = 0;

	for (uint32_t i = 0; k->n > 0 && i < k->used && n < max; i++)
		if (k->due_ns[i] <= now_ns)
			out[n++] = i;
	return n;
}

uint64_t park_next_ns(const struct park *k)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; k->n > 0 && i < k->used; i++)
		next = MIN(next, k->due_ns[i]);
	return next;
}
