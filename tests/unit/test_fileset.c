/* test_fileset.c - what changes when files change, against a model (QS-02, QS-05) */
#include "controller/kube/fileset.h"

#include <stdio.h>

#include "support.h"

#define FILES 4
#define NAMES 8

/* What a file says of each name: 0 nothing, else a content. */
static int said[FILES][NAMES];
/* What came out: the content that stands, 0 for none. */
static int stands[NAMES];
static int holder[NAMES]; /* the file that it came from, as the model has it */
static size_t events, refused;

static void setup(void)
{
	memset(said, 0, sizeof(said));
	memset(stands, 0, sizeof(stands));
	events = refused = 0;
}

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	int name = o->name[0] - 'a';

	(void)arg;
	events++;
	ck_assert_str_eq(o->namespace, "s");
	if (change == KUBE_DELETED) {
		ck_assert_int_ne(stands[name], 0);
		stands[name] = 0;
		return;
	}
	int content = atoi(o->labels[0].value);
	ck_assert_int_eq(stands[name] == 0, change == KUBE_ADDED);
	ck_assert_int_ne(stands[name], content); /* else nothing changed */
	stands[name] = content;
}

static void on_twice(
	void *arg, void *file, const struct kube_object *o, const char *other)
{
	int name = o->name[0] - 'a';

	(void)arg;
	refused++;
	ck_assert_int_ne(said[*(int *)file][name], 0);
	ck_assert_int_ne(said[other[0] - '0'][name], 0);
}

static const struct fileset_handlers handlers = {
	.on_object = on_object,
	.on_twice = on_twice,
};

static void stage(struct fileset_file *f, int name, int content)
{
	char text[16];
	struct kube_object o = {.kind = KUBE_NAMESPACE, .nlabels = 1};

	snprintf(text, sizeof(text), "%d", content);
	o.namespace = kube_text("s", 1);
	o.name = kube_text((char[]){(char)('a' + name), 0}, 1);
	o.resource_version = kube_text("", 0);
	o.labels = calloc(1, sizeof(*o.labels));
	o.labels[0].key = kube_text("v", 1);
	o.labels[0].value = kube_text(text, strlen(text));
	fileset_stage(f, &o);
	ck_assert_ptr_null(o.name);
}

/* Who should stand for each name: the holder while it can, else the first that has it. */
static void check(void)
{
	for (int name = 0; name < NAMES; name++) {
		if (holder[name] >= 0 && said[holder[name]][name] == 0)
			holder[name] = -1;
		for (int f = 0; f < FILES && holder[name] < 0; f++) {
			if (said[f][name] != 0)
				holder[name] = f;
		}
		int expected = holder[name] < 0 ? 0 : said[holder[name]][name];
		ck_assert_int_eq(stands[name], expected);
	}
}

/* All files are read in each pass, as the source does with those that share objects. */
START_TEST(against_model)
{
	static const char *const names[] = {"0", "1", "2", "3"};
	static int ids[FILES] = {0, 1, 2, 3};
	uint64_t random = 88172645463325252u + (uint64_t)_i;
	struct fileset *s = fileset_new(&handlers, NULL);
	struct fileset_file *files[FILES] = {NULL};

	for (int name = 0; name < NAMES; name++)
		holder[name] = -1;
	for (int step = 0; step < 3000; step++) {
		for (int f = 0; f < FILES; f++) {
			bool same = next_random(&random) % 2 == 0;
			bool gone = !same && next_random(&random) % 8 == 0;

			for (int name = 0; name < NAMES && !same; name++) {
				int content = (int)(next_random(&random) % 5) - 2;

				said[f][name] = gone || content < 0 ? 0 : content;
			}
			if (gone && files[f] != NULL) {
				stage(files[f], 0, 9); /* must not matter */
				fileset_remove(s, files[f]);
				files[f] = NULL;
			}
			if (gone)
				continue;
			if (files[f] == NULL)
				files[f] = fileset_add(s, names[f], &ids[f]);
			for (int name = NAMES - 1; name >= 0; name--) {
				if (said[f][name] != 0)
					stage(files[f], name, said[f][name]);
			}
			fileset_replace(s, files[f]);
		}
		fileset_commit(s);
		check();
	}
	ck_assert_uint_gt(events, 1000);
	ck_assert_uint_gt(refused, 1000);
	fileset_free(s);
}
END_TEST

/* What is kept stays, whatever was staged. */
START_TEST(keep)
{
	int id = 0;
	struct fileset *s = fileset_new(&handlers, NULL);
	struct fileset_file *f = fileset_add(s, "0", &id);

	stage(f, 1, 5);
	fileset_replace(s, f);
	fileset_commit(s);
	ck_assert_int_eq(stands[1], 5);
	stage(f, 1, 6);
	stage(f, 2, 6);
	fileset_keep(f);
	fileset_commit(s);
	ck_assert_int_eq(stands[1], 5);
	ck_assert_int_eq(stands[2], 0);
	ck_assert_uint_eq(events, 1);
	fileset_free(s);
	ck_assert_uint_eq(events, 1);
}
END_TEST

static void count(void *arg, enum kube_change change, struct kube_object *o)
{
	size_t *n = arg;

	(void)o;
	n[change]++;
}

static const struct fileset_handlers counting = {
	.on_object = count, .on_twice = on_twice};

/* Many objects: the table grows, every one is found again. */
START_TEST(many)
{
	int id = 0;
	size_t n[3] = {0};
	struct fileset *s = fileset_new(&counting, n);
	struct fileset_file *f = fileset_add(s, "0", &id);

	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < 5000; i++) {
			struct kube_object o = {.kind = KUBE_POD};
			char name[16];

			snprintf(name, sizeof(name), "p%d", i);
			o.namespace = kube_text("s", 1);
			o.name = kube_text(name, strlen(name));
			fileset_stage(f, &o);
		}
		fileset_replace(s, f);
		fileset_commit(s);
		ck_assert_uint_eq(n[KUBE_ADDED], 5000);
	}
	fileset_remove(s, f);
	fileset_commit(s);
	ck_assert_uint_eq(n[KUBE_ADDED], 5000);
	ck_assert_uint_eq(n[KUBE_MODIFIED], 0);
	ck_assert_uint_eq(n[KUBE_DELETED], 5000);
	fileset_free(s);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("fileset");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, against_model, 0, 4);
	tcase_add_test(tc, keep);
	tcase_add_test(tc, many);
	return run_case("fileset", tc);
}
