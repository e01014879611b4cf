#include "cache/ask.h"

#include "base/base.h"
#include "dns/mark.h"

#define TAIL sizeof(struct ask_question)

/* Octets of a question in a message: the struct, its name, zeros. */
static size_t question_octets(size_t name_len)
{
	return TAIL + round_up(name_len, 8);
}

/* True if the name is one, folded, and followed by zeros up to `room`. */
static bool name_fits(const uint8_t *name, size_t len, size_t room)
{
	uint8_t folded[NAME_MAX_LEN];

	if (len == 0 || name_scan(name, len) != len)
		return false;
	name_fold(folded, name, len);
	if (memcmp(folded, name, len) != 0)
		return false;
	for (; len < room; len++)
		if (name[len] != 0)
			return false;
	return true;
}

/* Read the question at *at of a message of `len` octets and move *at behind it. */
static bool read_question(
	const uint8_t *octets, size_t len, size_t *at, struct ask_question *out)
{
	if (len - *at < TAIL)
		return false;
	memcpy(out, octets + *at, TAIL);
	size_t octets_of = question_octets(out->name_len);
	if (octets_of > len - *at)
		return false;
	*at += octets_of;
	return true;
}

static bool ask_fits(const struct ask_head *head, const uint8_t *octets, size_t len)
{
	size_t at = sizeof(*head);

	if (len < at || head->n == 0 || head->n > ASK_QUESTIONS_MAX)
		return false;
	for (uint32_t i = 0; i < head->n; i++) {
		const uint8_t *name = octets + at + TAIL;
		struct ask_question q;

		if (!read_question(octets, len, &at, &q))
			return false;
		if ((q.flags & ~(QUESTION_DO | QUESTION_CD)) != 0 ||
			q.hops >= MARK_HOPS || (q.pad[0] | q.pad[1] | q.pad[2]) != 0 ||
			!name_fits(name, q.name_len, round_up(q.name_len, 8)))
			return false;
	}
	return at == len;
}

bool ask_check(const union ask_message *m, size_t len)
{
	if (len < sizeof(m->type) || len > sizeof(*m))
		return false;
	switch (m->type) {
	case ASK_ASK:
		return ask_fits(&m->head, m->octets, len);
	case ASK_NOTE:
		return len == sizeof(m->note);
	case ASK_LOOP:
		return len == sizeof(m->loop);
	case ASK_SETTLED:
		return len == sizeof(m->settled) && m->settled.status <= ASK_OTHER;
	case ASK_HELLO:
		return len == sizeof(m->hello);
	default:
		return false;
	}
}

size_t ask_write(union ask_message *m, const struct question *q, unsigned n)
{
	size_t at = sizeof(m->head);

	m->head.type = ASK_ASK;
	m->head.n = n;
	for (unsigned i = 0; i < n; i++) {
		const struct ask_question head = {
			q[i].group, q[i].type, q[i].flags, q[i].name_len, q[i].hops, {0}};
		size_t octets = question_octets(q[i].name_len);

		memset(m->octets + at, 0, octets);
		memcpy(m->octets + at, &head, TAIL);
		memcpy(m->octets + at + TAIL, q[i].name, q[i].name_len);
		at += octets;
	}
	return at;
}

bool ask_question(const union ask_message *m, unsigned i, const struct hash_key *key,
	struct question *out)
{
	size_t at = sizeof(m->head);
	struct ask_question q;

	if (i >= m->head.n)
		return false;
	for (; i > 0; i--)
		if (!read_question(m->octets, sizeof(*m), &at, &q))
			return false;
	const uint8_t *name = m->octets + at + TAIL;
	if (!read_question(m->octets, sizeof(*m), &at, &q))
		return false;
	*out = (struct question){hash_name(key, name, q.name_len), q.group, q.type,
		q.flags, q.name_len, q.hops, {0}};
	memcpy(out->name, name, q.name_len);
	return true;
}
