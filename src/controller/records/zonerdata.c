#include "controller/records/zonerdata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "controller/records/rdatatext.h"
#include "dns/addr.h"
#include "dns/type.h"
#include "dns/wire.h"

#define WORD_MAX  64         /* octets of a number, a type */
#define TTL_MAX   2147483647 /* RFC 2181, section 8 */
#define RDATA_MAX 65535

/* What rdata is made of, one letter for each part. */
enum part { PART_END, PART_NAME, PART_U16, PART_U32, PART_TIME, PART_A, PART_AAAA };

static const struct form {
	uint16_t type;
	uint8_t part[8];
} forms[] = {
	{TYPE_A, {PART_A}},
	{TYPE_AAAA, {PART_AAAA}},
	{TYPE_NS, {PART_NAME}},
	{TYPE_CNAME, {PART_NAME}},
	{TYPE_DNAME, {PART_NAME}},
	{TYPE_PTR, {PART_NAME}},
	{TYPE_MX, {PART_U16, PART_NAME}},
	{TYPE_SRV, {PART_U16, PART_U16, PART_U16, PART_NAME}},
	{TYPE_SOA, {PART_NAME, PART_NAME, PART_U32, PART_TIME, PART_TIME, PART_TIME,
			   PART_TIME}},
};

static const struct form *form_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (forms[i].type == type)
			return &forms[i];
	return NULL;
}

/* ---- single words ---- */

bool zonerdata_is(const struct zonescan_word *w, const char *text)
{
	return w->len == strlen(text) && strncasecmp(w->at, text, w->len) == 0;
}

/* A copy with a NUL behind it; false: it is too long, or quoted. */
static bool copy_word(const struct zonescan_word *w, char *out, size_t cap)
{
	if (w->len >= cap || w->quoted)
		return false;
	memcpy(out, w->at, w->len);
	out[w->len] = '\0';
	return true;
}

/* True if the last dot is one: not behind an odd number of backslashes. */
static bool ends_with_dot(const char *text)
{
	size_t n = strlen(text), i = n;

	if (n == 0 || text[n - 1] != '.')
		return false;
	while (i > 1 && text[i - 2] == '\\')
		i--;
	return (n - i) % 2 == 0;
}

const char *zonerdata_name(
	const struct zonescan_word *w, const struct name *origin, struct name *out)
{
	char text[NAME_TEXT_MAX];
	struct name n;

	if (zonerdata_is(w, "@")) {
		*out = *origin;
		return NULL;
	}
	if (!copy_word(w, text, sizeof(text)) || name_parse(text, &n) < 0)
		return "is no domain name";
	if (!ends_with_dot(text)) {
		if (n.len - 1u + origin->len > NAME_MAX_LEN)
			return "is no domain name: over 255 octets with the origin";
		memcpy(n.wire + n.len - 1, origin->wire, origin->len);
		n.len = (uint8_t)(n.len - 1 + origin->len);
	}
	name_fold(n.wire, n.wire, n.len);
	*out = n;
	return NULL;
}

int zonerdata_type(const struct zonescan_word *w)
{
	char text[WORD_MAX];
	int type;

	if (!copy_word(w, text, sizeof(text)))
		return -1;
	type = type_parse(text);
	/* ldns reads TYPE1x as TYPE1 */
	if (type < 0 && strncasecmp(text, "TYPE", 4) != 0)
		type = rdatatext_type(text);
	/* OPT, and what only questions and transactions have (RFC 6895, section 3.1) */
	if (type <= 0 || type > UINT16_MAX || type == TYPE_OPT ||
		(type >= 128 && type <= 255))
		return -1;
	return type;
}

static bool number(const struct zonescan_word *w, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < w->len; i++) {
		if (w->at[i] < '0' || w->at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(w->at[i] - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return w->len > 0;
}

bool zonerdata_ttl(const struct zonescan_word *w, uint32_t *out)
{
	static const char units[] = "smhdw";
	static const uint32_t seconds[] = {1, 60, 3600, 86400, 604800};
	uint64_t sum = 0, part = 0;
	bool digits = false, unit = false;

	for (size_t i = 0; i < w->len; i++) {
		char c = w->at[i];
		const char *u;

		if (c >= '0' && c <= '9') {
			part = part * 10 + (uint64_t)(c - '0');
			digits = true;
			if (part > TTL_MAX)
				return false;
			continue;
		}
		u = c == '\0' ? NULL : strchr(units, c | 0x20);
		if (u == NULL || *u == '\0' || !digits)
			return false;
		sum += part * seconds[u - units];
		part = 0;
		digits = false;
		unit = true;
		if (sum > TTL_MAX)
			return false;
	}
	if (sum + part > TTL_MAX || (!digits && !unit) || (digits && unit))
		return false;
	*out = (uint32_t)(sum + part);
	return true;
}

/* ---- rdata ---- */

static void put_u16(struct mem_buf *out, uint16_t v)
{
	store_u16(mem_buf_add(out, 2), v);
}

static void put_u32(struct mem_buf *out, uint32_t v)
{
	store_u32(mem_buf_add(out, 4), v);
}

static const char *put_address(
	const struct zonescan_word *w, size_t len, struct mem_buf *out)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct addr a;

	if (!addr_parse(w->at, w->len, &a))
		return len == 4 ? "is no IPv4 address" : "is no IPv6 address";
	if (a.len == 4 && len == 16 && memchr(w->at, ':', w->len) != NULL) {
		mem_buf_put(out, mapped, sizeof(mapped)); /* as written, not folded */
		mem_buf_put(out, a.octets, 4);
		return NULL;
	}
	if (a.len != len || (len == 4 && memchr(w->at, ':', w->len) != NULL))
		return len == 4 ? "is no IPv4 address" : "is no IPv6 address";
	mem_buf_put(out, a.octets, len);
	return NULL;
}

static const char *put_part(enum part part, const struct zonescan_word *w,
	const struct name *origin, struct mem_buf *out)
{
	const char *why = NULL;
	struct name name;
	uint64_t v = 0;
	uint32_t ttl;

	switch (part) {
	case PART_NAME:
		why = zonerdata_name(w, origin, &name);
		if (why == NULL)
			mem_buf_put(out, name.wire, name.len);
		break;
	case PART_U16:
		if (!number(w, UINT16_MAX, &v))
			return "is no number from 0 to 65535";
		put_u16(out, (uint16_t)v);
		break;
	case PART_U32:
		if (!number(w, UINT32_MAX, &v))
			return "is no number from 0 to 4294967295";
		put_u32(out, (uint32_t)v);
		break;
	case PART_TIME:
		if (number(w, UINT32_MAX, &v))
			put_u32(out, (uint32_t)v);
		else if (zonerdata_ttl(w, &ttl))
			put_u32(out, ttl);
		else
			return "is no time such as 3600 or 1h";
		break;
	case PART_A:
	case PART_AAAA:
		return put_address(w, part == PART_A ? 4 : 16, out);
	case PART_END:
		break;
	}
	return why;
}

static bool fail(struct zonerdata_fault *f, size_t word, const char *why)
{
	*f = (struct zonerdata_fault){why, word};
	return false;
}

static bool parse_form(const struct form *form, const struct zonescan_word *w, size_t n,
	const struct name *origin, struct mem_buf *out, struct zonerdata_fault *fault)
{
	size_t i;

	for (i = 0; form->part[i] != PART_END; i++) {
		const char *why;

		if (i == n)
			return fail(fault, n - 1, "is not all: more has to follow");
		why = put_part((enum part)form->part[i], &w[i], origin, out);
		if (why != NULL)
			return fail(fault, i, why);
	}
	return i == n ? true : fail(fault, i, "is too much: nothing may follow");
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind \#: a length, then that many octets in hex, in any number of words. */
static bool parse_unknown(const struct zonescan_word *w, size_t n, struct mem_buf *out,
	struct zonerdata_fault *fault)
{
	size_t begin = out->len, nibbles = 0;
	uint64_t len;
	int high = 0;

	if (n < 2 || !number(&w[1], RDATA_MAX, &len))
		return fail(fault, n < 2 ? 0 : 1, "needs a length from 0 to 65535");
	for (size_t i = 2; i < n; i++)
		for (size_t k = 0; k < w[i].len; k++) {
			int v = hex(w[i].at[k]);

			if (v < 0 || out->len - begin > len)
				return fail(fault, i, "is no hex of that length");
			if (nibbles++ % 2 == 0)
				high = v << 4;
			else
				*(uint8_t *)mem_buf_add(out, 1) = (uint8_t)(high | v);
		}
	if (nibbles % 2 != 0 || out->len - begin != len)
		return fail(fault, 1, "is not the number of octets that follow");
	return true;
}

/* Other types: their words with one blank between them are ldns's matter. */
static bool parse_other(uint16_t type, const struct zonescan_word *w, size_t n,
	const struct name *origin, struct mem_buf *out, struct zonerdata_fault *fault)
{
	struct mem_buf text = {0};
	const char *why;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			mem_buf_put(&text, " ", 1);
		mem_buf_put(&text, w[i].at, w[i].len);
	}
	mem_buf_put(&text, "", 1);
	why = rdatatext_parse(type, (const char *)text.data, origin, out);
	mem_buf_fini(&text);
	return why == NULL ? true : fail(fault, 0, why);
}

bool zonerdata_parse(uint16_t type, const struct zonescan_word *w, size_t n,
	const struct name *origin, struct mem_buf *out, struct zonerdata_fault *fault)
{
	const struct form *form = form_of(type);
	size_t begin = out->len;
	bool ok;

	if (zonerdata_is(&w[0], "\\#")) {
		ok = parse_unknown(w, n, out, fault);
		if (ok && !zonerdata_valid(type, out->data + begin, out->len - begin))
			ok = fail(fault, 0, "is no rdata of this type");
	} else if (form != NULL) {
		ok = parse_form(form, w, n, origin, out, fault);
	} else {
		ok = parse_other(type, w, n, origin, out, fault);
	}
	if (!ok)
		out->len = begin;
	return ok;
}

bool zonerdata_valid(uint16_t type, const uint8_t *rdata, size_t len)
{
	const struct form *form = form_of(type);
	size_t at = 0, n;

	for (size_t i = 0; form != NULL && form->part[i] != PART_END; i++) {
		switch ((enum part)form->part[i]) {
		case PART_NAME:
			n = name_scan(rdata + at, len - at);
			if (n == 0)
				return false;
			break;
		case PART_U16:
			n = 2;
			break;
		case PART_AAAA:
			n = 16;
			break;
		default:
			n = 4;
			break;
		}
		if (n > len - at)
			return false;
		at += n;
	}
	return form == NULL || at == len;
}
