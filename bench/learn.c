/* learn.c - see gen.h: replies become expectations */
#include "gen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "canon.h"

#define TRIES   10
#define WAIT_MS 500

/* Ask once and wait for a reply with that ID. Its length; 0: none came. */
static size_t ask(int fd, const struct question *q, uint16_t id, uint8_t *reply)
{
	uint8_t query[sizeof(q->query)];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	memcpy(query, q->query, q->len);
	store_u16(query, id);
	if (send(fd, query, q->len, 0) < 0)
		return 0;
	while (poll(&p, 1, WAIT_MS) > 0) {
		ssize_t n = recv(fd, reply, CANON_MAX, 0);
		if (n >= 12 && load_u16(reply) == id &&
			question_right(q, reply, (size_t)n))
			return (size_t)n;
		if (n < 0)
			return 0;
	}
	return 0;
}

static int learn_one(int fd, const struct question *q, uint16_t *id, FILE *out)
{
	uint8_t reply[CANON_MAX];

	for (int i = 0; i < TRIES; i++) {
		size_t n = ask(fd, q, ++*id, reply);
		if (n == 0)
			continue;
		fprintf(out, "%s ", q->text);
		for (size_t k = 2; k < n; k++)
			fprintf(out, "%02x", reply[k]);
		fputc('\n', out);
		return 0;
	}
	fprintf(stderr, "gen: %s: no answer\n", q->text);
	return -ETIMEDOUT;
}

int gen_learn(const struct gen *g)
{
	int granted, ret = 0;
	uint16_t id = 0;
	int fd = udp_open(NULL, &g->target, &granted);
	FILE *out = fd >= 0 ? fopen(g->out, "w") : NULL;

	if (fd < 0)
		return fd;
	if (out == NULL)
		ret = -errno;
	for (size_t i = 0; ret == 0 && i < g->questions.n; i++)
		ret = learn_one(fd, &g->questions.q[i], &id, out);
	if (out != NULL && fclose(out) != 0 && ret == 0)
		ret = -errno;
	close(fd);
	return ret;
}
