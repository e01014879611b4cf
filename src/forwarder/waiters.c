#include "forwarder/waiters.h"

#include <stdlib.h>

#include "base/mem.h"

#define BUCKETS 65536 /* a power of two */

struct waiters_ask {
	struct fwdtab_waiter who;
	uint32_t next;  /* in its bucket, or of those that are free */
	uint32_t first; /* of its waits */
	bool sealed;
};

struct waiters_wait {
	struct waiting *list; /* borrowed from the question */
	uint32_t ask;
	uint32_t prev, next; /* of the question; next: of those that are free */
	uint32_t of_ask;     /* the next one of its ASK */
};

void waiters_init(struct waiters *w)
{
	*w = (struct waiters){
		.asks = mem_alloc(WAITERS_ASKS, sizeof(*w->asks)),
		.waits = mem_alloc(WAITERS_WAITS, sizeof(*w->waits)),
		.bucket = mem_alloc(BUCKETS, sizeof(*w->bucket)),
	};
	for (uint32_t i = 0; i < WAITERS_ASKS; i++)
		w->asks[i].next = i + 1 < WAITERS_ASKS ? i + 1 : WAITERS_NONE;
	for (uint32_t i = 0; i < WAITERS_WAITS; i++)
		w->waits[i].next = i + 1 < WAITERS_WAITS ? i + 1 : WAITERS_NONE;
	for (uint32_t i = 0; i < BUCKETS; i++)
		w->bucket[i] = WAITERS_NONE;
}

void waiters_fini(struct waiters *w)
{
	free(w->asks);
	free(w->waits);
	free(w->bucket);
	*w = (struct waiters){0};
}

static uint32_t *bucket_of(const struct waiters *w, uint32_t slot, uint32_t place)
{
	return &w->bucket[(slot * UINT32_C(4099) + place) & (BUCKETS - 1)];
}

uint32_t waiters_find(const struct waiters *w, uint32_t slot, uint32_t place)
{
	uint32_t i = *bucket_of(w, slot, place);

	while (i != WAITERS_NONE &&
		(w->asks[i].who.slot != slot || w->asks[i].who.place != place))
		i = w->asks[i].next;
	return i;
}

uint32_t waiters_open(struct waiters *w, const struct fwdtab_waiter *who)
{
	uint32_t i = w->free_ask, *bucket = bucket_of(w, who->slot, who->place);

	if (i == WAITERS_NONE)
		return WAITERS_NONE;
	w->free_ask = w->asks[i].next;
	w->asks[i] = (struct waiters_ask){
		.who = *who,
		.next = *bucket,
		.first = WAITERS_NONE,
	};
	*bucket = i;
	w->nasks++;
	return i;
}

/* Take an ASK without waits out of its bucket. */
static void free_ask(struct waiters *w, uint32_t ask)
{
	struct waiters_ask *a = &w->asks[ask];
	uint32_t *at = bucket_of(w, a->who.slot, a->who.place);

	while (*at != ask)
		at = &w->asks[*at].next;
	*at = a->next;
	a->next = w->free_ask;
	w->free_ask = ask;
	w->nasks--;
}

bool waiters_join(struct waiters *w, uint32_t ask, struct waiting *list)
{
	uint32_t i = w->free_wait;

	if (i == WAITERS_NONE)
		return false;
	w->free_wait = w->waits[i].next;
	w->waits[i] = (struct waiters_wait){
		.list = list,
		.ask = ask,
		.prev = WAITERS_NONE,
		.next = list->first,
		.of_ask = w->asks[ask].first,
	};
	if (list->first != WAITERS_NONE)
		w->waits[list->first].prev = i;
	list->first = i;
	list->n++;
	w->asks[ask].first = i;
	w->nwaits++;
	return true;
}

/* Take a wait out of its question's list; its ASK forgets it by itself. */
static void free_wait(struct waiters *w, uint32_t i)
{
	struct waiters_wait *x = &w->waits[i];

	if (x->prev == WAITERS_NONE)
		x->list->first = x->next;
	else
		w->waits[x->prev].next = x->next;
	if (x->next != WAITERS_NONE)
		w->waits[x->next].prev = x->prev;
	x->list->n--;
	x->next = w->free_wait;
	w->free_wait = i;
	w->nwaits--;
}

static bool over(struct waiters *w, uint32_t ask)
{
	if (!w->asks[ask].sealed || w->asks[ask].first != WAITERS_NONE)
		return false;
	free_ask(w, ask);
	return true;
}

bool waiters_sealed(struct waiters *w, uint32_t ask)
{
	w->asks[ask].sealed = true;
	return over(w, ask);
}

bool waiters_pop(struct waiters *w, struct waiting *list, struct fwdtab_waiter *who)
{
	uint32_t i = list->first, ask = w->waits[i].ask, *at = &w->asks[ask].first;

	while (*at != i)
		at = &w->waits[*at].of_ask;
	*at = w->waits[i].of_ask;
	free_wait(w, i);
	*who = w->asks[ask].who;
	return over(w, ask);
}

void waiters_dismiss(struct waiters *w, struct waiting *list, struct fwdtab_waiter *who)
{
	uint32_t ask = w->waits[list->first].ask;

	*who = w->asks[ask].who;
	waiters_drop(w, ask);
}

void waiters_drop(struct waiters *w, uint32_t ask)
{
	for (uint32_t i = w->asks[ask].first, next; i != WAITERS_NONE; i = next) {
		next = w->waits[i].of_ask;
		free_wait(w, i);
	}
	free_ask(w, ask);
}
