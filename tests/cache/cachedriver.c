/*
 * cachedriver.c - a cache at the end of a pipe: one line in, one line out
 *
 * Usage: cachedriver SUCCESS DENIAL [LIMIT]   (octets; LIMIT: of memory there is)
 *
 *   store NAME TYPE KIND GROUP FLAGS RCODE NOW TTL_MS COUNT RDLEN FILL -> 0 or -errno
 *   kill STEPS ... as store    it dies after so many instructions -> adopted, done
 *   find NAME TYPE GROUP FLAGS ARRIVAL NOW
 *       -> fresh word answer older failure failed_now; an entry is KIND STORED EXPIRES
 *          COUNT RDLEN FILL, or -
 *   note WORD HITS NOW -> hits
 *   flush NAME BELOW -> how many
 *   keep GROUP ... -> how many
 *   adopt NOW -> adopted torn
 *   flood N HOT NOW -> tries hits octets-of-memory
 *   bucket NAME -> its number
 *
 * Times are nanoseconds. The memory is shared, so that what a killed child did stays.
 */
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cached.h"

static struct cached c;
static union cached_entry entry;
static size_t touched; /* memory that was asked for */

static int on_grow(void *arg, size_t from, size_t to)
{
	touched = MAX(touched, to);
	return on_cached_grow(arg, from, to);
}

static void reopen(uint64_t now_ns)
{
	uint64_t stale_ns = c.w.stale_ns;

	c.adopted = cachewrite_open(&c.w, c.base, c.octets, c.success, c.denial, "test",
		c.copies, on_grow, &c, now_ns);
	c.w.stale_ns = stale_ns;
}

static void open_shared(size_t success, size_t denial, size_t limit)
{
	c = (struct cached){.success = success, .denial = denial};
	c.octets = cachewrite_octets(success, denial);
	c.base = mmap(NULL, c.octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		-1, 0);
	c.copies = aligned_alloc(4096, round_up(2 * CACHE_COPY_MAX, 4096));
	if (c.base == MAP_FAILED || c.copies == NULL)
		abort();
	c.limit = limit;
	reopen(1);
}

/* The entry of a line; false: the line makes no sense. */
static bool read_entry(const char *line)
{
	unsigned type, kind, flags, rcode, count, rdlen, fill;
	uint64_t group, now_ns, ttl_ms;
	char name[300];

	if (sscanf(line, "%299s %u %u %" SCNu64 " %u %u %" SCNu64 " %" SCNu64 " %u %u %u",
		    name, &type, &kind, &group, &flags, &rcode, &now_ns, &ttl_ms, &count,
		    &rdlen, &fill) != 11)
		return false;
	struct question q = cached_question(&cached_key, name, (uint16_t)type);
	q.group = group;
	q.flags = (uint8_t)flags;
	cached_make(&entry, &q, (enum cache_kind)kind, now_ns, 0, count, (uint16_t)rdlen,
		(uint8_t)fill);
	entry.e.rcode = (uint16_t)rcode;
	entry.e.expires_ns = now_ns + ttl_ms * NS_PER_MS;
	return true;
}

static void print_entry(const struct cache_entry *e)
{
	size_t at = 0;
	struct cache_rr rr;

	if (e == NULL) {
		printf(" -");
		return;
	}
	unsigned fill = 0, rdlen = 0;
	if (cache_rr(e, &at, &rr)) {
		rdlen = rr.rdlen;
		fill = cache_wire(e)[rr.rdata];
		/* every octet of every RR is what was stored */
		for (at = 0; cache_rr(e, &at, &rr);)
			for (unsigned i = 0; i < rdlen; i++)
				if (rr.rdlen != rdlen ||
					cache_wire(e)[rr.rdata + i] != fill)
					fill = 999;
	}
	printf(" %u %" PRIu64 " %" PRIu64 " %u %u %u", e->kind, e->stored_ns,
		e->expires_ns, e->answers + e->authorities, rdlen, fill);
}

static void find(const char *line)
{
	uint64_t group, arrival_ns, now_ns;
	unsigned type, flags;
	struct cache_found f;
	char name[300];

	if (sscanf(line, "%299s %u %" SCNu64 " %u %" SCNu64 " %" SCNu64, name, &type,
		    &group, &flags, &arrival_ns, &now_ns) != 6)
		abort();
	struct question q = cached_question(&cached_key, name, (uint16_t)type);
	q.group = group;
	q.flags = (uint8_t)flags;
	cache_find(&c.w.reader, &q, arrival_ns, now_ns, &f);
	printf("%d %" PRIu64, f.fresh, f.word);
	print_entry(f.answer);
	print_entry(f.older);
	print_entry(f.failure);
	printf(" %d\n", f.failed_now);
}

/* Store the entry in a child that is killed after so many instructions; true: it was. */
static bool store_and_die(unsigned long steps)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		abort();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(0); /* not here: it dies before the first one */
		raise(SIGSTOP);
		cachewrite_store(&c.w, &entry.e);
		_exit(0);
	}
	if (waitpid(child, &status, 0) < 0)
		abort();
	while (WIFSTOPPED(status) && steps-- > 0) {
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) < 0)
			break;
		if (waitpid(child, &status, 0) < 0)
			abort();
	}
	if (!WIFSTOPPED(status))
		return false;
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) == child && !WIFEXITED(status) &&
		!WIFSIGNALED(status))
		;
	return true;
}

static bool find_hot(uint64_t i, uint64_t now_ns)
{
	struct cache_found f;
	char name[64];

	snprintf(name, sizeof(name), "hot-%" PRIu64 ".example.", i);
	struct question q = cached_question(&cached_key, name, TYPE_A);
	if (cache_find(&c.w.reader, &q, now_ns, now_ns, &f) && f.fresh)
		return cachewrite_note(&c.w, f.word, 1, now_ns) > 0;
	cached_make(&entry, &q, CACHE_ANSWER, now_ns, 1000000, 1, 4, 1);
	cachewrite_store(&c.w, &entry.e);
	return false;
}

/* Names that nobody asks twice, half of them not there, and some that everybody asks. */
static void flood(uint64_t n, uint64_t hot, uint64_t now_ns)
{
	uint64_t hits = 0, tries = 0;
	char name[64];

	for (uint64_t i = 0; i < hot; i++)
		find_hot(i, now_ns);
	for (uint64_t i = 0; i < n; i++) {
		now_ns += 20000; /* 50,000 in a second */
		snprintf(name, sizeof(name), "cold-%" PRIu64 ".example.", i);
		struct question q = cached_question(&cached_key, name, TYPE_A);
		cached_make(&entry, &q, i % 2 == 0 ? CACHE_ANSWER : CACHE_NXDOMAIN,
			now_ns, 300, 1, i % 2 == 0 ? 4 : 60, 1);
		if (cachewrite_store(&c.w, &entry.e) < 0)
			abort();
		tries++;
		hits += find_hot(i % hot, now_ns);
	}
	printf("%" PRIu64 " %" PRIu64 " %zu\n", tries, hits, touched);
}

static void keep(char *line)
{
	uint64_t digests[16];
	size_t n = 0;

	for (char *end; n < ARRAY_LEN(digests); line = end) {
		digests[n] = strtoull(line, &end, 10);
		if (end == line)
			break;
		n++;
	}
	printf("%zu\n", cachewrite_keep_groups(&c.w, digests, n));
}

static void flush(const char *line)
{
	struct forward_flush f = {.at_ns = UINT64_MAX};
	struct question q;
	char name[300];
	int below;

	if (sscanf(line, "%299s %d", name, &below) != 2)
		abort();
	q = cached_question(&cached_key, name, TYPE_A);
	f.below = below != 0;
	f.name.len = q.name_len;
	memcpy(f.name.wire, q.name, q.name_len);
	printf("%zu\n", cachewrite_flush(&c.w, &f));
}

static void act(const char *what, char *line)
{
	char *end;
	uint64_t v = strtoull(line, &end, 10), hits;

	if (strcmp(what, "store") == 0 && read_entry(line)) {
		printf("%d\n", cachewrite_store(&c.w, &entry.e));
	} else if (strcmp(what, "kill") == 0 && read_entry(end)) {
		bool killed = store_and_die(v);
		reopen(entry.e.stored_ns);
		printf("%d %d\n", c.adopted, !killed);
	} else if (strcmp(what, "find") == 0) {
		find(line);
	} else if (strcmp(what, "note") == 0) {
		hits = strtoull(end, &end, 10);
		printf("%" PRIu32 "\n", cachewrite_note(&c.w, v, (uint32_t)hits,
						strtoull(end, NULL, 10)));
	} else if (strcmp(what, "flush") == 0) {
		flush(line);
	} else if (strcmp(what, "keep") == 0) {
		keep(line);
	} else if (strcmp(what, "adopt") == 0) {
		uint64_t torn = c.w.reader.torn;
		reopen(v);
		printf("%d %" PRIu64 "\n", c.adopted, torn);
	} else if (strcmp(what, "flood") == 0) {
		hits = strtoull(end, &end, 10);
		flood(v, hits, strtoull(end, NULL, 10));
	} else if (strcmp(what, "bucket") == 0) {
		line[strcspn(line, "\n ")] = '\0';
		struct question q = cached_question(&cached_key, line, TYPE_A);
		printf("%" PRIu64 "\n", q.hash.path & (c.w.buckets - 1));
	} else {
		abort();
	}
}

int main(int argc, char **argv)
{
	char line[1024], what[16];
	int at;

	if (argc < 3)
		return EXIT_FAILURE;
	open_shared(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10),
		argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	c.w.stale_ns = 100 * CACHED_SECOND;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "%15s %n", what, &at) != 1)
			continue;
		if (strcmp(what, "end") == 0)
			fflush(stdout);
		else
			act(what, line + at);
	}
	return EXIT_SUCCESS;
}
