#include "controller/publish/debounce.h"

#include "base/base.h"

void debounce_touch(struct debounce *d, uint64_t now_ns)
{
	if (d->pending)
		return;
	d->pending = true;
	d->first_ns = now_ns;
}

void debounce_defer(struct debounce *d, uint64_t when_ns)
{
	d->deferred_ns = d->deferred ? MIN(d->deferred_ns, when_ns) : when_ns;
	d->deferred = true;
}

bool debounce_due(const struct debounce *d, uint64_t now_ns, bool drained)
{
	if (now_ns < d->next_ns)
		return false;
	if (d->deferred && now_ns >= d->deferred_ns)
		return true;
	return d->pending && (drained || now_ns - d->first_ns >= DEBOUNCE_MAX_NS);
}

uint64_t debounce_deadline(const struct debounce *d)
{
	if (d->pending)
		return d->next_ns;
	return d->deferred ? MAX(d->deferred_ns, d->next_ns) : UINT64_MAX;
}

void debounce_published(struct debounce *d, uint64_t now_ns)
{
	*d = (struct debounce){.next_ns = now_ns + DEBOUNCE_MIN_NS};
}

void debounce_failed(struct debounce *d, uint64_t now_ns)
{
	debounce_touch(d, now_ns);
	d->next_ns = now_ns + DEBOUNCE_RETRY_NS;
}
