/*
 * message.h - an entry of the cache as the message that it stands for
 *
 * Header and question, then the RRs with the TTLs of their sets. For tests: a worker has
 * more to say.
 */
#ifndef TESTS_MESSAGE_H
#define TESTS_MESSAGE_H

#include "base/base.h"
#include "cache/layout.h"
#include "dns/msg.h"
#include "dns/type.h"

#define MESSAGE_MAX (MSG_HEADER_LEN + NAME_MAX_LEN + 4 + CACHE_WIRE_MAX)

/* Offset behind the RR at `at` of a message that we made; *ttl: that of its TTL. */
static inline size_t message_rr(const uint8_t *msg, size_t at, size_t *ttl)
{
	while (msg[at] != 0 && msg[at] < 0xc0)
		at += 1u + msg[at];
	at += msg[at] == 0 ? 1 : 2;
	*ttl = at + 4;
	return at + 10 + load_u16(msg + at + 8);
}

/* The octets of an entry for a question of that type into MESSAGE_MAX; how many. */
static inline size_t entry_message(
	const struct cache_entry *e, uint16_t type, uint8_t *msg)
{
	const struct cache_set *set = (const struct cache_set *)(e + 1);
	const uint8_t *name = (const uint8_t *)(set + e->nsets);
	size_t at = MSG_HEADER_LEN + e->name_len + 4u, ttl;

	memset(msg, 0, MSG_HEADER_LEN);
	store_u16(msg + 2, (uint16_t)(MSG_QR | MSG_RD | MSG_RA | (e->rcode & 0xf)));
	store_u16(msg + 4, 1);
	store_u16(msg + 6, e->answers);
	store_u16(msg + 8, e->authorities);
	memcpy(msg + MSG_HEADER_LEN, name, e->name_len);
	store_u16(msg + at - 4, type);
	store_u16(msg + at - 2, CLASS_IN);
	memcpy(msg + at, name + e->name_len + e->text_len, e->wire_len);
	for (unsigned i = 0; i < e->nsets; i++)
		for (unsigned k = 0; k < set[i].count; k++) {
			at = message_rr(msg, at, &ttl);
			store_u32(msg + ttl, set[i].ttl_s);
		}
	return at;
}

/* How an entry's names and sets stand, as entry_check() goes through them. */
struct entry_walk {
	const struct cache_entry *e;
	const struct cache_set *set;
	const uint8_t *wire;
	size_t before; /* octets of a message before the wire part */
};

/* True if a pointer may lead to that offset: the question, or an RRset of one RR. */
static inline bool may_point(const struct entry_walk *w, size_t to)
{
	if (to < w->before)
		return to >= MSG_HEADER_LEN && to < w->before - 5u;
	for (unsigned i = w->e->nsets; i-- > 0;)
		if (w->set[i].at <= to - w->before)
			return w->set[i].count == 1;
	return false;
}

/* The name at `at` of the wire part; the offset behind it, 0: it is not in order. */
static inline size_t entry_name(const struct entry_walk *w, size_t at)
{
	while (at < w->e->wire_len && w->wire[at] != 0 && w->wire[at] < 0xc0)
		at += 1u + w->wire[at];
	if (at >= w->e->wire_len)
		return 0;
	if (w->wire[at] == 0)
		return at + 1;
	return may_point(w, load_u16(w->wire + at) & 0x3fffu) ? at + 2 : 0;
}

/* Names of rdata that a writer may have changed: behind how many octets, how many. */
static inline unsigned entry_names(uint16_t type, size_t *skip)
{
	*skip = type == TYPE_MX ? 2 : 0;
	switch (type) {
	case TYPE_SOA:
		return 2;
	case TYPE_MX:
	case TYPE_NS:
	case TYPE_PTR:
	case TYPE_CNAME:
		return 1;
	default:
		return 0;
	}
}

/* An RR of a set at `at`; the offset behind it, 0: it is not as it should be. */
static inline size_t entry_rr(const struct entry_walk *w, size_t at, uint16_t type)
{
	size_t skip, fixed = entry_name(w, at);
	unsigned names = entry_names(type, &skip);

	if (fixed == 0 || fixed + 10 > w->e->wire_len ||
		load_u16(w->wire + fixed) != type ||
		load_u16(w->wire + fixed + 2) != CLASS_IN ||
		load_u32(w->wire + fixed + 4) != 0)
		return 0;
	size_t end = fixed + 10 + load_u16(w->wire + fixed + 8);

	at = fixed + 10 + skip;
	for (; names > 0; names--)
		if ((at = entry_name(w, at)) == 0 || at > end)
			return 0;
	return end;
}

/* What is wrong with the form of an entry (cache/layout.h); NULL: nothing. */
static inline const char *entry_check(const struct cache_entry *e)
{
	const struct cache_set *set = (const struct cache_set *)(e + 1);
	const uint8_t *name = (const uint8_t *)(set + e->nsets);
	struct entry_walk w = {e, set, name + e->name_len + e->text_len,
		MSG_HEADER_LEN + e->name_len + 4u};
	const uint8_t *end = (const uint8_t *)e + (size_t)e->size8 * 8;
	unsigned rrs[2] = {0, 0};
	size_t at = 0;

	if (end < w.wire + e->wire_len || end >= w.wire + e->wire_len + 8)
		return "size";
	for (const uint8_t *p = w.wire + e->wire_len; p < end; p++)
		if (*p != 0)
			return "what fills it up";
	for (unsigned i = 0; i < e->nsets; i++) {
		if (set[i].at != at || set[i].count == 0 || set[i].pad != 0)
			return "where a set is";
		if (set[i].authority > 1 ||
			(i > 0 && set[i].authority < set[i - 1].authority))
			return "order of sections";
		rrs[set[i].authority] += set[i].count;
		for (unsigned k = 0; k < set[i].count; k++)
			if ((at = entry_rr(&w, at, set[i].type)) == 0)
				return "an RR";
	}
	if (at != e->wire_len || rrs[0] != e->answers || rrs[1] != e->authorities)
		return "counts";
	return NULL;
}

#endif
