/* test_filesource.c - a real directory, real notices: what changes comes out once */
#include "controller/kube/filesource.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kubetext.h"
#include "tempdir.h"

static struct event_base *base;
static struct filesource *source;
static struct kubetext seen; /* events and lines since the last look */
static int batches, synced;

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	static const char *const mark[] = {"+", "~", "-"};

	(void)arg;
	say(&seen, "%s%s %s/%s", mark[change], kube_kind_text(o->kind), o->namespace,
		o->name);
	if (change != KUBE_DELETED && o->kind == KUBE_SERVICE)
		say_addrs(&seen, o->u.service.ips, o->u.service.nips);
	say(&seen, "\n");
}

static void on_synced(void *arg)
{
	(void)arg;
	synced++;
}

static void on_batch_end(void *arg)
{
	(void)arg;
	batches++;
	event_base_loopbreak(base);
}

static void on_error(void *arg, const char *line)
{
	(void)arg;
	say(&seen, "! %s\n", line);
	event_base_loopbreak(base);
}

static const struct filesource_handlers handlers = {
	.on_object = on_object,
	.on_synced = on_synced,
	.on_batch_end = on_batch_end,
	.on_error = on_error,
};

static void setup(void)
{
	tempdir_enter();
	ck_assert_int_eq(mkdir("d", 0700), 0);
	base = event_base_new();
	source = NULL;
	memset(&seen, 0, sizeof(seen));
	batches = synced = 0;
}

static void teardown(void)
{
	filesource_close(source);
	event_base_free(base);
	tempdir_leave();
}

static void put_service(const char *path, const char *name, const char *ip)
{
	char text[256];

	snprintf(text, sizeof(text),
		"kind: Service\nmetadata: {name: %s, namespace: s}\nspec: {clusterIP: "
		"%s}\n",
		name, ip);
	put(path, text);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
	event_base_loopbreak(base);
}

/* Run until one more pass has ended. */
static void run_batch(void)
{
	int before = batches;
	bool late = false;
	struct timeval limit = {.tv_sec = 30};
	struct event *timer = evtimer_new(base, on_late, &late);

	evtimer_add(timer, &limit);
	while (batches == before && !late)
		event_base_dispatch(base);
	event_free(timer);
	ck_assert_msg(!late, "no pass; seen: %s", seen.text);
}

/* Run until something was said that is no end of a pass. */
static void run_line(void)
{
	bool late = false;
	struct timeval limit = {.tv_sec = 30};
	struct event *timer = evtimer_new(base, on_late, &late);

	evtimer_add(timer, &limit);
	while (seen.len == 0 && !late)
		event_base_dispatch(base);
	event_free(timer);
	ck_assert(!late);
}

static void expect(const char *text)
{
	ck_assert_msg(
		strcmp(seen.text, text) == 0, "saw:\n%s\nnot:\n%s", seen.text, text);
	memset(&seen, 0, sizeof(seen));
}

static void open_source(const char *path)
{
	ck_assert_int_eq(filesource_open(base, path, &handlers, NULL, &source), 0);
	expect(""); /* nothing is said before the loop runs */
}

/* Most tests: a directory with one Service. */
static void open_one(void)
{
	put_service("d/a.yaml", "web", "10.0.0.1");
	open_source("d");
	run_batch();
	expect("+Service s/web 10.0.0.1\n");
	ck_assert_int_eq(synced, 1);
}

/* QS-01, QS-03: which files are read, in which order. */
START_TEST(first_pass)
{
	put_service("d/b.yml", "b", "10.0.0.2");
	put("d/a.yaml", "kind: Namespace\nmetadata: {name: s}\n---\nkind: Service\n"
			"metadata: {name: a, namespace: s}\n");
	put("d/c.json",
		"{\"kind\":\"List\",\"items\":[{\"kind\":\"Service\",\"metadata\":"
		"{\"name\":\"c\",\"namespace\":\"s\"}}]}");
	put_service("d/.hidden.yaml", "x", "10.0.0.9");
	put_service("d/old.yaml~", "x", "10.0.0.9");
	put_service("d/notes.txt", "x", "10.0.0.9");
	put_service("d/yaml", "x", "10.0.0.9");
	ck_assert_int_eq(mkdir("d/sub.yaml", 0700), 0);
	put_service("d/sub.yaml/x.yaml", "x", "10.0.0.9");
	ck_assert_int_eq(symlink("sub.yaml", "d/link.yaml"), 0);
	open_source("d//");
	run_batch();
	expect("+Namespace /s\n+Service s/a\n+Service s/b 10.0.0.2\n+Service s/c\n");
	ck_assert_int_eq(synced, 1);
}
END_TEST

START_TEST(empty_directory)
{
	open_source("d");
	run_batch();
	expect("");
	ck_assert_int_eq(synced, 1);
	put_service("d/a.yaml", "web", "10.0.0.1");
	run_batch();
	expect("+Service s/web 10.0.0.1\n");
	ck_assert_int_eq(synced, 1);
}
END_TEST

/* QS-05: only what changed is said. */
START_TEST(changes)
{
	open_one();
	put_service("d/a.yaml", "web", "10.0.0.1"); /* the same again */
	put_service("d/.x.yaml", "x", "10.0.0.9");
	put_service("d/x.yaml~", "x", "10.0.0.9");
	put_service("d/b.yaml", "api", "10.0.0.2");
	run_batch();
	expect("+Service s/api 10.0.0.2\n");
	put("d/a.yaml",
		"# moved\nmetadata: {namespace: s, name: web, resourceVersion: 7}\n"
		"spec: {clusterIPs: [10.0.0.1]}\nkind: Service\n");
	put_service("d/b.yaml", "api", "10.0.0.3");
	run_batch();
	expect("~Service s/api 10.0.0.3\n");
	put_service("d/b.yaml", "api2", "10.0.0.3");
	run_batch();
	expect("+Service s/api2 10.0.0.3\n-Service s/api\n");
	ck_assert_int_eq(unlink("d/b.yaml"), 0);
	run_batch();
	expect("-Service s/api2\n");
}
END_TEST

/* QS-03: editors write aside and rename; links have no writer. */
START_TEST(renames_and_links)
{
	open_one();
	put_service("d/.a.yaml.tmp", "web", "10.0.0.2");
	ck_assert_int_eq(rename("d/.a.yaml.tmp", "d/a.yaml"), 0);
	run_batch();
	expect("~Service s/web 10.0.0.2\n");
	ck_assert_int_eq(rename("d/a.yaml", "d/b.yaml"), 0);
	run_batch();
	expect(""); /* the same object in a file of another name */
	ck_assert_int_eq(rename("d/b.yaml", "away"), 0);
	run_batch();
	expect("-Service s/web\n");
	ck_assert_int_eq(link("away", "d/hard.yaml"), 0);
	run_batch();
	expect("+Service s/web 10.0.0.2\n");
	ck_assert_int_eq(unlink("d/hard.yaml"), 0);
	ck_assert_int_eq(symlink("../away", "d/soft.yaml"), 0);
	run_batch();
	expect("");
}
END_TEST

/* QS-03: a file that is still being written is not read. */
START_TEST(open_writer)
{
	open_one();
	FILE *f = fopen("d/b.yaml", "w");

	fputs("kind: Serv", f);
	fflush(f);
	put_service("d/c.yaml", "c", "10.0.0.3");
	run_batch();
	expect("+Service s/c 10.0.0.3\n");
	fputs("ice\nmetadata: {name: b, namespace: s}\n", f);
	fclose(f);
	run_batch();
	expect("+Service s/b\n");
}
END_TEST

/* QS-04: what breaks keeps what it said, and is named once for each content. */
START_TEST(broken_file)
{
	open_one();
	put("d/a.yaml",
		"kind: Service\nmetadata:\n  name: web\nspec:\n  clusterIP: [1\n");
	run_batch();
	expect("! d/a.yaml:6:1: did not find expected ',' or ']' while parsing a flow "
	       "sequence\n");
	put("d/a.yaml",
		"kind: Service\nmetadata:\n  name: web\nspec:\n  clusterIP: [1\n");
	put_service("d/b.yaml", "b", "10.0.0.2");
	run_batch();
	expect("+Service s/b 10.0.0.2\n");
	put("d/a.yaml", "kind: Service\nmetadata:\n  name: web\nspec:\n  ports: 5\n");
	run_batch();
	expect("! d/a.yaml:5:10: spec.ports: expected a list, found a number\n");
	put("d/a.yaml", "");
	run_batch();
	expect("! d/a.yaml: empty file\n");
	put_service("d/a.yaml", "web", "10.0.0.1");
	run_batch();
	expect("");
	put("d/a.yaml", "# no object any more\n");
	run_batch();
	expect("-Service s/web\n");
}
END_TEST

/* QS-04: objects before the fault are not taken either. */
START_TEST(half_written)
{
	put("d/a.json", "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n"
			"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"b\"}}");
	open_source("d");
	run_batch();
	expect("+Namespace /a\n+Namespace /b\n");
	put("d/a.json", "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"c\"}}\n"
			"{\"kind\":\"Namespace\",\"meta");
	run_batch();
	expect("! d/a.json:2:26: the text ends inside an object\n");
	put("d/a.json", "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"c\"}}\n"
			"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"b\"}}");
	run_batch();
	expect("+Namespace /c\n-Namespace /a\n");
}
END_TEST

/* A broken file at the start does not hold the others back. */
START_TEST(broken_at_start)
{
	put_service("d/b.yaml", "b", "10.0.0.2");
	put("d/a.yaml", "kind: [\n");
	ck_assert_int_eq(mkfifo("d/c.yaml", 0600), 0);
	open_source("d");
	run_batch();
	expect("! d/a.yaml:2:1: did not find expected node content while parsing a flow "
	       "node\n! d/c.yaml: not a regular file\n+Service s/b 10.0.0.2\n");
	ck_assert_int_eq(synced, 1);
	filesource_rescan(source);
	run_batch();
	expect("");
}
END_TEST

/* QS-04: unreadable is not gone. */
START_TEST(unreadable)
{
	open_one();
	ck_assert_int_eq(unlink("d/a.yaml"), 0);
	ck_assert_int_eq(symlink("a.yaml", "d/a.yaml"), 0); /* ELOOP, for root too */
	run_batch();
	expect("! d/a.yaml: Too many levels of symbolic links\n");
	ck_assert_int_eq(unlink("d/a.yaml"), 0);
	run_batch();
	expect("-Service s/web\n");
}
END_TEST

/* QS-02: the first stands; the error names both, once. */
START_TEST(two_files)
{
	open_one();
	put_service("d/b.yaml", "web", "10.0.0.2");
	run_batch();
	expect("! d/b.yaml: Service s/web is already in d/a.yaml: that one stands\n");
	put_service("d/c.yaml", "c", "10.0.0.3");
	run_batch();
	expect("+Service s/c 10.0.0.3\n");
	put_service("d/a.yaml", "web", "10.0.0.4");
	run_batch();
	expect("~Service s/web 10.0.0.4\n");
	ck_assert_int_eq(unlink("d/a.yaml"), 0);
	run_batch();
	expect("~Service s/web 10.0.0.2\n"); /* never deleted in between */
	put_service("d/a.yaml", "web", "10.0.0.1");
	run_batch();
	expect("! d/a.yaml: Service s/web is already in d/b.yaml: that one stands\n");
}
END_TEST

START_TEST(twice_in_a_file)
{
	put("d/a.yaml", "kind: Namespace\nmetadata: {name: n}\n---\n"
			"kind: Namespace\nmetadata: {name: n}\n---\n"
			"kind: Namespace\nmetadata: {name: n}\n");
	open_source("d");
	run_batch();
	expect("+Namespace /n\n! d/a.yaml: Namespace n is already in it: that one stands "
	       "(and 1 more)\n");
	filesource_rescan(source);
	run_batch();
	expect("");
}
END_TEST

/* QS-02: identity is not the file. */
START_TEST(moves_between_files)
{
	put_service("d/a.yaml", "x", "10.0.0.1");
	put_service("d/b.yaml", "y", "10.0.0.2");
	open_source("d");
	run_batch();
	expect("+Service s/x 10.0.0.1\n+Service s/y 10.0.0.2\n");
	put_service("d/a.yaml", "y", "10.0.0.2");
	put_service("d/b.yaml", "x", "10.0.0.7");
	run_batch();
	expect("~Service s/x 10.0.0.7\n");
}
END_TEST

/* QS-03: how kubelet swaps the files of a ConfigMap. */
START_TEST(config_map)
{
	ck_assert_int_eq(mkdir("d/..1", 0700), 0);
	ck_assert_int_eq(mkdir("d/..2", 0700), 0);
	put_service("d/..1/a.yaml", "a", "10.0.0.1");
	put_service("d/..1/b.yaml", "b", "10.0.0.1");
	put_service("d/..2/a.yaml", "a", "10.0.0.2");
	ck_assert_int_eq(symlink("..1", "d/..data"), 0);
	ck_assert_int_eq(symlink("..data/a.yaml", "d/a.yaml"), 0);
	ck_assert_int_eq(symlink("..data/b.yaml", "d/b.yaml"), 0);
	open_source("d");
	run_batch();
	expect("+Service s/a 10.0.0.1\n+Service s/b 10.0.0.1\n");
	ck_assert_int_eq(symlink("..2", "d/..data_tmp"), 0);
	ck_assert_int_eq(rename("d/..data_tmp", "d/..data"), 0);
	run_batch();
	expect("~Service s/a 10.0.0.2\n-Service s/b\n");
}
END_TEST

START_TEST(missing_directory)
{
	open_source("later");
	run_line();
	expect("! later: No such file or directory\n");
	ck_assert_int_eq(synced, 0);
	ck_assert_int_eq(mkdir("later", 0700), 0);
	put_service("later/a.yaml", "a", "10.0.0.1");
	run_batch();
	expect("+Service s/a 10.0.0.1\n");
	ck_assert_int_eq(synced, 1);
}
END_TEST

START_TEST(directory_vanishes)
{
	open_one();
	ck_assert_int_eq(rename("d", "e"), 0);
	run_line();
	expect("! d: No such file or directory\n"); /* and nothing is deleted */
	put_service("e/b.yaml", "b", "10.0.0.2");
	ck_assert_int_eq(rename("e", "d"), 0);
	run_batch();
	expect("+Service s/b 10.0.0.2\n");
	put_service("d/b.yaml", "b", "10.0.0.3");
	run_batch();
	expect("~Service s/b 10.0.0.3\n");
}
END_TEST

/* RO-02: a file instead of a directory; its neighbours are not looked at. */
START_TEST(single_file)
{
	put("my", "{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}");
	put_service("other.yaml", "x", "10.0.0.9");
	open_source("my");
	run_batch();
	expect("+Namespace /a\n");
	put("other.yaml", "kind: [");
	put("my", "kind: Namespace\nmetadata: {name: b}\n");
	run_batch();
	expect("+Namespace /b\n-Namespace /a\n");
	ck_assert_int_eq(unlink("my"), 0);
	run_batch();
	expect("! my: No such file or directory\n");
	put("my", "kind: Namespace\nmetadata: {name: b}\n");
	run_batch();
	expect("");
}
END_TEST

START_TEST(many_files)
{
	char path[64], name[16], text[64];
	size_t n = 150, at = 0;

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "d/%zu.yaml", 1000 + (i * 77) % n);
		snprintf(name, sizeof(name), "s%zu", 1000 + (i * 77) % n);
		put_service(path, name, "10.0.0.1");
	}
	open_source("d");
	run_batch();
	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "+Service s/s%zu 10.0.0.1\n", 1000 + i);
		ck_assert_msg(strncmp(seen.text + at, text, strlen(text)) == 0, "%s",
			seen.text + at);
		at += strlen(text);
	}
	ck_assert_uint_eq(at, seen.len);
	memset(&seen, 0, sizeof(seen));
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "d/%zu.yaml", 1000 + i);
		ck_assert_int_eq(unlink(path), 0);
	}
	run_batch();
	ck_assert_uint_gt(seen.len, n * 10);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("filesource");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first_pass);
	tcase_add_test(tc, empty_directory);
	tcase_add_test(tc, changes);
	tcase_add_test(tc, renames_and_links);
	tcase_add_test(tc, open_writer);
	tcase_add_test(tc, broken_file);
	tcase_add_test(tc, half_written);
	tcase_add_test(tc, broken_at_start);
	tcase_add_test(tc, unreadable);
	tcase_add_test(tc, two_files);
	tcase_add_test(tc, twice_in_a_file);
	tcase_add_test(tc, moves_between_files);
	tcase_add_test(tc, config_map);
	tcase_add_test(tc, missing_directory);
	tcase_add_test(tc, directory_vanishes);
	tcase_add_test(tc, single_file);
	tcase_add_test(tc, many_files);
	return run_case("filesource", tc);
}
