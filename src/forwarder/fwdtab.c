#include "forwarder/fwdtab.h"

#include <stdlib.h>

#include "base/mem.h"

struct fwdtab {
	const struct fwdtab_ops *ops;
	void *arg;
};

struct fwdtab *fwdtab_new(const struct fwdtab_ops *ops, void *arg,
	struct cachewrite *cache, struct stat_forwarder *stat, const struct hash_key *key,
	uint64_t life)
{
	struct fwdtab *f = mem_alloc(1, sizeof(*f));

	(void)cache;
	(void)stat;
	(void)key;
	(void)life;
	f->ops = ops;
	f->arg = arg;
	return f;
}

void fwdtab_free(struct fwdtab *f)
{
	free(f);
}

void fwdtab_configure(struct fwdtab *f, const struct settings *s, uint64_t now_ns)
{
	(void)f;
	(void)s;
	(void)now_ns;
}

void fwdtab_wall(struct fwdtab *f, uint32_t wall_s, uint64_t now_ns)
{
	(void)f;
	(void)wall_s;
	(void)now_ns;
}

void fwdtab_ask(struct fwdtab *f, const struct question *q, unsigned n,
	const struct fwdtab_waiter *w, const struct ask_head *head, uint64_t now_ns)
{
	(void)q;
	(void)n;
	(void)head;
	(void)now_ns;
	if (w != NULL)
		f->ops->settled(f->arg, w, ASK_OTHER);
}

void fwdtab_reply(struct fwdtab *f, uint32_t exchange, const uint8_t *msg, size_t len,
	uint64_t now_ns)
{
	(void)f;
	(void)exchange;
	(void)msg;
	(void)len;
	(void)now_ns;
}

void fwdtab_error(struct fwdtab *f, uint32_t exchange, enum fwdtab_error why,
	const char *text, uint64_t now_ns)
{
	(void)f;
	(void)exchange;
	(void)why;
	(void)text;
	(void)now_ns;
}

void fwdtab_note(struct fwdtab *f, const struct ask_note *n, uint64_t now_ns)
{
	(void)f;
	(void)n;
	(void)now_ns;
}

void fwdtab_loop(struct fwdtab *f, const struct ask_loop *l, uint64_t now_ns)
{
	(void)f;
	(void)l;
	(void)now_ns;
}

void fwdtab_turn(struct fwdtab *f, uint64_t now_ns)
{
	(void)f;
	(void)now_ns;
}

uint64_t fwdtab_next_ns(const struct fwdtab *f)
{
	(void)f;
	return UINT64_MAX;
}
