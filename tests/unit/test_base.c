/* test_base.c - log lines on a pipe, memory buffers, the clocks */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "support.h"

static int reader = -1;

/* Put a pipe in the place of stderr; Check runs each test in a process of its own. */
static void setup(void)
{
	int fd[2];

	unsetenv("JOURNAL_STREAM");
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(dup2(fd[1], STDERR_FILENO), STDERR_FILENO);
	close(fd[1]);
	reader = fd[0];
	ck_assert_int_eq(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
}

static size_t written(char *buf, size_t cap)
{
	ssize_t n = read(reader, buf, cap - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

START_TEST(line_has_level_process_and_event)
{
	char buf[2048];

	log_init("worker.2", LOG_INFO);
	log_line(LOG_INFO, "generation published=%d", 7);
	log_line(LOG_DEBUG, "not this");
	written(buf, sizeof(buf));
	ck_assert_str_eq(buf, "info worker.2: generation published=7\n");
	ck_assert(!log_enabled(LOG_DEBUG));
	log_set_level(LOG_DEBUG);
	ck_assert(log_enabled(LOG_DEBUG));
}
END_TEST

START_TEST(errors_are_gathered)
{
	char buf[2048], kept[16] = "";

	log_init("x", LOG_INFO);
	log_line(LOG_ERROR, "before");
	log_gather(kept, sizeof(kept));
	log_line(LOG_ERROR, "a\n1");
	log_line(LOG_WARNING, "no error");
	log_line(LOG_ERROR, "bbb");
	ck_assert_str_eq(kept, "a?1\nbbb\n");
	log_line(LOG_ERROR, "%s", "a long one that is cut");
	ck_assert_str_eq(kept, "a?1\nbbb\na long ");
	log_gather(NULL, 0);
	log_line(LOG_ERROR, "after");
	ck_assert_str_eq(kept, "a?1\nbbb\na long ");
	written(buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "error x: after\n"));
}
END_TEST

START_TEST(journal_gets_priority) /* LG-01 */
{
	char buf[2048];

	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("x", LOG_INFO);
	log_line(LOG_WARNING, "a");
	written(buf, sizeof(buf));
	ck_assert_str_eq(buf, "<4>warning x: a\n");
}
END_TEST

START_TEST(line_is_one_line_of_bounded_length)
{
	char text[3000], buf[4096];

	log_init("x", LOG_INFO);
	log_line(LOG_ERROR, "a\nerror forged\033[1m");
	written(buf, sizeof(buf));
	ck_assert_str_eq(buf, "error x: a?error forged?[1m\n");
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_line(LOG_ERROR, "%s", text);
	ck_assert_uint_eq(written(buf, sizeof(buf)), 1000);
	ck_assert_int_eq(buf[999], '\n');
}
END_TEST

START_TEST(blocked_reader_costs_lines_not_progress) /* EV-10 */
{
	log_init("x", LOG_INFO);
	for (int i = 0; i < 100000 && log_dropped() == 0; i++)
		log_line(LOG_INFO, "line number=%d", i);
	ck_assert_uint_eq(log_dropped(), 1);
}
END_TEST

START_TEST(bucket) /* EV-10 */
{
	struct log_bucket b = {0};
	uint64_t suppressed = 99;

	for (int i = 0; i < 10; i++)
		ck_assert(log_allow(&b, NS_PER_S, &suppressed));
	ck_assert_uint_eq(suppressed, 0);
	for (int i = 0; i < 3; i++)
		ck_assert(!log_allow(&b, NS_PER_S + 1, &suppressed));
	ck_assert(log_allow(&b, 2 * NS_PER_S, &suppressed));
	ck_assert_uint_eq(suppressed, 3);
	ck_assert(log_allow(&b, 2 * NS_PER_S, &suppressed));
	ck_assert_uint_eq(suppressed, 0);
}
END_TEST

static const struct {
	const char *value, *quoted;
	unsigned cap;
} quotes[] = {
	{"plain-10.0.0.1:53", "plain-10.0.0.1:53", 64},
	{"", "\"\"", 64},
	{"two words", "\"two words\"", 64},
	{"a\"b\\c", "\"a\\\"b\\\\c\"", 64},
	{"a=b", "\"a=b\"", 64},
	{"\n\xff", "\"\\x0A\\xFF\"", 64},
	{"two words", "\"two\"", 6},
	{"a\nb", "\"a\"", 7}, /* an escape is never cut in half */
	{"long", "lon", 4},
	{"a b", "", 2},
};

START_TEST(quote)
{
	char out[64];

	memset(out, '!', sizeof(out));
	ck_assert_ptr_eq(log_quote(quotes[_i].value, out, quotes[_i].cap), out);
	ck_assert_str_eq(out, quotes[_i].quoted);
	if (quotes[_i].cap < sizeof(out))
		ck_assert_int_eq(out[quotes[_i].cap], '!');
}
END_TEST

START_TEST(buffer_grows_and_keeps)
{
	struct mem_buf b = {0};

	for (uint32_t i = 0; i < 10000; i++)
		mem_buf_put(&b, &i, sizeof(i));
	mem_buf_put(&b, NULL, 0);
	ck_assert_uint_eq(b.len, 40000);
	for (uint32_t i = 0; i < 10000; i++)
		ck_assert_mem_eq(b.data + 4 * (size_t)i, &i, 4);
	mem_buf_fini(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_ptr_nonnull(mem_buf_add(&b, 0));
	mem_buf_fini(&b);
}
END_TEST

START_TEST(allocations)
{
	char *s = mem_dup("abcdef", 3);
	uint8_t *p = mem_alloc(3, 5);
	const uint8_t zeros[15] = {0};

	ck_assert_str_eq(s, "abc");
	ck_assert_mem_eq(p, zeros, 15);
	p = mem_resize(p, 1000, 5);
	ck_assert_mem_eq(p, zeros, 15);
	free(p);
	free(s);
}
END_TEST

START_TEST(too_much_memory_ends_the_process)
{
	log_init("x", LOG_INFO);
	mem_resize(NULL, SIZE_MAX / 2, 3);
}
END_TEST

START_TEST(clocks_move)
{
	uint64_t a = clock_mono_ns(), b = clock_mono_ns();

	ck_assert_uint_le(a, b);
	ck_assert_uint_gt(clock_wall_ns(), UINT64_C(1700000000) * NS_PER_S);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("base");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, line_has_level_process_and_event);
	tcase_add_test(tc, errors_are_gathered);
	tcase_add_test(tc, journal_gets_priority);
	tcase_add_test(tc, line_is_one_line_of_bounded_length);
	tcase_add_test(tc, blocked_reader_costs_lines_not_progress);
	tcase_add_test(tc, bucket);
	tcase_add_loop_test(tc, quote, 0, ARRAY_LEN(quotes));
	tcase_add_test(tc, buffer_grows_and_keeps);
	tcase_add_test(tc, allocations);
	tcase_add_test_raise_signal(tc, too_much_memory_ends_the_process, SIGABRT);
	tcase_add_test(tc, clocks_move);
	return run_case("base", tc);
}
