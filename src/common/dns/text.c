/* text.c - messages as text, octet by octet and trusting none of them */
#include "dns/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/base.h"
#include "dns/addr.h"
#include "dns/name.h"
#include "dns/type.h"

/* Text under construction: what does not fit is cut. */
struct out {
	char *text;
	size_t cap, len;
};

/* A cursor over rdata within its message. */
struct rd {
	const uint8_t *msg;
	size_t msg_len;
	size_t at, end;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (o->len + 1 >= o->cap)
		return;
	va_start(ap, fmt);
	n = vsnprintf(o->text + o->len, o->cap - o->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		o->len = MIN(o->len + (size_t)n, o->cap - 1);
}

static void put_hex(struct out *o, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(o, "%02x", p[i]);
}

/* A character string between quotes (RFC 1035, section 5.1). */
static void put_string(struct out *o, const uint8_t *p, size_t n)
{
	put(o, "\"");
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\')
			put(o, "\\%c", p[i]);
		else if (p[i] < ' ' || p[i] > '~')
			put(o, "\\%03u", p[i]);
		else
			put(o, "%c", p[i]);
	}
	put(o, "\"");
}

static bool take_name(struct rd *r, struct out *o)
{
	struct name name;
	char text[NAME_TEXT_MAX];
	size_t next = name_expand(r->msg, r->msg_len, r->at, &name);

	if (next == 0 || next > r->end)
		return false;
	r->at = next;
	name_text(name.wire, name.len, text, sizeof(text));
	put(o, "%s", text);
	return true;
}

/* `n` octets, or NULL if the rdata ends before. */
static const uint8_t *take(struct rd *r, size_t n)
{
	const uint8_t *p = r->msg + r->at;

	if (n > r->end - r->at)
		return NULL;
	r->at += n;
	return p;
}

static bool take_string(struct rd *r, struct out *o)
{
	const uint8_t *n = take(r, 1);
	const uint8_t *p = n != NULL ? take(r, *n) : NULL;

	if (p == NULL)
		return false;
	put_string(o, p, *n);
	return true;
}

static bool put_addr(struct rd *r, struct out *o, uint8_t len)
{
	struct addr a = {.len = len};
	char text[ADDR_TEXT_MAX];
	const uint8_t *p = take(r, len);

	if (p == NULL)
		return false;
	memcpy(a.octets, p, len);
	addr_text(&a, text);
	put(o, "%s", text);
	return true;
}

/* Numbers of 16 bits, each with a space behind it. */
static bool put_u16s(struct rd *r, struct out *o, int n)
{
	for (; n > 0; n--) {
		const uint8_t *p = take(r, 2);

		if (p == NULL)
			return false;
		put(o, "%u ", (unsigned)load_u16(p));
	}
	return true;
}

static bool put_soa(struct rd *r, struct out *o)
{
	if (!take_name(r, o))
		return false;
	put(o, " ");
	if (!take_name(r, o))
		return false;
	for (int i = 0; i < 5; i++) {
		const uint8_t *p = take(r, 4);

		if (p == NULL)
			return false;
		put(o, " %u", (unsigned)load_u32(p));
	}
	return true;
}

/* One or more character strings. */
static bool put_strings(struct rd *r, struct out *o)
{
	const char *gap = "";

	do {
		put(o, "%s", gap);
		gap = " ";
		if (!take_string(r, o))
			return false;
	} while (r->at < r->end);
	return true;
}

static bool put_hinfo(struct rd *r, struct out *o)
{
	if (!take_string(r, o))
		return false;
	put(o, " ");
	return take_string(r, o);
}

static bool put_caa(struct rd *r, struct out *o)
{
	const uint8_t *flags = take(r, 1), *n = flags != NULL ? take(r, 1) : NULL;
	const uint8_t *tag = n != NULL ? take(r, *n) : NULL;

	if (tag == NULL)
		return false;
	put(o, "%u ", *flags);
	for (size_t i = 0; i < *n; i++)
		put(o, tag[i] > ' ' && tag[i] <= '~' ? "%c" : "\\%03u", tag[i]);
	put(o, " ");
	put_string(o, r->msg + r->at, r->end - r->at);
	r->at = r->end;
	return true;
}

static bool put_ds(struct rd *r, struct out *o)
{
	const uint8_t *p;

	if (!put_u16s(r, o, 1) || (p = take(r, 2)) == NULL)
		return false;
	put(o, "%u %u ", p[0], p[1]);
	put_hex(o, r->msg + r->at, r->end - r->at);
	r->at = r->end;
	return true;
}

static void put_option(struct out *o, uint16_t code, const uint8_t *p, size_t n)
{
	if (code == OPTION_EDE && n >= 2) {
		const char *words = ede_text(load_u16(p));

		put(o, "EDE=%u", (unsigned)load_u16(p));
		if (words != NULL)
			put(o, " (%s)", words);
		if (n > 2) {
			put(o, ":");
			put_string(o, p + 2, n - 2);
		}
		return;
	}
	if (code == OPTION_COOKIE)
		put(o, "COOKIE=");
	else
		put(o, "OPT%u=", (unsigned)code);
	put_hex(o, p, n);
}

static bool put_options(struct rd *r, struct out *o)
{
	const char *gap = "";

	while (r->at < r->end) {
		const uint8_t *head = take(r, 4);
		const uint8_t *p = head != NULL ? take(r, load_u16(head + 2)) : NULL;

		if (p == NULL)
			return false;
		put(o, "%s", gap);
		gap = " ";
		put_option(o, load_u16(head), p, load_u16(head + 2));
	}
	return true;
}

static bool put_unknown(struct rd *r, struct out *o)
{
	size_t n = r->end - r->at;

	put(o, n > 0 ? "\\# %zu " : "\\# %zu", n);
	put_hex(o, r->msg + r->at, n);
	r->at = r->end;
	return true;
}

static bool put_rdata(struct rd *r, struct out *o, uint16_t type)
{
	switch (type) {
	case TYPE_A:
		return put_addr(r, o, 4);
	case TYPE_AAAA:
		return put_addr(r, o, 16);
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case 39: /* DNAME */
		return take_name(r, o);
	case TYPE_SOA:
		return put_soa(r, o);
	case TYPE_MX:
		return put_u16s(r, o, 1) && take_name(r, o);
	case TYPE_SRV:
		return put_u16s(r, o, 3) && take_name(r, o);
	case TYPE_TXT:
		return put_strings(r, o);
	case TYPE_HINFO:
		return put_hinfo(r, o);
	case TYPE_CAA:
		return put_caa(r, o);
	case TYPE_DS:
		return put_ds(r, o);
	case TYPE_OPT:
		return put_options(r, o);
	default:
		return put_unknown(r, o);
	}
}

int text_rdata(const uint8_t *msg, size_t msg_len, size_t at, size_t len, uint16_t type,
	char *out, size_t cap)
{
	struct out o = {.text = out, .cap = cap};
	struct rd r = {.msg = msg, .msg_len = msg_len, .at = at, .end = at + len};

	if (cap > 0)
		out[0] = '\0';
	if (at > msg_len || len > msg_len - at || !put_rdata(&r, &o, type) ||
		r.at != r.end) {
		snprintf(out, cap, "; malformed");
		return -EBADMSG;
	}
	return 0;
}

/* Move to the section of the next record; false at the end of the message. */
static bool find_section(struct text_walk *w)
{
	if (w->at == 0) {
		w->at = 12;
		w->section = 0;
		w->left = load_u16(w->msg + 4);
	}
	while (w->left == 0) {
		if (w->section == 3)
			return false;
		w->section++;
		w->left = load_u16(w->msg + 4 + 2 * w->section);
	}
	return true;
}

static int next_rr(struct text_walk *w, size_t at, struct text_rr *rr)
{
	if (w->len - at < 10)
		return -EBADMSG;
	rr->ttl = load_u32(w->msg + at + 4);
	size_t rdlen = load_u16(w->msg + at + 8);

	at += 10;
	if (rdlen > w->len - at)
		return -EBADMSG;
	/*
	 * Rdata that makes no sense is said so in its text;
	 * what follows can still be read.
	 */
	text_rdata(w->msg, w->len, at, rdlen, rr->type, rr->rdata, sizeof(rr->rdata));
	w->at = at + rdlen;
	w->left--;
	return 1;
}

int text_next(struct text_walk *w, struct text_rr *rr)
{
	struct name owner;
	size_t at;

	if (w->len < 12)
		return -EBADMSG;
	if (!find_section(w))
		return 0;
	at = name_expand(w->msg, w->len, w->at, &owner);
	if (at == 0 || w->len - at < 4)
		return -EBADMSG;
	name_text(owner.wire, owner.len, rr->owner, sizeof(rr->owner));
	rr->section = w->section;
	rr->type = load_u16(w->msg + at);
	rr->class = load_u16(w->msg + at + 2);
	rr->ttl = 0;
	rr->rdata[0] = '\0';
	if (w->section > 0)
		return next_rr(w, at, rr);
	w->at = at + 4;
	w->left--;
	return 1;
}
