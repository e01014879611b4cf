/*
 * cachesteps.c - a writer that is killed at any instruction leaves a cache that can be
 * adopted (CA-19, G5, SH-11)
 *
 * A child stores entry after entry in a small cache, one instruction at a time.
 * Whenever the memory has changed, a successor adopts a copy of it: what was there
 * before the store and is there after it is there now, but for one entry that is on its
 * way to the front; and all that is there is what was stored.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached.h"

#define NAMES  700
#define WARM   900 /* stores before it begins: the rings have gone round */
#define STORES 60
#define SKIP   77 /* for `make check` */

static struct cached writer, successor;
static union cached_entry entry;
static struct question questions[NAMES];
static size_t octets; /* of the object that are used: none passes by */
static bool before[NAMES], after[NAMES];

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			exit(EXIT_FAILURE);                                              \
		}                                                                        \
	} while (0)

/* Store number i; some of what is there is used. */
static void store(unsigned i)
{
	unsigned n = i * 9 % NAMES;
	uint64_t now_ns = (1000 + i) * CACHED_SECOND;
	struct cache_found f;

	cached_make(&entry, &questions[n], i % 5 == 0 ? CACHE_NXDOMAIN : CACHE_ANSWER,
		now_ns, 100000, 1 + n % 4, (uint16_t)(4 + n % 90), (uint8_t)n);
	CHECK(cachewrite_store(&writer.w, &entry.e) == 0);
	n = i * 11 % NAMES;
	if (i % 2 == 0 && cache_find(&writer.w.reader, &questions[n], 0, now_ns, &f))
		cachewrite_note(&writer.w, f.word, 1, now_ns);
}

/* Which names are in a cache; each is what was stored. */
static void look(struct cache *c, bool found[NAMES])
{
	struct cache_found f;

	for (unsigned n = 0; n < NAMES; n++) {
		found[n] = cache_find(c, &questions[n], 0, 0, &f);
		if (!found[n])
			continue;
		CHECK(f.answer != NULL);
		CHECK(cache_wire(f.answer)[12] == (uint8_t)n);
		CHECK(cache_wire(f.answer)[f.answer->wire_len - 1] == (uint8_t)n);
	}
	CHECK(c->torn == 0);
}

/* Adopt what stands in `memory` and hold it against before and after. */
static void adopt(const uint8_t *memory)
{
	bool found[NAMES];
	unsigned missing = 0, there = 0;

	memcpy(successor.base, memory, octets);
	cached_reopen(&successor, 1);
	CHECK(successor.adopted);
	look(&successor.w.reader, found);
	for (unsigned n = 0; n < NAMES; n++) {
		missing += before[n] && after[n] && !found[n];
		there += found[n];
		CHECK(!found[n] || before[n] || after[n]);
	}
	CHECK(missing <= 1);
	CHECK(there > 100);
	/* and it can go on: the ring is found again entry by entry */
	cached_make(&entry, &questions[0], CACHE_ANSWER, 1, 1, 1, 900, 0);
	CHECK(cachewrite_store(&successor.w, &entry.e) == 0);
	CHECK(successor.w.reader.torn == 0);
}

/* One instruction of the child; false: it has ended, or stopped of itself. */
static bool step(pid_t child)
{
	int status;

	CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

static void child_main(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(SKIP);
	raise(SIGSTOP);
	for (unsigned i = 0; i < STORES; i++) {
		store(WARM + i);
		raise(SIGSTOP);
	}
	_exit(EXIT_SUCCESS);
}

/* Step through one store of the child; returns how many states were adopted. */
static unsigned steps(pid_t child, unsigned i, uint8_t *last, uint8_t *now)
{
	unsigned states = 0;

	/* what is to come: the same store in this process, on memory of its own */
	look(&writer.w.reader, before);
	memcpy(now, writer.base, octets);
	struct cachewrite w = writer.w;
	store(WARM + i);
	look(&writer.w.reader, after);
	struct cachewrite done = writer.w;
	memcpy(writer.base, now, octets);
	writer.w = w;
	memcpy(last, writer.base, octets);
	while (step(child)) {
		if (memcmp(last, writer.base, octets) == 0)
			continue;
		memcpy(last, writer.base, octets);
		adopt(last);
		states++;
	}
	writer.w = done;
	return states;
}

static void open_writer(void)
{
	cached_open(&writer, 1, 1); /* the smallest that there is */
	cached_open(&successor, 1, 1);
	free(writer.base);
	writer.base = mmap(NULL, writer.octets, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(writer.base != MAP_FAILED);
	cached_reopen(&writer, 1);
	octets = writer.w.ring[CACHE_PASSING_BY].from;
}

int main(void)
{
	unsigned states = 0;
	char name[64];
	int status;

	for (unsigned n = 0; n < NAMES; n++) {
		snprintf(name, sizeof(name), "n%u.example.", n);
		questions[n] = cached_question(&cached_key, name, TYPE_A);
	}
	open_writer();
	for (unsigned i = 0; i < WARM; i++)
		store(i);
	uint8_t *last = malloc(octets), *now = malloc(octets);
	CHECK(last != NULL && now != NULL);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		child_main();
	CHECK(waitpid(child, &status, 0) == child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP) {
		printf("a child cannot be traced here\n");
		free(last);
		free(now);
		return SKIP;
	}
	for (unsigned i = 0; i < STORES; i++)
		states += steps(child, i, last, now);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("%u states adopted in %d stores\n", states, STORES);
	CHECK(states > STORES * 20);
	free(last);
	free(now);
	return EXIT_SUCCESS;
}
