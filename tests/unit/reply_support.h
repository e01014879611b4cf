/*
 * reply_support.h - replies from text, and entries as text
 *
 * "www.example 300 A 10.0.0.1; www.example 60 RRSIG A 2000000000 example" are RRs: owner,
 * TTL, type and rdata. Rdata of any type can be "=" and hex; of an RRSIG they are what it
 * covers, when it ends, and who signed.
 */
#ifndef UNIT_REPLY_SUPPORT_H
#define UNIT_REPLY_SUPPORT_H

#include <stdio.h>

#include "cache/question.h"
#include "dns/addr.h"
#include "dns/text.h"
#include "dns/wire.h"
#include "message.h"
#include "support.h"

#define NOW (1000 * NS_PER_S)

/* The question "NAME TYPE", whose hash is 1, 2 and group 3. */
static inline struct question question(const char *text, unsigned flags)
{
	struct question q = {.hash = {1, 2}, .group = 3, .flags = (uint8_t)flags};
	char name[512], type[16];

	ck_assert_int_eq(sscanf(text, "%511s %15s", name, type), 2);
	q.name_len = (uint8_t)name_wire(name, q.name);
	name_fold(q.name, q.name, q.name_len);
	q.type = (uint16_t)type_parse(type);
	return q;
}

static inline void put_name(struct wire *w, const char *text)
{
	uint8_t name[NAME_MAX_LEN];

	wire_bytes(w, name, name_wire(text, name));
}

static inline void put_hex(struct wire *w, const char *hex)
{
	unsigned v;

	for (; sscanf(hex, "%2x", &v) == 1; hex += 2)
		wire_u8(w, (uint8_t)v);
}

static inline void put_numbers(struct wire *w, unsigned n, const char *text)
{
	for (char *end; n > 0; n--, text = end)
		wire_u16(w, (uint16_t)strtoul(text, &end, 10));
}

static inline void put_soa(struct wire *w, const char *text)
{
	char mname[256], rname[256];
	unsigned v[5];

	ck_assert_int_eq(sscanf(text, "%255s %255s %u %u %u %u %u", mname, rname, &v[0],
				 &v[1], &v[2], &v[3], &v[4]),
		7);
	put_name(w, mname);
	put_name(w, rname);
	for (unsigned i = 0; i < 5; i++)
		wire_u32(w, v[i]);
}

static inline void put_signature(struct wire *w, const char *text)
{
	char covered[16], signer[256];
	unsigned long expires;

	ck_assert_int_eq(sscanf(text, "%15s %lu %255s", covered, &expires, signer), 3);
	wire_u16(w, (uint16_t)type_parse(covered));
	wire_u16(w, 0x0d02);
	wire_u32(w, 300);
	wire_u32(w, (uint32_t)expires);
	wire_u32(w, 0);
	wire_u16(w, 12345);
	put_name(w, signer);
	wire_u32(w, 0x51515151);
}

static inline void put_rdata(struct wire *w, uint16_t type, const char *text)
{
	const char *last = strrchr(text, ' ');
	struct addr a;

	last = last != NULL ? last + 1 : text;
	if (text[0] == '=') {
		put_hex(w, text + 1);
		return;
	}
	switch (type) {
	case TYPE_A:
	case TYPE_AAAA:
		ck_assert(addr_parse(text, strlen(text), &a));
		wire_bytes(w, a.octets, a.len);
		break;
	case TYPE_SOA:
		put_soa(w, text);
		break;
	case TYPE_RRSIG:
		put_signature(w, text);
		break;
	case TYPE_TXT:
		wire_u8(w, (uint8_t)strlen(text));
		wire_bytes(w, text, strlen(text));
		break;
	default: /* numbers, then a name */
		put_numbers(w, type == TYPE_SRV ? 3 : type == TYPE_MX ? 1 : 0, text);
		put_name(w, last);
		break;
	}
}

/* RRs from text; returns how many. */
static inline uint16_t put_rrs(struct wire *w, const char *text)
{
	char line[1024], owner[512], type[16];
	unsigned long ttl;
	uint16_t n = 0;
	int at;

	while (text != NULL && sscanf(text, " %1023[^;]", line) == 1) {
		at = -1;
		ck_assert_msg(
			sscanf(line, "%511s %lu %15s %n", owner, &ttl, type, &at) == 3 &&
				at > 0,
			"no RR: %s", line);
		put_name(w, owner);
		wire_u16(w, (uint16_t)type_parse(type));
		wire_u16(w, CLASS_IN);
		wire_u32(w, (uint32_t)ttl);
		size_t begin = w->len;
		wire_u16(w, 0);
		put_rdata(w, (uint16_t)type_parse(type), line + at);
		wire_patch_u16(w, begin, (uint16_t)(w->len - begin - 2));
		text = strchr(text, ';');
		text = text != NULL ? text + 1 : NULL;
		n++;
	}
	return n;
}

/* A reply to a question "NAME TYPE". */
struct text_reply {
	const char *question;
	uint16_t flags; /* of the header, rcode included */
	const char *answer, *authority, *additional;
};

/* Its octets into `out`; returns how many. */
static inline size_t build_reply(
	const struct text_reply *t, uint16_t id, uint8_t *out, size_t cap)
{
	char name[512], type[16];
	struct wire w;

	wire_init(&w, out, cap);
	ck_assert_int_eq(sscanf(t->question, "%511s %15s", name, type), 2);
	wire_u16(&w, id);
	wire_u16(&w, t->flags);
	wire_u16(&w, 1);
	wire_u16(&w, 0);
	wire_u32(&w, 0);
	put_name(&w, name);
	wire_u16(&w, (uint16_t)type_parse(type));
	wire_u16(&w, CLASS_IN);
	wire_patch_u16(&w, 6, put_rrs(&w, t->answer));
	wire_patch_u16(&w, 8, put_rrs(&w, t->authority));
	wire_patch_u16(&w, 10, put_rrs(&w, t->additional));
	ck_assert(!w.overflow);
	return w.len;
}

/* The RRs of an entry as "owner TTL TYPE rdata; ... | ...", opaque rdata as "=". */
static inline const char *entry_text(const struct cache_entry *e, uint16_t type)
{
	static uint8_t msg[MESSAGE_MAX];
	static struct text_rr rr;
	static char out[16384];
	struct text_walk w = {.msg = msg, .len = entry_message(e, type, msg)};
	char buf[12];
	size_t n = 0;
	unsigned section = 0;
	int ret;

	out[0] = '\0';
	while ((ret = text_next(&w, &rr)) == 1) {
		if (rr.section == 0)
			continue;
		bool opaque = strncmp(rr.rdata, "\\#", 2) == 0;
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s %u %s %s%s",
			rr.section == section || (section == 0 && rr.section == 1) ? ""
										   : "| ",
			rr.owner, (unsigned)rr.ttl, type_text(rr.type, buf),
			opaque ? "=" : rr.rdata, "; ");
		section = rr.section;
		ck_assert(n < sizeof(out));
	}
	ck_assert_int_eq(ret, 0);
	if (n >= 2)
		out[n - 2] = '\0';
	return out;
}

#endif
