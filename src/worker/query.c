#include "worker/query.h"

#include "dns/type.h"
#include "worker/encode.h"

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

bool admit(const struct basis *b, struct packet *p, struct stat_worker *st)
{
	enum parse_result result = query_parse(p->buf, p->len, p->tcp, &p->q);

	p->facts = 0;
	p->reply_len = 0;
	if (result == PARSE_DROP)
		return drop(p, st);
	if (p->cut && result != PARSE_HEADER) {
		p->q.rcode = RCODE_FORMERR;
		result = PARSE_HEADER;
	}
	if (st != NULL) {
		count(&st->queries);
		if (result != PARSE_HEADER)
			count(&st->qtypes[stat_qtype(p->q.type)]);
	}
	switch (result) {
	case PARSE_HEADER:
		encode_header_only(p, p->q.rcode);
		return false;
	case PARSE_REPLY:
		encode_status(p, b->settings, p->q.rcode);
		return false;
	case PARSE_DROP:
	case PARSE_OK:
		break;
	}
	p->hash = hash_name(&b->snap->key, p->q.qname, p->q.qname_len);
	return true;
}

void query_count_reply(const struct packet *p, struct stat_worker *st)
{
	count(&st->replies);
	count(&st->rcodes[MIN(p->rcode, STAT_RCODES - 1)]);
	if (p->facts == 0)
		return;
	if (p->facts & PACKET_HEADER_ONLY)
		count(&st->header_replies);
	if (p->facts & PACKET_TRUNCATED)
		count(&st->truncated);
	if (p->facts & PACKET_DAMAGED)
		count(&st->damaged_lookups);
	if (p->facts & PACKET_NOT_COMPLETE)
		count(&st->not_complete);
}
