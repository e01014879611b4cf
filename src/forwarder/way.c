#include "forwarder/way.h"

struct way way_of(const struct fwdtab_send *s)
{
	return (struct way){.group = s->group->digest,
		.addr = s->to->addr,
		.nth = (uint8_t)(s->upstream - s->group->first),
		.transport = s->transport};
}

bool way_equal(const struct way *a, const struct way *b)
{
	return a->group == b->group && a->nth == b->nth && a->transport == b->transport &&
	       addr_compare(&a->addr, &b->addr) == 0;
}

int way_find(const struct forward_settings *s, const struct way *w,
	const struct forward_group **g)
{
	int group = forward_by_digest(s, w->group);

	if (group < 0 || w->nth >= s->groups[group].n)
		return -1;
	*g = &s->groups[group];
	return (*g)->first + w->nth;
}
