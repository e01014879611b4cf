/*
 * resolvset.h - the resolv.conf files that a configuration names, as they change (FW-03,
 * FW-04) (shell)
 *
 * The controller's heartbeat looks at them, see watchfile.h. Addresses that lead back to
 * this machine are left out, with a line in the log for each; where nobody is left, what
 * systemd-resolved has learnt counts instead. A file that cannot be read keeps whom it
 * had.
 */
#ifndef CONTROLLER_RESOLVSET_H
#define CONTROLLER_RESOLVSET_H

#include "conf/conf.h"
#include "conf/resolv.h"
#include "controller/records/forwardset.h"
#include "controller/watchfile.h"

struct resolvset_file {
	struct watchfile watch;
	struct resolv now;  /* what it says */
	bool asks_fallback; /* ... leaves nobody */
	struct forwardset_file out;
};

/* Zeroed is valid: no files. */
struct resolvset {
	struct resolvset_file *file; /* owned */
	size_t n;
	struct forwardset_file *out; /* owned: those of the files, in their order */
	struct watchfile fallback;   /* watched once somebody needs it */
	struct resolv fallback_now;
	const char *fallback_path;
	struct conf_listen *listen; /* owned */
	size_t nlisten;
};

/*
 * Begin with the files of a configuration (borrowed for the call) and read them at once.
 * `fallback` is RESOLV_FALLBACK but in tests; borrowed.
 */
void resolvset_set(struct resolvset *r, const struct conf *c, const char *fallback);

/* Look at them. True: there are others to ask than before; r->out has them. */
bool resolvset_look(struct resolvset *r);

/* Free what it owns. */
void resolvset_fini(struct resolvset *r);

#endif
