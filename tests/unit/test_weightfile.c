/*
 * test_weightfile.c - a real file of weights: when it is read, and what is said of it
 *
 * Rows: LD-01.
 */
#include "controller/weightfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logtext.h"
#include "support.h"
#include "tempdir.h"

static const struct hash_key key = {1, 2, UINT64_MAX};
static struct weightfile file;
static int said; /* standard error goes there */

static void setup(void)
{
	tempdir_enter();
	said = open("said", O_RDWR | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(said, 0);
	ck_assert_int_eq(dup2(said, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(mkdir("d", 0700), 0);
	memset(&file, 0, sizeof(file));
}

static void teardown(void)
{
	weightfile_fini(&file);
	close(said);
	tempdir_leave();
}

/* As editors do it: another file under the same name. */
static void swap(const char *path, const char *text)
{
	put("aside", text);
	ck_assert_int_eq(rename("aside", path), 0);
}

/* The lines since the last call must be just these; the program's name is left out. */
static void check_said(const char *want)
{
	static char text[8192], plain[8192], got[8192];
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);
	size_t len = 0;

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	got[0] = '\0';
	logtext_plain(text, plain, sizeof(plain));
	for (const char *at = plain; *at != '\0';) {
		const char *name = strstr(at, " shmdns: "), *end = strchr(at, '\n');

		ck_assert(name != NULL && end != NULL && name < end);
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%.*s %.*s\n",
			(int)(name - at), at, (int)(end - name - 9), name + 9);
		at = end + 1;
	}
	ck_assert_str_eq(got, want);
	ck_assert_int_eq(ftruncate(said, 0), 0);
}

/* Looks until one could have read it: true if one of them did and found other weights. */
static bool look_twice(void)
{
	bool first = weightfile_look(&file);

	ck_assert(!first); /* the first one only sees that it is another */
	return weightfile_look(&file);
}

/* The weight of the first address; 0: there is none. */
static unsigned weight(void)
{
	return file.now->naddrs == 0 ? 0 : file.now->addr[0].weight;
}

#define W(n)    "a.b\n10.0.0.1 " #n "\n"
#define READ    "info weights read file=d/w names=1 addresses=1\n"
#define NOTHING "info weights read file=d/w names=0 addresses=0\n"
#define STAND   "the former weights stand\n"

START_TEST(changes)
{
	put("d/w", W(3));
	weightfile_set(&file, "d/w", &key);
	ck_assert_uint_eq(weight(), 3);
	check_said(READ);
	ck_assert(!look_twice());
	swap("d/w", W(4)); /* another file */
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 4);
	put("d/w", W(55)); /* the same file; of another size: clocks may stand still */
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 55);
	check_said(READ READ);
	swap("d/w", "# again\nA.b.\n10.0.0.1 55\n"); /* says the same */
	ck_assert(!look_twice());
	check_said(READ);
	put("d/w", ""); /* no weights: so be it */
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 0);
	check_said(NOTHING);
}
END_TEST

/* As long as each look sees another content, it is not read. */
START_TEST(being_written)
{
	put("d/w", W(3));
	weightfile_set(&file, "d/w", &key);
	FILE *f = fopen("d/w", "w");
	ck_assert_ptr_nonnull(f);
	ck_assert(!weightfile_look(&file)); /* empty now */
	fputs("a.b\n10.0.0.1 200\n", f);
	fflush(f);
	ck_assert(!weightfile_look(&file));
	fputs("10.0.0.2 9\n", f);
	fclose(f);
	ck_assert(!weightfile_look(&file));
	ck_assert_uint_eq(weight(), 3);
	ck_assert(weightfile_look(&file));
	ck_assert_uint_eq(weight(), 200);
	ck_assert_uint_eq(file.now->naddrs, 2);
}
END_TEST

START_TEST(broken)
{
	put("d/w", W(3));
	weightfile_set(&file, "d/w", &key);
	check_said(READ);
	put("d/w", "a.b\n10.0.0.1 3\n10.0.0.2 many\n");
	ck_assert(!look_twice());
	check_said("error weights d/w:3:10: \"many\" is no weight: write a number from 1 "
		   "to 255; " STAND);
	for (int i = 0; i < 5; i++) /* said once */
		ck_assert(!weightfile_look(&file));
	check_said("");
	ck_assert_uint_eq(weight(), 3);
	put("d/w", "a.b\n10.0.0.1 3\n10.0.0.2\n"); /* otherwise wrong */
	ck_assert(!look_twice());
	check_said("error weights d/w:3:1: \"10.0.0.2\" stands alone: write the weight "
		   "of the address behind it; " STAND);
	put("d/w", W(6));
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 6);
	put("d/w", W(6) "10.0.0.1 7\n");
	ck_assert(!look_twice());
	check_said(READ "warning weights d/w:3:1: the address has weight 6 already in "
			"line 2, which stands: remove one\n" READ);
}
END_TEST

#define MISSING                                                                          \
	"error weights d/w: No such file or directory; looked for again, until then "

START_TEST(missing)
{
	weightfile_set(&file, "d/w", &key);
	ck_assert_uint_eq(weight(), 0);
	check_said(MISSING "all weights are 1\n");
	for (int i = 0; i < 5; i++)
		ck_assert(!weightfile_look(&file));
	check_said("");
	put("d/w", W(3)); /* it comes */
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 3);
	check_said(READ);
	ck_assert_int_eq(unlink("d/w"), 0); /* it goes */
	ck_assert(!look_twice());
	ck_assert(!look_twice());
	ck_assert_uint_eq(weight(), 3);
	check_said(MISSING STAND);
	put("d/w", W(3)); /* and comes again */
	ck_assert(!look_twice());
	check_said(READ);
	ck_assert_int_eq(rename("d", "e"), 0); /* with its directory */
	ck_assert(!look_twice());
	ck_assert_int_eq(mkdir("d", 0700), 0);
	put("d/w", W(4));
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 4);
	check_said(MISSING STAND READ);
}
END_TEST

START_TEST(no_file)
{
	char big[4096];

	put("d/w", W(3));
	weightfile_set(&file, "d/w", &key);
	check_said(READ);
	ck_assert_int_eq(unlink("d/w"), 0);
	ck_assert_int_eq(mkdir("d/w", 0700), 0);
	ck_assert(!look_twice());
	ck_assert_int_eq(rmdir("d/w"), 0);
	ck_assert_int_eq(mkfifo("d/w", 0600), 0); /* nobody writes: it must not wait */
	ck_assert(!look_twice());
	ck_assert_int_eq(unlink("d/w"), 0);
	FILE *f = fopen("d/w", "w");
	ck_assert_ptr_nonnull(f);
	memset(big, '#', sizeof(big));
	for (int i = 0; i <= 256; i++)
		ck_assert_uint_eq(fwrite(big, 1, sizeof(big), f), sizeof(big));
	fclose(f);
	ck_assert(!look_twice());
	check_said(
		"error weights d/w: Is a directory; looked for again, until then " STAND
		"error weights d/w: not a regular file; looked for again, until "
		"then " STAND
		"error weights d/w: larger than 1 MiB; looked for again, until "
		"then " STAND);
	ck_assert_uint_eq(weight(), 3);
}
END_TEST

/* A volume of a ConfigMap: d/w -> ..data/w, ..data -> a directory that is replaced. */
START_TEST(config_map)
{
	ck_assert_int_eq(mkdir("d/one", 0700), 0);
	ck_assert_int_eq(mkdir("d/two", 0700), 0);
	put("d/one/w", W(1));
	put("d/two/w", W(2));
	ck_assert_int_eq(symlink("one", "d/..data"), 0);
	ck_assert_int_eq(symlink("..data/w", "d/w"), 0);
	weightfile_set(&file, "d/w", &key);
	ck_assert_uint_eq(weight(), 1);
	ck_assert_int_eq(symlink("two", "d/..data_tmp"), 0);
	ck_assert_int_eq(rename("d/..data_tmp", "d/..data"), 0);
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 2);
	put("d/two/w", W(99)); /* behind the link */
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 99);
}
END_TEST

/* A reload: the file is read at once; another that cannot be read changes nothing. */
START_TEST(set_again)
{
	weightfile_set(&file, "", &key);
	ck_assert_ptr_null(file.now);
	ck_assert(!weightfile_look(&file));
	put("d/w", W(3));
	weightfile_set(&file, "d/w", &key);
	swap("d/w", W(4));
	weightfile_set(&file, "d/w", &key);
	ck_assert_uint_eq(weight(), 4);
	check_said(READ READ);
	weightfile_set(&file, "d/other", &key);
	ck_assert_uint_eq(weight(), 4);
	check_said("error weights d/other: No such file or directory; looked for again, "
		   "until then " STAND);
	put("d/other", W(8));
	ck_assert(look_twice());
	ck_assert_uint_eq(weight(), 8);
	weightfile_set(&file, "", &key); /* another policy */
	ck_assert_ptr_null(file.now);
	ck_assert(!weightfile_look(&file));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("weightfile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, changes);
	tcase_add_test(tc, being_written);
	tcase_add_test(tc, broken);
	tcase_add_test(tc, missing);
	tcase_add_test(tc, no_file);
	tcase_add_test(tc, config_map);
	tcase_add_test(tc, set_again);
	return run_case("weightfile", tc);
}
