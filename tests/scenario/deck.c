#include "deck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/mark.h"
#include "dns/type.h"

#define RING 262144

static const struct hash_key key = {3, 5, UINT64_MAX};
static const char *const transports[] = {"udp", "tcp", "tls"};

static void put(struct deck *d, uint32_t exchange, const char *form, ...)
	__attribute__((format(printf, 3, 4)));

static void put(struct deck *d, uint32_t exchange, const char *form, ...)
{
	va_list args;

	if (d->nlines == DECK_LINES) {
		d->overflow = 1;
		return;
	}
	struct deck_line *l = &d->lines[d->nlines++];
	l->exchange = exchange;
	va_start(args, form);
	vsnprintf(l->text, sizeof(l->text), form, args);
	va_end(args);
}

static int on_send(void *arg, const struct fwdtab_send *s, uint16_t *id)
{
	struct deck *d = arg;
	struct deck_exchange *x = &d->exchanges[s->exchange];
	struct wires_query q;
	struct mark mark = {0};
	char address[ADDR_TEXT_MAX] = "";

	(void)id;
	if (d->refuse[s->upstream] != 0)
		return d->refuse[s->upstream];
	*x = (struct deck_exchange){
		.open = true,
		.probe = s->probe,
		.upstream = s->upstream,
		.transport = s->transport,
		.order = d->sent++,
		.len = s->len,
	};
	memcpy(x->query, s->query, s->len);
	if (!wires_read(s->query, s->len, &q))
		put(d, s->exchange, "send something that is no query");
	if (s->to->host.len > 0)
		addr_text(&s->to->addr, address);
	if (q.marked && (!mark_read(q.mark, sizeof(q.mark), &key, &mark) ||
				mark.life != 77 || mark.upstream != s->upstream))
		put(d, s->exchange, "send a mark that is wrong");
	name_fold((uint8_t *)q.name, (uint8_t *)q.name, strlen(q.name));
	put(d, s->exchange, "%s %s %s %s %s %s hops %u", s->probe ? "probe" : "send",
		d->name[s->upstream], transports[s->transport], q.name, q.type, address,
		mark.hops);
	return 0;
}

static void on_close(void *arg, uint32_t exchange)
{
	struct deck *d = arg;

	if (!d->exchanges[exchange].open)
		put(d, exchange, "close of what is not open");
	d->exchanges[exchange].open = false;
}

static void on_settled(void *arg, const struct fwdtab_waiter *w, enum ask_status status)
{
	static const char *const texts[] = {"stored", "full", "other"};
	struct deck *d = arg;

	d->asks[w->place].settled++;
	put(d, 0, "settled q%u %s", w->place, texts[status]);
}

static void on_event(void *arg, const struct fwdtab_event *e)
{
	struct deck *d = arg;
	const char *name = e->upstream < 0 ? "-" : d->name[e->upstream];

	switch (e->kind) {
	case EVENT_FAILED:
		put(d, 0, "failed %u %s", e->ede, e->text);
		break;
	case EVENT_DOWN:
		put(d, 0, "down %s", name);
		break;
	case EVENT_UP:
		put(d, 0, "up %s", name);
		break;
	case EVENT_LOOP:
		put(d, 0, "loop %s", name);
		break;
	}
}

static uint32_t on_draw(void *arg)
{
	struct deck *d = arg;

	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return (uint32_t)(d->random >> 16);
}

void deck_open(struct deck *d)
{
	static const struct fwdtab_ops ops = {
		on_send, on_close, on_settled, on_event, on_draw};
	size_t size = cachewrite_octets(RING, RING);

	memset(d, 0, sizeof(*d));
	d->now_ns = 1000 * NS_PER_S;
	d->random = UINT64_C(0x9e3779b97f4a7c15);
	d->settings[0] = calloc(1, sizeof(*d->settings[0]));
	d->settings[1] = calloc(1, sizeof(*d->settings[1]));
	d->object = aligned_alloc(4096, round_up(size, 4096));
	memset(d->object, 0, size);
	d->copies = aligned_alloc(64, round_up(2 * CACHE_COPY_MAX, 64));
	d->stat = calloc(1, sizeof(*d->stat));
	d->exchanges = calloc(FWDTAB_EXCHANGES, sizeof(*d->exchanges));
	d->asks = calloc(DECK_ASKS, sizeof(*d->asks));
	cachewrite_open(&d->cache, d->object, size, RING, RING, "deck", d->copies, NULL,
		NULL, d->now_ns);
	d->table = fwdtab_new(&ops, d, &d->cache, d->stat, &key, 77);
}

void deck_close(struct deck *d)
{
	fwdtab_free(d->table);
	free(d->settings[0]);
	free(d->settings[1]);
	free(d->object);
	free(d->copies);
	free(d->stat);
	free(d->exchanges);
	free(d->asks);
}

struct settings *deck_settings(struct deck *d)
{
	struct settings *s = d->settings[!d->current], *now = d->settings[d->current];

	memset(s, 0, sizeof(*s));
	s->number = now->number + 1;
	s->max_udp = 1232;
	s->forward.deadline_ms = 4500;
	s->forward.forwarders = 1;
	s->forward.everybody = true;
	s->forward.text_len = 1;
	s->forward.cache = (struct cache_settings){
		.success_max_ttl_s = 3600,
		.denial_max_ttl_s = 3600,
		.servfail_ttl_ms = 5000,
		.prefetch_hits = 2,
		.prefetch_window_ms = 60000,
		.prefetch_percent = 10,
		.stale_max_age_s = 3600,
		.stale_timeout_ms = 1800,
		.stale_ttl_s = 30,
		.stale_recheck_ms = 30000,
		.stale_mode = STALE_VERIFY,
	};
	memset(d->name, 0, sizeof(d->name));
	return s;
}

void deck_configure(struct deck *d)
{
	d->current = !d->current;
	fwdtab_configure(d->table, d->settings[d->current], d->now_ns);
}

void deck_run(struct deck *d, uint64_t until_ns)
{
	for (;;) {
		uint64_t next_ns = fwdtab_next_ns(d->table);

		if (next_ns > until_ns)
			break;
		d->now_ns = MAX(d->now_ns, next_ns);
		fwdtab_turn(d->table, d->now_ns);
	}
	d->now_ns = until_ns;
	fwdtab_turn(d->table, d->now_ns);
}

void deck_question(const char *name, const char *type, uint8_t flags, uint64_t group,
	struct question *out)
{
	static const struct {
		const char *text;
		uint16_t type;
	} types[] = {{"A", TYPE_A}, {"AAAA", TYPE_AAAA}, {"TXT", TYPE_TXT},
		{"MX", TYPE_MX}, {"NS", TYPE_NS}, {"CNAME", TYPE_CNAME}};
	struct name n;

	*out = (struct question){.group = group, .flags = flags};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(type, types[i].text) == 0)
			out->type = types[i].type;
	}
	if (name_parse(name, &n) < 0)
		abort();
	name_fold(out->name, n.wire, n.len);
	out->name_len = n.len;
	out->hash = hash_name(&key, out->name, out->name_len);
}

unsigned deck_open_exchanges(const struct deck *d)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < FWDTAB_EXCHANGES; i++)
		n += d->exchanges[i].open && !d->exchanges[i].probe;
	return n;
}
