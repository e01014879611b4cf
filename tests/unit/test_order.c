/*
 * test_order.c - the order of addresses: by preferred prefixes, by the client's node and
 * zone, and by weights, each with and without the others, against a plain list of groups
 *
 * Rows: LD-01 to LD-03, GS-05, S-01; damage (G8). All is pure: the shares are the same in
 * each run.
 */
#include "asking.h"
#include "controller/weightlist.h"

#define ADDRESSES_MAX 4096
#define KINDS         3

static struct sockaddr_in6 from6;
static struct sockaddr_in from4;

/* Who asks from here on; NULL: nobody. */
static void ask_from(const char *address)
{
	from4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = 1};
	from6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = 1};
	asking_client = NULL;
	if (address == NULL)
		return;
	if (inet_pton(AF_INET, address, &from4.sin_addr) == 1) {
		asking_client = (const void *)&from4;
		return;
	}
	ck_assert_int_eq(inet_pton(AF_INET6, address, &from6.sin6_addr), 1);
	asking_client = (const void *)&from6;
}

enum { NODE_1, NODE_1_MAPPED, ZONE_2, NOBODY_NEAR, IPV6, NO_ZONE, NOT_KNOWN, NOBODY };
static const struct {
	const char *address;
	uint32_t zone, node;
} clients[] = {
	[NODE_1] = {"10.6.0.1", 1, 1},
	[NODE_1_MAPPED] = {"::ffff:10.6.0.1", 1, 1},
	[ZONE_2] = {"10.6.0.2", 2, 99},
	[NOBODY_NEAR] = {"10.6.0.3", 9, 99},
	[IPV6] = {"fd06::4", 2, 2},
	[NO_ZONE] = {"10.6.0.5", 0, 1}, /* a node without a zone is another one */
	[NOT_KNOWN] = {"10.6.0.77", 0, 0},
	[NOBODY] = {NULL, 0, 0},
};

/* ---- the order by lists ---- */

enum { BODY, NODE, BODY_6, NODE_6, MANY_THOUSAND, NO_PLACES };
static const struct rrset_row {
	const char *name;
	uint16_t type;
	unsigned count;
	uint32_t first; /* last 32 bits of the first address; the others count up */
	bool placed;
} rrsets[] = {
	[BODY] = {"spread" D, TYPE_A, 40, 0x0a050000, true},
	[NODE] = {"all.spread" D, TYPE_A, 40, 0x0a050000, true},
	[BODY_6] = {"spread" D, TYPE_AAAA, 40, 0, true},
	[NODE_6] = {"all.spread" D, TYPE_AAAA, 40, 0, true},
	[MANY_THOUSAND] = {"spreader" D, TYPE_A, 4000, 0x0a050000, true},
	[NO_PLACES] = {"many" D, TYPE_A, 40, 0x0a030000, false},
};

static unsigned kind_of(const struct rrset_row *set, unsigned i, int client)
{
	uint32_t zone = clients[client].zone, node = clients[client].node;
	uint32_t place = set->placed ? cluster_place(i) : PLACE_UNKNOWN;

	if (node != 0 && place == place_make(zone, node))
		return 0;
	return zone != 0 && place >> PLACE_NODE_BITS == zone ? 1 : 2;
}

/* In which prefix an address is; behind the last one the rest. */
static unsigned prefix_of(
	const struct settings *s, const struct rrset_row *set, unsigned i)
{
	size_t size = set->type == TYPE_AAAA ? 16 : 4;
	uint8_t octets[16] = {0xfd, 0x05};
	unsigned g = 0;

	store_u32(octets + size - 4, set->first + i);
	while (g < s->nprefer && !addr_in_prefix(octets, size, &s->prefer[g]))
		g++;
	return g;
}

/* By place, then by index: the order of those that are in the same group. */
static int by_place(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	uint32_t p = cluster_place(x), q = cluster_place(y);

	if (p != q)
		return p < q ? -1 : 1;
	return x < y ? -1 : x > y;
}

/*
 * What the reply must be without weights: the indexes of all addresses in their order.
 * Returns how many are in the first group that is not empty.
 */
static unsigned by_lists(const struct settings *s, int client,
	const struct rrset_row *set, uint32_t turn, unsigned *out)
{
	static unsigned group[ADDRESSES_MAX];
	unsigned n = 0, m, lead = 0;
	bool near = false;

	if (s->rotation == ROTATION_FIXED)
		turn = 0;
	for (unsigned i = 0; i < set->count; i++)
		near |= kind_of(set, i, client) < 2;
	for (unsigned g = 0; g < (s->nprefer + 1u) * KINDS; g++) {
		m = 0;
		for (unsigned i = 0; i < set->count; i++) {
			unsigned kind = kind_of(set, i, client);

			if (prefix_of(s, set, i) * KINDS + kind == g)
				group[m++] = i;
		}
		if (near)
			qsort(group, m, sizeof(*group), by_place);
		for (unsigned i = 0; i < m; i++)
			out[n++] = group[(i + turn) % m];
		lead = lead == 0 ? m : lead;
	}
	ck_assert_uint_eq(n, set->count);
	return lead;
}

/* Last 32 bits of an address. */
static uint32_t address_of(const ldns_rr *rr)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);

	return load_u32(ldns_rdf_data(rdf) + ldns_rdf_size(rdf) - 4);
}

/* The RRs of a type from number *at on, as indexes; *at moves behind them. */
static unsigned take_indexes(
	const ldns_rr_list *list, size_t *at, const struct rrset_row *set, unsigned *out)
{
	unsigned n = 0;

	for (; *at < count_of(list); (*at)++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, *at);

		if (ldns_rr_get_type(rr) != (ldns_rr_type)set->type)
			break;
		ck_assert_uint_lt(n, ADDRESSES_MAX);
		out[n++] = address_of(rr) - set->first;
	}
	return n;
}

/* The answer to a question for an RRset, as indexes; 0 for `edns`: an old client. */
static unsigned ask_rrset(struct cluster *c, const struct rrset_row *set, uint32_t turn,
	uint16_t edns, bool tcp, unsigned *out)
{
	size_t at = 0;

	asked.p.turn = turn;
	asked.query_len = cluster_query(asked.query, set->name, set->type, edns);
	const ldns_pkt *pkt = send_to(c, tcp ? REPLY_MAX : 4608, tcp);
	unsigned n = take_indexes(ldns_pkt_answer(pkt), &at, set, out);
	ck_assert_int_eq(ldns_pkt_get_rcode(pkt), RCODE_NOERROR);
	ck_assert_uint_eq(n, count_of(ldns_pkt_answer(pkt)));
	ck_assert(ldns_pkt_tc(pkt) == (n < set->count));
	ck_assert_uint_ge(n, MIN(set->count, tcp ? ADDRESSES_MAX : 10));
	return n;
}

static void set_prefer(struct settings *s, const char *const *prefix)
{
	for (s->nprefer = 0; prefix[s->nprefer] != NULL; s->nprefer++)
		ck_assert(addr_parse_prefix(prefix[s->nprefer],
			strlen(prefix[s->nprefer]), &s->prefer[s->nprefer]));
}

static const char *const prefixes[][3] = {
	{NULL},
	{"10.5.0.4/30", NULL},
	{"10.5.0.16/28", "10.5.0.0/29", NULL},
	{"fd05::18/125", "10.0.0.0/8", NULL},
};

/* ---- without weights ---- */

/* Ask in every way, and hold the answer against the list. */
static void check_rrset(
	struct cluster *c, const struct rrset_row *set, int client, uint32_t turn)
{
	static const uint16_t sizes[] = {0, 700, 1232, 65535};
	static unsigned want[ADDRESSES_MAX], got[ADDRESSES_MAX];
	uint16_t size = sizes[turn % ARRAY_LEN(sizes)];
	bool tcp = size == 65535;

	c->settings.rotation = turn % 5 == 0 ? ROTATION_FIXED : ROTATION_SHUFFLE;
	unsigned n = ask_rrset(c, set, turn, tcp ? 0 : size, tcp, got);
	by_lists(&c->settings, client, set, turn, want);
	ck_assert_mem_eq(got, want, n * sizeof(*got));
}

START_TEST(near_first)
{
	struct cluster c = cluster;
	const struct rrset_row *set = &rrsets[(unsigned)_i / ARRAY_LEN(prefixes)];

	set_prefer(&c.settings, prefixes[(unsigned)_i % ARRAY_LEN(prefixes)]);
	for (int client = 0; client < (int)ARRAY_LEN(clients); client++) {
		ask_from(clients[client].address);
		for (uint32_t turn = 0; turn < (set->count > 40 ? 12 : 90); turn++)
			check_rrset(&c, set, client, turn);
	}
}
END_TEST

/* LD-02: the additional section too; what does not fit is not there at all (RG-08). */
START_TEST(glue)
{
	static unsigned want[ADDRESSES_MAX], got[ADDRESSES_MAX];
	struct cluster c = cluster;

	for (int client = 0; client < (int)ARRAY_LEN(clients); client++)
		for (uint32_t turn = 0; turn < 50; turn++) {
			size_t at = 0;

			ask_from(clients[client].address);
			asked.p.turn = turn;
			asked.query_len = cluster_query(
				asked.query, "spread" D, TYPE_SRV, 0);
			const ldns_pkt *pkt = send_to(&c, REPLY_MAX, true);
			const ldns_rr_list *list = ldns_pkt_additional(pkt);
			ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 1);
			for (int k = NODE; k <= NODE_6; k += NODE_6 - NODE) {
				by_lists(&c.settings, client, &rrsets[k], turn, want);
				ck_assert_uint_eq(
					take_indexes(list, &at, &rrsets[k], got), 40);
				ck_assert_mem_eq(got, want, 40 * sizeof(*got));
			}
			ck_assert_uint_eq(at, count_of(list));
		}
}
END_TEST

/* A snapshot without clients: places alone make no order. */
START_TEST(no_clients)
{
	unsigned want[40], got[40];
	struct cluster c = cluster;

	c.snap.clients = 0;
	ask_from("10.6.0.1");
	ck_assert_uint_eq(ask_rrset(&c, &rrsets[BODY], 0, 1232, false, got), 40);
	by_lists(&c.settings, NOBODY, &rrsets[BODY], 0, want);
	ck_assert_mem_eq(got, want, sizeof(want));
}
END_TEST

/* ---- with weights ---- */

/* As worker.h makes them. */
static uint32_t turn_of(uint64_t i)
{
	return (uint32_t)(i * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void set_weights(struct settings *s, const char *file)
{
	static const struct hash_key key = {3, 4, UINT64_MAX};
	struct weightlist_error e;

	s->rotation = ROTATION_WEIGHTED;
	ck_assert_msg(weightlist_parse(file, strlen(file), &key, &s->weights, &e) == 0,
		"%s", e.text);
	ck_assert_uint_eq(e.line, 0);
}

/*
 * LD-01: of `want`, the order without weights, one of the first `lead` moved to the front
 * of `got`, where the first `n` stand. want becomes the order with weights.
 */
static void move_one(const unsigned *got, unsigned n, unsigned *want, unsigned lead)
{
	unsigned at = 0;

	while (at < lead && want[at] != got[0])
		at++;
	ck_assert_uint_lt(at, lead);
	memmove(want + 1, want, at * sizeof(*want));
	want[0] = got[0];
	ck_assert_mem_eq(got, want, n * sizeof(*want));
}

static const struct {
	int rrset, client;
	const char *prefix[3];
	const char *file;
	unsigned lead; /* addresses of the first group */
} moves[] = {
	{NO_PLACES, NOBODY, {NULL}, "many" D "\n10.3.0.7 9\n10.3.0.30 200\n", 40},
	{NO_PLACES, NODE_1, {NULL}, "many" D "\n10.3.0.0 1\n", 40},
	/* LD-03 */
	{NO_PLACES, NOBODY, {"10.3.0.7/32"}, "many" D "\n10.3.0.7 9\n10.3.0.30 200\n", 1},
	{NO_PLACES, NOBODY, {"10.3.0.32/27", "10.3.0.4/30"},
		"many" D "\n10.3.0.35 9\n10.3.0.5 200\n", 8},
	{NO_PLACES, NODE_1, {"10.9.0.0/16", "10.3.0.4/30"},
		"many" D "\n10.3.0.5 3\n10.3.0.7 2\n", 4},
	{NO_PLACES, NOBODY, {"10.9.0.0/16"}, "many" D "\n10.3.0.5 3\n10.3.0.7 2\n", 40},
	/* GS-05: of the node, of the zone, of all */
	{BODY, NODE_1, {NULL}, "spread" D "\n10.5.0.24 9\n10.5.0.3 255\n", 2},
	{NODE, NODE_1_MAPPED, {NULL}, "all.spread" D "\n10.5.0.24 9\n10.5.0.1 255\n", 2},
	{BODY, ZONE_2, {NULL}, "spread" D "\n10.5.0.4 9\n10.5.0.3 255\n", 13},
	{NODE_6, IPV6, {NULL}, "all.spread" D "\nfd05::19 9\nfd05:: 255\n", 2},
	{BODY_6, ZONE_2, {NULL}, "spread" D "\nfd05::19 9\nfd05:: 255\n", 13},
	{BODY, NOBODY_NEAR, {NULL}, "spread" D "\n10.5.0.4 9\n10.5.0.3 255\n", 40},
	{BODY, NOT_KNOWN, {NULL}, "spread" D "\n10.5.0.4 9\n10.5.0.3 255\n", 40},
	/* All together: in the first prefix at the node, in its zone, elsewhere. */
	{BODY, NODE_1, {"10.5.0.24/29", "10.5.0.0/29"},
		"spread" D "\n10.5.0.27 9\n10.5.0.0 255\n", 1},
	{BODY, ZONE_2, {"10.9.0.0/16", "10.5.0.16/28"},
		"spread" D "\n10.5.0.19 9\n10.5.0.16 2\n10.5.0.1 255\n", 6},
	{NODE_6, ZONE_2, {"fd05::10/124", NULL}, "all.spread" D "\nfd05::13 9\n", 6},
	{BODY, NODE_1, {"10.5.0.1/32", "10.5.0.16/28"},
		"spread" D "\n10.5.0.24 9\n10.5.0.0 255\n", 1},
	{BODY, NODE_1, {"10.5.0.1/32"}, "other" D "\n10.5.0.24 9\n", 1}, /* no weights */
	/* One that a short reply would leave out goes to its front. */
	{MANY_THOUSAND, NOBODY, {NULL}, "spreader" D "\n10.5.15.0 255\n", 4000},
	{MANY_THOUSAND, ZONE_2, {NULL}, "spreader" D "\n10.5.14.255 255\n", 1333},
};

START_TEST(one_moves) /* the rest stands as it would without weights */
{
	static unsigned want[ADDRESSES_MAX], got[ADDRESSES_MAX];
	static const uint16_t sizes[] = {0, 700, 1232};
	const struct rrset_row *set = &rrsets[moves[_i].rrset];
	struct cluster c = cluster;

	set_weights(&c.settings, moves[_i].file);
	set_prefer(&c.settings, moves[_i].prefix);
	ask_from(clients[moves[_i].client].address);
	for (uint64_t i = 0; i < (set->count > 40 ? 20 : 400); i++) {
		uint32_t turn = turn_of(i);
		unsigned n,
			lead = by_lists(&c.settings, moves[_i].client, set, turn, want);

		ck_assert_uint_eq(lead, moves[_i].lead);
		ck_assert_uint_eq(ask_rrset(&c, set, turn, 0, true, got), set->count);
		move_one(got, set->count, want, lead);
		/* S-01: as many as fit, the first of the same order. */
		n = ask_rrset(&c, set, turn, sizes[i % ARRAY_LEN(sizes)], false, got);
		ck_assert_mem_eq(got, want, n * sizeof(*got));
	}
}
END_TEST

/* ---- shares ---- */

#define ANSWERS    4000
#define SHARES_MAX 6

static const struct {
	const char *what, *file, *name, *owner;
	uint16_t type;
	int client;
	const char *prefix[3];
	struct {
		uint32_t addr; /* its last 32 bits; 0: all the others together */
		unsigned weight;
	} want[SHARES_MAX];
} shares[] = {
	{"weights of all", "db" D "\n10.1.0.1 5\n10.1.0.2 1\n10.1.0.3 2\n", "db" D, NULL,
		TYPE_A, NOBODY, {NULL},
		{{0x0a010001, 5}, {0x0a010002, 1}, {0x0a010003, 2}}},
	{"letters and dots", "DB.Default.SVC.cluster.local\n10.1.0.1 30\n",
		"dB.deFault.svc.Cluster.local.", NULL, TYPE_A, NOBODY, {NULL},
		{{0x0a010001, 30}, {0x0a010002, 1}, {0x0a010003, 1}}},
	{"1 without a weight", "db" D "\n10.1.0.2 255\n10.7.7.7 200\n", "db" D, NULL,
		TYPE_A, NOBODY, {NULL},
		{{0x0a010001, 1}, {0x0a010002, 255}, {0x0a010003, 1}}},
	{"mapped, and in two parts",
		"db" D "\n::ffff:10.1.0.1 3\nother.\n10.1.0.2 100\ndb" D "\n10.1.0.3 6\n",
		"db" D, NULL, TYPE_A, NOBODY, {NULL},
		{{0x0a010001, 3}, {0x0a010002, 1}, {0x0a010003, 6}}},
	{"IPv6", "six" D "\nfd00::1 2\n2001:db8:0:0:0:0:0:2 7\nfd00::3 3\n", "six" D,
		NULL, TYPE_AAAA, NOBODY, {NULL},
		{{1, 2}, {2, 7}, {3, 3}, {0x01020304, 1}}},
	{"a mapped address as AAAA", "six" D "\n1.2.3.4 9\n", "six" D, NULL, TYPE_AAAA,
		NOBODY, {NULL}, {{1, 1}, {2, 1}, {3, 1}, {0x01020304, 9}}},
	{"behind a CNAME: the target's",
		"many" D "\n10.3.0.5 39\nalias" D "\n10.3.0.6 255", "alias" D, NULL,
		TYPE_A, NOBODY, {NULL}, {{0x0a030005, 39}, {0, 39}}},
	{"in additional", "db-1.db" D "\n10.1.0.2 4\ndb" D "\n10.1.0.3 255\n", "db" D,
		"db-1.db" D, TYPE_SRV, NOBODY, {NULL},
		{{0x0a010002, 4}, {0x0a010003, 1}}},
	{"of the preferred", "many" D "\n10.3.0.5 2\n10.3.0.7 6\n10.3.0.9 255\n",
		"many" D, NULL, TYPE_A, NOBODY, {"10.9.0.0/16", "10.3.0.4/30"},
		{{0x0a030004, 1}, {0x0a030005, 2}, {0x0a030006, 1}, {0x0a030007, 6}}},
	{"of the rest", "many" D "\n10.3.0.5 13\n", "many" D, NULL, TYPE_A, NOBODY,
		{"10.9.0.0/16"}, {{0x0a030005, 13}, {0, 39}}},
	{"of the node", "spread" D "\n10.5.0.24 3\n10.5.0.3 255\n", "spread" D, NULL,
		TYPE_A, NODE_1, {NULL}, {{0x0a050000, 1}, {0x0a050018, 3}}},
	{"of the zone", "spread" D "\n10.5.0.4 24\n10.5.0.3 255\n", "spread" D, NULL,
		TYPE_A, ZONE_2, {NULL}, {{0x0a050004, 24}, {0, 12}}},
	{"of the zone among the preferred",
		"spread" D "\n10.5.0.16 5\n10.5.0.31 2\n10.5.0.1 255\n10.5.0.17 255\n",
		"spread" D, NULL, TYPE_A, ZONE_2, {"10.9.0.0/16", "10.5.0.16/28"},
		{{0x0a050010, 5}, {0x0a05001f, 2}, {0, 4}}},
	{"of the node, in additional", "all.spread" D "\n10.5.0.24 3\n10.5.0.3 255\n",
		"spread" D, "all.spread" D, TYPE_SRV, NODE_1, {NULL},
		{{0x0a050000, 1}, {0x0a050018, 3}}},
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

/* The first address of the owner (NULL: of whoever has one) in a section. */
static uint32_t first_address(const ldns_rr_list *list, const char *owner)
{
	uint32_t first = 0;
	bool found = false;

	for (size_t i = 0; i < count_of(list) && !found; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		ldns_rr_type type = ldns_rr_get_type(rr);

		if (type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_AAAA)
			continue;
		char *text = ldns_rdf2str(ldns_rr_owner(rr));
		found = owner == NULL || strcmp(text, owner) == 0;
		first = address_of(rr);
		free(text);
	}
	ck_assert(found);
	return first;
}

static uint32_t ask_first(struct cluster *c, const char *name, uint16_t type,
	const char *owner, uint32_t turn)
{
	bool srv = type == TYPE_SRV;

	asked.p.turn = turn;
	asked.query_len = cluster_query(asked.query, name, type, srv ? 0 : 1232);
	const ldns_pkt *pkt = send_to(c, srv ? REPLY_MAX : 4608, srv);
	return first_address(
		srv ? ldns_pkt_additional(pkt) : ldns_pkt_answer(pkt), owner);
}

/* Also for those who get every second, third, ... turn of a worker. */
START_TEST(by_weight) /* LD-01, LD-02, LD-03, GS-05 */
{
	static const unsigned strides[] = {1, 2, 13, 1000};
	struct cluster c = cluster;

	set_weights(&c.settings, shares[_i].file);
	set_prefer(&c.settings, shares[_i].prefix);
	ask_from(clients[shares[_i].client].address);
	for (unsigned s = 0; s < ARRAY_LEN(strides); s++) {
		unsigned count[SHARES_MAX] = {0};

		for (uint64_t i = 0; i < ANSWERS; i++) {
			uint32_t turn = turn_of(1000 + i * strides[s]);

			count[share_of(_i, ask_first(&c, shares[_i].name, shares[_i].type,
						   shares[_i].owner, turn))]++;
		}
		double d = difference(_i, count, ANSWERS);
		ck_assert_msg(d < 25, "%s, each %u: %f", shares[_i].what, strides[s], d);
	}
}
END_TEST

/* ---- where weights have no say ---- */

START_TEST(only_rotated) /* LD-01: names without weights, and the other policies */
{
	static const struct {
		const char *file;
		uint8_t rotation;
	} rows[] = {
		{"db" D "\n10.1.0.1 200\nmany" D "\n10.3.0.1 200\n", ROTATION_SHUFFLE},
		{"db" D "\n10.1.0.1 200\nmany" D "\n10.3.0.1 200\n", ROTATION_FIXED},
		{"", ROTATION_WEIGHTED},
		{"db" D "\n10.1.0.1 200\n", ROTATION_WEIGHTED},
	};
	unsigned want[40], got[40];
	struct cluster c = cluster;

	ask_from(clients[NODE_1].address);
	set_weights(&c.settings, rows[_i].file);
	c.settings.rotation = rows[_i].rotation;
	for (uint64_t i = 0; i < 200; i++)
		for (int k = NO_PLACES; k >= BODY; k -= NO_PLACES - BODY) {
			const struct rrset_row *set = &rrsets[k];

			by_lists(&c.settings, NODE_1, set, turn_of(i), want);
			ask_rrset(&c, set, turn_of(i), 1232, false, got);
			ck_assert_mem_eq(got, want, sizeof(want));
		}
}
END_TEST

/* Two names with the same weights do not choose alike. */
START_TEST(each_name_by_itself)
{
	struct cluster c = cluster;
	unsigned both = 0;

	ask_from(NULL);
	set_weights(&c.settings, "db" D "\n10.1.0.9 1\ntwin" D "\n10.1.0.9 1\n");
	for (uint64_t i = 0; i < ANSWERS; i++)
		both += ask_first(&c, "db" D, TYPE_A, NULL, turn_of(i)) ==
		        ask_first(&c, "twin" D, TYPE_A, NULL, turn_of(i));
	ck_assert_uint_gt(both, ANSWERS / 3 - 200);
	ck_assert_uint_lt(both, ANSWERS / 3 + 200);
}
END_TEST

/* ---- damage ---- */

/* An octet that is damaged: of the node asked for, its body, or the client's node. */
static uint8_t *damage_at(struct cluster *c, const struct packet *p, uint64_t random)
{
	const struct snap known = snap_clients(&c->snap);
	struct node_view v;
	struct addr a;

	if (random % 3 == 0) {
		addr_of_socket(asking_client, &a);
		struct hash128 h = hash_name(&c->snap.key, a.octets, a.len);
		ck_assert_int_eq(
			snap_find(&known, &h, a.octets, a.len, &v), LOOKUP_FOUND);
	} else {
		ck_assert_int_eq(
			snap_find(&c->snap, &p->hash, p->q.qname, p->q.qname_len, &v),
			LOOKUP_FOUND);
	}
	uint64_t at = (uint64_t)((const uint8_t *)v.head - c->memory);
	uint64_t size = (uint64_t)v.head->size8 * 8;
	if (random % 3 == 1 && v.body != NULL) {
		at = (uint64_t)v.head->body * 8;
		size = v.body_len + sizeof(struct body_header);
	}
	return c->memory + at + (random >> 8) % size;
}

/*
 * G8, SH-08: a damaged place costs the order at the most, a damaged RRset a SERVFAIL;
 * with weights and without.
 */
START_TEST(damaged)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA, TYPE_SRV};
	uint64_t random = 20261122;
	struct cluster c = cluster;
	struct basis b = {.snap = &c.snap, .settings = &c.settings};
	unsigned servfails = 0, whole = 0;

	if (_i == 1)
		set_weights(&c.settings, "spread" D "\n10.5.0.24 9\nfd05::19 9\n"
					 "all.spread" D "\n10.5.0.0 9\n");
	ask_from("10.6.0.1");
	for (int round = 0; round < 30000; round++) {
		struct packet p = {
			.buf = asked.buf, .cap = REPLY_MAX, .client = asking_client};
		uint64_t r = next_random(&random);

		p.tcp = true;
		p.len = cluster_query(asked.buf, r % 2 == 0 ? "spread" D : "all.spread" D,
			types[(r >> 1) % 3], 0);
		ck_assert(admit(&b, &p, NULL));
		uint8_t *octet = damage_at(&c, &p, r >> 8), before = *octet;
		*octet ^= (uint8_t)(1u << (r >> 5) % 8);
		ck_assert_int_eq(answer(&b, &p), VERDICT_REPLY);
		servfails += (p.facts & PACKET_DAMAGED) != 0;
		whole += (p.facts & PACKET_DAMAGED) == 0;
		*octet = before;
	}
	ck_assert_uint_gt(servfails, 100);
	ck_assert_uint_gt(whole, 1000);
}
END_TEST

/* Names with weights in the tests above. */
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

	tcase_add_loop_test(
		tc, near_first, 0, (int)(ARRAY_LEN(rrsets) * ARRAY_LEN(prefixes)));
	tcase_add_test(tc, glue);
	tcase_add_test(tc, no_clients);
	tcase_add_loop_test(tc, one_moves, 0, ARRAY_LEN(moves));
	tcase_add_loop_test(tc, by_weight, 0, ARRAY_LEN(shares));
	tcase_add_loop_test(tc, only_rotated, 0, 4);
	tcase_add_test(tc, each_name_by_itself);
	tcase_add_loop_test(tc, damaged, 0, 2);
	cluster_init(&cluster, 4 << 20);
	cluster_demo(&cluster);
	add_names(&cluster);
	cluster_seal(&cluster);
	tcase_set_timeout(tc, 120);
	int ret = run_case("order", tc);
	ldns_pkt_free(asked.pkt);
	cluster_fini(&cluster);
	return ret;
}
