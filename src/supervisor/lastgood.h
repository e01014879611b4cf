/*
 * lastgood.h - the last good configuration, for a start with a bad one (OP-26) (shell)
 *
 * What the appliance runs with is kept in STATE_DIR/last-good.conf, all files as they
 * were read. A start whose files have errors runs with that, rather than not at all,
 * until they change.
 */
#ifndef SUPERVISOR_LASTGOOD_H
#define SUPERVISOR_LASTGOOD_H

#include "supervisor/confmem.h"

/*
 * Keep `c`: written beside it, 0600, and renamed. What cannot be written is logged, and
 * the one before stays.
 */
void lastgood_save(const struct confmem *c);

/* Where it is kept, into `out`; returns it. */
const char *lastgood_path(const struct conf *c, char *out, size_t cap);

/*
 * Load what was kept of the configuration at `path`, which has errors: where to look is
 * what its files seem to say. 0 with *out owned by the caller and a line in the log;
 * -ENOENT: there is none; else -errno, logged.
 */
int lastgood_load(const char *path, struct confmem *out);

#endif
