/*
 * test_resolvset.c - real resolv.conf files: whom they give, when, and what is said of it
 *
 * Rows: FW-03, FW-04.
 */
#include "controller/resolvset.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_support.h"
#include "logtext.h"
#include "controller/ownaddr.h"
#include "tempdir.h"

static struct resolvset set;
static struct conf conf;
static int said; /* standard error goes there */

static void setup(void)
{
	tempdir_enter();
	said = open("said", O_RDWR | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(said, 0);
	ck_assert_int_eq(dup2(said, STDERR_FILENO), STDERR_FILENO);
	memset(&set, 0, sizeof(set));
	memset(&conf, 0, sizeof(conf));
}

static void teardown(void)
{
	resolvset_fini(&set);
	conf_fini(&conf);
	close(said);
	tempdir_leave();
}

/* The file `a` is asked, and what `more` says besides. */
static void begin(const char *more)
{
	static const char a[] = FILES
		"forward = ( { from = \".\"; to = [\"./a\"]; } );\n"
		"listen = ( { address = \"127.0.0.1\"; } );"; /* no wildcard */
	struct conf_report r;

	conf_fini(&conf);
	parse(a, more, &conf, &r);
	ck_assert_uint_eq(r.errors, 0);
	conf_report_fini(&r);
	resolvset_set(&set, &conf, "fallback");
}

/* The same, where every address of the machine is a listener. */
static void begin_wildcard(void)
{
	struct conf_report r;

	conf_fini(&conf);
	parse(FILES "forward = ( { from = \".\"; to = [\"./a\"]; } );", NULL, &conf, &r);
	conf_report_fini(&r);
	resolvset_set(&set, &conf, "fallback");
}

/* As editors do it: another file under the same name. */
static void swap(const char *path, const char *text)
{
	put("aside", text);
	ck_assert_int_eq(rename("aside", path), 0);
}

/* Looks until one could have read it: true if one of them found others. */
static bool look_twice(void)
{
	ck_assert(!resolvset_look(&set)); /* the first one only sees that it is another */
	return resolvset_look(&set);
}

/* Whom file `i` gives, as text. */
static const char *whom(size_t i)
{
	static char text[512];
	size_t n = 0;

	text[0] = '\0';
	for (size_t k = 0; k < set.out[i].n; k++) {
		char addr[ADDR_TEXT_MAX];

		addr_text(&set.out[i].server[k].addr, addr);
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%s%s", k > 0 ? " " : "", addr);
	}
	return text;
}

/* How many lines since the last call hold `what`. */
static unsigned lines(const char *what)
{
	static char text[16384], plain[16384];
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);
	unsigned count = 0;

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	logtext_plain(text, plain, sizeof(plain));
	for (const char *p = plain; (p = strstr(p, what)) != NULL; p++)
		count++;
	return count;
}

static void forget(void)
{
	ck_assert_int_eq(ftruncate(said, 0), 0);
}

START_TEST(changes)
{
	put("a", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
	begin("");
	ck_assert_uint_eq(set.n, 1);
	ck_assert_str_eq(whom(0), "192.0.2.1 192.0.2.2");
	ck_assert_uint_eq(lines("upstreams read file=./a upstreams=2"), 1);
	ck_assert(!look_twice());
	swap("a", "nameserver 192.0.2.3\n");
	ck_assert(look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.3");
	swap("a", "# the same\nnameserver 192.0.2.3\n");
	ck_assert(!look_twice());
	ck_assert_int_eq(unlink("a"), 0); /* whom it had stays */
	forget();
	ck_assert(!look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.3");
	ck_assert_uint_eq(lines("./a: No such file or directory; looked for again"), 1);
	begin(""); /* over a reload too */
	ck_assert_str_eq(whom(0), "192.0.2.3");
	put("a", "nameserver 192.0.2.4\n");
	ck_assert(look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.4");
	put("a", "search x\n"); /* as if it was being written: the same */
	ck_assert(!look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.4");
	ck_assert_uint_eq(lines("./a: no `nameserver` line; whom it had stands on"), 1);
	begin("");
	ck_assert_str_eq(whom(0), "192.0.2.4");
}
END_TEST

/* As a ConfigMap is mounted: `..data` is swapped, the file stays the same link. */
START_TEST(config_map)
{
	ck_assert_int_eq(mkdir("..1", 0700), 0);
	ck_assert_int_eq(mkdir("..2", 0700), 0);
	put("..1/a", "nameserver 192.0.2.1\n");
	put("..2/a", "nameserver 192.0.2.2\n");
	ck_assert_int_eq(symlink("..1", "..data"), 0);
	ck_assert_int_eq(symlink("..data/a", "a"), 0);
	begin("");
	ck_assert_str_eq(whom(0), "192.0.2.1");
	ck_assert_int_eq(symlink("..2", "..aside"), 0);
	ck_assert_int_eq(rename("..aside", "..data"), 0);
	ck_assert(look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.2");
}
END_TEST

/* FW-04: each that leads back is named with its line; the others stay. */
START_TEST(left_out)
{
	put("a", "nameserver 127.0.0.53\nnameserver 192.0.2.1\n\nnameserver ::1\n"
		 "nameserver 198.51.100.7\nnameserver 0.0.0.0\nnameserver fe80::1\n"
		 "nameserver fe80::1%nope\nnameserver x\n");
	begin("listen = ( { address = \"198.51.100.7\"; } );");
	ck_assert_str_eq(whom(0), "192.0.2.1");
	ck_assert_uint_eq(lines("./a:1: upstream 127.0.0.53 is left out: loopback"), 1);
	ck_assert_uint_eq(lines("./a:4: upstream ::1 is left out: loopback"), 1);
	ck_assert_uint_eq(lines("./a:5: upstream 198.51.100.7 is left out: our own"), 1);
	ck_assert_uint_eq(lines("./a:6: upstream 0.0.0.0 is left out: no address"), 1);
	ck_assert_uint_eq(lines("./a:7: upstream fe80::1 is left out: link-local"), 1);
	ck_assert_uint_eq(lines("./a:8: upstream fe80::1 is left out: link-local"), 1);
	ck_assert_uint_eq(lines("./a:9: no address behind"), 1);
	ck_assert_uint_eq(lines("nobody"), 0);
	begin("listen = ( { address = \"198.51.100.7:5300\"; } );"); /* not DNS */
	ck_assert_str_eq(whom(0), "192.0.2.1 198.51.100.7");
}
END_TEST

/* FW-04: a wildcard takes what comes to any address of the machine. */
START_TEST(wildcard)
{
	struct addr own[8];
	size_t n = ownaddr_list(own, ARRAY_LEN(own));
	char text[128], addr[ADDR_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		addr_text(&own[i], addr);
		snprintf(text, sizeof(text), "nameserver %s\n", addr);
		put("a", text);
		begin("");
		ck_assert_str_eq(whom(0), addr);
		begin("listen = ( { address = \"0.0.0.0:5300\"; }, { address = "
		      "\"[::]:5300\"; } );");
		ck_assert_str_eq(whom(0), addr);
		begin("listen = ( { address = \"192.0.2.250\"; } );");
		ck_assert_str_eq(whom(0), addr);
		begin_wildcard();
		ck_assert_str_eq(whom(0), "");
	}
}
END_TEST

/* FW-04: systemd-resolved's own file counts while nobody is left. */
START_TEST(fallback)
{
	put("a", "nameserver 127.0.0.53\n");
	put("fallback", "nameserver 192.0.2.8\n");
	begin("");
	ck_assert_str_eq(whom(0), "192.0.2.8");
	ck_assert_uint_eq(lines("upstreams read file=fallback upstreams=1"), 1);
	swap("fallback", "nameserver 192.0.2.9\n");
	ck_assert(look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.9");
	swap("a", "nameserver 192.0.2.1\n");
	ck_assert(look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.1");
	swap("fallback", "nameserver 192.0.2.10\n"); /* of no matter now */
	ck_assert(!look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.1");
}
END_TEST

/* Nobody at all: one loud line, and it goes on. */
START_TEST(nobody)
{
	put("a", "nameserver 127.0.0.1\n");
	begin("");
	ck_assert_str_eq(whom(0), "");
	ck_assert_uint_eq(lines("error shmdns: ./a: nobody is left to ask"), 1);
	for (int i = 0; i < 5; i++)
		ck_assert(!resolvset_look(&set));
	ck_assert_uint_eq(lines("nobody is left to ask"), 1);
	put("fallback", "nameserver 192.0.2.8\n"); /* comes up later */
	ck_assert(look_twice());
	ck_assert_str_eq(whom(0), "192.0.2.8");
}
END_TEST

/* Files of several groups are read once; that of bootstrap only if it is needed. */
START_TEST(several)
{
	put("a", "nameserver 192.0.2.1\n");
	put("b", "nameserver 192.0.2.2\n");
	begin("forward = ( { from = \"x\"; to = [\"./b\", \"./a\"]; } ); bootstrap = "
	      "[\"./c\"];");
	ck_assert_uint_eq(set.n, 2);
	ck_assert_str_eq(set.out[0].path, "./a");
	ck_assert_str_eq(whom(1), "192.0.2.2");
	begin("forward = ( { from = \"x\"; to = [\"dns.example\"]; } ); bootstrap = "
	      "[\"./b\"];");
	ck_assert_uint_eq(set.n, 2);
	ck_assert_str_eq(set.out[1].path, "./b");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("resolvset");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, changes);
	tcase_add_test(tc, config_map);
	tcase_add_test(tc, left_out);
	tcase_add_test(tc, wildcard);
	tcase_add_test(tc, fallback);
	tcase_add_test(tc, nobody);
	tcase_add_test(tc, several);
	return run_case("resolvset", tc);
}
