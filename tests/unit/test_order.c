/*
 * test_order.c - weights: which address stands first, how often, and how the rest stands
 *
 * Rows: LD-01 to LD-03, S-01. All is pure: the shares are the same in each run.
 */
#include "asking.h"
#include "controller/weightlist.h"

#define ASKED_MAX 40
#define ANSWERS   4000

/* The answers of a cluster whose settings a test may change. */
static struct cluster weighted;

/* As worker.h makes them. */
static uint32_t turn_of(uint64_t i)
{
	return (uint32_t)(i * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void set_weights(const char *file)
{
	static const struct hash_key key = {3, 4, UINT64_MAX};
	struct weightlist_error e;

	weighted.settings.rotation = ROTATION_WEIGHTED;
	ck_assert_msg(weightlist_parse(file, strlen(file), &key,
			      &weighted.settings.weights, &e) == 0,
		"%s", e.text);
	ck_assert_uint_eq(e.line, 0);
}

static void set_prefer(const char *const *prefix)
{
	struct settings *s = &weighted.settings;

	for (s->nprefer = 0; prefix[s->nprefer] != NULL; s->nprefer++)
		ck_assert(addr_parse_prefix(prefix[s->nprefer],
			strlen(prefix[s->nprefer]), &s->prefer[s->nprefer]));
}

static const ldns_rr_list *ask_weighted(
	const char *name, uint16_t type, uint32_t turn, bool tcp)
{
	asked.p.turn = turn;
	asked.query_len = cluster_query(asked.query, name, type, tcp ? 0 : 1232);
	const ldns_pkt *pkt = send_to(&weighted, tcp ? REPLY_MAX : 4608, tcp);
	ck_assert_int_eq(ldns_pkt_get_rcode(pkt), RCODE_NOERROR);
	return type == TYPE_SRV ? ldns_pkt_additional(pkt) : ldns_pkt_answer(pkt);
}

/* The addresses of one owner (NULL: of all) in a section, as their last 32 bits. */
static unsigned addresses(const ldns_rr_list *list, const char *owner, uint32_t *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < count_of(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		ldns_rr_type type = ldns_rr_get_type(rr);

		if (type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_AAAA)
			continue;
		char *text = ldns_rdf2str(ldns_rr_owner(rr));
		if (owner == NULL || strcmp(text, owner) == 0) {
			const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);

			ck_assert_uint_lt(n, ASKED_MAX);
			out[n++] = load_u32(ldns_rdf_data(rdf) + ldns_rdf_size(rdf) - 4);
		}
		free(text);
	}
	return n;
}

/* ---- the order of all addresses ---- */

static const struct {
	const char *prefix[4];
	const char *file;
} orders[] = {
	{{NULL}, "many" D "\n10.3.0.7 9\n10.3.0.30 200\n"},
	{{NULL}, "many" D "\n10.3.0.0 1\n"},
	{{"10.3.0.7/32"}, "many" D "\n10.3.0.7 9\n10.3.0.30 200\n"}, /* alone */
	{{"10.3.0.32/27", "10.3.0.4/30"}, "many" D "\n10.3.0.35 9\n10.3.0.5 200\n"},
	{{"10.9.0.0/16", "10.3.0.4/30"}, "many" D "\n10.3.0.5 3\n10.3.0.7 2\n"},
	{{"10.9.0.0/16"}, "many" D "\n10.3.0.5 3\n10.3.0.7 2\n"}, /* none */
};

/* Each group turned, as LD-03 has it; the number of the first one's addresses. */
static unsigned turned(uint32_t turn, uint32_t *out)
{
	const struct settings *s = &weighted.settings;
	uint32_t group[ASKED_MAX];
	bool taken[ASKED_MAX] = {false};
	unsigned n = 0, lead = 0;

	for (unsigned g = 0; g <= s->nprefer; g++) {
		unsigned m = 0;

		for (unsigned i = 0; i < ASKED_MAX; i++) {
			uint8_t octets[4];

			store_u32(octets, 0x0a030000 + i);
			if (taken[i] || (g < s->nprefer && !addr_in_prefix(octets, 4,
								   &s->prefer[g])))
				continue;
			taken[i] = true;
			group[m++] = 0x0a030000 + i;
		}
		for (unsigned i = 0; i < m; i++)
			out[n++] = group[(i + turn) % m];
		lead = lead == 0 ? m : lead;
	}
	return lead;
}

START_TEST(one_moves) /* LD-01, LD-03, S-01: the rest stands as it did without weights */
{
	uint32_t want[ASKED_MAX], got[ASKED_MAX];

	set_weights(orders[_i].file);
	set_prefer(orders[_i].prefix);
	for (uint64_t i = 0; i < 400; i++) {
		unsigned lead = turned(turn_of(i), want), at = 0;

		const ldns_rr_list *list = ask_weighted(
			"many" D, TYPE_A, turn_of(i), false);
		ck_assert_uint_eq(addresses(list, NULL, got), ASKED_MAX);
		while (at < lead && want[at] != got[0])
			at++;
		ck_assert_uint_lt(at, lead); /* of the first group */
		memmove(want + 1, want, at * sizeof(want[0]));
		want[0] = got[0];
		ck_assert_mem_eq(got, want, sizeof(want));
		/* As many as fit into 512 octets: the first of the same order. */
		asked.query_len = cluster_query(asked.query, "many" D, TYPE_A, 0);
		asked.p.turn = turn_of(i);
		const ldns_pkt *pkt = send_to(&weighted, 4608, false);
		unsigned n = addresses(ldns_pkt_answer(pkt), NULL, got);
		ck_assert(ldns_pkt_tc(pkt));
		ck_assert_uint_eq(n, (512 - 12 - 33) / 16);
		ck_assert_mem_eq(got, want, n * sizeof(want[0]));
	}
}
END_TEST

/* ---- shares ---- */

#define SHARES_MAX 6

static const struct {
	const char *what, *file, *name, *owner;
	uint16_t type;
	const char *prefix[3];
	struct {
		uint32_t addr; /* its last 32 bits; 0: all the others together */
		unsigned weight;
	} want[SHARES_MAX];
} shares[] = {
	{"weights of all", "db" D "\n10.1.0.1 5\n10.1.0.2 1\n10.1.0.3 2\n", "db" D, NULL,
		TYPE_A, {NULL}, {{0x0a010001, 5}, {0x0a010002, 1}, {0x0a010003, 2}}},
	{"letters and dots", "DB.Default.SVC.cluster.local\n10.1.0.1 30\n",
		"dB.deFault.svc.Cluster.local.", NULL, TYPE_A, {NULL},
		{{0x0a010001, 30}, {0x0a010002, 1}, {0x0a010003, 1}}},
	{"1 without a weight", "db" D "\n10.1.0.2 255\n10.7.7.7 200\n", "db" D, NULL,
		TYPE_A, {NULL}, {{0x0a010001, 1}, {0x0a010002, 255}, {0x0a010003, 1}}},
	{"mapped, and in two parts",
		"db" D "\n::ffff:10.1.0.1 3\nother.\n10.1.0.2 100\ndb" D "\n10.1.0.3 6\n",
		"db" D, NULL, TYPE_A, {NULL},
		{{0x0a010001, 3}, {0x0a010002, 1}, {0x0a010003, 6}}},
	{"IPv6", "six" D "\nfd00::1 2\n2001:db8:0:0:0:0:0:2 7\nfd00::3 3\n", "six" D,
		NULL, TYPE_AAAA, {NULL}, {{1, 2}, {2, 7}, {3, 3}, {0x01020304, 1}}},
	{"a mapped address as AAAA", "six" D "\n1.2.3.4 9\n", "six" D, NULL, TYPE_AAAA,
		{NULL}, {{1, 1}, {2, 1}, {3, 1}, {0x01020304, 9}}},
	{"behind a CNAME: the target's",
		"many" D "\n10.3.0.5 39\nalias" D "\n10.3.0.6 255", "alias" D, NULL,
		TYPE_A, {NULL}, {{0x0a030005, 39}, {0, 39}}},
	{"in additional", "db-1.db" D "\n10.1.0.2 4\ndb" D "\n10.1.0.3 255\n", "db" D,
		"db-1.db" D, TYPE_SRV, {NULL}, {{0x0a010002, 4}, {0x0a010003, 1}}},
	{"of the preferred", "many" D "\n10.3.0.5 2\n10.3.0.7 6\n10.3.0.9 255\n",
		"many" D, NULL, TYPE_A, {"10.9.0.0/16", "10.3.0.4/30"},
		{{0x0a030004, 1}, {0x0a030005, 2}, {0x0a030006, 1}, {0x0a030007, 6}}},
	{"of the rest", "many" D "\n10.3.0.5 13\n", "many" D, NULL, TYPE_A,
		{"10.9.0.0/16"}, {{0x0a030005, 13}, {0, 39}}},
};

/*
 * Sum of squared differences, each in units of what chance gives (chi-square): about the
 * number of shares where they are right.
 */
static double difference(int row, const unsigned *count, unsigned answers)
{
	double sum = 0, weights = 0;

	for (unsigned i = 0; i < SHARES_MAX; i++)
		weights += shares[row].want[i].weight;
	for (unsigned i = 0; i < SHARES_MAX && shares[row].want[i].weight > 0; i++) {
		double want = answers * shares[row].want[i].weight / weights;

		sum += (count[i] - want) * (count[i] - want) / want;
	}
	return sum;
}

static unsigned share_of(int row, uint32_t addr)
{
	unsigned i = 0;

	while (shares[row].want[i].addr != addr) {
		ck_assert_msg(shares[row].want[i].weight > 0, "%s: %08x",
			shares[row].what, (unsigned)addr);
		if (shares[row].want[i].addr == 0)
			break;
		i++;
	}
	return i;
}

/* Also for those who get every second, third, ... turn of a worker. */
START_TEST(by_weight) /* LD-01, LD-02, LD-03 */
{
	static const unsigned strides[] = {1, 2, 13, 1000};
	uint32_t got[ASKED_MAX];

	set_weights(shares[_i].file);
	set_prefer(shares[_i].prefix);
	for (unsigned s = 0; s < ARRAY_LEN(strides); s++) {
		unsigned count[SHARES_MAX] = {0};

		for (uint64_t i = 0; i < ANSWERS; i++) {
			const ldns_rr_list *list = ask_weighted(shares[_i].name,
				shares[_i].type, turn_of(1000 + i * strides[s]),
				shares[_i].type == TYPE_SRV);

			ck_assert_uint_gt(addresses(list, shares[_i].owner, got), 1);
			count[share_of(_i, got[0])]++;
		}
		double d = difference(_i, count, ANSWERS);
		ck_assert_msg(d < 25, "%s, each %u: %f", shares[_i].what, strides[s], d);
	}
}
END_TEST

/* ---- where weights have no say ---- */

START_TEST(only_rotated) /* LD-01: names without weights, and the other policies */
{
	static const char *const none[] = {NULL};
	uint32_t want[ASKED_MAX], got[ASKED_MAX];

	set_weights(_i == 2 ? "" : "db" D "\n10.1.0.1 200\nmany" D "\n10.3.0.1 200\n");
	set_prefer(none);
	weighted.settings.rotation = _i == 0   ? ROTATION_SHUFFLE
	                             : _i == 1 ? ROTATION_FIXED
	                                       : ROTATION_WEIGHTED;
	if (_i == 3)
		set_weights("db" D "\n10.1.0.1 200\n");
	for (uint64_t i = 0; i < 200; i++) {
		turned(_i == 1 ? 0 : turn_of(i), want);
		addresses(ask_weighted("many" D, TYPE_A, turn_of(i), false), NULL, got);
		ck_assert_mem_eq(got, want, sizeof(want));
	}
}
END_TEST

/* Two names with the same weights do not choose alike. */
START_TEST(each_name_by_itself)
{
	static const char *const none[] = {NULL};
	uint32_t got[ASKED_MAX];
	unsigned both = 0;

	set_weights("db" D "\n10.1.0.9 1\ntwin" D "\n10.1.0.9 1\n");
	set_prefer(none);
	for (uint64_t i = 0; i < ANSWERS; i++) {
		addresses(ask_weighted("db" D, TYPE_A, turn_of(i), false), NULL, got);
		uint32_t first = got[0];
		addresses(ask_weighted("twin" D, TYPE_A, turn_of(i), false), NULL, got);
		both += first == got[0];
	}
	ck_assert_uint_gt(both, ANSWERS / 3 - 200);
	ck_assert_uint_lt(both, ANSWERS / 3 + 200);
}
END_TEST

static void add_names(struct cluster *c)
{
	static const char *const many = "many" D;
	static const uint8_t six[4][16] = {{0xfd, [15] = 1},
		{0x20, 0x01, 0x0d, 0xb8, [15] = 2}, {0xfd, [15] = 3},
		{[10] = 0xff, 0xff, 1, 2, 3, 4}};

	cluster_names(c, "alias" D, CLUSTER_ZONE, TYPE_CNAME, &many, 1, true);
	cluster_addrs(c, "twin" D, 0x0a010001, 3);
	cluster_begin(c, "six" D, CLUSTER_ZONE, 0);
	node_add_addrs(&c->node, TYPE_AAAA, 30, six[0], 4, false);
	cluster_put(c);
}

int main(void)
{
	TCase *tc = tcase_create("order");

	tcase_add_loop_test(tc, one_moves, 0, ARRAY_LEN(orders));
	tcase_add_loop_test(tc, by_weight, 0, ARRAY_LEN(shares));
	tcase_add_loop_test(tc, only_rotated, 0, 4);
	tcase_add_test(tc, each_name_by_itself);
	cluster_init(&weighted, 4 << 20);
	cluster_demo(&weighted);
	add_names(&weighted);
	cluster_seal(&weighted);
	tcase_set_timeout(tc, 120);
	int ret = run_case("order", tc);
	ldns_pkt_free(asked.pkt);
	cluster_fini(&weighted);
	return ret;
}
