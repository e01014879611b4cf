#include "controller/kube/expiry.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/kube/base64.h"
#include "controller/kube/timestamp.h"
#include "controller/kube/yamltree.h"

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
	if (!timestamp_digits(&p, tag == DER_TIME ? 4 : 2, &m.year) ||
		!timestamp_digits(&p, 2, &m.month) || !timestamp_digits(&p, 2, &m.day) ||
		!timestamp_digits(&p, 2, &m.hour) ||
		!timestamp_digits(&p, 2, &m.minute) ||
		!timestamp_digits(&p, 2, &m.second) || strcmp(p, "Z") != 0)
		return 0;
	if (tag == DER_UTC_TIME)
		m.year += m.year < 50 ? 2000 : 1900;
	return timestamp_unix(&m, &out) ? out : 0;
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
