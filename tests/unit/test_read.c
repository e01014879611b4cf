/* test_read.c - files: conf.d, includes, what conf/ holds (CF-05, OP-21, OP-23, OP-24) */
#include "conf_support.h"

#define MERGE TEST_DATA "/conf/merge/"

/* CF-05, OP-23, OP-24: conf.d is sorted, some names are ignored, includes are placed */
START_TEST(read_and_merge)
{
	struct conf_bundle b;
	struct conf_report r;
	struct conf c;
	char *failed = NULL;

	ck_assert_int_eq(conf_read(MERGE "shmdns.conf", &b, &failed), 0);
	ck_assert_ptr_null(failed);
	ck_assert_int_eq(conf_parse(b.data, b.len, &c, &r), 0);
	char *text = printed(&r);
	ck_assert_str_eq(text, MERGE
		"conf.d/10-first.conf:1:42: warning: kubernetes.ttl: is set again: this "
		"value wins over that of " MERGE "conf.d.txt/kube.conf:1:26\n" MERGE
		"conf.d/10-first.conf:2:1: warning: workers: is set again: this value "
		"wins over that of " MERGE "shmdns.conf:2:11\n" MERGE
		"conf.d/20-second.conf:1:1: warning: workers: is set again: this value "
		"wins over that of " MERGE "conf.d/10-first.conf:2:11\n");
	free(text);
	ck_assert_uint_eq(c.workers, 4);
	ck_assert_int_eq(c.any_query, CONF_ANY_HINFO);
	ck_assert_str_eq(c.kubernetes.path, "/objects");
	ck_assert_uint_eq(c.kubernetes.ttl_s, 9);
	ck_assert_uint_eq(c.kubernetes.nzones, 2); /* joined */
	check_name(&c.kubernetes.zones[1], "10.in-addr.arpa.");
	conf_fini(&c);
	conf_report_fini(&r);
	conf_bundle_fini(&b);
}
END_TEST

/* A directory of this test alone; its files are written and removed one by one. */
static char dir[64];

static char *write_file(const char *name, const char *text, size_t len)
{
	char *path = NULL;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "/tmp/test_conf.XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(dir));
	}
	ck_assert_int_gt(asprintf(&path, "%s/%s", dir, name), 0);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	fclose(f);
	return path;
}

static void remove_file(char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	free(path);
	if (rmdir(dir) == 0) /* it is empty now */
		dir[0] = '\0';
}

/* What conf_read() and conf_parse() say of one text in a file. */
static char *findings_of_file(const char *text, struct conf *c)
{
	char *path = write_file("x.conf", text, strlen(text)), *failed = NULL;
	struct conf_bundle b;
	struct conf_report r;

	ck_assert_int_eq(conf_read(path, &b, &failed), 0);
	conf_parse(b.data, b.len, c, &r);
	char *findings = printed(&r);
	conf_report_fini(&r);
	conf_bundle_fini(&b);
	remove_file(path);
	return findings;
}

/* CF-05: each reason why an include fails has its words. */
START_TEST(bad_includes)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"@include \"nope\"\n",
			":1:1: error: cannot include \"nope\": No such file"},
		{"\n @include \".\"\n",
			":2:2: error: cannot include \".\": Is a directory"},
		{"@include \"/dev/null\"\n",
			"cannot include \"/dev/null\": Invalid argument"},
		{"@include \"x.conf\"\n", "include one another too often or too deeply"},
	};
	struct conf c;

	char *text = findings_of_file(rows[_i].text, &c);
	ck_assert_msg(strstr(text, rows[_i].says) != NULL, "%s", text);
	free(text);
}
END_TEST

/* The index of an interface comes with the bundle. */
START_TEST(interface)
{
	struct conf c;
	char *text = findings_of_file(
		FILES "listen = ( { address = \"[fe80::1%lo]:53\"; } );", &c);

	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(c.listen[0].scope, 1); /* lo is the first of each namespace */
	free(text);
	conf_fini(&c);
}
END_TEST

START_TEST(unreadable)
{
	struct conf_bundle b;
	char *failed = NULL;

	ck_assert_int_eq(conf_read(MERGE "nope.conf", &b, &failed), -ENOENT);
	ck_assert_str_eq(failed, MERGE "nope.conf");
	free(failed);
	ck_assert_int_eq(conf_read(TEST_DATA, &b, &failed), -EISDIR);
	free(failed);
}
END_TEST

START_TEST(too_large)
{
	const size_t n = (1 << 20) + 1;
	char *text = malloc(n), *failed = NULL;
	struct conf_bundle b;

	ck_assert_ptr_nonnull(text);
	memset(text, '#', n);
	char *path = write_file("large.conf", text, n - 1);
	ck_assert_int_eq(conf_read(path, &b, &failed), 0);
	conf_bundle_fini(&b);
	remove_file(path);
	path = write_file("large.conf", text, n);
	ck_assert_int_eq(conf_read(path, &b, &failed), -EFBIG);
	ck_assert_str_eq(failed, path);
	free(failed);
	remove_file(path);
	free(text);
}
END_TEST

static char *default_file(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	conf_print_defaults(out);
	fclose(out);
	return text;
}

/* OP-21: conf/shmdns.conf is what the table says. Else the right one is left beside. */
START_TEST(committed_file)
{
	struct conf_bundle b;
	char *text = default_file(), *failed = NULL;

	ck_assert_int_eq(conf_read(TOP "/conf/shmdns.conf", &b, &failed), 0);
	/* name, NUL, text, NUL; with a '%' in it, interfaces follow */
	const size_t n = strlen(text) + 1;
	const uint8_t *found = memmem(b.data, b.len, text, n);
	const bool equal = found != NULL && found[-1] == '\0';
	if (!equal) {
		FILE *f = fopen("shmdns.conf.new", "w");

		ck_assert_ptr_nonnull(f);
		fputs(text, f);
		fclose(f);
	}
	ck_assert_msg(equal, "conf/shmdns.conf is not as the table: see shmdns.conf.new");
	conf_bundle_fini(&b);
	free(text);
}
END_TEST

/* The same file with each key set is valid and gives the defaults. */
START_TEST(committed_file_uncommented)
{
	struct conf_report r;
	struct conf c;
	char *text = default_file();

	for (char *p = text; *p != '\0'; p++)
		if (*p == '#' && p[1] >= 'a' && p[1] <= 'z')
			*p = ' ';
	parse(text, FILES, &c, &r);
	ck_assert_uint_eq(r.errors, 0);
	check_defaults(&c);
	conf_fini(&c);
	conf_report_fini(&r);
	free(text);
}
END_TEST

START_TEST(minimal_file)
{
	struct conf_bundle b;
	struct conf_report r;
	struct conf c;
	char *failed = NULL;

	ck_assert_int_eq(conf_read(TOP "/conf/shmdns.conf.minimal", &b, &failed), 0);
	ck_assert_int_eq(conf_parse(b.data, b.len, &c, &r), 0);
	ck_assert_uint_eq(r.n, 0);
	check_defaults(&c);
	conf_fini(&c);
	conf_report_fini(&r);
	conf_bundle_fini(&b);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("read");

	tcase_add_test(tc, read_and_merge);
	tcase_add_loop_test(tc, bad_includes, 0, 4);
	tcase_add_test(tc, interface);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, committed_file);
	tcase_add_test(tc, committed_file_uncommented);
	tcase_add_test(tc, minimal_file);
	return run_case("read", tc);
}
