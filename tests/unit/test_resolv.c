/*
 * test_resolv.c - whom the text of a resolv.conf names
 *
 * Rows: FW-03, FW-04.
 */
#include "conf/resolv.h"

#include <stdio.h>

#include "conf_support.h"
#include "tempdir.h"

/* Servers as LINE=ADDRESS[%INTERFACE], then +MORE and !BAD where there are such. */
static void show(const struct resolv *r, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < r->n; i++) {
		const struct resolv_server *s = &r->server[i];
		char addr[ADDR_TEXT_MAX];

		addr_text(&s->addr, addr);
		n += (size_t)snprintf(out + n, cap - n, "%s%u=%s%s%s", i > 0 ? " " : "",
			s->line, addr, s->interface[0] != '\0' ? "%" : "", s->interface);
	}
	if (r->more > 0)
		n += (size_t)snprintf(out + n, cap - n, " +%zu", r->more);
	if (r->bad_line > 0)
		snprintf(out + n, cap - n, " !%u", r->bad_line);
}

static const struct {
	const char *text, *want;
} rows[] = {
	{"", ""},
	{"nameserver 10.0.0.1", "1=10.0.0.1"},
	{"# made by something\n; and something\nsearch a b\nnameserver 10.0.0.1\noptions "
	 "ndots:5\nnameserver 2001:DB8::1\n",
		"4=10.0.0.1 6=2001:db8::1"},
	{" \tnameserver\t 10.0.0.1 \r\n\r\nnameserver 10.0.0.2 # so\n",
		"1=10.0.0.1 3=10.0.0.2"},
	{"nameserver 127.0.0.53\nnameserver ::1\n",
		"1=127.0.0.53 2=::1"}, /* not our matter */
	{"nameserver ::ffff:10.0.0.1\nnameserver 10.0.0.1\n", "1=10.0.0.1"},
	{"nameserver fe80::1%eth0\nnameserver fe80::1%eth1\nnameserver fe80::1%eth0\n",
		"1=fe80::1%eth0 2=fe80::1%eth1"},
	{"nameserver\nnameserver x\nnameserver 10.0.0.1\n", "3=10.0.0.1 !1"},
	{"nameserver 10.0.0.1:53\nnameserver 10.0.0.1#53\n", " !1"},
	{"nameserver fe80::1%\nnameserver fe80::1%0123456789abcdef\n", " !1"},
	{"nameservers 10.0.0.1\nNAMESERVER 10.0.0.1\n#nameserver 10.0.0.1\n", ""},
	{"nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver "
	 "10.0.0.4\nnameserver 10.0.0.5\nnameserver 10.0.0.6\nnameserver "
	 "10.0.0.7\nnameserver 10.0.0.8\nnameserver 10.0.0.9\nnameserver "
	 "10.0.0.10\nnameserver 10.0.0.11\nnameserver 10.0.0.12\nnameserver "
	 "10.0.0.13\nnameserver 10.0.0.14\nnameserver 10.0.0.15\nnameserver "
	 "10.0.0.16\nnameserver 10.0.0.17\n",
		"1=10.0.0.1 2=10.0.0.2 3=10.0.0.3 4=10.0.0.4 5=10.0.0.5 6=10.0.0.6 "
		"7=10.0.0.7 8=10.0.0.8 9=10.0.0.9 10=10.0.0.10 11=10.0.0.11 "
		"12=10.0.0.12 13=10.0.0.13 14=10.0.0.14 15=10.0.0.15 +2"},
};

START_TEST(row)
{
	const size_t len = strlen(rows[_i].text);
	uint8_t *copy = exact_copy(rows[_i].text, len);
	char got[1024];
	struct resolv r;

	resolv_parse((const char *)copy, len, &r);
	show(&r, got, sizeof(got));
	ck_assert_str_eq(got, rows[_i].want);
	free(copy);
}
END_TEST

/* Any octets, in lines or not: nothing is read past, nothing makes it stop. */
START_TEST(any_octets)
{
	static const char words[][12] = {
		"nameserver ", "10.0.0.1", "fe80::1%", "\n", "\0"};
	uint64_t random = 1;
	char text[256];

	for (int i = 0; i < 20000; i++) {
		size_t len = 0, want = next_random(&random) % sizeof(text);
		struct resolv r;

		while (len < want) {
			const char *word = words[next_random(&random) % ARRAY_LEN(words)];
			size_t n = MIN(strlen(word), want - len);

			if (next_random(&random) % 3 == 0 || n == 0)
				text[len++] = (char)next_random(&random);
			else
				memcpy(text + len, word, n), len += n;
		}
		uint8_t *copy = exact_copy(text, len);
		resolv_parse((const char *)copy, len, &r);
		ck_assert_uint_le(r.n, RESOLV_SERVERS_MAX);
		free(copy);
	}
}
END_TEST

/* FW-04: what `check` says of a file and its fallback. */
static const struct {
	const char *file, *fallback, *findings;
} checks[] = {
	{"nameserver 127.0.0.53\nnameserver 192.0.2.1\n", NULL, ""},
	{NULL, NULL, ""}, /* it cannot be read: nothing is known */
	{"search x\n", NULL,
		"./a: warning: forward[].to: nobody is left to ask: there is no "
		"`nameserver` line — write the addresses of upstreams instead\n"},
	{"search x\nnameserver 127.0.0.53\n", NULL,
		"./a:2:1: warning: forward[].to: nobody is left to ask: loopback: that "
		"is this machine, or this pod — write the addresses of upstreams "
		"instead\n"},
	{"nameserver 198.51.100.7\n", "nameserver ::1\n",
		"./a:1:1: warning: forward[].to: nobody is left to ask: our own "
		"address: we would ask ourselves — write the addresses of upstreams "
		"instead\n"},
	{"nameserver 127.0.0.53\n", "nameserver 192.0.2.1\n", ""},
};

START_TEST(files)
{
	struct conf_report r;
	struct conf c;

	tempdir_enter();
	if (checks[_i].file != NULL)
		put("a", checks[_i].file);
	if (checks[_i].fallback != NULL)
		put("fallback", checks[_i].fallback);
	parse(FILES "forward = ( { from = \".\"; to = [\"./a\"]; }, { from = \"x\"; to = "
		    "[\"192.0.2.9\", \"./a\"]; } );\n"
		    "listen = ( { address = \"198.51.100.7\"; } );",
		NULL, &c, &r);
	ck_assert_uint_eq(r.n, 0);
	conf_check_files(&c, "fallback", &r);
	char *text = printed(&r);
	ck_assert_str_eq(text, checks[_i].findings);
	free(text);
	conf_fini(&c);
	conf_report_fini(&r);
	tempdir_leave();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("resolv");

	tcase_add_loop_test(tc, row, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, any_octets);
	tcase_add_loop_test(tc, files, 0, ARRAY_LEN(checks));
	return run_case("resolv", tc);
}
