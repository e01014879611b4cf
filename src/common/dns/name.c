/* name.c - names in wire form */
#include "dns/name.h"

#include <errno.h>

#include "base/base.h"

#define LABELS_MAX 127 /* one octet each, then the root */
#define JUMPS_MAX  127 /* pointers of a name (V-01) */

size_t name_scan(const uint8_t *wire, size_t max)
{
	size_t at = 0;

	max = MIN(max, NAME_MAX_LEN);
	while (at < max) {
		if (wire[at] == 0)
			return at + 1;
		if (wire[at] > LABEL_MAX_LEN)
			return 0;
		at += 1u + wire[at];
	}
	return 0;
}

size_t name_expand(const uint8_t *msg, size_t len, size_t at, struct name *out)
{
	size_t behind = 0, begin = at, n = 0;
	unsigned jumps = 0;

	for (;;) {
		if (at >= len)
			return 0;
		uint8_t c = msg[at];
		if (c >= 0xc0) {
			if (len - at < 2)
				return 0;
			if (behind == 0)
				behind = at + 2;
			at = load_u16(msg + at) & 0x3fff;
			if (at >= begin || ++jumps > JUMPS_MAX)
				return 0;
			begin = at;
			continue;
		}
		if (c > LABEL_MAX_LEN || c >= len - at || n + c + 1u > NAME_MAX_LEN)
			return 0;
		memcpy(out->wire + n, msg + at, c + 1u);
		n += c + 1u;
		at += c + 1u;
		if (c == 0)
			break;
	}
	out->len = (uint8_t)n;
	return behind != 0 ? behind : at;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One character of text, escapes resolved: how many characters it took, -EINVAL. */
static int unescape(const char *s, uint8_t *out)
{
	if (s[0] != '\\') {
		*out = (uint8_t)s[0];
		return 1;
	}
	if (s[1] == '\0')
		return -EINVAL;
	if (!is_digit(s[1])) {
		*out = (uint8_t)s[1];
		return 2;
	}
	if (!is_digit(s[2]) || !is_digit(s[3]))
		return -EINVAL;
	int v = (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
	if (v > 255)
		return -EINVAL;
	*out = (uint8_t)v;
	return 4;
}

/* One label up to a dot or the end: characters taken, the dot included; or an error. */
static int parse_label(const char *text, uint8_t label[LABEL_MAX_LEN], size_t *len)
{
	const char *s = text;

	*len = 0;
	while (*s != '\0' && *s != '.') {
		uint8_t c;
		int n = unescape(s, &c);

		if (n < 0)
			return n;
		if (*len == LABEL_MAX_LEN)
			return -ENAMETOOLONG;
		label[(*len)++] = c;
		s += n;
	}
	if (*len == 0)
		return -EINVAL;
	return (int)(s - text) + (*s == '.');
}

int name_parse(const char *text, struct name *out)
{
	uint8_t wire[NAME_MAX_LEN], label[LABEL_MAX_LEN];
	size_t at = 0, len;

	if (text[0] == '\0')
		return -EINVAL;
	if (text[0] == '.' && text[1] == '\0')
		text++;
	while (*text != '\0') {
		int n = parse_label(text, label, &len);

		if (n < 0)
			return n;
		if (at + 1 + len + 1 > sizeof(wire))
			return -ENAMETOOLONG;
		wire[at] = (uint8_t)len;
		memcpy(wire + at + 1, label, len);
		at += 1 + len;
		text += n;
	}
	wire[at++] = 0;
	out->len = (uint8_t)at;
	memcpy(out->wire, wire, at);
	return 0;
}

int name_parse_plain(const char *text, struct name *out)
{
	struct name n;
	int ret = 0;

	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789-_.")] != '\0')
		return -EINVAL;
	ret = name_parse(text, &n);
	if (ret < 0)
		return ret;
	*out = (struct name){.len = n.len};
	name_fold(out->wire, n.wire, n.len);
	return 0;
}

/* Characters that stand for themselves in a printed name. */
static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

/* Put one octet of a label at out[n]: the new n, or n itself if it does not fit. */
static size_t put_octet(char *out, size_t n, size_t cap, uint8_t c)
{
	if (is_plain(c)) {
		if (n + 1 >= cap)
			return n;
		out[n] = (char)c;
		return n + 1;
	}
	if (n + 4 >= cap)
		return n;
	out[n] = '\\';
	out[n + 1] = (char)('0' + c / 100);
	out[n + 2] = (char)('0' + c / 10 % 10);
	out[n + 3] = (char)('0' + c % 10);
	return n + 4;
}

size_t name_text(const uint8_t *wire, size_t len, char *out, size_t cap)
{
	size_t n = 0, at = 0;

	if (cap == 0)
		return 0;
	if (len == 1 && cap > 1)
		out[n++] = '.';
	while (at < len && wire[at] != 0) {
		size_t end = at + 1 + wire[at];

		for (at++; at < end; at++) {
			size_t m = put_octet(out, n, cap, wire[at]);

			if (m == n)
				goto out;
			n = m;
		}
		if (n + 1 >= cap)
			goto out;
		out[n++] = '.';
	}
out:
	out[n] = '\0';
	return n;
}

/* A-Z to a-z in eight octets at once; octets above 127 are left alone. */
static inline uint64_t fold8(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = x & (ones * 0x7f);
	uint64_t over_z = low + ones * (0x7f - 'Z');
	uint64_t from_a = low + ones * (0x80 - 'A');
	uint64_t upper = (from_a ^ over_z) & ~x & (ones * 0x80);

	return x | upper >> 2;
}

static inline uint8_t fold1(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Eight octets, folded. */
static inline uint64_t folded(const uint8_t *src)
{
	uint64_t x;

	memcpy(&x, src, sizeof(x));
	return fold8(x);
}

static inline void fold_at(uint8_t *dst, const uint8_t *src)
{
	uint64_t x = folded(src);

	memcpy(dst, &x, sizeof(x));
}

void name_fold(uint8_t *dst, const uint8_t *src, size_t len)
{
	size_t i = 0;

	if (len < 8) {
		for (; i < len; i++)
			dst[i] = fold1(src[i]);
		return;
	}
	for (; i + 8 <= len; i += 8)
		fold_at(dst + i, src + i);
	if (i < len) /* the last eight once more: folding twice changes nothing */
		fold_at(dst + len - 8, src + len - 8);
}

unsigned name_labels(const uint8_t *wire, size_t len)
{
	unsigned n = 0;

	for (size_t at = 0; at < len && wire[at] != 0; at += 1u + wire[at])
		n++;
	return n;
}

size_t name_prefix(const uint8_t *wire, size_t len, unsigned n)
{
	size_t at = 0;

	for (; n > 0; n--) {
		if (at >= len || wire[at] == 0)
			return 0;
		at += 1u + wire[at];
	}
	return at;
}

bool name_under(const uint8_t *wire, size_t len, const uint8_t *zone, size_t zone_len)
{
	size_t at = 0;

	if (zone_len == 0 || zone_len > len)
		return false;
	if (memcmp(wire + len - zone_len, zone, zone_len) != 0)
		return false;
	while (at < len - zone_len)
		at += 1u + wire[at];
	return at == len - zone_len;
}

bool name_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t i = 0;

	if (a_len != b_len)
		return false;
	for (; i + 8 <= a_len; i += 8)
		if (folded(a + i) != folded(b + i))
			return false;
	for (; i < a_len; i++)
		if (fold1(a[i]) != fold1(b[i]))
			return false;
	return true;
}

/* Where each label begins, leftmost first; returns how many there are. */
static unsigned split(const uint8_t *wire, size_t len, uint8_t begin[LABELS_MAX])
{
	unsigned n = 0;

	for (size_t at = 0; at < len && wire[at] != 0 && n < LABELS_MAX;
		at += 1u + wire[at])
		begin[n++] = (uint8_t)at;
	return n;
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
	int c = memcmp(a + 1, b + 1, MIN(a[0], b[0]));

	return c != 0 ? c : (int)a[0] - (int)b[0];
}

int name_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint8_t at_a[LABELS_MAX], at_b[LABELS_MAX];
	unsigned na = split(a, a_len, at_a), nb = split(b, b_len, at_b);

	for (unsigned i = 1; i <= na && i <= nb; i++) {
		int c = compare_labels(a + at_a[na - i], b + at_b[nb - i]);

		if (c != 0)
			return c;
	}
	return (int)na - (int)nb;
}

int name_push(struct name *n, const void *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX_LEN)
		return -EINVAL;
	if (n->len + 1 + len + 1 > NAME_MAX_LEN)
		return -ENAMETOOLONG;
	n->wire[n->len] = (uint8_t)len;
	name_fold(n->wire + n->len + 1, label, len);
	n->len = (uint8_t)(n->len + 1 + len);
	return 0;
}

int name_end(struct name *n, const uint8_t *wire, size_t len)
{
	if (len == 0)
		return -EINVAL;
	if (n->len + len > NAME_MAX_LEN)
		return -ENAMETOOLONG;
	name_fold(n->wire + n->len, wire, len);
	n->len = (uint8_t)(n->len + len);
	return 0;
}
