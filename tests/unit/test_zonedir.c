/*
 * test_zonedir.c - a directory of zone files: what comes, changes and goes, and what is
 * no zone
 *
 * Rows: FE-03, FE-18.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/zonefiles.h"
#include "dns/type.h"
#include "tempdir.h"

#define SOA    "@ 60 SOA ns h 1 2 3 4 5\n"
#define NOBODY 65534

static struct zonefiles z;
static struct conf conf;
static char directory[256], pattern[64], name[64], none[1];
static struct conf_zone fixed;
static struct name cluster[SETTINGS_ZONES_MAX];
static uint64_t now_ns;
static size_t listed; /* zones that the engine was told of last */
static unsigned renewed, news;

static void on_zones(void *arg, const struct file_zone *zones, size_t n)
{
	ck_assert_ptr_eq(arg, &z);
	ck_assert_uint_eq(n, z.n);
	for (size_t i = 0; i < n; i++)
		ck_assert_mem_eq(&zones[i].name, &z.zone[i].name, sizeof(struct name));
	listed = n;
	renewed++;
}

static void on_new(void *arg, size_t i, const struct zoneset *set)
{
	(void)arg;
	ck_assert_uint_lt(i, listed);
	ck_assert_ptr_eq(set, z.zone[i].set);
	news++;
}

static const struct zonefiles_handlers handlers = {on_zones, on_new};

static void begin(void)
{
	tempdir_enter();
	ck_assert_int_eq(mkdir("d", 0755), 0);
	snprintf(directory, sizeof(directory), "%s/d", tempdir);
	snprintf(pattern, sizeof(pattern), "db\\.(.*)");
	snprintf(name, sizeof(name), "{1}");
	ck_assert_int_eq(name_parse_plain("cluster.local", &cluster[0]), 0);
	conf = (struct conf){.base_dir = none};
	conf.kubernetes.zones = cluster;
	conf.kubernetes.nzones = 1;
	conf.zones.directory = directory;
	conf.zones.pattern = pattern;
	conf.zones.name = name;
	conf.zones.rescan_ns = 60 * NS_PER_S;
	now_ns = 1000 * NS_PER_S;
}

static void end(void)
{
	zonefiles_fini(&z);
	tempdir_leave();
}

static void reload(void)
{
	zonefiles_set(&z, &conf, now_ns, &handlers, &z);
}

/* The zones, in their order; "!" behind one of which nothing was read. */
static const char *zones(void)
{
	static char out[4096];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < z.n; i++) {
		char text[NAME_TEXT_MAX];

		name_text(z.zone[i].name.wire, z.zone[i].name.len, text, sizeof(text));
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.200s%s",
			i == 0 ? "" : " ", text, z.zone[i].set == NULL ? "!" : "");
	}
	return out;
}

static bool look(void)
{
	return zonefiles_look(&z, now_ns, &handlers, &z);
}

/* A rescan is due: the first look, and the one that settles it. */
static void rescan(void)
{
	now_ns += 60 * NS_PER_S;
	look();
	look();
}

/* What the log has said of a file of the directory. */
static const char *said(const char *path)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s/%s", directory, path);
	for (size_t i = 0; i < z.dir.n; i++)
		if (strcmp(z.dir.files[i].path, whole) == 0)
			return z.dir.files[i].said != NULL ? z.dir.files[i].said : "";
	return "no such file";
}

static bool has(const char *text)
{
	struct name n;
	int zone = -1;

	ck_assert_int_eq(name_parse_plain(text, &n), 0);
	for (size_t i = 0; i < z.n; i++)
		if (name_under(n.wire, n.len, z.zone[i].name.wire, z.zone[i].name.len))
			zone = (int)i;
	return zone >= 0 && z.zone[zone].set != NULL &&
	       zoneset_find(z.zone[zone].set, n.wire, n.len) != NULL;
}

START_TEST(comes_and_goes)
{
	begin();
	ck_assert_int_eq(mkdir("d/sub", 0755), 0);
	put("d/db.b", SOA "x A 192.0.2.1\n");
	put("d/sub/db.a", SOA);
	put("d/readme", "db");
	put("d/.db.hidden", SOA);
	put("d/db.b~", SOA);
	reload(); /* all that is there counts, nearer ones first */
	ck_assert_str_eq(zones(), "b. a.");
	ck_assert_uint_eq(listed, 2);
	ck_assert_uint_eq(news, 2);
	ck_assert_uint_eq(zonedir_refused(&z.dir), 0);

	put("d/db.c", SOA);
	ck_assert(!look()); /* it is not time */
	now_ns += 60 * NS_PER_S;
	ck_assert(!look()); /* it may still be written */
	ck_assert(look());
	ck_assert_str_eq(zones(), "b. c. a.");
	ck_assert_uint_eq(renewed, 2);

	now_ns += 60 * NS_PER_S;
	put("d/db.grows", "@ 60 SOA ns h");
	ck_assert(!look());
	put("d/db.grows", "@ 60 SOA ns h 1 2 3");
	ck_assert(!look());
	put("d/db.grows", SOA);
	ck_assert(!look());
	ck_assert(look());
	ck_assert_str_eq(zones(), "b. c. grows. a.");
	unlink("d/db.grows");
	rescan();
	renewed = 2;

	put("d/db.b", SOA "y A 192.0.2.1\n"); /* it changes */
	rescan();
	ck_assert(has("y.b") && !has("x.b"));
	ck_assert_uint_eq(renewed, 2);
	put("d/db.b", SOA "z A broken\n"); /* FE-18 */
	rescan();
	ck_assert(has("y.b"));
	ck_assert_uint_eq(zonefiles_failed(&z), 1);
	put("d/db.b", SOA "w A 192.0.2.1\n"); /* mended: seen without waiting */
	look();
	look();
	ck_assert(has("w.b"));
	ck_assert_uint_eq(zonefiles_failed(&z), 0);

	now_ns += 60 * NS_PER_S; /* an editor moves it away for a moment */
	ck_assert_int_eq(rename("d/db.b", "d/aside"), 0);
	look();
	ck_assert_int_eq(rename("d/aside", "d/db.b"), 0);
	look();
	ck_assert_str_eq(zones(), "b. c. a.");
	unlink("d/db.b");
	rescan();
	ck_assert_str_eq(zones(), "c. a.");
	ck_assert_uint_eq(renewed, 3);
	ck_assert_int_eq(rename("d/sub/db.a", "d/db.a"), 0); /* the same zone, nearer */
	put("d/db.a", "broken");
	rescan();
	ck_assert_str_eq(zones(), "a. c."); /* what the other file said stands */
	end();
}
END_TEST

START_TEST(refuses)
{
	char path[600];

	begin();
	fixed = (struct conf_zone){.file = path};
	snprintf(path, sizeof(path), "%s/fixed", tempdir);
	put("fixed", SOA);
	ck_assert_int_eq(name_parse_plain("own.example", &fixed.name), 0);
	conf.zone = &fixed;
	conf.nzone = 1;
	ck_assert_int_eq(mkdir("d/sub", 0755), 0);
	ck_assert_int_eq(mkdir("d/db.sub", 0755), 0); /* is walked as any other */
	ck_assert_int_eq(mkdir("elsewhere", 0755), 0);
	put("elsewhere/db.out", SOA);
	put("d/db.ok", SOA);
	put("d/db.sub/db.below", SOA);
	put("d/sub/db.OK", SOA);
	put("d/db.no name", SOA);
	put("d/db.own.example", SOA);
	put("d/db.svc.cluster.local", SOA);
	put("d/db.broken", "@ SOA");
	ck_assert_int_eq(mkfifo("d/db.fifo", 0600), 0);
	ck_assert_int_eq(symlink("../elsewhere", "d/db.link"), 0);
	ck_assert_int_eq(symlink("nothing", "d/db.nothing"), 0);
	ck_assert_int_eq(symlink("db.circle", "d/db.circle"), 0);
	ck_assert_int_eq(symlink("../elsewhere/db.out", "d/db.linked"), 0);
	reload();
	ck_assert_str_eq(zones(), "own.example. broken.! linked. ok. below.");
	ck_assert_str_eq(said("db.ok"), "");
	snprintf(path, sizeof(path), "is of the same zone as %s/db.ok", directory);
	ck_assert_str_eq(said("sub/db.OK"), path);
	ck_assert_str_eq(said("db.no name"), "has a name that makes no name of a zone");
	ck_assert_str_eq(
		said("db.own.example"), "its zone has a file of its own in `zone`");
	ck_assert_str_eq(said("db.svc.cluster.local"),
		"its zone is in a zone of the cluster (kubernetes.zones)");
	ck_assert_str_eq(said("db.fifo"), "is no regular file");
	ck_assert_str_eq(
		said("db.link"), "is a link to a directory, which is not followed");
	ck_assert_str_eq(said("db.nothing"), "is a link that leads nowhere");
	ck_assert_str_eq(said("db.circle"), "is a link that leads nowhere");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 8);
	ck_assert_uint_eq(zonefiles_failed(&z), 1);

	unlink("d/db.ok"); /* now the other one is it */
	unlink("d/db.fifo");
	rescan();
	ck_assert_str_eq(zones(), "own.example. broken.! linked. below. ok.");
	ck_assert_str_eq(said("sub/db.OK"), "");
	ck_assert_str_eq(said("db.fifo"), "no such file");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 6);
	end();
}
END_TEST

/* As the kubelet writes a volume: what is new aside, then one link is replaced. */
static void write_volume(const char *at, const char *a, const char *b)
{
	char path[64];

	ck_assert_int_eq(mkdir(at, 0755), 0);
	if (a != NULL) {
		snprintf(path, sizeof(path), "%s/db.a", at);
		put(path, a);
	}
	if (b != NULL) {
		snprintf(path, sizeof(path), "%s/db.b", at);
		put(path, b);
	}
	ck_assert_int_eq(symlink(at + 2, "d/..data_tmp"), 0);
	ck_assert_int_eq(rename("d/..data_tmp", "d/..data"), 0);
}

START_TEST(volume)
{
	begin();
	write_volume("d/..1", SOA "x A 192.0.2.1\n", NULL);
	ck_assert_int_eq(symlink("..data/db.a", "d/db.a"), 0);
	reload();
	ck_assert_str_eq(zones(), "a.");
	ck_assert(has("x.a"));
	write_volume("d/..2", SOA "y A 192.0.2.1\n", SOA);
	ck_assert_int_eq(symlink("..data/db.b", "d/db.b"), 0);
	rescan();
	ck_assert_str_eq(zones(), "a. b.");
	ck_assert(has("y.a") && !has("x.a"));
	write_volume("d/..3", NULL, SOA); /* its link goes a moment later */
	rescan();
	ck_assert_str_eq(zones(), "b.");
	unlink("d/db.a");
	rescan();
	ck_assert_str_eq(said("db.a"), "no such file");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 0);
	end();
}
END_TEST

START_TEST(too_many_zones)
{
	char path[64];

	begin();
	for (unsigned i = 0; i < SETTINGS_ZONES_MAX - 5; i++) {
		snprintf(path, sizeof(path), "c%03u", i);
		ck_assert_int_eq(name_parse_plain(path, &cluster[i]), 0);
	}
	conf.kubernetes.nzones = SETTINGS_ZONES_MAX - 5;
	for (unsigned i = 0; i < 7; i++) {
		snprintf(path, sizeof(path), "d/db.z%u", i);
		put(path, SOA);
	}
	reload();
	ck_assert_str_eq(zones(), "z0. z1. z2. z3. z4.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 2);
	ck_assert_str_eq(said("db.z5"), "is one zone too many: 255 are the most, with "
					"those of `zone` and kubernetes.zones");
	unlink("d/db.z1");
	rescan();
	ck_assert_str_eq(zones(), "z0. z2. z3. z4. z5.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 1);
	end();
}
END_TEST

START_TEST(too_many_files)
{
	char path[64];

	begin();
	put("d/db.a", SOA);
	reload();
	for (unsigned i = 0; i < ZONEDIR_ENTRIES_MAX; i++) {
		snprintf(path, sizeof(path), "d/f%u", i);
		ck_assert_int_eq(symlink("x", path), 0);
	}
	unlink("d/db.a");
	put("d/db.b", SOA);
	rescan(); /* nobody knows what there is */
	ck_assert_str_eq(zones(), "a.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 1);
	unlink("d/f0");
	rescan();
	ck_assert_str_eq(zones(), "b.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 0);
	end();
}
END_TEST

START_TEST(directory_goes)
{
	begin();
	ck_assert_int_eq(rmdir("d"), 0);
	reload();
	ck_assert_str_eq(zones(), "");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 1);
	ck_assert_int_eq(mkdir("d", 0755), 0);
	put("d/db.a", SOA);
	look();
	look();
	ck_assert_str_eq(zones(), "a.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 0);
	ck_assert_int_eq(rename("d", "away"), 0);
	rescan();
	rescan();
	ck_assert_str_eq(zones(), "a.");
	reload(); /* neither does that change it */
	ck_assert_str_eq(zones(), "a.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 1);
	ck_assert_int_eq(symlink("away", "d"), 0); /* it may be a link itself */
	rescan();
	ck_assert_uint_eq(zonedir_refused(&z.dir), 0);
	ck_assert_str_eq(zones(), "a.");

	snprintf(name, sizeof(name), "{1}.example"); /* another name for the file */
	reload();
	ck_assert_str_eq(zones(), "a.example.");
	snprintf(pattern, sizeof(pattern), "(x)");
	reload();
	ck_assert_str_eq(zones(), "");
	snprintf(pattern, sizeof(pattern), "(a)");
	conf.zones.rescan_ns = 0; /* reloads alone */
	reload();
	ck_assert_str_eq(zones(), "a.example.");
	unlink("d/db.a");
	rescan();
	ck_assert_str_eq(zones(), "a.example.");
	conf.zones.directory = none;
	reload();
	ck_assert_str_eq(zones(), "");
	end();
}
END_TEST

START_TEST(unreadable)
{
	const bool root = geteuid() == 0;

	begin();
	ck_assert_int_eq(mkdir("d/sub", 0755), 0);
	put("d/db.a", SOA);
	put("d/sub/db.b", SOA "x A 192.0.2.1\n");
	reload();
	ck_assert_str_eq(zones(), "a. b.");
	put("d/db.secret", SOA);
	ck_assert_int_eq(chmod("d/db.secret", 0), 0);
	ck_assert_int_eq(chmod("d/sub", 0), 0);
	if (root) { /* to whom modes mean nothing */
		ck_assert_int_eq(chmod(".", 0755), 0);
		ck_assert_int_eq(seteuid(NOBODY), 0);
	}
	rescan();
	ck_assert_str_eq(said("sub"), "is a directory that may not be read");
	ck_assert_str_eq(zones(), "a. secret.! b.");
	ck_assert(has("x.b"));
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod("d/sub", 0755), 0);
	ck_assert_int_eq(chmod("d/db.secret", 0644), 0);
	unlink("d/sub/db.b");
	rescan();
	ck_assert_str_eq(zones(), "a. secret.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 0);
	end();
}
END_TEST

START_TEST(too_deep)
{
	char path[128] = "d";

	begin();
	for (unsigned i = 0; i <= ZONEDIR_DEPTH_MAX; i++) {
		char file[160];

		snprintf(file, sizeof(file), "%s/db.z%u", path, i);
		put(file, SOA);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/x");
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	reload();
	ck_assert_str_eq(zones(), "z0. z1. z2. z3. z4. z5. z6. z7. z8.");
	ck_assert_uint_eq(zonedir_refused(&z.dir), 1);
	ck_assert_str_eq(
		said("x/x/x/x/x/x/x/x/x"), "is a directory too deep: 8 are followed");
	end();
}
END_TEST

/* What settings say of them: zones that come are found, of one within another too. */
START_TEST(in_settings)
{
	static struct record_options o;
	struct file_zone list[3] = {0};
	struct name n;
	struct conf c;

	conf_defaults(&c);
	options_from_conf(&c, NULL, 0, "", &o);
	const unsigned first = o.first_file;
	ck_assert_uint_eq(o.settings.nzones, first);
	ck_assert(!options_files(&o, list, 0));
	ck_assert_int_eq(name_parse_plain("example", &list[0].name), 0);
	ck_assert_int_eq(name_parse_plain("b.example", &list[1].name), 0);
	ck_assert(options_files(&o, list, 2));
	o.files[first] = (const void *)&c; /* what they said is forgotten, see below */
	ck_assert(!options_files(&o, list, 2));
	ck_assert_ptr_nonnull(o.files[first]);
	ck_assert(o.nested[first] && !o.nested[first + 1]);
	ck_assert_int_eq(name_parse_plain("a.b.example", &n), 0);
	ck_assert_int_eq(settings_zone(&o.settings, n.wire, n.len), (int)first + 1);
	ck_assert_uint_eq(o.settings.zones[first + 1].kind, ZONE_FILE);
	list[0].fallthrough = true;
	ck_assert(options_files(&o, list, 1));
	ck_assert(!o.nested[first] && o.settings.zones[first].fallthrough);
	ck_assert_ptr_null(o.files[first]);
	ck_assert_int_eq(settings_zone(&o.settings, n.wire, n.len), (int)first);
	ck_assert(options_files(&o, list, 0));
	ck_assert_int_eq(settings_zone(&o.settings, n.wire, n.len), -1);
	conf_fini(&c);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, comes_and_goes);
	tcase_add_test(tc, refuses);
	tcase_add_test(tc, volume);
	tcase_add_test(tc, too_many_zones);
	tcase_add_test(tc, too_many_files);
	tcase_add_test(tc, directory_goes);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, too_deep);
	tcase_add_test(tc, in_settings);
	return run_case("zonedir", tc);
}
