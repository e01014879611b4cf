/*
 * cachetorn.c - readers beside a writer that never rests: nothing wrong is ever believed
 * (C-17, DE-12, MC-05)
 *
 * The rings are the smallest that there are, so that every look-up races with what
 * overwrites its entry. All octets of an entry follow from its name and the time when
 * it was stored. First the readers are threads (for the thread sanitizer), then
 * processes with a map of their own that cannot be written, while the writer is
 * replaced now and then.
 *
 * Usage: cachetorn [LOOK-UPS of each reader]
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached.h"

#define NAMES   400
#define READERS 2

static struct cached c;
static struct question questions[NAMES];
static unsigned long lookups = 200000;
static unsigned running; /* readers that are not done */

struct reader {
	struct cache cache;
	uint64_t random;
	unsigned long found, wrong;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static uint8_t fill_of(unsigned n, uint64_t stored_ns)
{
	return (uint8_t)(n * 31 + stored_ns * 7);
}

static unsigned count_of(unsigned n, uint64_t stored_ns)
{
	return 1 + (unsigned)(n + stored_ns) % 12;
}

static uint16_t rdlen_of(unsigned n, uint64_t stored_ns)
{
	return (uint16_t)(4 + (n * 5 + stored_ns) % 200);
}

/* True if every octet is what was stored. */
static bool is_right(const struct cache_entry *e, unsigned n)
{
	unsigned count = count_of(n, e->stored_ns), rdlen = rdlen_of(n, e->stored_ns);
	uint8_t fill = fill_of(n, e->stored_ns);
	struct cache_rr rr;
	size_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!cache_rr(e, &at, &rr) || rr.rdlen != rdlen)
			return false;
		for (unsigned k = 0; k < rdlen; k++)
			if (cache_wire(e)[rr.rdata + k] != fill)
				return false;
	}
	return at == e->wire_len && e->expires_ns == e->stored_ns + 9 * CACHED_SECOND;
}

static void read_all(struct reader *r)
{
	struct cache_found f;

	for (unsigned long i = 0; i < lookups; i++) {
		unsigned n = (unsigned)(next_random(&r->random) % NAMES);

		if (!cache_find(&r->cache, &questions[n], 0, 0, &f))
			continue;
		r->found++;
		r->wrong += f.answer == NULL || !is_right(f.answer, n);
		r->wrong += f.older != NULL && !is_right(f.older, n);
	}
}

static void init_reader(struct reader *r, unsigned i, const uint8_t *base)
{
	*r = (struct reader){.cache = c.w.reader, .random = 77 + i};
	r->cache.base = base;
	for (unsigned k = 0; k < 2; k++) {
		r->cache.copy[k] = aligned_alloc(4096, round_up(CACHE_COPY_MAX, 4096));
		if (r->cache.copy[k] == NULL)
			abort();
	}
}

static void *on_thread(void *arg)
{
	read_all(arg);
	__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Store one more entry; some of those that stand there are used. */
static void write_one(uint64_t *now_ns)
{
	static union cached_entry entry;
	static uint64_t random = 5;
	unsigned n = (unsigned)(next_random(&random) % NAMES);
	struct cache_found f;

	++*now_ns;
	cached_make(&entry, &questions[n], n % 4 == 0 ? CACHE_NXDOMAIN : CACHE_ANSWER,
		*now_ns, 9, count_of(n, *now_ns), rdlen_of(n, *now_ns),
		fill_of(n, *now_ns));
	if (cachewrite_store(&c.w, &entry.e) < 0)
		abort();
	n = (unsigned)(next_random(&random) % NAMES);
	if (n % 3 == 0 && cache_find(&c.w.reader, &questions[n], 0, 0, &f))
		cachewrite_note(&c.w, f.word, 1, *now_ns);
}

static bool report(const char *who, const struct reader *r)
{
	printf("%s: %lu look-ups, %lu found, %lu torn, %lu wrong\n", who, lookups,
		r->found, (unsigned long)r->cache.torn, r->wrong);
	return r->wrong == 0 && r->found > 0;
}

static bool run_threads(void)
{
	struct reader reader[READERS];
	pthread_t thread[READERS];
	uint64_t now_ns = 1000;
	bool ok = true;

	running = READERS;
	for (unsigned i = 0; i < READERS; i++) {
		init_reader(&reader[i], i, c.base);
		if (pthread_create(&thread[i], NULL, on_thread, &reader[i]) != 0)
			abort();
	}
	while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) > 0)
		write_one(&now_ns);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(thread[i], NULL);
		ok &= report("thread", &reader[i]);
		free(reader[i].cache.copy[0]);
		free(reader[i].cache.copy[1]);
	}
	return ok;
}

static bool run_processes(int fd)
{
	unsigned left = READERS, stores = 0;
	uint64_t now_ns = UINT64_C(1) << 40;
	struct reader r;
	bool ok = true;

	for (unsigned i = 0; i < READERS; i++) {
		if (fork() != 0)
			continue;
		init_reader(&r, i, mmap(NULL, c.octets, PROT_READ, MAP_SHARED, fd, 0));
		read_all(&r);
		ok = report("process", &r);
		fflush(stdout);
		_exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	while (left > 0) {
		int status;

		write_one(&now_ns);
		if (++stores % 5000 == 0)
			cached_reopen(&c, now_ns); /* a successor */
		if (stores % 64 != 0 || waitpid(-1, &status, WNOHANG) <= 0)
			continue;
		left--;
		ok &= WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
	}
	return ok && c.adopted;
}

int main(int argc, char **argv)
{
	char name[64];

	if (argc > 1)
		lookups = strtoul(argv[1], NULL, 10);
	for (unsigned n = 0; n < NAMES; n++) {
		snprintf(name, sizeof(name), "n%u.example.", n);
		questions[n] = cached_question(&cached_key, name, TYPE_A);
	}
	cached_open(&c, 1, 1);
	int fd = memfd_create("cachetorn", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)c.octets) < 0)
		abort();
	free(c.base);
	c.base = mmap(NULL, c.octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c.base == MAP_FAILED)
		abort();
	cached_reopen(&c, 1);
	for (uint64_t now_ns = 1; now_ns < 1000;)
		write_one(&now_ns);
	bool ok = run_threads();
	fflush(stdout);
	ok &= run_processes(fd);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
