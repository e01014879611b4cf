/* slots.c - see slots.h */
#include "supervisor/slots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool runs(const struct slot *slot)
{
	return slot->state == SLOT_STARTING || slot->state == SLOT_SERVING;
}

uint32_t slots_workers(const struct slots *s)
{
	return s->workers;
}

uint32_t slots_admin(const struct slots *s)
{
	return slots_workers(s) + s->forwarders;
}

uint32_t slots_controller(const struct slots *s)
{
	return slots_admin(s) + s->admins;
}

enum slot_role slots_role(const struct slots *s, uint32_t i)
{
	if (i < slots_workers(s))
		return SLOT_WORKER;
	if (i < slots_admin(s))
		return SLOT_FORWARDER;
	return i < slots_controller(s) ? SLOT_ADMIN : SLOT_CONTROLLER;
}

uint32_t slots_number(const struct slots *s, uint32_t i)
{
	const uint32_t first[] = {
		0, slots_workers(s), slots_admin(s), slots_controller(s)};

	return i - first[slots_role(s, i)];
}

static struct slot new_slot(enum slot_role role, uint64_t now_ns)
{
	static const uint64_t patience_ns[] = {
		SLOTS_WORKER_NS, SLOTS_FORWARDER_NS, SLOTS_ADMIN_NS, SLOTS_CONTROLLER_NS};

	return (struct slot){
		.state = role != SLOT_WORKER ? SLOT_WAITING : SLOT_FREE,
		.share = SLOT_NONE,
		.due_ns = now_ns,
		.patience_ns = patience_ns[role],
		.backoff = {.base_ns = 100 * NS_PER_MS,
			.cap_ns = 5 * NS_PER_S,
			.reset_ns = 10 * NS_PER_S},
	};
}

/* A worker is wanted for share i, which has the slot of the same number. */
static void want(struct slots *s, uint32_t i, uint64_t now_ns)
{
	s->slot[i].state = SLOT_WAITING;
	s->slot[i].share = i;
	s->slot[i].due_ns = now_ns;
}

void slots_init(struct slots *s, uint32_t shares, uint32_t forwarders, uint32_t admins,
	uint64_t now_ns)
{
	assert(shares >= 1 && shares <= SLOTS_SHARES_MAX);
	*s = (struct slots){
		.shares = shares,
		.staying = shares,
		.workers = 2 * shares,
		.forwarders = forwarders,
		.admins = admins,
		.n = 2 * shares + forwarders + admins + 1,
		.tick_ns = now_ns + SLOTS_TICK_NS,
		.on_time_ns = now_ns,
	};
	s->slot = mem_alloc(s->n, sizeof(*s->slot));
	for (uint32_t i = 0; i < s->n; i++)
		s->slot[i] = new_slot(slots_role(s, i), now_ns);
	for (uint32_t i = 0; i < shares; i++)
		want(s, i, now_ns);
}

void slots_fini(struct slots *s)
{
	free(s->slot);
	*s = (struct slots){0};
}

uint32_t slots_due(const struct slots *s, uint64_t now_ns)
{
	uint32_t i = slots_controller(s);

	if (s->stopping)
		return SLOT_NONE;
	for (uint32_t left = s->n; left > 0; left--) {
		const struct slot *slot = &s->slot[i];

		if (slot->state == SLOT_WAITING && slot->due_ns <= now_ns)
			return i;
		i = (i + 1) % s->n;
	}
	return SLOT_NONE;
}

uint64_t slots_started(struct slots *s, uint32_t i, int pid, uint64_t now_ns)
{
	struct slot *slot = &s->slot[i];

	assert(slot->state == SLOT_WAITING);
	slot->state = SLOT_STARTING;
	slot->pid = pid;
	slot->life = ++s->lives;
	slot->started_ns = now_ns;
	slot->progress_ns = now_ns;
	slot->killed = slot->retired = false;
	return slot->life;
}

void slots_failed(struct slots *s, uint32_t i, uint64_t now_ns, uint64_t random)
{
	struct slot *slot = &s->slot[i];

	/* Never at once: what failed here is a lack of something, not an accident. */
	slot->due_ns = now_ns + MAX(backoff_next(&slot->backoff, now_ns, random),
					slot->backoff.base_ns);
}

bool slots_ready(struct slots *s, uint32_t i)
{
	uint32_t share = s->slot[i].share;

	if (s->slot[i].state != SLOT_STARTING)
		return false;
	s->slot[i].state = SLOT_SERVING;
	s->hold_ns = 0;
	if (share == SLOT_NONE || !s->joining[share])
		return false;
	s->joining[share] = false;
	return true;
}

/* Note a death at a young age; true if the last five of them are a crash loop. */
static bool note_young_death(struct slot *slot, uint64_t now_ns)
{
	uint64_t *oldest = &slot->young_deaths[slot->nyoung_deaths % SLOTS_LOOP_DEATHS];

	*oldest = now_ns;
	slot->nyoung_deaths++;
	if (slot->nyoung_deaths < SLOTS_LOOP_DEATHS)
		return false;
	oldest = &slot->young_deaths[slot->nyoung_deaths % SLOTS_LOOP_DEATHS];
	return now_ns - *oldest <= SLOTS_LOOP_NS;
}

bool slots_died(struct slots *s, uint32_t i, uint64_t now_ns, uint64_t random)
{
	struct slot *slot = &s->slot[i];
	uint64_t age_ns = now_ns - slot->started_ns;
	bool loops = false;

	/* Only deaths at the start back off: who has worked is missed at once (DE-03). */
	if (age_ns >= SLOTS_WORKED_NS)
		backoff_reset(&slot->backoff);
	if (age_ns < SLOTS_YOUNG_NS)
		loops = note_young_death(slot, now_ns);
	slot->pid = 0;
	slot->state = s->stopping || slot->retired ? SLOT_FREE : SLOT_WAITING;
	slot->due_ns = now_ns + backoff_next(&slot->backoff, now_ns, random);
	if (!loops || slot->share == SLOT_NONE || s->looping[slot->share])
		return false;
	s->looping[slot->share] = true;
	return true;
}

uint32_t slots_find(const struct slots *s, int pid)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (runs(&s->slot[i]) && s->slot[i].pid == pid)
			return i;
	}
	return SLOT_NONE;
}

void slots_heartbeat(struct slots *s, uint32_t i, uint64_t heartbeat_ns, uint64_t now_ns)
{
	struct slot *slot = &s->slot[i];

	if (heartbeat_ns == slot->heartbeat_ns)
		return;
	slot->heartbeat_ns = heartbeat_ns;
	/* Its own time tells more exactly when it moved, where it can be true. */
	if (heartbeat_ns > slot->progress_ns && heartbeat_ns <= now_ns)
		slot->progress_ns = heartbeat_ns;
	else
		slot->progress_ns = now_ns;
}

/* How long slot i has stood still beyond its patience; 0: it has not. */
static uint64_t overdue_ns(
	const struct slots *s, const struct slot *slot, uint64_t now_ns)
{
	uint64_t since_ns = MAX(slot->progress_ns, s->on_time_ns);

	if (!runs(slot) || slot->killed || now_ns - since_ns < slot->patience_ns)
		return 0;
	return now_ns - since_ns - slot->patience_ns + 1;
}

static uint32_t most_overdue(const struct slots *s, uint64_t now_ns)
{
	uint32_t found = SLOT_NONE;
	uint64_t most_ns = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t late_ns = overdue_ns(s, &s->slot[i], now_ns);

		if (late_ns > most_ns) {
			most_ns = late_ns;
			found = i;
		}
	}
	return found;
}

uint32_t slots_tick(struct slots *s, uint64_t now_ns)
{
	uint32_t hung;

	if (now_ns - s->tick_ns >= SLOTS_LATE_NS)
		s->on_time_ns = now_ns;
	s->tick_ns = now_ns + SLOTS_TICK_NS;
	hung = now_ns < s->hold_ns ? SLOT_NONE : most_overdue(s, now_ns);
	if (hung == SLOT_NONE)
		return SLOT_NONE;
	s->slot[hung].killed = true;
	/* The next one when the successor serves, or has had the time to. */
	s->hold_ns = now_ns + SLOTS_WORKER_NS;
	return hung;
}

uint32_t slots_recovered(struct slots *s, uint64_t now_ns)
{
	for (uint32_t i = 0; i < s->shares; i++) {
		const struct slot *slot = &s->slot[i];

		if (!s->looping[i] || slot->state != SLOT_SERVING ||
			now_ns - slot->started_ns < SLOTS_LOOP_NS)
			continue;
		s->looping[i] = false;
		return i;
	}
	return SLOT_NONE;
}

bool slots_helped(const struct slots *s, uint32_t share)
{
	return s->looping[share] && !(s->apart && share >= s->staying);
}

bool slots_serves(const struct slots *s, uint32_t i, uint32_t share)
{
	uint32_t own = s->slot[i].share;

	if (own == SLOT_NONE) /* of no share, or no worker at all */
		return false;
	return own == share || (slots_helped(s, share) && !s->looping[own]);
}

uint32_t slots_steering(const struct slots *s, uint32_t *out)
{
	uint32_t n = 0;

	for (uint32_t share = 0; share < s->staying; share++) {
		if (!s->looping[share] && !s->joining[share])
			out[n++] = share;
	}
	if (n > 0)
		return n;
	for (uint32_t share = 0; share < s->staying; share++) {
		if (!s->joining[share])
			out[n++] = share;
	}
	return n;
}

uint32_t slots_expected(const struct slots *s)
{
	uint32_t n = 0;

	while (n < s->staying && !s->joining[n])
		n++;
	return n;
}

uint32_t slots_grow(struct slots *s, uint32_t shares)
{
	uint32_t old = s->workers, tail = s->n - old;

	assert(shares <= SLOTS_SHARES_MAX);
	if (2 * shares <= old)
		return 0;
	uint32_t more = 2 * shares - old;
	s->slot = mem_resize(s->slot, s->n + more, sizeof(*s->slot));
	memmove(&s->slot[old + more], &s->slot[old], tail * sizeof(*s->slot));
	for (uint32_t i = old; i < old + more; i++)
		s->slot[i] = new_slot(SLOT_WORKER, 0);
	s->workers += more;
	s->n += more;
	return more;
}

void slots_join(struct slots *s, uint32_t shares, uint64_t now_ns)
{
	assert(s->staying == s->shares && 2 * shares <= s->workers);
	for (uint32_t share = s->shares; share < shares; share++) {
		s->looping[share] = false;
		s->joining[share] = true;
		s->slot[share].nyoung_deaths = 0;
		want(s, share, now_ns);
	}
	s->shares = s->staying = shares;
}

void slots_leave(struct slots *s, uint32_t staying)
{
	assert(staying >= 1 && staying <= s->shares);
	s->staying = staying;
}

void slots_part(struct slots *s)
{
	s->apart = true;
}

void slots_retire(struct slots *s, uint32_t i, bool retired)
{
	s->slot[i].retired = retired;
	if (retired && s->slot[i].state == SLOT_WAITING)
		s->slot[i].state = SLOT_FREE;
}

bool slots_left(const struct slots *s)
{
	for (uint32_t share = s->staying; share < s->shares; share++) {
		if (s->slot[share].state != SLOT_FREE)
			return false;
	}
	return true;
}

void slots_shrink(struct slots *s)
{
	for (uint32_t share = s->staying; share < s->shares; share++) {
		s->looping[share] = s->joining[share] = false;
		s->slot[share].share = SLOT_NONE;
	}
	s->shares = s->staying;
	s->apart = false;
}

uint32_t slots_serving(const struct slots *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < slots_workers(s); i++)
		n += s->slot[i].state == SLOT_SERVING;
	return n;
}

bool slots_all_ready(const struct slots *s)
{
	return slots_serving(s) >= s->shares;
}

bool slots_empty(const struct slots *s, enum slot_role last)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (slots_role(s, i) <= last && runs(&s->slot[i]))
			return false;
	}
	return true;
}

uint64_t slots_wake_ns(const struct slots *s)
{
	uint64_t wake_ns = s->tick_ns;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct slot *slot = &s->slot[i];

		if (slot->state == SLOT_WAITING && !s->stopping)
			wake_ns = MIN(wake_ns, slot->due_ns);
	}
	return wake_ns;
}
