#include "worker/rate.h"

#include "base/base.h"
#include "base/mem.h"

struct rate *rate_new(const struct hash_key *key)
{
	struct rate *r = mem_alloc(1, sizeof(*r));

	r->key = *key;
	return r;
}

/* The bucket of a client, or the one that makes room for it: nothing is lost with one
   that is full. */
static struct rate_cell *find(struct rate *r, uint64_t client)
{
	struct rate_cell *set = r->cells[client % RATE_SETS], *best = set;

	for (unsigned i = 0; i < RATE_WAYS; i++) {
		if (set[i].client == client)
			return &set[i];
		if (set[i].full_ns < best->full_ns)
			best = &set[i];
	}
	*best = (struct rate_cell){.client = client};
	return best;
}

bool rate_take(struct rate *r, const struct addr *client, const struct rate_limit *l,
	unsigned workers, uint64_t now_ns)
{
	if (l->per_source == 0 || client->len == 0)
		return true;
	uint64_t token_ns = NS_PER_S * workers / l->per_source;
	uint64_t burst_ns = NS_PER_S * l->burst / l->per_source;
	struct hash128 h = hash_name(&r->key, client->octets, client->len == 16 ? 8 : 4);
	struct rate_cell *c = find(r, h.path | 1);
	uint64_t full_ns = MAX(c->full_ns, now_ns) + token_ns;

	/* A worker has its part of the burst, and a token at least. */
	if (full_ns > now_ns + MAX(burst_ns, token_ns))
		return false;
	c->full_ns = full_ns;
	return true;
}

bool rate_slips(struct rate *r, unsigned slip)
{
	return slip > 0 && ++r->over % slip == 0;
}
