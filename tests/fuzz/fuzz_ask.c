/*
 * fuzz_ask.c - any packet as a message between a worker and a forwarder (R-03, G10)
 *
 * What passes the check has questions that can be read, and is written again octet for
 * octet.
 */
#include "base/base.h"
#include "cache/ask.h"
#include "fuzz/fuzz.h"

static const struct hash_key key = {1, 2, UINT64_MAX};

static void questions(const union ask_message *m, size_t size)
{
	struct question q[ASK_QUESTIONS_MAX];
	union ask_message again = {.head = m->head};
	unsigned n = 0;

	while (n < ASK_QUESTIONS_MAX && ask_question(m, n, &key, &q[n])) {
		FUZZ_CHECK(name_scan(q[n].name, q[n].name_len) == q[n].name_len);
		FUZZ_CHECK(question_home(&q[n], 3) < 3);
		n++;
	}
	FUZZ_CHECK(n == m->head.n);
	FUZZ_CHECK(ask_write(&again, q, n) == size);
	FUZZ_CHECK(memcmp(&again, m, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As it was received: into a union that it does not fill. */
	union ask_message m;

	memset(&m, 0xaa, sizeof(m));
	memcpy(&m, data, MIN(size, sizeof(m)));
	if (ask_check(&m, size) && m.type == ASK_ASK)
		questions(&m, size);
	return 0;
}
