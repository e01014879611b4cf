/*
 * test_request.c - a line of the control socket, cut into words (OP-05, V-27)
 */
#include "base/request.h"

#include "support.h"

static const struct {
	const char *line;
	unsigned n; /* 0: no request */
	const char *last;
} lines[] = {
	{"flush", 1, "flush"},
	{"flush a.example. below", 3, "below"},
	{"1 2 3 4 5 6 7 8", 8, "8"},
	{"1 2 3 4 5 6 7 8 9", 0, NULL},
	{"", 0, NULL},
	{" ", 0, NULL},
	{" flush", 0, NULL},
	{"flush ", 0, NULL},
	{"flush  a", 0, NULL},
	{"flush\ta", 0, NULL},
	{"flush a\r", 0, NULL},
	{"flush \x7f", 0, NULL},
	{"flush \xc3\xa4", 0, NULL},
};

START_TEST(words_of_a_line)
{
	size_t len = strlen(lines[_i].line);
	char *line = (char *)exact_copy(lines[_i].line, len + 1);
	struct request r;

	ck_assert_int_eq(request_parse(line, len, &r), lines[_i].n > 0);
	if (lines[_i].n > 0) {
		ck_assert_uint_eq(r.n, lines[_i].n);
		ck_assert_str_eq(r.word[r.n - 1], lines[_i].last);
	}
	free(line);
}
END_TEST

/* A NUL in the line is an octet like others that are no text. */
START_TEST(nul_is_no_end)
{
	char line[] = "flush\0a";
	struct request r;

	ck_assert(!request_parse(line, sizeof(line) - 1, &r));
}
END_TEST

/* Any octets: words are whole, in order, and end within the line. */
START_TEST(any_octets)
{
	uint64_t random = 7;

	for (unsigned i = 0; i < 20000; i++) {
		size_t len = next_random(&random) % 24;
		char *line = (char *)exact_copy("                        ", len + 1);
		struct request r;

		for (size_t k = 0; k < len; k++)
			line[k] = (char)(next_random(&random) % 4 == 0
						 ? ' '
						 : next_random(&random) % 100 + 30);
		line[len] = '\0';
		if (request_parse(line, len, &r)) {
			ck_assert_uint_le(r.n, REQUEST_WORDS_MAX);
			for (unsigned k = 0; k < r.n; k++) {
				const char *end = r.word[k] + strlen(r.word[k]);

				ck_assert(r.word[k] >= line && end <= line + len);
				ck_assert(end > r.word[k]);
			}
		}
		free(line);
	}
}
END_TEST

START_TEST(path_fits_or_not)
{
	char path[32];

	ck_assert(request_path("/run/shmdns", path, sizeof(path)));
	ck_assert_str_eq(path, "/run/shmdns/control.sock");
	ck_assert(!request_path("/run/shmdns/an-instance", path, sizeof(path)));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("request");

	tcase_add_loop_test(tc, words_of_a_line, 0, ARRAY_LEN(lines));
	tcase_add_test(tc, nul_is_no_end);
	tcase_add_test(tc, any_octets);
	tcase_add_test(tc, path_fits_or_not);
	return run_case("request", tc);
}
