/*
 * test_pool.c - rows of `shmdnsctl upstreams` from the pages of forwarders (OV-12)
 */
#include "ctl/forwarders.h"
#include "ctl/pool.h"

#include "support.h"

static struct overview view;
static struct stat_forwarder page[2];
static struct snap snap;
static struct pool_row rows[8];
static size_t nrows;

/* The rest of what ctl links is about maps and terminals. */
bool forwarders_current(const struct overview *v, const struct stat_forwarder *f)
{
	return v->snap != NULL && stat_get(&f->settings) == v->reader.settings.number;
}

static void on_row(void *arg, const struct overview *v, const struct pool_row *r)
{
	(void)arg;
	(void)v;
	ck_assert_uint_lt(nrows, ARRAY_LEN(rows));
	memcpy(&rows[nrows++], r, sizeof(*r));
}

static void make_rows(void)
{
	nrows = 0;
	pool_each(&view, on_row, NULL);
}

static void set_upstream(unsigned forwarder, unsigned i, const char *text, bool up)
{
	struct stat_upstream *u = &page[forwarder].upstreams[i];

	memcpy(u->text, text, MIN(strlen(text), sizeof(u->text)));
	stat_set(&u->up, up);
}

static void set_group(unsigned i, const char *from, uint8_t first, uint8_t n)
{
	struct forward_group *g = &view.reader.settings.forward.groups[i];

	g->from.len = (uint8_t)name_wire(from, g->from.wire);
	g->first = first;
	g->n = n;
	view.reader.settings.forward.ngroups = (uint8_t)(i + 1);
}

static void setup(void)
{
	memset(&view, 0, sizeof(view));
	memset(page, 0, sizeof(page));
	view.snap = &snap;
	view.reader.settings.number = 7;
	for (unsigned i = 0; i < ARRAY_LEN(page); i++) {
		view.forwarder[i] = (struct forwarder_page){i, &page[i]};
		stat_set(&page[i].settings, 7);
	}
	view.nforwarders = ARRAY_LEN(page);
	set_group(0, ".", 0, 2);
	set_group(1, "corp.example.", 2, 1);
}

/* Both forwarders ask the same: one row with the sums, up in one of them. */
START_TEST(pages_are_added)
{
	for (unsigned f = 0; f < 2; f++) {
		struct stat_upstream *u = &page[f].upstreams[2];

		set_upstream(f, 2, "10.0.0.1:53", f == 0);
		stat_set(&u->queries[0], 10);
		stat_set(&u->queries[2], 1);
		stat_set(&u->failures[FAILURE_TIMEOUT], f + 1);
		stat_set(&u->loops, 3);
		stat_set(&u->connections[1], 2);
		stat_set(&u->probes_failed, 5);
		stat_set(&u->down_ns, f * 100);
		stat_set(&u->error_ns, 50 - f);
		stat_set(&u->error, f == 0 ? FAILURE_TLS : FAILURE_REFUSED);
	}
	make_rows();
	ck_assert_uint_eq(nrows, 1);
	ck_assert_str_eq(rows[0].text, "10.0.0.1:53");
	ck_assert_str_eq(rows[0].group, "corp.example.");
	ck_assert_uint_eq(rows[0].pages, 2);
	ck_assert_uint_eq(rows[0].up, 1);
	ck_assert_uint_eq(stat_sum(rows[0].n.queries, 3), 22);
	ck_assert_uint_eq(stat_get(&rows[0].n.failures[FAILURE_TIMEOUT]), 3);
	ck_assert_uint_eq(stat_get(&rows[0].n.loops), 6);
	ck_assert_uint_eq(stat_get(&rows[0].n.connections[1]), 4);
	ck_assert_uint_eq(stat_get(&rows[0].n.probes_failed), 10);
	ck_assert_uint_eq(stat_get(&rows[0].n.down_ns), 100);
	ck_assert_uint_eq(stat_get(&rows[0].n.error), FAILURE_TLS);
}
END_TEST

/* While one has other settings its upstreams are rows of their own, of no known group. */
START_TEST(other_settings)
{
	set_upstream(0, 0, "10.0.0.1:53", true);
	set_upstream(1, 0, "10.0.0.9:53", true);
	stat_set(&page[1].settings, 6);
	make_rows();
	ck_assert_uint_eq(nrows, 2);
	ck_assert_str_eq(rows[0].group, ".");
	ck_assert_str_eq(rows[1].text, "10.0.0.9:53");
	ck_assert_str_eq(rows[1].group, "-");
}
END_TEST

/* The group without a domain resolves names of upstreams. */
START_TEST(bootstrap)
{
	struct forward_settings *f = &view.reader.settings.forward;

	f->groups[2] = (struct forward_group){.first = 3, .n = 1};
	f->ngroups = 3;
	set_upstream(0, 3, "192.0.2.1:53", true);
	make_rows();
	ck_assert_uint_eq(nrows, 1);
	ck_assert_str_eq(rows[0].group, "bootstrap");
}
END_TEST

/* A text that does not end, and one that would move the cursor. */
START_TEST(texts_are_hostile)
{
	char text[STAT_UPSTREAM_TEXT + 1];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	set_upstream(0, 0, text, true);
	set_upstream(0, 1, "\033[2J 10.0.0.1\n", true);
	make_rows();
	ck_assert_uint_eq(nrows, 2);
	ck_assert_str_eq(rows[0].text, text);
	ck_assert_str_eq(rows[1].text, "?[2J?10.0.0.1?");
}
END_TEST

/* Replies by bucket, and where quantiles of them are. */
static const struct {
	const char *what;
	unsigned bucket, n, bucket2, n2;
	double q;
	uint64_t from_ns, to_ns;
} quantiles[] = {
	{"no reply", 0, 0, 0, 0, 0.5, 0, 0},
	{"all in one", 10, 100, 0, 0, 0.5, 512 * 1000, 1024 * 1000},
	{"the shortest", 0, 10, 0, 0, 0.99, 0, 1000},
	{"median of two", 4, 50, 12, 50, 0.5, 8 * 1000, 16 * 1000},
	{"the slow one of a hundred", 4, 98, 12, 2, 0.99, 2048 * 1000, 4096 * 1000},
	{"beyond all bounds", 23, 1, 0, 0, 0.5, 4194304000, 4194304000},
};

START_TEST(quantiles_of_durations)
{
	struct pool_row r = {0};

	stat_set(&r.n.duration[quantiles[_i].bucket], quantiles[_i].n);
	if (quantiles[_i].n2 > 0)
		stat_set(&r.n.duration[quantiles[_i].bucket2], quantiles[_i].n2);
	uint64_t ns = pool_quantile(&r, quantiles[_i].q);
	ck_assert_msg(ns >= quantiles[_i].from_ns && ns <= quantiles[_i].to_ns,
		"%s: %llu", quantiles[_i].what, (unsigned long long)ns);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, pages_are_added);
	tcase_add_test(tc, other_settings);
	tcase_add_test(tc, bootstrap);
	tcase_add_test(tc, texts_are_hostile);
	tcase_add_loop_test(tc, quantiles_of_durations, 0, ARRAY_LEN(quantiles));
	return run_case("pool", tc);
}
