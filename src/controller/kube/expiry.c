#include "controller/kube/expiry.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/kube/base64.h"
#include "controller/kube/yamltree.h"

/* ---- moments ---- */

/* `n` digits at *p, which then moves behind them; false if one is none. */
static bool take_number(const char **p, unsigned n, unsigned *out)
{
	*out = 0;
	for (; n > 0; n--, ++*p) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (unsigned)(**p - '0');
	}
	return true;
}

struct moment {
	unsigned year, month, day, hour, minute, second;
};

/* Days since 1970 in the Gregorian calendar, years that begin in March. */
static bool to_unix(const struct moment *m, uint64_t *out)
{
	if (m->year < 1970 || m->month < 1 || m->month > 12 || m->day < 1 ||
		m->day > 31 || m->hour > 23 || m->minute > 59 || m->second > 60)
		return false;
	const unsigned year = m->month > 2 ? m->year : m->year - 1;
	const unsigned month = (m->month + 9) % 12;
	const uint64_t days = (uint64_t)year * 365 + year / 4 - year / 100 + year / 400 +
	                      (month * 153 + 2) / 5 + m->day - 1 - 719468;

	*out = days * 86400 + m->hour * 3600 + m->minute * 60 + m->second;
	return true;
}

/* "Z", "+01:00", "-01:00" as seconds to subtract. */
static bool take_offset(const char *p, int64_t *offset)
{
	unsigned hours, minutes;
	const char sign = *p++;

	*offset = 0;
	if (sign == 'Z' || sign == 'z')
		return *p == '\0';
	if (sign != '+' && sign != '-')
		return false;
	if (!take_number(&p, 2, &hours) || *p++ != ':' || !take_number(&p, 2, &minutes) ||
		*p != '\0' || hours > 23 || minutes > 59)
		return false;
	*offset = (int64_t)(hours * 3600 + minutes * 60) * (sign == '+' ? 1 : -1);
	return true;
}

bool expiry_timestamp(const char *text, uint64_t *unix_s)
{
	struct moment m;
	const char *p = text;
	uint64_t local;
	int64_t offset;

	if (!take_number(&p, 4, &m.year) || *p++ != '-' ||
		!take_number(&p, 2, &m.month) || *p++ != '-' ||
		!take_number(&p, 2, &m.day) || (*p != 'T' && *p != 't'))
		return false;
	p++;
	if (!take_number(&p, 2, &m.hour) || *p++ != ':' ||
		!take_number(&p, 2, &m.minute) || *p++ != ':' ||
		!take_number(&p, 2, &m.second))
		return false;
	if (*p == '.') {
		const size_t digits = strspn(p + 1, "0123456789");

		if (digits == 0)
			return false;
		p += 1 + digits;
	}
	if (!take_offset(p, &offset) || !to_unix(&m, &local) ||
		(offset > 0 && local < (uint64_t)offset))
		return false;
	*unix_s = local - (uint64_t)offset;
	return true;
}

/* ---- tokens ---- */

uint64_t expiry_jwt(const char *token)
{
	const char *begin = strchr(token, '.');
	const char *end = begin != NULL ? strchr(begin + 1, '.') : NULL;
	struct secret payload = {0};
	struct yamltree tree = {0};
	struct kube_error e;
	uint64_t exp = 0;

	if (end == NULL ||
		!base64_decode_url(begin + 1, (size_t)(end - begin) - 1, &payload))
		return 0;
	if (payload.len > 0 &&
		yamltree_parse(payload.data, payload.len, &tree, &e) == 0 && tree.n > 0) {
		const struct yamlnode *n = yamltree_get(tree.node[0], "exp");

		if (n != NULL && n->kind == YAMLTREE_SCALAR && n->plain && n->len <= 12 &&
			strspn(n->text, "0123456789") == n->len)
			exp = strtoull(n->text, NULL, 10);
	}
	yamltree_free(&tree);
	secret_clear(&payload);
	return exp;
}

/* ---- certificates (RFC 5280, section 4.1; X.690 for the encoding) ---- */

#define DER_INTEGER    0x02
#define DER_UTC_TIME   0x17
#define DER_TIME       0x18
#define DER_SEQUENCE   0x30
#define DER_VERSION    0xa0
#define DER_LENGTH_MAX 3 /* octets of a length */

struct der {
	const uint8_t *p, *end;
};

/* The next element of *from, which then begins behind it. */
static bool der_next(struct der *from, uint8_t *tag, struct der *content)
{
	size_t len, octets;

	if (from->end - from->p < 2)
		return false;
	*tag = *from->p++;
	len = *from->p++;
	if (len >= 0x80) {
		octets = len & 0x7f;
		if (octets == 0 || octets > DER_LENGTH_MAX ||
			(size_t)(from->end - from->p) < octets)
			return false;
		for (len = 0; octets > 0; octets--)
			len = len << 8 | *from->p++;
	}
	if ((size_t)(from->end - from->p) < len)
		return false;
	*content = (struct der){from->p, from->p + len};
	from->p += len;
	return true;
}

/* The next element must have that tag. */
static bool der_take(struct der *from, uint8_t tag, struct der *content)
{
	uint8_t its;

	return der_next(from, &its, content) && its == tag;
}

static uint64_t der_time(uint8_t tag, const struct der *content)
{
	const size_t len = (size_t)(content->end - content->p);
	struct moment m;
	char text[16] = "";
	const char *p = text;
	uint64_t out;

	if (len >= sizeof(text))
		return 0;
	memcpy(text, content->p, len);
	if (!take_number(&p, tag == DER_TIME ? 4 : 2, &m.year) ||
		!take_number(&p, 2, &m.month) || !take_number(&p, 2, &m.day) ||
		!take_number(&p, 2, &m.hour) || !take_number(&p, 2, &m.minute) ||
		!take_number(&p, 2, &m.second) || strcmp(p, "Z") != 0)
		return 0;
	if (tag == DER_UTC_TIME)
		m.year += m.year < 50 ? 2000 : 1900;
	return to_unix(&m, &out) ? out : 0;
}

static uint64_t not_after(const uint8_t *data, size_t len)
{
	struct der all = {data, data + len}, certificate, body, part, validity;
	uint8_t tag;

	if (!der_take(&all, DER_SEQUENCE, &certificate) ||
		!der_take(&certificate, DER_SEQUENCE, &body) ||
		!der_next(&body, &tag, &part))
		return 0;
	if (tag == DER_VERSION && !der_next(&body, &tag, &part))
		return 0;
	if (tag != DER_INTEGER ||                        /* serial number */
		!der_take(&body, DER_SEQUENCE, &part) || /* algorithm */
		!der_take(&body, DER_SEQUENCE, &part) || /* issuer */
		!der_take(&body, DER_SEQUENCE, &validity) ||
		!der_next(&validity, &tag, &part) || /* notBefore */
		!der_next(&validity, &tag, &part))
		return 0;
	return tag == DER_TIME || tag == DER_UTC_TIME ? der_time(tag, &part) : 0;
}

uint64_t expiry_pem(const uint8_t *pem, size_t len, bool latest)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	const char *p = (const char *)pem;
	const char *last = len > 0 ? p + len : p;
	struct secret der = {0};
	uint64_t found = 0;

	while (p < last && (latest || found == 0)) {
		const char *from = memmem(
			p, (size_t)(last - p), begin, sizeof(begin) - 1);
		const char *to;

		if (from == NULL)
			break;
		from += sizeof(begin) - 1;
		to = memmem(from, (size_t)(last - from), end, sizeof(end) - 1);
		if (to == NULL)
			break;
		if (base64_decode(from, (size_t)(to - from), &der) && der.len > 0)
			found = MAX(found, not_after(der.data, der.len));
		p = to;
	}
	secret_clear(&der);
	return found;
}
