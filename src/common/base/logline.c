#include "base/logline.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/hash.h"

static const struct {
	const char *word;
	int priority; /* of syslog, for the journal */
} levels[] = {
	[LOG_ERROR] = {"error", 3},
	[LOG_WARNING] = {"warning", 4},
	[LOG_INFO] = {"info", 6},
	[LOG_DEBUG] = {"debug", 7},
};

/* Values that differ between repeats of one message. */
static const char *const measures[] = {"ms", "took_ms", "retry_ms", "failures", "attempt",
	"suppressed", "in_s", "free_mib", "live_mib"};

static const char *const head_keys[] = {"time", "level", "process", "what"};

/* ---- the text, piece by piece ---- */

/* A key and its value, or a word that is neither. Borrowed from the text. */
struct piece {
	const char *key; /* NULL: a word */
	size_t key_len;
	const char *value;
	size_t len; /* without the quotes */
	bool quoted;
};

static bool key_octet(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

/* Octets of "key" if "key=" stands there, else 0. */
static size_t key_length(const char *s)
{
	size_t n = 0;

	while (key_octet(s[n], n == 0))
		n++;
	return s[n] == '=' ? n : 0;
}

/* Octets up to the quote that ends the value: a space, or nothing, stands behind it. */
static size_t quoted_length(const char *s)
{
	size_t n = 0;

	for (; s[n] != '\0'; n++) {
		if (s[n] == '\\' && s[n + 1] != '\0')
			n++;
		else if (s[n] == '"' && (s[n + 1] == ' ' || s[n + 1] == '\0'))
			break;
	}
	return n;
}

/* The next piece from *text on; false: there is none. */
static bool take(const char **text, struct piece *p)
{
	const char *s = *text + strspn(*text, " ");

	if (*s == '\0')
		return false;
	*p = (struct piece){.key_len = key_length(s)};
	if (p->key_len > 0) {
		p->key = s;
		s += p->key_len + 1;
	}
	p->quoted = p->key != NULL && *s == '"';
	if (p->quoted) {
		p->value = s + 1;
		p->len = quoted_length(p->value);
		*text = p->value + p->len + (p->value[p->len] == '"');
	} else {
		p->value = s;
		p->len = strcspn(s, " ");
		*text = s + p->len;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octets that the piece's value stands for; at most as many as it has. */
static size_t unquote(const struct piece *p, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++) {
		const char *s = p->value + i;
		size_t left = p->len - i;

		if (!p->quoted || *s != '\\' || left < 2) {
			out[n++] = *s;
		} else if (s[1] == '"' || s[1] == '\\') {
			out[n++] = s[1];
			i++;
		} else if (s[1] == 'x' && left >= 4 && hex_digit(s[2]) >= 0 &&
			   hex_digit(s[3]) >= 0) {
			out[n++] = (char)(hex_digit(s[2]) << 4 | hex_digit(s[3]));
			i += 3;
		} else {
			out[n++] = *s;
		}
	}
	return n;
}

/* Its words, with one space between two. */
static size_t words_of(const char *text, char *out, size_t cap)
{
	struct piece p;
	size_t n = 0;

	while (take(&text, &p)) {
		if (p.key != NULL)
			continue;
		if (n > 0 && n < cap)
			out[n++] = ' ';
		size_t len = MIN(p.len, cap - n);
		memcpy(out + n, p.value, len);
		n += len;
	}
	return n;
}

/* What happened: its words, or the value that it begins with, which is then behind us. */
static size_t what_of(const char **text, char *out, size_t cap)
{
	const char *s = *text;
	struct piece p;

	if (strncmp(s, "what=", 5) != 0 || !take(&s, &p) || p.len > cap)
		return words_of(*text, out, cap);
	*text = s;
	return unquote(&p, out);
}

void logline_what(const char *text, char *out, size_t cap)
{
	out[what_of(&text, out, cap - 1)] = '\0';
}

/* ---- writing ---- */

struct writer {
	char *out;
	size_t n, cap; /* of what may stand before the end of the line */
	size_t begin;  /* where the first key stands */
	bool full;     /* something did not fit: nothing more goes in */
	enum log_format format;
};

/* All of it, or nothing. */
static void put(struct writer *w, const char *s, size_t len)
{
	if (w->full || len > w->cap - w->n) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->n, s, len);
	w->n += len;
}

/* Octets of the UTF-8 sequence that begins there, with its number; 0: it is none. */
static size_t utf8_length(const uint8_t *s, size_t left, uint32_t *number)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4 || left < n)
		return 0;
	uint32_t v = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) || v < 0xa0)
		return 0; /* the first ones beyond ASCII are control characters */
	*number = v;
	return n;
}

/* A character beyond ASCII as JSON has it, in UTF-16. */
static size_t json_unicode(uint32_t v, char *out, size_t cap)
{
	if (v < 0x10000)
		return (size_t)snprintf(out, cap, "\\u%04x", (unsigned)v);
	v -= 0x10000;
	return (size_t)snprintf(out, cap, "\\u%04x\\u%04x", 0xd800 + (unsigned)(v >> 10),
		0xdc00 + (unsigned)(v & 0x3ff));
}

/* The first character of s[left] as it stands between quotes; returns how many octets of
 * it that were, *n those of `out`. */
static size_t escape(
	enum log_format format, const char *s, size_t left, char out[16], size_t *n)
{
	uint8_t c = (uint8_t)*s;
	uint32_t number;

	out[0] = (char)c;
	*n = 1;
	if (c == '"' || c == '\\') {
		*n = (size_t)snprintf(out, 16, "\\%c", c);
	} else if (c < ' ' || c > '~') {
		size_t len = format == LOG_JSON
		                     ? utf8_length((const uint8_t *)s, left, &number)
		                     : 0;
		if (len > 0) {
			*n = json_unicode(number, out, 16);
			return len;
		}
		*n = (size_t)snprintf(
			out, 16, format == LOG_JSON ? "\\\\x%02X" : "\\x%02X", c);
	}
	return 1;
}

static void put_quoted(struct writer *w, const char *s, size_t len)
{
	char e[16];
	size_t n;

	put(w, "\"", 1);
	w->cap--; /* for the other one */
	for (size_t i = 0; i < len && !w->full;) {
		i += escape(w->format, s + i, len - i, e, &n);
		put(w, e, n);
	}
	w->cap++;
	w->out[w->n++] = '"';
}

/* May it stand in key=value without quotes? */
static bool plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '=')
			return false;
	return len > 0;
}

/* A key whose value is what these octets are, behind what stands there already. */
static void put_pair(struct writer *w, const char *key, size_t key_len, bool renamed,
	const char *s, size_t len)
{
	bool first = w->n == w->begin;
	bool bare = w->format == LOG_KV && plain(s, len);

	/* Room for the key with a value of one character, or not even the key. */
	if (w->full || key_len + 24 > w->cap - w->n) {
		w->full = true;
		return;
	}
	if (w->format == LOG_JSON)
		put(w, first ? "\"" : ",\"", first ? 1 : 2);
	else
		put(w, " ", first ? 0 : 1);
	put(w, key, key_len);
	put(w, "_", renamed ? 1 : 0);
	if (w->format == LOG_JSON)
		put(w, "\":", 2);
	else
		put(w, "=", 1);
	if (!bare) {
		put_quoted(w, s, len);
		return;
	}
	put(w, s, MIN(len, w->cap - w->n));
	w->full = w->n == w->cap;
}

static void put_text(struct writer *w, const char *key, const char *s)
{
	put_pair(w, key, strlen(key), false, s, strlen(s));
}

static bool is_one_of(const char *const *list, size_t n, const struct piece *p)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == p->key_len &&
			memcmp(list[i], p->key, p->key_len) == 0)
			return true;
	return false;
}

size_t logline_make(const struct logline_head *h, const char *text, char *out, size_t cap)
{
	/* What ends the line always fits: a bracket and its end. */
	struct writer w = {.out = out, .cap = cap - 2, .format = h->format};
	char cut[LOGLINE_TEXT_MAX], value[LOGLINE_TEXT_MAX];
	const char *s = cut;
	struct piece p;

	snprintf(cut, sizeof(cut), "%s", text);
	if (h->priority)
		w.n = (size_t)snprintf(out, cap, "<%d>", levels[h->level].priority);
	put(&w, "{", h->format == LOG_JSON ? 1 : 0);
	w.begin = w.n;
	if (h->time[0] != '\0')
		put_text(&w, "time", h->time);
	put_text(&w, "level", levels[h->level].word);
	put_text(&w, "process", h->process);
	put_pair(&w, "what", 4, false, value, what_of(&s, value, sizeof(value)));
	while (take(&s, &p))
		if (p.key != NULL)
			put_pair(&w, p.key, p.key_len,
				is_one_of(head_keys, ARRAY_LEN(head_keys), &p), value,
				unquote(&p, value));
	if (h->format == LOG_JSON)
		out[w.n++] = '}';
	out[w.n++] = '\n';
	return w.n;
}

/* ---- time ---- */

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

void logline_time(uint64_t wall_ns, char *out, size_t cap)
{
	uint64_t s = wall_ns / NS_PER_S, days = s / 86400;
	unsigned year = 1970, month = 1;

	while (days >= days_of_month(year, month)) { /* some hundred rounds */
		days -= days_of_month(year, month);
		month = month % 12 + 1;
		year += month == 1;
	}
	snprintf(out, cap, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month,
		(unsigned)days + 1, (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
		(unsigned)(s % 60), (unsigned)(wall_ns % NS_PER_S / NS_PER_MS));
}

/* ---- repeats ---- */

uint64_t logline_key(enum log_level level, const char *text)
{
	char same[LOGLINE_TEXT_MAX + 1], cut[LOGLINE_TEXT_MAX];
	struct piece p;
	size_t n = 0;

	snprintf(cut, sizeof(cut), "%s", text);
	same[n++] = (char)level;
	for (const char *s = cut; take(&s, &p);) {
		const char *from = p.key != NULL ? p.key : p.value;
		size_t len = (size_t)(s - from);

		if (p.key != NULL && is_one_of(measures, ARRAY_LEN(measures), &p))
			len = p.key_len;
		len = MIN(len, sizeof(same) - n);
		memcpy(same + n, from, len);
		n += len;
	}
	return hash_content(same, n);
}

void logline_whom(const char *text, char *out, size_t cap)
{
	char cut[LOGLINE_TEXT_MAX];
	const char *s = cut;
	struct piece p;
	size_t n = 0;

	snprintf(cut, sizeof(cut), "%s", text);
	if (strncmp(s, "what=", 5) == 0)
		take(&s, &p);
	while (take(&s, &p)) {
		if (p.key == NULL || is_one_of(measures, ARRAY_LEN(measures), &p))
			continue;
		size_t len = (size_t)(s - p.key);
		if (n + (n > 0) + len >= cap)
			continue;
		if (n > 0)
			out[n++] = ' ';
		memcpy(out + n, p.key, len);
		n += len;
	}
	out[n] = '\0';
}

/* ---- values ---- */

const char *logline_quote(const char *s, char *out, unsigned cap)
{
	size_t len = strlen(s), n = 0, m;
	bool bare = plain(s, len) && memchr(s, '\\', len) == NULL;
	char e[16];

	if (cap == 0)
		return out;
	if (bare || cap < 3) {
		snprintf(out, cap, "%s", bare ? s : "");
		return out;
	}
	out[n++] = '"';
	for (; *s != '\0'; s++) {
		escape(LOG_KV, s, 1, e, &m);
		if (n + m + 2 > cap) /* the closing quote and the NUL always fit */
			break;
		memcpy(out + n, e, m);
		n += m;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
