/*
 * test_ringtext.c - lines of the query log, and which queries it wants (SM-02, LG-04)
 */
#include "snap/ringtext.h"

#include <errno.h>

#include "dns/addr.h"
#include "dns/msg.h"
#include "dns/type.h"
#include "snap/stat.h"
#include "support.h"

static const struct privacy shown = {.mode = PRIVACY_OFF};

static struct ring_entry entry(const char *client, const char *name)
{
	struct ring_entry e = {
		.wall_ns = UINT64_C(1700000000123456789), /* 2023-11-14T22:13:20 */
		.duration_ns = 37990251,
		.generation = 41,
		.port = 50759,
		.id = 29008,
		.type = TYPE_A,
		.class = CLASS_IN,
		.flags = MSG_RD,
		.reply_flags = MSG_QR | MSG_RD | MSG_RA | MSG_AD,
		.udp_size = 4096,
		.query_len = 41,
		.reply_len = 68,
		.marks = RING_LOGGED | RING_OPT,
		.source = SOURCE_CACHE,
	};
	struct addr a;

	ck_assert(addr_parse(client, strlen(client), &a));
	memcpy(e.client, a.octets, a.len);
	e.marks |= a.len == 16 ? RING_IPV6 : 0;
	if (name != NULL)
		e.name_len = (uint8_t)name_wire(name, e.name);
	return e;
}

static void check_line(
	const struct ring_entry *e, enum querylog_format format, const char *expected)
{
	char line[RINGTEXT_MAX];

	ck_assert_uint_eq(ringtext_line(e, format, &shown, NULL, line), strlen(line));
	ck_assert_str_eq(line, expected);
}

/* The example of CoreDNS's manual, and what else its format has. */
START_TEST(coredns)
{
	struct ring_entry e = entry("::1", "example.org.");

	check_line(&e, QUERYLOG_COREDNS,
		"[::1]:50759 - 29008 \"A IN example.org. udp 41 false 4096\" NOERROR "
		"qr,rd,ra,ad 68 0.037990251s");
	e = entry("10.0.0.1", "x.");
	e.marks |= RING_TCP | RING_DO;
	e.type = 65280;
	e.class = CLASS_CH;
	e.rcode = RCODE_SERVFAIL;
	e.duration_ns = 120000;
	check_line(&e, QUERYLOG_COREDNS,
		"10.0.0.1:50759 - 29008 \"TYPE65280 CH x. tcp 41 true 65535\" SERVFAIL "
		"qr,rd,ra,ad 68 0.00012s");
	e = entry("10.0.0.1", NULL); /* a header alone: nothing was read but the ID */
	e.rcode = RCODE_FORMERR;
	e.reply_flags = MSG_QR;
	e.duration_ns = 2 * NS_PER_S;
	check_line(&e, QUERYLOG_COREDNS,
		"10.0.0.1:50759 - 29008 \"- - . udp 41 false 4096\" FORMERR qr 68 2s");
	e.class = 7;
	e.rcode = 4000;
	e.name_len = (uint8_t)name_wire(".", e.name);
	e.reply_flags = 0xffff;
	e.duration_ns = UINT64_MAX;
	check_line(&e, QUERYLOG_COREDNS,
		"10.0.0.1:50759 - 29008 \"A CLASS7 . udp 41 false 4096\" RCODE4000 "
		"qr,aa,tc,rd,ra,z,ad,cd 68 18446744073.709551615s");
}
END_TEST

static void check_time(uint64_t wall_s, const char *expected)
{
	struct ring_entry e = entry("10.0.0.1", "a.");
	char line[RINGTEXT_MAX];

	e.wall_ns = wall_s * NS_PER_S;
	ringtext_line(&e, QUERYLOG_KV, &shown, NULL, line);
	ck_assert_msg(
		strncmp(line + strlen("query time="), expected, strlen(expected)) == 0,
		"%s: %s", expected, line);
}

START_TEST(times)
{
	check_time(0, "1970-01-01T00:00:00.000000Z");
	check_time(951782399, "2000-02-28T23:59:59.000000Z");
	check_time(951782400, "2000-02-29T00:00:00.000000Z");
	check_time(1709164800, "2024-02-29T00:00:00.000000Z");
	check_time(1767225599, "2025-12-31T23:59:59.000000Z");
	check_time(4107542400, "2100-03-01T00:00:00.000000Z");
	check_time(UINT64_MAX / NS_PER_S, "2554-07-21T23:34:33.000000Z");
}
END_TEST

START_TEST(kv_and_json)
{
	struct ring_entry e = entry("2001:db8::1", "www.example.org.");

	check_line(&e, QUERYLOG_KV,
		"query time=2023-11-14T22:13:20.123456Z client=2001:db8::1 port=50759 "
		"proto=udp id=29008 name=www.example.org. type=A class=IN flags=rd "
		"size=41 bufsize=4096 do=false rcode=NOERROR rflags=qr,rd,ra,ad rsize=68 "
		"us=37990.251 source=cache generation=41");
	e.flags = 0;
	e.source = 200; /* hostile */
	check_line(&e, QUERYLOG_JSON,
		"{\"event\":\"query\",\"time\":\"2023-11-14T22:13:20.123456Z\","
		"\"client\":\"2001:db8::1\",\"port\":50759,\"proto\":\"udp\","
		"\"id\":29008,\"name\":\"www.example.org.\",\"type\":\"A\","
		"\"class\":\"IN\","
		"\"flags\":\"\",\"size\":41,\"bufsize\":4096,\"do\":false,"
		"\"rcode\":\"NOERROR\",\"rflags\":\"qr,rd,ra,ad\",\"rsize\":68,"
		"\"us\":37990.251,\"source\":\"-\",\"generation\":41}");
	e.flags = 0;
	char line[RINGTEXT_MAX];
	ringtext_line(&e, QUERYLOG_KV, &shown, NULL, line);
	ck_assert_ptr_nonnull(strstr(line, " flags=- "));
}
END_TEST

/* OF-09, LG-04: who asked, where that is known and nothing is to be hidden. */
START_TEST(known_clients)
{
	const struct ring_entry e = entry("10.0.0.1", "a.");
	const struct who pod = {"shop", "web-0"}, space = {"shop", ""}, nobody = {"", ""};
	const struct {
		const struct who *who;
		enum querylog_format format;
		uint8_t mode;
		const char *end;
	} cases[] = {
		{&pod, QUERYLOG_KV, PRIVACY_OFF,
			" generation=41 namespace=shop pod=web-0"},
		{&pod, QUERYLOG_JSON, PRIVACY_OFF,
			",\"generation\":41,\"namespace\":\"shop\",\"pod\":\"web-0\"}"},
		{&pod, QUERYLOG_COREDNS, PRIVACY_OFF, " 68 0.037990251s"},
		{&pod, QUERYLOG_KV, PRIVACY_HASH, " generation=41"},
		{&pod, QUERYLOG_JSON, PRIVACY_PREFIX, ",\"generation\":41}"},
		{&space, QUERYLOG_KV, PRIVACY_OFF, " generation=41 namespace=shop"},
		{&space, QUERYLOG_JSON, PRIVACY_OFF,
			",\"generation\":41,\"namespace\":\"shop\"}"},
		{&nobody, QUERYLOG_KV, PRIVACY_OFF, " generation=41"},
	};
	char line[RINGTEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct privacy p = {.mode = cases[i].mode};
		const size_t n = ringtext_line(
			&e, cases[i].format, &p, cases[i].who, line);

		ck_assert_uint_ge(n, strlen(cases[i].end));
		ck_assert_str_eq(line + n - strlen(cases[i].end), cases[i].end);
	}
}
END_TEST

/* The longest there is of everything has room. */
START_TEST(longest)
{
	struct who who = {"", ""};
	struct ring_entry e = entry("1111:1111:1111:1111:1111:1111:1111:1111", "a.");
	char line[RINGTEXT_MAX];

	memset(who.namespace, 'x', CLIENT_NAMESPACE_MAX);
	memset(who.pod, 'x', CLIENT_POD_MAX);
	memset(e.name, 0, sizeof(e.name));
	e.name[0] = e.name[64] = e.name[128] = 63;
	e.name[192] = 61;
	e.name_len = 255;
	e.flags = e.reply_flags = e.type = e.class = 0xffff;
	e.duration_ns = e.generation = UINT64_MAX;
	size_t n = ringtext_line(&e, QUERYLOG_JSON, &shown, &who, line);
	ck_assert_uint_lt(n, RINGTEXT_MAX - 1);
	ck_assert_str_eq(line + n - 3, "x\"}");
}
END_TEST

/* Whatever a name holds: the line is printable and ends where it ends. */
START_TEST(hostile_names)
{
	struct ring_entry e = entry("10.0.0.1", "a.");
	char line[RINGTEXT_MAX];

	for (unsigned format = QUERYLOG_KV; format <= QUERYLOG_COREDNS; format++) {
		for (unsigned c = 0; c < 256; c++) {
			memset(e.name, (int)c, sizeof(e.name)); /* the longest there is */
			e.name[0] = e.name[64] = e.name[128] = 63;
			e.name[192] = 61;
			e.name[254] = 0;
			e.name_len = 255;
			size_t n = ringtext_line(&e, format, &shown, NULL, line);
			ck_assert_uint_eq(n, strlen(line));
			ck_assert_uint_lt(n, RINGTEXT_MAX - 1);
			for (size_t i = 0; i < n; i++)
				ck_assert(line[i] >= ' ' && line[i] <= '~');
			const char *end = format == QUERYLOG_JSON ? "41}"
			                  : format == QUERYLOG_KV ? "generation=41"
			                                          : "0.037990251s";
			ck_assert_str_eq(line + n - strlen(end), end);
		}
	}
	e.name_len = (uint8_t)name_wire("a\\\"b\\\\c\\.\\010\\027[31m.x.", e.name);
	ringtext_line(&e, QUERYLOG_JSON, &shown, NULL, line);
	ck_assert_ptr_nonnull(strstr(line,
		"\"name\":\"a\\\\034b\\\\092c\\\\046\\\\010\\\\027\\\\09131m.x.\","));
	ringtext_line(&e, QUERYLOG_COREDNS, &shown, NULL, line);
	ck_assert_ptr_nonnull(
		strstr(line, " a\\034b\\092c\\046\\010\\027\\09131m.x. udp "));
}
END_TEST

/* LG-04 */
START_TEST(privacy)
{
	static const struct {
		const char *client, *prefix;
	} rows[] = {
		{"10.1.2.3", "10.1.2.0"}, {"2001:db8:1:2345::6", "2001:db8:1:2300::"}};
	struct privacy p = {.mode = PRIVACY_PREFIX};
	char first[RINGTEXT_CLIENT], second[RINGTEXT_CLIENT];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ring_entry e = entry(rows[i].client, "a.");

		p.mode = PRIVACY_PREFIX;
		ck_assert_str_eq(ringtext_client(&e, &p, first), rows[i].prefix);
		p.mode = PRIVACY_HASH;
		p.key = (struct hash_key){1, 2, UINT64_MAX};
		ck_assert_uint_eq(strlen(ringtext_client(&e, &p, first)), 16);
		ck_assert_uint_eq(strspn(first, "0123456789abcdef"), 16);
		e.port++;
		e.id++;
		ck_assert_str_eq(ringtext_client(&e, &p, second), first);
		p.key.k0++;
		ck_assert_str_ne(ringtext_client(&e, &p, second), first);
		e.client[0]++;
		p.key.k0--;
		ck_assert_str_ne(ringtext_client(&e, &p, second), first);
	}
}
END_TEST

/* ---- which ones ---- */

START_TEST(classes)
{
	static const struct {
		uint16_t rcode;
		uint8_t flags, answers, class;
	} rows[] = {
		{RCODE_NOERROR, 0, 1, QUERYLOG_SUCCESS},
		{RCODE_NOERROR, 0, 0, QUERYLOG_DENIAL},
		{RCODE_NOERROR, 0x02, 0, QUERYLOG_SUCCESS}, /* TC */
		{RCODE_NXDOMAIN, 0, 0, QUERYLOG_DENIAL},
		{RCODE_NXDOMAIN, 0, 1, QUERYLOG_DENIAL}, /* behind a CNAME */
		{RCODE_SERVFAIL, 0, 0, QUERYLOG_ERROR},
		{RCODE_REFUSED, 0, 0, QUERYLOG_ERROR},
		{RCODE_BADVERS, 0, 0, QUERYLOG_ERROR},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint8_t header[12] = {
			[2] = 0x80 | rows[i].flags, [7] = rows[i].answers};
		struct querylog_settings q = {.sample = QUERYLOG_ALL};
		uint8_t class = querylog_class(rows[i].rcode, header);

		ck_assert_msg(class == rows[i].class, "row %zu: %d", i, class);
		for (q.classes = 0; q.classes <= QUERYLOG_CLASSES; q.classes++)
			ck_assert(querylog_wants(&q, class, NULL, 0, UINT32_MAX) ==
				  ((q.classes & class) != 0));
	}
}
END_TEST

START_TEST(names_and_samples)
{
	struct querylog_settings q = {.classes = QUERYLOG_CLASSES, .nnames = 2};
	static const struct {
		const char *name;
		bool wanted;
	} rows[] = {{"shop.svc.", true}, {"a.b.shop.svc.", true}, {"xshop.svc.", false},
		{"svc.", false}, {"example.", true}, {".", false}};
	uint8_t wire[NAME_MAX_LEN];

	q.sample = QUERYLOG_ALL;
	q.names[0].len = (uint8_t)name_wire("shop.svc.", q.names[0].wire);
	q.names[1].len = (uint8_t)name_wire("example.", q.names[1].wire);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = name_wire(rows[i].name, wire);

		ck_assert_msg(querylog_wants(&q, QUERYLOG_ERROR, wire, len, 0) ==
				      rows[i].wanted,
			"%s", rows[i].name);
	}
	ck_assert(!querylog_wants(&q, QUERYLOG_ERROR, wire, 0, 0)); /* no name */
	q.nnames = 0;
	ck_assert(querylog_wants(&q, QUERYLOG_ERROR, wire, 0, UINT32_MAX));
	q.sample = 250000; /* the first quarter of all numbers */
	ck_assert(querylog_wants(&q, QUERYLOG_ERROR, wire, 0, UINT32_MAX / 4));
	ck_assert(!querylog_wants(&q, QUERYLOG_ERROR, wire, 0, UINT32_MAX / 4 + 1));
	q.sample = 0;
	ck_assert(!querylog_wants(&q, QUERYLOG_ERROR, wire, 0, 0));
}
END_TEST

/* Each octet that is out of its range is refused. */
START_TEST(block)
{
	struct querylog_settings q = {.format = QUERYLOG_JSON,
		.privacy = PRIVACY_HASH,
		.classes = QUERYLOG_ERROR,
		.nnames = 1,
		.sample = QUERYLOG_ALL};
	struct querylog_settings back = {0};
	uint8_t octets[QUERYLOG_OCTETS_MAX];

	q.names[0].len = (uint8_t)name_wire("shop.svc.", q.names[0].wire);
	size_t len = querylog_encode(&q, octets);
	ck_assert_int_eq(querylog_decode(octets, len, &back), 0);
	ck_assert_mem_eq(&q, &back, sizeof(q));
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = exact_copy(octets, cut);

		ck_assert_int_eq(querylog_decode(copy, cut, &back), -EBADMSG);
		free(copy);
	}
	for (size_t i = 0; i < 10; i++) { /* of the sample only the highest */
		if (i >= 4 && i < 7)
			continue;
		octets[i] ^= 0xf0;
		ck_assert_msg(
			querylog_decode(octets, len, &back) == -EBADMSG, "octet %zu", i);
		octets[i] ^= 0xf0;
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ringtext");

	tcase_add_test(tc, coredns);
	tcase_add_test(tc, times);
	tcase_add_test(tc, kv_and_json);
	tcase_add_test(tc, known_clients);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, hostile_names);
	tcase_add_test(tc, privacy);
	tcase_add_test(tc, classes);
	tcase_add_test(tc, names_and_samples);
	tcase_add_test(tc, block);
	return run_case("ringtext", tc);
}
