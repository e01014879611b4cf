#include "worker/query.h"

#include "dns/type.h"
#include "worker/encode.h"

_Static_assert(STAT_ACL == ACL_ACTIONS, "a counter for each action");

static void count(stat_u64 *c)
{
	stat_add(c, 1);
}

/* No reply: too short, or a reply itself (W-01, W-02). */
static bool drop(struct packet *p, struct stat_worker *st)
{
	p->reply_len = 0;
	if (st != NULL)
		count(&st->drops[p->len < MSG_HEADER_LEN ? DROP_SHORT : DROP_RESPONSE]);
	return false;
}

bool query_allowed(const struct settings *s, const struct sockaddr *client)
{
	struct addr a;

	addr_of_socket(client, &a);
	return forward_allowed(&s->forward, &a);
}

/*
 * A query with a mark under our key has gone in a circle, whatever its hops (LO-01):
 * nobody else can make one, and no other appliance has our key. So has one that passed
 * too many appliances, whoever made its mark. True: it is answered. Not inline: hardly a
 * query has a mark.
 */
__attribute__((noinline)) static bool answer_loop(const struct basis *b, struct packet *p)
{
	static const char text[] = "loop";
	struct reply r;
	struct mark mark;

	const bool ours = mark_read(p->q.mark, MARK_OCTETS, &b->snap->key, &mark);
	if (!ours && p->q.hops < MARK_HOPS)
		return false;
	encode_begin(&r, p, b->settings, -1);
	r.rcode = RCODE_SERVFAIL;
	encode_ede(&r, EDE_OTHER, text, sizeof(text) - 1);
	encode_end(&r);
	p->facts |= ours ? PACKET_LOOP : PACKET_LOOP | PACKET_PASSED;
	return true;
}

/* CM-39: names below localhost, and what search lists make of it. */
static bool is_below_localhost(const struct query *q)
{
	static const uint8_t localhost[] = "\11localhost"; /* the NUL is the root */
	const size_t len = sizeof(localhost);

	if (q->qname_len <= len)
		return false;
	return (q->qname[0] == localhost[0] &&
		       memcmp(q->qname, localhost, len - 1) == 0) ||
	       (q->qname[q->qname_len - 2] == 't' &&
		       name_under(q->qname, q->qname_len, localhost, len));
}

/* MQ-01, CM-04, CM-06, CM-08; the type is "other" where none could be read. */
static void count_query(
	const struct packet *p, enum parse_result result, struct stat_worker *st)
{
	bool v6 = p->client != NULL && p->client->sa_family == AF_INET6;
	unsigned type = STAT_QTYPES - 1;

	count(&st->queries);
	if (result != PARSE_HEADER) {
		type = stat_qtype(p->q.type);
		count(&st->qtypes[type]);
		if (p->q.want_do)
			count(&st->asked_do);
		if (is_below_localhost(&p->q))
			count(&st->localhost);
	}
	count(&st->asked[p->tcp][v6][type]);
	count(&st->asked_size[p->tcp][stat_size(p->len)]);
	stat_add(&st->asked_octets[p->tcp], p->len);
}

bool admit(const struct basis *b, struct packet *p, struct stat_worker *st)
{
	enum parse_result result = query_parse(p->buf, p->len, p->tcp, &p->q);

	p->facts = 0;
	p->source = SOURCE_ERROR; /* unless answer() has its turn */
	p->reply_len = 0;
	if (result == PARSE_DROP)
		return drop(p, st);
	if (p->cut && result != PARSE_HEADER) {
		p->q.rcode = RCODE_FORMERR;
		result = PARSE_HEADER;
	}
	if (st != NULL)
		count_query(p, result, st);
	switch (result) {
	case PARSE_HEADER:
		encode_header_only(p, p->q.rcode);
		return false;
	case PARSE_REPLY:
		p->facts |= PACKET_FAULT;
		encode_status(p, b->settings, p->q.rcode);
		return false;
	case PARSE_DROP:
	case PARSE_OK:
		break;
	}
	p->q.flags = (uint16_t)((p->q.flags | b->settings->header.query_set) &
				~b->settings->header.query_clear); /* SM-09 */
	if (p->q.has_loop_mark && answer_loop(b, p))
		return false;
	p->hash = hash_name(&b->snap->key, p->q.qname, p->q.qname_len);
	return true;
}

static enum stat_stale stale_reason(const struct packet *p)
{
	if (p->facts & PACKET_REFRESH)
		return STALE_FIRST;
	return p->wait == WAIT_STALE ? STALE_TIMEOUT : STALE_FAILURE;
}

/* What the cache did for a reply (MC-02, MC-03, MU-09). */
static void count_miss(const struct packet *p, struct stat_worker *st)
{
	if (p->facts & PACKET_HIT)
		count(&st->cache_hits[(p->facts & PACKET_DENIAL) != 0]);
	if (p->facts & PACKET_STALE)
		count(&st->cache_stale[stale_reason(p)]);
	if (p->facts & PACKET_FAILURE)
		count(&st->cache_failures);
	if (p->facts & PACKET_REJECTED)
		count(&st->forward_rejected[p->facts & PACKET_RATED ? REJECT_RATE
								    : REJECT_SLOTS]);
	if (p->facts & PACKET_OVER)
		count(&st->deadlines);
	if (p->facts & PACKET_LOOP)
		count(&st->loops);
	if (p->facts & PACKET_PASSED)
		count(&st->loops_passed);
}

void query_count_reply(const struct packet *p, struct stat_worker *st)
{
	count(&st->replies);
	count(&st->rcodes[MIN(p->rcode, STAT_RCODES - 1)]);
	count(&st->answers[p->source][MIN(p->rcode, STAT_RCODES - 1)]);
	count(&st->reply_size[p->tcp][stat_size(p->reply_len)]);
	stat_add(&st->reply_octets[p->tcp], p->reply_len);
	if (p->facts == 0)
		return;
	if (p->facts & PACKET_HEADER_ONLY) {
		count(&st->header_replies);
		count(&st->header_rcodes[p->rcode == RCODE_NOTIMP]);
	}
	if ((p->facts & PACKET_FAULT) && p->rcode == RCODE_FORMERR)
		count(&st->formerr);
	if (p->facts & PACKET_TRUNCATED) {
		count(&st->truncated);
		if (p->tcp)
			count(&st->truncated_tcp);
	}
	if (p->facts & PACKET_DAMAGED)
		count(&st->damaged_lookups);
	if (p->facts & PACKET_NOT_COMPLETE)
		count(&st->not_complete);
	if (p->facts & PACKET_EDE)
		count(&st->edes[MIN(p->ede, STAT_EDES - 1)]);
	if (p->facts & PACKET_ACCESS)
		count(&st->acl[p->action]);
	if (p->facts & PACKET_HIDDEN)
		count(&st->hidden);
	count_miss(p, st);
}

void query_count_drop(const struct packet *p, struct stat_worker *st)
{
	if ((p->facts & PACKET_ACCESS) == 0 || p->action != ACL_DROP)
		return;
	count(&st->acl[ACL_DROP]);
	count(&st->drops[DROP_ACL]);
}
