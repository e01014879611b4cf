/*
 * test_order.c - addresses by the client's node and zone, with preferred prefixes and
 * without (GS-05, LD-01 to LD-03, S-01), against a plain list of groups; damage (G8)
 */
#include "asking.h"

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

static const struct {
	const char *address;
	uint32_t zone, node;
} clients[] = {
	{"10.6.0.1", 1, 1},
	{"::ffff:10.6.0.1", 1, 1},
	{"10.6.0.2", 2, 99},
	{"10.6.0.3", 9, 99}, /* nobody is near */
	{"fd06::4", 2, 2},
	{"10.6.0.5", 0, 1}, /* a node without a zone is another one */
	{"10.6.0.77", 0, 0},
	{NULL, 0, 0},
};

static unsigned kind_of(uint32_t place, int row)
{
	uint32_t zone = clients[row].zone, node = clients[row].node;

	if (node != 0 && place == place_make(zone, node))
		return 0;
	return zone != 0 && place >> PLACE_NODE_BITS == zone ? 1 : 2;
}

/* In which prefix an address is; behind the last one the rest. */
static unsigned prefix_of(const struct settings *s, uint32_t i)
{
	uint8_t octets[4];
	unsigned g = 0;

	store_u32(octets, 0x0a050000 + i);
	while (g < s->nprefer && !addr_in_prefix(octets, 4, &s->prefer[g]))
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

/* What the reply must be: the indexes of `count` addresses in their order. */
static void by_lists(
	const struct settings *s, int row, unsigned count, uint32_t turn, unsigned *out)
{
	static unsigned group[ADDRESSES_MAX];
	unsigned n = 0, m;
	bool near = false;

	for (unsigned i = 0; i < count; i++)
		near |= kind_of(cluster_place(i), row) < 2;
	for (unsigned g = 0; g < (s->nprefer + 1u) * KINDS; g++) {
		m = 0;
		for (unsigned i = 0; i < count; i++) {
			unsigned kind = near ? kind_of(cluster_place(i), row) : 2;

			if (prefix_of(s, i) * KINDS + kind == g)
				group[m++] = i;
		}
		if (near)
			qsort(group, m, sizeof(*group), by_place);
		for (unsigned i = 0; i < m; i++)
			out[n++] = group[(i + turn) % m];
	}
	ck_assert_uint_eq(n, count);
}

/* Which address an RR has. */
static unsigned index_of(const ldns_rr *rr)
{
	const uint8_t *octets = ldns_rdf_data(ldns_rr_rdf(rr, 0));

	if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A)
		return load_u32(octets) - 0x0a050000;
	ck_assert_uint_eq(load_u16(octets), 0xfd05);
	return load_u32(octets + 12);
}

/* The RRs of a type, from number *at on, are those of `want`; *at moves behind them. */
static size_t check_order(
	const ldns_rr_list *list, size_t *at, ldns_rr_type type, const unsigned *want)
{
	size_t n = 0;

	for (; *at < count_of(list); (*at)++, n++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, *at);

		if (ldns_rr_get_type(rr) != type)
			break;
		ck_assert_uint_eq(index_of(rr), want[n]);
	}
	return n;
}

static const struct {
	const char *name;
	uint16_t type;
	unsigned count;
} rrsets[] = {
	{"spread" D, TYPE_A, 40},     /* in the body */
	{"all.spread" D, TYPE_A, 40}, /* in the node */
	{"spread" D, TYPE_AAAA, 40},
	{"all.spread" D, TYPE_AAAA, 40},
	{"spreader" D, TYPE_A, 4000},
};

static const char *const prefixes[][2] = {
	{NULL, NULL}, {"10.5.0.4/30", NULL}, {"10.5.0.16/28", "10.5.0.0/29"}};

static void take_prefixes(struct settings *s, unsigned row)
{
	s->nprefer = 0;
	for (unsigned i = 0; i < 2 && prefixes[row][i] != NULL; i++)
		ck_assert(addr_parse_prefix(prefixes[row][i], strlen(prefixes[row][i]),
			&s->prefer[s->nprefer++]));
}

/* Ask in every way, and hold the answer against the list. */
static void check_rrset(struct cluster *c, unsigned k, int row, uint32_t turn)
{
	static const uint16_t sizes[] = {0, 700, 1232, 65535};
	static unsigned want[ADDRESSES_MAX];
	uint16_t size = sizes[turn % ARRAY_LEN(sizes)];
	bool fixed = turn % 5 == 0, tcp = size == 65535;
	size_t at = 0;

	c->settings.rotation = fixed ? ROTATION_FIXED : ROTATION_SHUFFLE;
	asked.p.turn = turn;
	asked.query_len = cluster_query(
		asked.query, rrsets[k].name, rrsets[k].type, tcp ? 0 : size);
	const ldns_pkt *pkt = send_to(c, tcp ? REPLY_MAX : 4608, tcp);
	const ldns_rr_list *list = ldns_pkt_answer(pkt);
	by_lists(&c->settings, row, rrsets[k].count, fixed ? 0 : turn, want);
	size_t n = check_order(list, &at, (ldns_rr_type)rrsets[k].type, want);
	ck_assert_uint_eq(n, count_of(list));
	ck_assert(ldns_pkt_tc(pkt) == (n < rrsets[k].count));
	ck_assert_uint_eq(n < rrsets[k].count, !tcp && n < rrsets[k].count);
	ck_assert_uint_gt(n, 10);
}

START_TEST(near_first)
{
	struct cluster c = cluster;
	unsigned p = (unsigned)_i % ARRAY_LEN(prefixes);
	unsigned k = (unsigned)_i / ARRAY_LEN(prefixes);

	if (rrsets[k].type == TYPE_A)
		take_prefixes(&c.settings, p);
	for (int row = 0; row < (int)ARRAY_LEN(clients); row++) {
		ask_from(clients[row].address);
		for (uint32_t turn = 0; turn < (rrsets[k].count > 40 ? 12 : 90); turn++)
			check_rrset(&c, k, row, turn);
	}
}
END_TEST

/* LD-02: the additional section too; what does not fit is not there at all (RG-08). */
START_TEST(glue)
{
	static unsigned want[ADDRESSES_MAX];
	struct cluster c = cluster;

	c.settings.rotation = ROTATION_SHUFFLE;
	for (int row = 0; row < (int)ARRAY_LEN(clients); row++)
		for (uint32_t turn = 0; turn < 50; turn++) {
			size_t at = 0;

			ask_from(clients[row].address);
			asked.p.turn = turn;
			asked.query_len = cluster_query(
				asked.query, "spread" D, TYPE_SRV, 0);
			const ldns_pkt *pkt = send_to(&c, REPLY_MAX, true);
			const ldns_rr_list *list = ldns_pkt_additional(pkt);
			ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 1);
			by_lists(&c.settings, row, 40, turn, want);
			ck_assert_uint_eq(
				check_order(list, &at, LDNS_RR_TYPE_A, want), 40);
			ck_assert_uint_eq(
				check_order(list, &at, LDNS_RR_TYPE_AAAA, want), 40);
			ck_assert_uint_eq(at, count_of(list));
		}
}
END_TEST

/* A snapshot without clients: places alone make no order. */
START_TEST(no_clients)
{
	static unsigned want[ADDRESSES_MAX];
	struct cluster c = cluster;
	size_t at = 0;

	c.snap.clients = 0;
	ask_from("10.6.0.1");
	asked.p.turn = 0;
	asked.query_len = cluster_query(asked.query, "spread" D, TYPE_A, 1232);
	const ldns_rr_list *list = ldns_pkt_answer(send_to(&c, 4608, false));
	by_lists(&c.settings, ARRAY_LEN(clients) - 1, 40, 0, want);
	ck_assert_uint_eq(check_order(list, &at, LDNS_RR_TYPE_A, want), 40);
}
END_TEST

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

/* G8, SH-08: a damaged place costs the order at the most, a damaged RRset a SERVFAIL. */
START_TEST(damaged)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA, TYPE_SRV};
	uint64_t random = 20261122;
	struct cluster c = cluster;
	struct basis b = {&c.snap, &c.settings, 0};
	unsigned servfails = 0, whole = 0;

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

int main(void)
{
	TCase *tc = tcase_create("order");

	tcase_add_loop_test(
		tc, near_first, 0, (int)(ARRAY_LEN(rrsets) * ARRAY_LEN(prefixes)));
	tcase_add_test(tc, glue);
	tcase_add_test(tc, no_clients);
	tcase_add_test(tc, damaged);
	return asking_main("order", tc);
}
