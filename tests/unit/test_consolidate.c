/* test_consolidate.c - lines of failed questions, told together; patterns (SM-01) */
#include <stdio.h>

#include "base/base.h"
#include "forwarder/consolidate.h"
#include "support.h"

static struct log_settings rules;
static struct consolidate c;

static void setup(void)
{
	rules = (struct log_settings){0};
	consolidate_fini(&c);
}

static void rule(const char *match, uint32_t window_ms, uint8_t level, bool show_first)
{
	struct logset_rule *r = &rules.rules[rules.nrules++];

	r->window_ms = window_ms;
	r->level = level;
	r->show_first = show_first;
	r->len = (uint8_t)snprintf(r->match, sizeof(r->match), "%s", match);
}

static enum consolidated at(uint64_t ms, const char *line, const char *reason)
{
	enum log_level level = LOG_DEBUG;

	return consolidate_add(&c, ms * NS_PER_MS, line, reason, &level);
}

/* How many errors are told at that time; 0: nothing is. */
static uint64_t told(uint64_t ms, bool all, struct consolidate_summary *s)
{
	return consolidate_due(&c, ms * NS_PER_MS, all, s) ? s->count : 0;
}

START_TEST(window) /* SM-01 */
{
	struct consolidate_summary s;

	rule("i/o timeout$", 30000, LOG_WARNING, false);
	consolidate_configure(&c, &rules);
	ck_assert_int_eq(at(1000, "forward err=\"refused\"", "refused"), CONSOLIDATE_NOT);
	for (unsigned i = 0; i < 412; i++)
		ck_assert_int_eq(at(1000 + 10 * i, "forward err=\"i/o timeout\" ms=2",
					 "i/o timeout"),
			CONSOLIDATE_HELD);
	ck_assert_uint_eq(told(30999, false, &s), 0);
	ck_assert_uint_eq(told(31000, false, &s), 412);
	ck_assert_int_eq(s.level, LOG_WARNING);
	ck_assert_uint_eq(s.window_ms, 30000);
	ck_assert_str_eq(s.match, "i/o timeout$");
	ck_assert_uint_eq(told(90000, true, &s), 0);
	/* The next one begins another window. */
	at(100000, "", "i/o timeout");
	ck_assert_uint_eq(told(129999, false, &s), 0);
	ck_assert_uint_eq(told(130000, false, &s), 1);
	consolidate_fini(&c);
}
END_TEST

START_TEST(show_first) /* SM-01 */
{
	struct consolidate_summary s;
	enum log_level level = LOG_ERROR;

	rule("x", 1000, LOG_INFO, true);
	consolidate_configure(&c, &rules);
	ck_assert_int_eq(consolidate_add(&c, 1, "x", "", &level), CONSOLIDATE_FIRST);
	ck_assert_int_eq(level, LOG_INFO);
	ck_assert_uint_eq(told(5000, false, &s), 0); /* it was the only one */
	ck_assert_int_eq(at(6000, "x", ""), CONSOLIDATE_FIRST);
	ck_assert_int_eq(at(6000, "x", ""), CONSOLIDATE_HELD);
	ck_assert_uint_eq(told(7000, false, &s), 2);
	consolidate_fini(&c);
}
END_TEST

START_TEST(first_rule_counts) /* SM-01 */
{
	struct consolidate_summary s;

	rule("^forward .*qname=a\\.", 1000, LOG_ERROR, false);
	rule("forward", 5000, LOG_ERROR, false);
	consolidate_configure(&c, &rules);
	at(0, "forward qname=a. err=x", "x");
	at(0, "forward qname=b. err=x", "x");
	at(0, "forward qname=c. err=x", "x");
	ck_assert_uint_eq(told(1000, false, &s), 1);
	ck_assert_uint_eq(told(1000, false, &s), 0);
	/* At the exit what waits is told, with the time that it took. */
	ck_assert_uint_eq(told(2000, true, &s), 2);
	ck_assert_uint_eq(s.window_ms, 2000);
	consolidate_fini(&c);
}
END_TEST

START_TEST(reload) /* SM-01 */
{
	struct consolidate_summary s;

	rule("x", 1000, LOG_ERROR, false);
	ck_assert(consolidate_differs(&c, &rules));
	consolidate_configure(&c, &rules);
	at(0, "x", "");
	ck_assert(!consolidate_differs(&c, &rules));
	consolidate_configure(&c, &rules); /* the window goes on */
	at(0, "x", "");
	ck_assert_uint_eq(told(1000, false, &s), 2);
	rules.rules[0].show_first = true;
	ck_assert(consolidate_differs(&c, &rules));
	consolidate_configure(&c, &rules);
	ck_assert_int_eq(at(0, "x", ""), CONSOLIDATE_FIRST);
	rules.nrules = 0;
	consolidate_configure(&c, &rules);
	ck_assert_int_eq(at(0, "x", ""), CONSOLIDATE_NOT);
}
END_TEST

static const struct {
	const char *text;
	bool ok;
} patterns[] = {
	{"^.* i/o timeout$", true},
	{"(a|b)+[[:digit:]]{1,3}\\.", true},
	{"", true},
	{"a\\{9999", true}, /* a bracket, not a count */
	{"a(b", false},
	{"a[b", false},
	{"*\\", false},
	{"(a)\\1", false}, /* back-references may take for ever */
	{"\\\\1", true},
	{"a{256}", true},
	{"a{257}", false},
	{"((a{9}){9}){9}", false},
	{"a{0,300}", false},
	{"a{99999999999999999999}", false},
	/* Each + doubles what stands before it, groups too. */
	{"((((((((((((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)"
	 "+)+)+)+)+)+)+",
		false},
	{"((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))", false},
	{"((a+)+b)+ [^]+]+ [[:alpha:]+{9}(]+ a+ b+ c+ d+ e+ f+ g+ h+ i+ j+ k+", true},
	{"[[.].]]{200}|\\(a{3,}|^[^]+{9}(]*", true},
};

/* What regexec(3) keeps of lines is given back now and then; rules go on as they were. */
START_TEST(begins_anew) /* SM-01 */
{
	struct consolidate_summary s;
	unsigned renewed = 0;

	rule("(a|b)*a(a|b){9}c", 1000, LOG_ERROR, false);
	consolidate_configure(&c, &rules);
	for (unsigned i = 0; i < 100; i++) {
		unsigned before = c.rule[0].looked;

		ck_assert_int_eq(at(i, i % 2 == 0 ? "abbbbbbbbbc" : "x", ""),
			i % 2 == 0 ? CONSOLIDATE_HELD : CONSOLIDATE_NOT);
		renewed += c.rule[0].looked < before;
	}
	ck_assert_uint_ge(renewed, 5);
	ck_assert_uint_eq(told(2000, false, &s), 50);
}
END_TEST

static uint64_t costs_ns, measured_ns;

/* Each expression takes as long as the test says: it is asked before and behind. */
static uint64_t measure(void)
{
	return measured_ns += costs_ns;
}

/* What rules take of a second has an end, and it is told which took most. */
START_TEST(budget) /* SM-01 */
{
	struct consolidate_summary s;
	struct consolidate_slow slow;

	rule("nothing", 60000, LOG_ERROR, false);
	rule("x", 60000, LOG_ERROR, false);
	c.clock_ns = measure;
	consolidate_configure(&c, &rules);
	costs_ns = NS_PER_MS;
	for (unsigned i = 0; i < 99; i++)
		ck_assert_int_eq(at(5000, "x", ""), CONSOLIDATE_HELD);
	ck_assert(!consolidate_slow(&c, &slow));
	costs_ns = 100 *
	           NS_PER_MS; /* the first rule has it all: the second is not asked */
	ck_assert_int_eq(at(5999, "x", ""), CONSOLIDATE_NOT);
	ck_assert_int_eq(at(5999, "x", ""), CONSOLIDATE_NOT);
	ck_assert(consolidate_slow(&c, &slow));
	ck_assert_uint_eq(slow.lines, 2);
	ck_assert_str_eq(slow.match, "nothing");
	ck_assert(!consolidate_slow(&c, &slow));
	costs_ns = NS_PER_MS;
	ck_assert_int_eq(at(6000, "x", ""), CONSOLIDATE_HELD);
	ck_assert_uint_eq(told(65000, false, &s), 100);
	consolidate_fini(&c);
	c.clock_ns = NULL;
}
END_TEST

START_TEST(pattern) /* SM-01 */
{
	char why[128] = "";
	regex_t re;
	bool ok = pattern_compile(patterns[_i].text, &re, why, sizeof(why));

	ck_assert_msg(ok == patterns[_i].ok, "%s: %s", patterns[_i].text, why);
	if (ok)
		regfree(&re);
	else
		ck_assert_uint_gt(strlen(why), 5);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("consolidate");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, window);
	tcase_add_test(tc, show_first);
	tcase_add_test(tc, first_rule_counts);
	tcase_add_test(tc, reload);
	tcase_add_test(tc, begins_anew);
	tcase_add_test(tc, budget);
	tcase_add_loop_test(tc, pattern, 0, ARRAY_LEN(patterns));
	return run_case("consolidate", tc);
}
