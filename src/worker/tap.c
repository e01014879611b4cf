#include "worker/tap.h"

#include <stddef.h>

#include "base/base.h"

/* The next number of a sequence (xorshift64*). */
static uint32_t next_random(struct tap *t)
{
	t->random ^= t->random >> 12;
	t->random ^= t->random << 25;
	t->random ^= t->random >> 27;
	return (uint32_t)(t->random * UINT64_C(2685821657736338717) >> 32);
}

/* 1 to 127: RING_SAMPLE on average, and no rhythm that queries could have too. */
static uint32_t draw_gap(struct tap *t)
{
	return 1 + next_random(t) % (2 * RING_SAMPLE - 1);
}

void tap_init(struct tap *t, struct ring *ring, uint64_t random)
{
	*t = (struct tap){.ring = ring, .random = random | 1};
	t->until = draw_gap(t);
}

/* Who asked; returns the marks that say so. */
static uint8_t put_client(struct ring_entry *e, const struct packet *p)
{
	struct addr client;
	struct sockaddr_in6 v6 = {0};

	addr_of_socket(p->client, &client);
	memcpy(e->client, client.octets, sizeof(e->client));
	e->port = 0;
	if (client.len != 0) { /* the port stands at the same place in both */
		memcpy(&v6, p->client, offsetof(struct sockaddr_in6, sin6_flowinfo));
		e->port = ntohs(v6.sin6_port);
	}
	return (p->tcp ? RING_TCP : 0) | (client.len == 16 ? RING_IPV6 : 0);
}

/* What was asked; of a header alone nothing else was read. Returns marks. */
static uint8_t put_question(struct ring_entry *e, const struct packet *p)
{
	const struct query *q = &p->q;

	e->id = q->id;
	e->flags = q->flags;
	e->type = 0;
	e->class = 0;
	e->udp_size = 512;
	e->name_len = 0;
	if ((p->facts & PACKET_HEADER_ONLY) != 0)
		return 0;
	e->udp_size = q->udp_size;
	e->name_len = q->qname_len;
	memcpy(e->name, q->qname, q->qname_len);
	if (q->qname_len != 0) {
		e->type = q->type;
		e->class = q->class;
	}
	return (q->has_opt ? RING_OPT : 0) | (q->want_do ? RING_DO : 0);
}

static void put_reply(struct ring_entry *e, const struct packet *p)
{
	e->reply_flags = load_u16(p->buf + 2) & 0xfff0; /* but the rcode */
	e->rcode = p->rcode;
	e->query_len = (uint16_t)p->len;
	e->reply_len = (uint16_t)p->reply_len;
	e->source = p->source;
}

void tap_take(
	struct tap *t, const struct basis *b, const struct packet *p, uint64_t now_ns)
{
	struct ring_entry e; /* the octets of the name that are used; all else is set */
	uint8_t marks = 0;

	if (t->until == 0) {
		t->until = draw_gap(t);
		marks |= RING_SAMPLED;
	}
	if (t->ring == NULL)
		return;
	marks |= put_question(&e, p);
	if (querylog_wants(&b->settings->querylog, querylog_class(p->rcode, p->buf),
		    e.name, e.name_len, next_random(t)))
		marks |= RING_LOGGED;
	if ((marks & (RING_SAMPLED | RING_LOGGED)) == 0)
		return;
	e.marks = marks | put_client(&e, p);
	put_reply(&e, p);
	e.wall_ns = now_ns + t->wall_ns;
	e.duration_ns = now_ns - p->arrival_ns;
	e.generation = b->snap != NULL ? b->snap->generation : 0;
	ring_put(t->ring, &e);
}
