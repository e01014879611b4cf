/* status.c - see status.h */
#include "supervisor/status.h"

#include <inttypes.h>

#include "base/log.h"
#include "supervisor/notify.h"

#define STATUS_NS (5 * NS_PER_S)

/* A page's words are read one by one and believed by nobody. */
static uint64_t get(const stat_u64 *word)
{
	return atomic_load_explicit((stat_u64 *)(uintptr_t)word, memory_order_relaxed);
}

static uint64_t queries(const struct supervisor *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < slots_workers(&s->slots); i++) {
		const struct stat_worker *w = (const void *)s->crew[i].page;

		if (w != NULL)
			n += get(&w->queries);
	}
	return n;
}

uint64_t status_udp_queries(const struct supervisor *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < slots_workers(&s->slots); i++) {
		const struct stat_worker *w = (const void *)s->crew[i].page;

		if (w != NULL)
			n += get(&w->queries) - get(&w->tcp_queries);
	}
	return n;
}

static void tell(struct supervisor *s)
{
	const struct stat_controller *c =
		(const void *)s->crew[slots_controller(&s->slots)].page;
	uint64_t n = queries(s);

	notify_send("STATUS=%sgeneration %" PRIu64 ", %" PRIu64 " names, %" PRIu32
		    " workers, %" PRIu64 " q/s",
		s->last_good ? "the file has errors, running the last good one; " : "",
		get(&c->generation), get(&c->names), slots_serving(&s->slots),
		(n - s->queries) / (STATUS_NS / NS_PER_S));
	s->queries = n;
}

/* When any worker that serves was last seen to move. */
static uint64_t last_progress(const struct supervisor *s)
{
	uint64_t last_ns = 0;

	for (uint32_t i = 0; i < slots_workers(&s->slots); i++) {
		const struct slot *slot = &s->slots.slot[i];

		if (slot->state == SLOT_SERVING)
			last_ns = MAX(last_ns, slot->progress_ns);
	}
	return last_ns;
}

/* Single hung workers are our business; the manager's is when none of them moves. */
void status_watchdog(struct supervisor *s, uint64_t now_ns)
{
	uint64_t every_ns = notify_watchdog_ns() / 4, moved_ns = last_progress(s);

	if (every_ns == 0 || now_ns < s->watchdog_ns || moved_ns <= s->moved_ns)
		return;
	s->moved_ns = moved_ns;
	s->watchdog_ns = now_ns + every_ns;
	notify_send("WATCHDOG=1");
}

void status_step(struct supervisor *s, uint64_t now_ns)
{
	if (!s->told_ready && s->stop == STOP_NOT && slots_all_ready(&s->slots)) {
		s->told_ready = true;
		log_line(LOG_INFO, "ready workers=%" PRIu32 " addresses=%zu",
			s->slots.shares, sockets_addresses(&s->sockets));
		notify_send("READY=1");
		s->status_ns = now_ns; /* it is another one now */
	}
	if (now_ns < s->status_ns)
		return;
	s->status_ns = now_ns + STATUS_NS;
	tell(s);
}
