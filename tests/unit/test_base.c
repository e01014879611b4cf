/* test_base.c - log lines on a pipe, memory buffers, the clocks */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* What was written is this line behind its time. */
static void line_of(char buf[2048], const char *line)
{
	written(buf, 2048);
	ck_assert_int_eq(strncmp(buf, "time=20", 7), 0);
	ck_assert_int_eq(buf[strlen("time=2026-11-28T17:20:00.123")], 'Z');
	ck_assert_str_eq(buf + strlen("time=2026-11-28T17:20:00.123Z "), line);
}

START_TEST(line_has_level_process_and_event)
{
	char buf[2048];

	log_init("worker.2", LOG_INFO);
	log_line(LOG_INFO, "generation published=%d", 7);
	log_line(LOG_DEBUG, "not this");
	line_of(buf, "level=info process=worker.2 what=generation published=7\n");
	ck_assert(!log_enabled(LOG_DEBUG));
	log_set_level(LOG_DEBUG);
	ck_assert(log_enabled(LOG_DEBUG));
	log_set_style((struct log_style){LOG_ERROR, LOG_JSON}); /* LG-03 */
	log_set_style((struct log_style){99, 99});
	log_line(LOG_WARNING, "not this");
	log_line(LOG_ERROR, "but this");
	written(buf, sizeof(buf));
	ck_assert_int_eq(strncmp(buf, "{\"time\":\"20", 11), 0);
	ck_assert_ptr_nonnull(strstr(buf, "\"what\":\"but this\"}\n"));
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
	ck_assert_ptr_nonnull(strstr(buf, " level=error process=x what=after\n"));
}
END_TEST

/* JOURNAL_STREAM may name another stream than stderr: of who started us, say. */
START_TEST(journal_gets_priority) /* LG-01 */
{
	char buf[2048], name[64];
	struct stat st;

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	log_init("x", LOG_INFO);
	log_line(LOG_WARNING, "a");
	written(buf, sizeof(buf));
	ck_assert_str_eq(buf, "<4>level=warning process=x what=a\n");
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", name, 1);
	log_init("x", LOG_INFO);
	log_line(LOG_WARNING, "a");
	line_of(buf, "level=warning process=x what=a\n");
}
END_TEST

START_TEST(line_is_one_line_of_bounded_length)
{
	char text[3000], buf[4096];

	log_init("x", LOG_INFO);
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_line(LOG_ERROR, "%s", text);
	size_t n = written(buf, sizeof(buf));
	ck_assert_uint_le(n, LOGLINE_MAX);
	ck_assert_ptr_eq(strchr(buf, '\n'), buf + n - 1);
}
END_TEST

/* Fill what is stderr with lines until one is lost; stderr itself waits, as before. */
static void fill(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);
	char text[900];

	log_init("x", LOG_INFO);
	memset(text, 'y', sizeof(text));
	for (int i = 0; i < LOG_BURST && log_dropped() == 0; i++)
		log_line(LOG_INFO, "line number=%d text=%.900s", i, text);
	ck_assert_uint_eq(log_dropped(), 1);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL), flags);
	ck_assert_int_eq(flags & O_NONBLOCK, 0);
}

START_TEST(blocked_reader_costs_lines_not_progress) /* EV-10 */
{
	static char buf[1 << 20];

	fill();
	while (written(buf, sizeof(buf)) > 0)
		;
	log_line(LOG_INFO, "well again");
	written(buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, " level=warning process=x what=\"lines lost: "
					  "stderr did not take them\" lost=1\n"));
	ck_assert_ptr_nonnull(strstr(buf, "what=\"well again\"\n"));
}
END_TEST

START_TEST(blocked_socket_costs_lines_not_progress) /* EV-10 */
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	ck_assert_int_eq(dup2(fd[1], STDERR_FILENO), STDERR_FILENO);
	fill();
}
END_TEST

/* A fault that logs other lines all the time. */
START_TEST(no_more_than) /* LG-02 */
{
	static char buf[1 << 20];
	size_t lines = 0;

	ck_assert_int_gt(fcntl(reader, F_SETPIPE_SZ, 1 << 20), 0);
	log_init("x", LOG_INFO);
	for (int i = 0; i < 20 * LOG_BURST; i++)
		log_line(LOG_INFO, "line number=%d", i);
	written(buf, sizeof(buf));
	for (const char *s = buf; (s = strchr(s, '\n')) != NULL; s++)
		lines++;
	ck_assert_uint_ge(lines, LOG_BURST);
	ck_assert_uint_lt(lines, 10 * LOG_BURST);
	log_tick(clock_mono_ns() + NS_PER_S);
	written(buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "what=\"too many lines\" held_back="));
}
END_TEST

START_TEST(repeats_are_folded) /* LG-02 */
{
	char buf[4096];
	uint64_t now_ns = clock_mono_ns();

	log_init("x", LOG_INFO);
	for (int i = 0; i < 100; i++)
		log_line(LOG_WARNING, "API down server=\"a b\" failures=%d", i);
	written(buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "failures=9\n"));
	ck_assert_ptr_null(strstr(buf, "failures=10\n"));
	log_tick(now_ns);
	ck_assert_uint_eq(written(buf, sizeof(buf)), 0);
	log_tick(now_ns + 61 * NS_PER_S);
	line_of(buf, "level=warning process=x what=\"API down ... and 90 more in 61 s\" "
		     "more=90 server=\"a b\"\n");
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
	tcase_add_test(tc, blocked_socket_costs_lines_not_progress);
	tcase_add_test(tc, no_more_than);
	tcase_add_test(tc, repeats_are_folded);
	tcase_add_test(tc, bucket);
	tcase_add_loop_test(tc, quote, 0, ARRAY_LEN(quotes));
	tcase_add_test(tc, buffer_grows_and_keeps);
	tcase_add_test(tc, allocations);
	tcase_add_test_raise_signal(tc, too_much_memory_ends_the_process, SIGABRT);
	tcase_add_test(tc, clocks_move);
	return run_case("base", tc);
}
