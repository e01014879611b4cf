/*
 * test_hosts.c - the text of a hosts file, the set of its names, the file itself, and
 * what an engine publishes of them as they change
 *
 * Rows: HO-01, HO-02, HO-05, FT-04.
 */
#include <stdio.h>
#include <unistd.h>

#include "conf/hostlist.h"
#include "controller/engine.h"
#include "controller/hostfile.h"
#include "dns/type.h"
#include "objects.h"
#include "snap/reader.h"
#include "tempdir.h"

static const struct hash_key key = {1, 2, UINT64_MAX};

/* ---- the text ---- */

static char heard[4096];

static void on_host(
	void *arg, unsigned line, const struct addr *addr, const struct name *name)
{
	char text[ADDR_TEXT_MAX], dotted[NAME_TEXT_MAX];
	size_t n = strlen(heard);

	(void)arg;
	(void)line;
	addr_text(addr, text);
	name_text(name->wire, name->len, dotted, sizeof(dotted));
	snprintf(heard + n, sizeof(heard) - n, "%s %s;", text, dotted);
}

static void on_bad(void *arg, unsigned line, const char *text)
{
	size_t n = strlen(heard);

	(void)arg;
	snprintf(heard + n, sizeof(heard) - n, "%u: %s;", line, text);
}

static const struct {
	const char *text, *heard;
} texts[] = {
	{"", ""},
	{"\n\n# nothing\n \t# 10.0.0.1 a\n", ""},
	{"10.0.0.1 a.Example b\n", "10.0.0.1 a.example.;10.0.0.1 b.;"},
	{"10.0.0.1\ta\v b. \r\n::1 c", "10.0.0.1 a.;10.0.0.1 b.;::1 c.;"},
	{"10.0.0.1 a#b c\n", "10.0.0.1 a.;"},
	{"fe80::1%eth0 a\n", "fe80::1 a.;"},
	{"::ffff:10.0.0.1 a\n", "10.0.0.1 a.;"},
	{"10.0.0.1 *.a\n", "10.0.0.1 *.a.;"},
	{"a 10.0.0.1\n10.0.0.2 b\n", "1: \"a\" is no IP address;10.0.0.2 b.;"},
	{"10.0.0.2 b\n10.0.0.1 # alone", "10.0.0.2 b.;"
					 "2: \"10.0.0.1\" has no name behind it;"},
	{"10.0.0.1 a b..c d\n10.0.0.2 .\n", "1: \"b..c\" is no domain name;"
					    "2: \".\" is no domain name;"},
	{"\x1b[2J x\n", "1: \"?[2J\" is no IP address;"},
};

START_TEST(read_texts) /* HO-05 */
{
	static const struct hostlist_handlers handlers = {on_host, on_bad};

	heard[0] = '\0';
	hostlist_parse(texts[_i].text, strlen(texts[_i].text), &handlers, NULL);
	ck_assert_str_eq(heard, texts[_i].heard);
}
END_TEST

/* ---- the set ---- */

static struct hostset *set_of(const struct conf_hosts *c, const char *text)
{
	struct hostset *s = hostset_new(c, &key);

	hostset_add(s, text, strlen(text), NULL, NULL);
	hostset_finish(s);
	return s;
}

static bool has(const struct hostset *s, const char *text)
{
	struct name n;

	ck_assert_int_eq(name_parse(text, &n), 0);
	struct hash128 h = hash_name(&key, n.wire, n.len);
	return hostset_has(s, &h);
}

/* The lines of all that the name has, in the order of its records. */
static const char *lines_of(const struct hostset *s, const char *text)
{
	static char out[64];
	struct name n;

	ck_assert_int_eq(name_parse(text, &n), 0);
	struct hash128 h = hash_name(&key, n.wire, n.len);
	size_t i = hostset_find(s, &h), end = i < s->n ? hostset_next(s, i) : i, at = 0;
	out[0] = '\0';
	for (; i < end; i++)
		at += (size_t)snprintf(
			out + at, sizeof(out) - at, "%u ", (unsigned)s->hosts[i].line);
	return out;
}

START_TEST(
	tell_lines) /* OV-03: the first of those that say the same; 0: not of the file */
{
	const char *text = "\n10.0.0.2 a b\n10.0.0.1 a\n10.0.0.2 a\n::1 a c\n";
	struct conf_hosts c = {.reverse = true};
	struct hostset *s = hostset_new(&c, &key);

	hostset_add_line(s, "10.0.0.3 d a");
	hostset_add(s, text, strlen(text), NULL, NULL);
	hostset_finish(s);
	ck_assert_str_eq(lines_of(s, "a"), "3 2 0 5 ");
	ck_assert_str_eq(lines_of(s, "b"), "2 ");
	ck_assert_str_eq(lines_of(s, "c"), "5 ");
	ck_assert_str_eq(lines_of(s, "d"), "0 ");
	ck_assert_str_eq(lines_of(s, "1.0.0.10.in-addr.arpa"), "3 ");
	ck_assert_str_eq(lines_of(s, "e"), "");
	hostset_free(s);
}
END_TEST

START_TEST(make_sets) /* HO-02: PTRs of addresses, what is equal counts once, zones */
{
	struct name zone;
	struct conf_hosts c = {.reverse = true};
	struct hostset *s = set_of(&c, "10.0.0.1 a b\n10.0.0.1 A\n10.0.0.2 a *.w\n");

	ck_assert_uint_eq(s->n, 7); /* a twice, b, *.w, and three PTRs */
	ck_assert(has(s, "a") && has(s, "b") && has(s, "*.w") && !has(s, "c"));
	ck_assert(has(s, "1.0.0.10.in-addr.arpa") && has(s, "2.0.0.10.in-addr.arpa"));
	ck_assert(s->wildcards);
	hostset_free(s);

	c.reverse = false;
	s = set_of(&c, "10.0.0.1 a b\n");
	ck_assert_uint_eq(s->n, 2);
	ck_assert(!s->wildcards);
	hostset_free(s);

	ck_assert_int_eq(name_parse("x.test", &zone), 0);
	c = (struct conf_hosts){.reverse = true, .zones = &zone, .nzones = 1};
	s = set_of(&c, "10.0.0.1 a.x.test x.test y.test\n10.0.0.3 z\n");
	ck_assert_uint_eq(s->n, 4);
	ck_assert(has(s, "a.x.test") && has(s, "x.test") && !has(s, "y.test"));
	ck_assert(!has(s, "3.0.0.10.in-addr.arpa"));
	hostset_free(s);
	ck_assert(!has(NULL, "a"));
}
END_TEST

/* ---- the file ---- */

START_TEST(look_at_file) /* HO-01: it changes, vanishes and comes again; time is ours */
{
	char path[] = "hosts", *lines[] = {"10.0.0.9 inline"};
	struct conf_hosts c = {
		.file = path, .lines = lines, .nlines = 1, .reload_ns = 5 * NS_PER_S};
	struct hostfile f = {0};
	struct hostset *s;

	tempdir_enter();
	hostfile_set(&f, &c, 0);
	s = hostfile_take(&f, &c, &key);
	ck_assert(has(s, "inline") && s->n == 1);
	hostset_free(s);

	put("hosts", "10.0.0.1 a\nbad\n");
	ck_assert(!hostfile_look(&f, NS_PER_S));     /* it is not time */
	ck_assert(!hostfile_look(&f, 5 * NS_PER_S)); /* it has to settle */
	ck_assert(hostfile_look(&f, 5 * NS_PER_S + 1));
	ck_assert(!hostfile_look(&f, 10 * NS_PER_S + 1));
	s = hostfile_take(&f, &c, &key);
	ck_assert(has(s, "inline") && has(s, "a") && s->n == 2);
	hostset_free(s);

	unlink("hosts");
	for (uint64_t i = 3; i < 6; i++)
		ck_assert(!hostfile_look(&f, i * 10 * NS_PER_S));
	hostfile_set(&f, &c, 100 * NS_PER_S); /* a reload */
	s = hostfile_take(&f, &c, &key);
	ck_assert(has(s, "a"));
	hostset_free(s);

	c.reload_ns = 0;
	hostfile_set(&f, &c, 100 * NS_PER_S);
	put("hosts", "10.0.0.1 b\n");
	ck_assert(!hostfile_look(&f, 200 * NS_PER_S));
	ck_assert(!hostfile_look(&f, 300 * NS_PER_S));
	hostfile_set(&f, &c, 300 * NS_PER_S);
	s = hostfile_take(&f, &c, &key);
	ck_assert(has(s, "b") && !has(s, "a"));
	hostset_free(s);

	c.file = path + strlen(path); /* none */
	hostfile_set(&f, &c, 0);
	s = hostfile_take(&f, &c, &key);
	ck_assert(has(s, "inline") && s->n == 1);
	hostset_free(s);
	hostfile_fini(&f);
	tempdir_leave();
}
END_TEST

/* ---- what is published ---- */

static struct engine engine;
static struct publisher *publisher;
static struct reader reader;
static struct engine_published last;
static char cause[STORE_CAUSE_MAX];
static unsigned published;
static char instance[LAYOUT_INSTANCE_MAX];

static void on_published(void *arg, const struct engine_published *p)
{
	(void)arg;
	last = *p;
	snprintf(cause, sizeof(cause), "%s", p->object);
	published++;
}

static void on_failed(void *arg, int error)
{
	(void)arg;
	ck_abort_msg("publishing failed: %d", error);
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	(void)arg;
	ck_assert_int_eq(o->kind, OWNER_HOSTS);
	ck_assert_int_eq(why, SKIP_NAME);
}

static const struct engine_handlers handlers = {
	on_published, on_failed, NULL, on_skipped, NULL};

static uint64_t now_ns;

static void turn(void)
{
	now_ns += NS_PER_S;
	engine_turn(&engine, now_ns, now_ns, true);
	reader_refresh(&reader);
}

static void apply(enum kube_change change, const char *yaml)
{
	struct kube_object o = object(yaml);

	engine_event(&engine, change, &o, now_ns);
	kube_object_fini(&o);
	turn();
}

static void hosts(const char *text)
{
	struct hostset *s = hostset_new(&engine.conf.hosts, publish_key(publisher));

	hostset_add(s, text, strlen(text), NULL, NULL);
	hostset_finish(s);
	engine_hosts(&engine, s, now_ns, now_ns);
	turn();
}

/* 'h': of `hosts`; 'c': of the cluster; 'e': empty non-terminal; '-': none. */
static char what(const char *text)
{
	const struct snap *s = reader_snap(&reader);
	struct node_view v;
	struct name n;

	ck_assert_int_eq(name_parse(text, &n), 0);
	struct hash128 h = hash_name(&s->key, n.wire, n.len);
	switch (snap_find(s, &h, n.wire, n.len, &v)) {
	case LOOKUP_FOUND:
		ck_assert(node_intact(&v));
		return (v.head->flags & NODE_HOSTS) != 0 ? 'h'
		       : v.name == NULL                  ? 'e'
		                                         : 'c';
	case LOOKUP_ABSENT:
		return '-';
	case LOOKUP_DAMAGED:
		break;
	}
	return '?';
}

#define SVC "s.n.svc.cluster.local"
#define PTR "4.0.9.10.in-addr.arpa"
#define SERVICE                                                                          \
	"kind: Service\napiVersion: v1\nmetadata: {name: s, namespace: n}\n"             \
	"spec: {clusterIP: 10.9.0.4, clusterIPs: [10.9.0.4]}\n"

static void open_engine(void)
{
	struct conf c;

	now_ns = NS_PER_S;
	published = 0;
	snprintf(instance, sizeof(instance), "th%d", (int)getpid());
	ck_assert_int_eq(publish_open(instance, &publisher), 0);
	reader_init(&reader, instance);
	engine_init(&engine, publisher, false, &handlers, NULL);
	conf_defaults(&c);
	c.hosts.lines = mem_alloc(1, sizeof(*c.hosts.lines));
	c.hosts.lines[0] = mem_dup("10.9.0.4 x.test", 15);
	c.hosts.nlines = 1;
	engine_configure(&engine, &c, NULL, 0, "test", now_ns, now_ns);
}

static void close_engine(void)
{
	engine_fini(&engine);
	publish_close(publisher);
	reader_fini(&reader);
	segment_remove_leftovers(instance);
	segment_lock_remove(instance);
}

/* HO-01 FT-04: who has a name, and only what changed is published */
START_TEST(publish_changes)
{
	open_engine();
	hosts("10.9.0.4 x.test\n");
	ck_assert_int_eq(what("x.test"), 'h'); /* before objects are known */
	hosts("10.9.0.4 y.test\n");
	ck_assert_int_eq(what("y.test"), 'h'); /* changes too */
	hosts("10.9.0.4 x.test\n");
	ck_assert_int_eq(what("y.test"), '-');
	apply(KUBE_ADDED, "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n");
	apply(KUBE_ADDED, SERVICE);
	engine_synced(&engine, now_ns);
	turn();
	ck_assert_int_eq(what(SVC), 'c');
	ck_assert_int_eq(what(PTR), 'h');
	ck_assert_int_eq(what("test"), '-'); /* no empty non-terminals out there */

	unsigned before = published;
	hosts("# the same\n10.9.0.4 x.test\n");
	ck_assert_uint_eq(published, before);

	hosts("10.9.0.5 x.test\n"); /* the address is the Service's again */
	ck_assert_int_eq(what(PTR), 'c');
	ck_assert_int_eq(what("5.0.9.10.in-addr.arpa"), 'h');
	ck_assert_uint_eq(last.info.added, 1);
	ck_assert_uint_eq(last.info.changed, 2);
	ck_assert_uint_eq(last.info.removed, 0);
	ck_assert_str_eq(cause, "hosts");

	hosts("10.9.0.5 x.test\n10.1.1.1 " SVC " a.b.cluster.local\n");
	ck_assert_int_eq(what(SVC), 'h');
	ck_assert_int_eq(what("b.cluster.local"), 'e');
	apply(KUBE_DELETED, SERVICE);
	ck_assert_int_eq(what(SVC), 'h');
	apply(KUBE_ADDED, SERVICE);
	ck_assert_int_eq(what(SVC), 'h');
	ck_assert_int_eq(what(PTR), 'c');

	hosts("");
	ck_assert_int_eq(what(SVC), 'c');
	ck_assert_int_eq(what("x.test"), '-');
	ck_assert_int_eq(what("a.b.cluster.local"), '-');
	ck_assert_int_eq(what("b.cluster.local"), '-');
	ck_assert_int_eq(what("5.0.9.10.in-addr.arpa"), '-');
	ck_assert_uint_eq(last.info.changed, 1);

	hosts("10.1.1.1 cluster.local y.test\n"); /* an apex stays its zone's */
	ck_assert_int_eq(what("cluster.local"), 'c');
	ck_assert_int_eq(what("y.test"), 'h');
	close_engine();
}
END_TEST

/* Every name that is there is published, by small steps as all at once. */
START_TEST(random_histories) /* HO-01 GS-07 */
{
	uint64_t random = 7;

	open_engine();
	apply(KUBE_ADDED, "kind: Namespace\napiVersion: v1\nmetadata: {name: n}\n");
	apply(KUBE_ADDED, SERVICE);
	engine_synced(&engine, now_ns);
	turn();
	for (int i = 0; i < 300; i++) {
		static const char *const names[] = {SVC, "n.svc.cluster.local",
			"d.e.cluster.local", "e.cluster.local", "x.test", "a.x.test"};
		uint64_t r = next_random(&random);
		bool wanted[ARRAY_LEN(names)], gone = (r & 0x100) != 0;
		char text[512] = "";

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			size_t n = strlen(text);

			wanted[k] = (r >> k & 1) != 0;
			if (wanted[k])
				snprintf(text + n, sizeof(text) - n, "10.9.0.%u %s\n",
					(unsigned)(r >> 16) % 8, names[k]);
		}
		if ((r & 0x200) != 0)
			apply(gone ? KUBE_DELETED : KUBE_ADDED, SERVICE);
		hosts(text);
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			ck_assert_int_eq(what(names[k]) == 'h', wanted[k]);
		ck_assert_uint_eq(publish_names(publisher), reader_snap(&reader)->names);
	}
	apply(KUBE_ADDED, SERVICE);
	hosts("");
	ck_assert_int_eq(what(SVC), 'c');
	ck_assert_int_eq(what(PTR), 'c');
	ck_assert_int_eq(what("e.cluster.local"), '-');
	uint64_t names = publish_names(publisher);
	engine.rebuild = true; /* all at once */
	engine.restart = true;
	engine.settings_due = true;
	turn();
	ck_assert_uint_eq(publish_names(publisher), names);
	close_engine();
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("hosts");

	tcase_add_loop_test(t, read_texts, 0, ARRAY_LEN(texts));
	tcase_add_test(t, make_sets);
	tcase_add_test(t, tell_lines);
	tcase_add_test(t, look_at_file);
	tcase_add_test(t, publish_changes);
	tcase_add_test(t, random_histories);
	return run_case("hosts", t);
}
