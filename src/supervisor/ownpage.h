/*
 * ownpage.h - our own stat page: what runs, and what became of reloads (shell)
 *
 * `shmdnsctl reload --wait` reads here whether what it asked for is done, and `status`
 * which configuration runs; see struct stat_supervisor. The page lives as long as we do.
 */
#ifndef SUPERVISOR_OWNPAGE_H
#define SUPERVISOR_OWNPAGE_H

#include "supervisor/supervisor.h"

/* Make and map it, as s->stat, and say what runs. 0; -errno, logged. */
int ownpage_open(struct supervisor *s);
void ownpage_close(struct supervisor *s);

/* We are alive. */
void ownpage_beat(struct supervisor *s, uint64_t now_ns);

/* What runs is another one, or is kept elsewhere: s->config, s->last_good. */
void ownpage_config(struct supervisor *s);

/*
 * A reload begins: to be called before files are read, so that who saw an older number
 * before knows that they are read after that.
 */
void ownpage_begin(struct supervisor *s);

/* The configuration `next` becomes current in place of s->config: what will change. */
void ownpage_note(struct supervisor *s, const struct confmem *next);

/* The reload has ended well. */
void ownpage_accepted(struct supervisor *s);

/*
 * It was refused: `text` has a line for each fault. `last`: the same is not tried again
 * by itself; else the reload goes on, and nobody is told yet.
 */
void ownpage_refused(struct supervisor *s, const char *text, bool last);

/* Look whether all that reloads brought about is done: workers and listeners. */
void ownpage_step(struct supervisor *s);

#endif
