/*
 * store.h - listening sockets that outlive us with the service manager (shell)
 *
 * A manager that keeps descriptors (systemd's FileDescriptorStoreMax) gets a duplicate of
 * each socket with a name that says what it is: share, kind, address. When we crash or
 * are upgraded, queries wait in them, and the next supervisor gets them back as
 * LISTEN_FDS (DE-08, SY-04, EV-05). Without a manager nothing here does anything.
 *
 * What comes back is believed as far as the socket itself bears it out.
 */
#ifndef SUPERVISOR_STORE_H
#define SUPERVISOR_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pair.h"

/* A socket that was kept. */
struct stored {
	struct socket_key key;
	uint32_t share;
	int fd;
};

/*
 * Take what the manager hands over out of the environment. What is none of our listening
 * sockets is closed, and the manager told to forget it. Before descriptors are opened.
 */
void store_init(void);

/* One of the sockets that came, now the caller's; false: that was all. */
bool store_take(struct stored *out);

/* Give a duplicate of a socket to the manager. */
void store_put(const struct socket_key *key, uint32_t share, int fd);

/* Let the manager close its duplicate. */
void store_remove(const struct socket_key *key, uint32_t share);

/*
 * Wait until removed sockets are closed there too. To be called before sockets are bound:
 * one that lingers would have a place among those of its address (bind.h).
 */
void store_settle(void);

#endif
