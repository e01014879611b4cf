/* test_ask.c - messages of worker and forwarder, whole and hostile (R-03, G10) */
#include "cache/ask.h"
#include "dns/mark.h"

#include "support.h"

static const struct hash_key key = {1, 2, UINT64_MAX};

static struct question question(const char *name, uint16_t type, uint8_t flags)
{
	struct question q = {.group = 77, .type = type, .flags = flags};

	q.name_len = (uint8_t)name_wire(name, q.name);
	q.hash = hash_name(&key, q.name, q.name_len);
	return q;
}

/* A message of `len` octets at the end of its memory; the caller frees it. */
static bool check(const void *octets, size_t len)
{
	/* ask_check() may look at the head of a union: it is there, len says how far */
	union ask_message *m = malloc(sizeof(*m));

	memset(m, 0xff, sizeof(*m));
	memcpy(m, octets, MIN(len, sizeof(*m)));
	bool ok = ask_check(m, len);
	free(m);
	return ok;
}

/* A message with 1 to 8 questions; returns its length. */
static size_t ask(union ask_message *m, struct question *q, unsigned n)
{
	static const char *const names[] = {".", "a.", "abcdef.", "abcdefg.",
		"www.example.com.", "x.y.z.", "_dns.resolver.arpa.", "b."};

	memset(m, 0, sizeof(*m));
	m->head = (struct ask_head){.place = 5, .serial = 6, .life = 7, .tcp = 1};
	for (unsigned i = 0; i < n; i++) {
		q[i] = question(names[i], (uint16_t)(i + 1), (uint8_t)(i % 4));
		q[i].hops = (uint8_t)(i % MARK_HOPS);
	}
	return ask_write(m, q, n);
}

START_TEST(questions_come_back)
{
	struct question q[ASK_QUESTIONS_MAX], out;
	unsigned n = (unsigned)_i;
	union ask_message m;
	size_t len = ask(&m, q, n);

	ck_assert_uint_eq(len % 8, 0);
	ck_assert(check(&m, len));
	for (unsigned i = 0; i < n; i++) {
		ck_assert(ask_question(&m, i, &key, &out));
		ck_assert(question_equal(&out, &q[i]));
	}
	ck_assert(!ask_question(&m, n, &key, &out));
}
END_TEST

/* No cut of a message is one, and none with an octet more. */
START_TEST(cuts)
{
	struct question q[ASK_QUESTIONS_MAX];
	union ask_message m;
	size_t len = ask(&m, q, 8);

	for (size_t n = 0; n < len; n++)
		ck_assert(!check(&m, n));
	ck_assert(!check(&m, len + 1));
	ck_assert(!check(&m, sizeof(m) + 1));
}
END_TEST

START_TEST(longest)
{
	struct question q[ASK_QUESTIONS_MAX], out;
	union ask_message m = {0};
	char name[256] = {0};

	for (unsigned i = 0; i < 127; i++)
		memcpy(name + 2 * i, "a.", 2);
	for (unsigned i = 0; i < 8; i++)
		q[i] = question(name, 1, 0);
	ck_assert_uint_eq(q[0].name_len, 255);
	ck_assert_uint_eq(ask_write(&m, q, 8), sizeof(m));
	ck_assert(check(&m, sizeof(m)));
	ck_assert(ask_question(&m, 7, &key, &out) && question_equal(&out, &q[7]));
}
END_TEST

static const struct {
	size_t at;     /* of the octet that is wrong */
	uint8_t value; /* what it is */
	const char *what;
} wrong[] = {
	{0, 0, "no type"},
	{0, 6, "a type that there is not"},
	{12, 0, "no question"},
	{12, 9, "nine questions"},
	{12, 2, "one more than there are"},
	{sizeof(struct ask_head) + 10, 4, "a flag that there is not"},
	{sizeof(struct ask_head) + 11, 0, "no name"},
	{sizeof(struct ask_head) + 11, 18, "a name that is longer"},
	{sizeof(struct ask_head) + 11, 255, "a name behind the end"},
	{sizeof(struct ask_head) + 12, MARK_HOPS, "as many hops as a loop has"},
	{sizeof(struct ask_head) + 13, 1, "something behind the hops"},
	{sizeof(struct ask_head) + 16, 4, "a label that ends elsewhere"},
	{sizeof(struct ask_head) + 16, 0xc0, "a pointer"},
	{sizeof(struct ask_head) + 17, 'W', "a name that is not folded"},
	{sizeof(struct ask_head) + 39, 1, "something behind the name"},
};

START_TEST(hostile)
{
	struct question q = question("www.example.com.", 1, 0);
	union ask_message m = {0};
	size_t len = ask_write(&m, &q, 1);

	ck_assert(check(&m, len));
	m.octets[wrong[_i].at] = wrong[_i].value;
	ck_assert_msg(!check(&m, len), "%s", wrong[_i].what);
}
END_TEST

START_TEST(others_have_their_size)
{
	static const struct {
		uint32_t type;
		size_t len;
	} others[] = {{ASK_NOTE, sizeof(struct ask_note)},
		{ASK_LOOP, sizeof(struct ask_loop)},
		{ASK_SETTLED, sizeof(struct ask_settled)},
		{ASK_HELLO, sizeof(struct ask_hello)}};
	union ask_message m = {.type = others[_i].type};

	for (size_t len = 0; len < 64; len++)
		ck_assert_int_eq(check(&m, len), len == others[_i].len);
	m.settled.status = ASK_OTHER + 1;
	ck_assert_int_eq(check(&m, others[_i].len), m.type != ASK_SETTLED);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("ask");

	tcase_add_loop_test(tc, questions_come_back, 1, ASK_QUESTIONS_MAX + 1);
	tcase_add_test(tc, cuts);
	tcase_add_test(tc, longest);
	tcase_add_loop_test(tc, hostile, 0, ARRAY_LEN(wrong));
	tcase_add_loop_test(tc, others_have_their_size, 0, 4);
	return run_case("ask", tc);
}
