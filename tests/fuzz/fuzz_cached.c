/*
 * fuzz_cached.c - any entry that a cache may hold, as an answer (R-02, R-03, C-17)
 *
 * The first octets choose the question, its transport and settings; the rest is written
 * over sets and RRs of an entry, which is stored if it fits together. Whatever is in it,
 * the reply fits and its RRs end where it ends, or there is a need.
 */
#include <string.h>

#include "base/base.h"
#include "cached.h"
#include "cluster.h"
#include "fuzz/fuzz.h"
#include "worker/answer.h"

static struct cluster cluster;
static struct cached store;
static struct cache cache;

static const char *const names[] = {"www.example.net.", "far.default.svc.cluster.local."};
static const uint16_t types[] = {
	TYPE_A, TYPE_AAAA, TYPE_MX, TYPE_SOA, TYPE_SRV, TYPE_CNAME, TYPE_TXT, TYPE_ANY};

static void prepare(void)
{
	struct forward_settings *f = &cluster.settings.forward;

	if (cluster.memory != NULL)
		return;
	cluster_init(&cluster, 4 << 20);
	cluster_demo(&cluster);
	cluster_seal(&cluster);
	cluster_forward(&cluster, 1);
	f->cache.stale_mode = STALE_VERIFY;
	f->cache.stale_max_age_s = 3600;
	cached_open(&store, 1 << 20, 1 << 20);
	cache = (struct cache){.base = store.base, .size = store.octets};
	for (unsigned i = 0; i < 2; i++)
		cache.copy[i] = malloc(round_up(CACHE_COPY_MAX, 8));
}

/* The entry with `size` octets over its sets, name and RRs. False: it makes no sense. */
static bool store_entry(uint16_t type, unsigned nsets, const uint8_t *data, size_t size)
{
	static union cached_entry u;
	struct question q = cached_question(&cluster.snap.key, names[0], type);
	struct cache_entry *e = &u.e;
	struct cache_set *sets = (void *)(u.octets + sizeof(*e));
	size_t head = nsets * sizeof(*sets);

	cached_make(&u, &q, CACHE_ANSWER, CACHED_SECOND, 60, 0, 0, 0);
	if (size < head)
		return false;
	memcpy(sets, data, head);
	e->nsets = (uint8_t)nsets;
	for (unsigned i = 0; i < nsets; i++) {
		sets[i].count %= 32;
		sets[i].authority &= 1;
		sets[i].pad = 0;
		*(sets[i].authority != 0 ? &e->authorities
					 : &e->answers) += sets[i].count;
	}
	memcpy((uint8_t *)(uintptr_t)cache_name(e), q.name, q.name_len);
	uint8_t *wire = (uint8_t *)(uintptr_t)cache_wire(e);
	e->wire_len = (uint32_t)(size - head);
	memcpy(wire, data + head, e->wire_len);
	size_t used = (size_t)(wire + e->wire_len - u.octets), n = round_up(used, 8);
	memset(u.octets + used, 0, n - used);
	e->size8 = (uint32_t)(n / 8);
	return cachewrite_store(&store.w, e) == 0;
}

/* The RRs that the header counts fill the message, wherever they lead. */
static void check_skeleton(const struct packet *p)
{
	unsigned n = 0u + load_u16(p->buf + 6) + load_u16(p->buf + 8) +
	             load_u16(p->buf + 10);
	size_t at = p->q.end;

	FUZZ_CHECK(p->reply_len >= MSG_HEADER_LEN && p->reply_len <= p->cap);
	if (load_u16(p->buf + 4) == 0)
		return;
	for (; n > 0; n--) {
		while (at < p->reply_len && p->buf[at] != 0 && p->buf[at] < 0xc0)
			at += 1u + p->buf[at];
		at += at < p->reply_len && p->buf[at] == 0 ? 1 : 2;
		FUZZ_CHECK(at + 10 <= p->reply_len);
		at += 10u + load_u16(p->buf + at + 8);
	}
	FUZZ_CHECK(at == p->reply_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[65535];
	struct basis b = {.snap = &cluster.snap,
		.settings = &cluster.settings,
		.now_ns = 2 * CACHED_SECOND,
		.caches = &cache,
		.ncaches = 1};

	prepare();
	if (size < 4 || size > CACHE_STORED_MAX)
		return 0;
	uint16_t type = types[data[0] % ARRAY_LEN(types)];
	if (!store_entry(type, data[1] % 8, data + 4, size - 4))
		return 0;
	cluster.settings.rotation = data[2] % 3;
	cluster.settings.nprefer = data[2] >> 7;
	cluster.settings.prefer[0] = (struct prefix){
		{.len = 4, .octets = {10, data[2]}}, 12};
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		struct packet p = {.buf = buf,
			.cap = sizeof(buf),
			.arrival_ns = b.now_ns,
			.turn = data[3],
			.tcp = (data[2] & 64) != 0};

		p.len = cluster_query(buf, names[i], type, data[2] & 32 ? 1232 : 0);
		if ((data[3] & 128) != 0)
			p.cap = 512 + data[3];
		FUZZ_CHECK(admit(&b, &p, NULL));
		if (answer(&b, &p) == VERDICT_REPLY)
			check_skeleton(&p);
	}
	return 0;
}
