/* test_logline.c - lines of the log, and which of them are repeats (LG-01, LG-02) */
#include <stdio.h>

#include "base/logfold.h"
#include "base/logline.h"
#include "base/mem.h"
#include "support.h"

/* As a line of kv and of JSON, behind the keys of the head. */
static const struct {
	const char *text, *kv, *json;
} lines[] = {
	{"stopping", "what=stopping", "\"what\":\"stopping\""},
	{"", "what=\"\"", "\"what\":\"\""},
	{"worker ready slot=1 pid=7", "what=\"worker ready\" slot=1 pid=7",
		"\"what\":\"worker ready\",\"slot\":\"1\",\"pid\":\"7\""},
	{"x error=\"two words\"", "what=x error=\"two words\"",
		"\"what\":\"x\",\"error\":\"two words\""},
	{"x a=\"q\\\"b\\\\c\\x0A\\xff\"", "what=x a=\"q\\\"b\\\\c\\x0A\\xFF\"",
		"\"what\":\"x\",\"a\":\"q\\\"b\\\\c\\\\x0A\\\\xFF\""},
	/* what nobody quoted, and does not break the line */
	{"a\nerror forged\033[1m", "what=\"a\\x0Aerror forged\\x1B[1m\"",
		"\"what\":\"a\\\\x0Aerror forged\\\\x1B[1m\""},
	{"x by=\"it is a \"lie\" here\" k=1",
		"what=\"x here\\\"\" by=\"it is a \\\"lie\" k=1",
		"\"what\":\"x here\\\"\",\"by\":\"it is a \\\"lie\",\"k\":\"1\""},
	{"x a=\"open", "what=x a=open", "\"what\":\"x\",\"a\":\"open\""},
	{"x a= b=\"\"", "what=x a=\"\" b=\"\"", "\"what\":\"x\",\"a\":\"\",\"b\":\"\""},
	{"x a=b=c =d 9=e", "what=\"x =d 9=e\" a=\"b=c\"",
		"\"what\":\"x =d 9=e\",\"a\":\"b=c\""},
	{"more file=/a, and more", "what=\"more and more\" file=/a,",
		"\"what\":\"more and more\",\"file\":\"/a,\""},
	{"x qname=a\\010b.", "what=x qname=a\\010b.",
		"\"what\":\"x\",\"qname\":\"a\\\\010b.\""},
	/* words that look like keys stand in front as a value */
	{"what=\"3 like a=b c\" k=1", "what=\"3 like a=b c\" k=1",
		"\"what\":\"3 like a=b c\",\"k\":\"1\""},
	/* keys that the line has already */
	{"x level=a time=b what=c process=d",
		"what=x level_=a time_=b what_=c process_=d",
		"\"what\":\"x\",\"level_\":\"a\",\"time_\":\"b\",\"what_\":\"c\","
		"\"process_\":\"d\""},
	/* UTF-8, an octet of it that lacks the rest, and what is none */
	{"x a=\xc3\xa9\xe2\x82\xac", "what=x a=\"\\xC3\\xA9\\xE2\\x82\\xAC\"",
		"\"what\":\"x\",\"a\":\"\\u00e9\\u20ac\""},
	{"x a=\xf0\x9f\x98\x80", "what=x a=\"\\xF0\\x9F\\x98\\x80\"",
		"\"what\":\"x\",\"a\":\"\\ud83d\\ude00\""},
	{"x a=\xe2\x82", "what=x a=\"\\xE2\\x82\"",
		"\"what\":\"x\",\"a\":\"\\\\xE2\\\\x82\""},
	{"x a=\xc0\xaf\xed\xa0\x80\xf5\xc2\x9b",
		"what=x a=\"\\xC0\\xAF\\xED\\xA0\\x80\\xF5\\xC2\\x9B\"",
		"\"what\":\"x\",\"a\":\"\\\\xC0\\\\xAF\\\\xED\\\\xA0\\\\x80\\\\xF5\\\\xC2"
		"\\\\x9B\""},
};

static const char *made(const struct logline_head *h, const char *text)
{
	static char out[LOGLINE_MAX + 1];

	memset(out, '!', sizeof(out));
	out[logline_make(h, text, out, LOGLINE_MAX)] = '\0';
	return out;
}

START_TEST(looks_like) /* LG-01 */
{
	struct logline_head h = {LOG_INFO, LOG_KV, false, "", "p"};
	char want[1000];

	snprintf(want, sizeof(want), "level=info process=p %s\n", lines[_i].kv);
	ck_assert_str_eq(made(&h, lines[_i].text), want);
	h.format = LOG_JSON;
	snprintf(want, sizeof(want), "{\"level\":\"info\",\"process\":\"p\",%s}\n",
		lines[_i].json);
	ck_assert_str_eq(made(&h, lines[_i].text), want);
}
END_TEST

START_TEST(head) /* LG-01 */
{
	struct logline_head h = {LOG_ERROR, LOG_KV, true, "12:00", "worker.2"};

	ck_assert_str_eq(made(&h, "a b k=1"),
		"<3>time=12:00 level=error process=worker.2 what=\"a b\" k=1\n");
	h.level = LOG_DEBUG;
	h.format = LOG_JSON;
	ck_assert_str_eq(made(&h, "a"),
		"<7>{\"time\":\"12:00\",\"level\":\"debug\",\"process\":\"worker.2\","
		"\"what\":\"a\"}\n");
}
END_TEST

/* Every octet alone, in both formats: printable ASCII, one line, quotes in pairs. */
START_TEST(any_octets) /* LG-01 */
{
	struct logline_head h = {LOG_INFO, LOG_KV, false, "", "p"};
	char text[32];

	for (int c = 1; c < 256; c++) {
		for (int f = LOG_KV; f <= LOG_JSON; f++) {
			h.format = (enum log_format)f;
			snprintf(text, sizeof(text), "a%c b=%c c=\"%c\" d=\"\\%c", c, c,
				c, c);
			const char *line = made(&h, text);
			size_t len = strlen(line);
			unsigned quotes = 0;

			ck_assert_int_eq(line[len - 1], '\n');
			for (size_t i = 0; i + 1 < len; i++) {
				ck_assert_int_ge(line[i], ' ');
				ck_assert_int_le(line[i], '~');
				if (line[i] == '"')
					quotes++;
				else if (line[i] == '\\')
					i++;
			}
			if (f == LOG_JSON)
				ck_assert_uint_eq(quotes % 2, 0);
		}
	}
}
END_TEST

/* Whatever room there is, the line is whole. */
START_TEST(any_room) /* LG-01 */
{
	struct logline_head h = {LOG_INFO, LOG_KV, false, "", "p"};
	char text[800], *out = mem_alloc(1, LOGLINE_MAX);

	memset(text, '\n', sizeof(text));
	memcpy(text, "x a=", 4);
	memcpy(text + 300, " b=\"c d\" e=", 11);
	text[sizeof(text) - 1] = '\0';
	for (size_t cap = 200; cap <= LOGLINE_MAX; cap++) {
		for (int f = LOG_KV; f <= LOG_JSON; f++) {
			h.format = (enum log_format)f;
			size_t len = logline_make(&h, text, out, cap);

			ck_assert_uint_le(len, cap);
			ck_assert_int_eq(out[len - 1], '\n');
			if (f == LOG_JSON)
				ck_assert_mem_eq(out + len - 3, "\"}\n", 3);
			else
				ck_assert_int_eq(out[len - 2], '"');
		}
	}
	free(out);
}
END_TEST

static const struct {
	uint64_t s;
	const char *text;
} times[] = {
	{0, "1970-01-01T00:00:00.007Z"},
	{68169599, "1972-02-28T23:59:59.007Z"},
	{68169600, "1972-02-29T00:00:00.007Z"},
	{951868800, "2000-03-01T00:00:00.007Z"},
	{1735689599, "2024-12-31T23:59:59.007Z"},
	{1795886400, "2026-11-28T17:20:00.007Z"},
	{4107542400, "2100-03-01T00:00:00.007Z"},
};

START_TEST(wall) /* LG-01 */
{
	char out[40];

	logline_time(times[_i].s * NS_PER_S + 7999999, out, sizeof(out));
	ck_assert_str_eq(out, times[_i].text);
}
END_TEST

static const struct {
	const char *a, *b;
	bool repeats;
} pairs[] = {
	{"a", "a", true}, {"a", "b", false}, {"a x=1", "a x=2", false},
	{"a failures=1 retry_ms=10 x=1", "a failures=2 retry_ms=20 x=1", true},
	{"a ms=1", "a", false},
	{"upstream down upstream=10.0.0.1", "upstream down upstream=10.0.0.2", false},
	{"a error=\"b ms=1\"", "a error=\"b ms=2\"", false}, /* no key: a value */
};

START_TEST(tells_repeats) /* LG-02 */
{
	ck_assert(pairs[_i].repeats == (logline_key(LOG_INFO, pairs[_i].a) ==
					       logline_key(LOG_INFO, pairs[_i].b)));
	ck_assert(logline_key(LOG_INFO, pairs[_i].a) !=
		  logline_key(LOG_ERROR, pairs[_i].a));
}
END_TEST

/* ---- folding ---- */

static bool add(struct logfold *f, uint64_t at_s, const char *text)
{
	struct logfold_summary s;
	bool written = logfold_add(f, at_s * NS_PER_S, LOG_WARNING, text, &s);

	ck_assert_uint_eq(s.lines, 0);
	return written;
}

static uint64_t due(struct logfold *f, uint64_t at_s, struct logfold_summary *s)
{
	s->lines = 0;
	return logfold_due(f, at_s * NS_PER_S, false, s) ? s->lines : 0;
}

START_TEST(folds) /* LG-02 */
{
	static struct logfold f;
	struct logfold_summary s;

	for (unsigned i = 0; i < LOGFOLD_BURST; i++)
		ck_assert(add(&f, 100, "API down error=x failures=3"));
	for (unsigned i = 0; i < 412; i++)
		ck_assert(!add(&f, 101, "API down error=x failures=4"));
	ck_assert(add(&f, 101, "API up"));
	ck_assert_uint_eq(due(&f, 159, &s), 0);
	ck_assert_uint_eq(due(&f, 160, &s), 412);
	ck_assert_uint_eq(s.in_s, 60);
	ck_assert_int_eq(s.level, LOG_WARNING);
	ck_assert_str_eq(s.what, "API down");
	ck_assert_uint_eq(due(&f, 160, &s), 0);
	/* It goes on: once a minute. */
	for (unsigned i = 0; i < 7; i++)
		ck_assert(!add(&f, 200 + i, "API down error=x failures=5"));
	ck_assert_uint_eq(due(&f, 220, &s), 7);
	/* It has ended, and comes again. */
	ck_assert_uint_eq(due(&f, 300, &s), 0);
	ck_assert(add(&f, 300, "API down error=x failures=1"));
}
END_TEST

START_TEST(quiet_process_tells_later) /* LG-02 */
{
	static struct logfold f;
	struct logfold_summary s;

	for (unsigned i = 0; i <= LOGFOLD_BURST; i++)
		add(&f, 100, "a");
	ck_assert_uint_eq(due(&f, 700, &s), 1);
	ck_assert_uint_eq(s.in_s, 600);
	ck_assert(add(&f, 700, "a")); /* and does not count as a repeat */
}
END_TEST

START_TEST(slow_repeats_are_written) /* LG-02 */
{
	static struct logfold f;

	for (unsigned i = 0; i < 100; i++)
		ck_assert(add(&f, 100 + 7 * i, "a"));
}
END_TEST

START_TEST(table_is_bounded) /* LG-02 */
{
	static struct logfold f;
	struct logfold_summary s;
	char text[32];

	for (unsigned i = 0; i <= LOGFOLD_BURST; i++)
		add(&f, 1, "first k=1");
	for (unsigned i = 1; i < LOGFOLD_MESSAGES; i++) {
		snprintf(text, sizeof(text), "x k=%u", i);
		ck_assert(add(&f, 2, text));
	}
	ck_assert(logfold_add(&f, 3 * NS_PER_S, LOG_INFO, "one more", &s));
	ck_assert_uint_eq(s.lines, 1); /* what was folded is not lost */
	ck_assert_str_eq(s.what, "first");
	ck_assert(add(&f, 4, "first k=1"));
}
END_TEST

START_TEST(flushed_at_the_end) /* LG-02 */
{
	static struct logfold f;
	struct logfold_summary s;

	for (unsigned i = 0; i < LOGFOLD_BURST + 3; i++) {
		add(&f, 1, "a");
		add(&f, 1, "b");
	}
	ck_assert(logfold_due(&f, 2 * NS_PER_S, true, &s));
	ck_assert_uint_eq(s.lines, 3);
	ck_assert(logfold_due(&f, 2 * NS_PER_S, true, &s));
	ck_assert(!logfold_due(&f, 2 * NS_PER_S, true, &s));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("logline");

	tcase_add_loop_test(tc, looks_like, 0, ARRAY_LEN(lines));
	tcase_add_test(tc, head);
	tcase_add_test(tc, any_octets);
	tcase_add_test(tc, any_room);
	tcase_add_loop_test(tc, wall, 0, ARRAY_LEN(times));
	tcase_add_loop_test(tc, tells_repeats, 0, ARRAY_LEN(pairs));
	tcase_add_test(tc, folds);
	tcase_add_test(tc, quiet_process_tells_later);
	tcase_add_test(tc, slow_repeats_are_written);
	tcase_add_test(tc, table_is_bounded);
	tcase_add_test(tc, flushed_at_the_end);
	return run_case("logline", tc);
}
