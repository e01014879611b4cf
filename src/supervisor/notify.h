/*
 * notify.h - a word to the service manager: sd_notify(3) by hand (SD-01, SD-02) (shell)
 */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Take the manager's socket and its watchdog out of the environment, so that no child
 * inherits them. Without a socket the other functions do nothing.
 */
void notify_init(void);

/* True if there is a manager that listens to us. */
bool notify_is_heard(void);

/* Send "KEY=value" lines as printf makes them; lost if there is no room in 100 ms. */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same with a descriptor, which stays the caller's. */
void notify_pass(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Wait until the manager has acted on all that was sent before, at most a second. */
void notify_barrier(void);

/* How often the manager wants to hear WATCHDOG=1 at least, in ns; 0: it does not. */
uint64_t notify_watchdog_ns(void);

/* Close the socket; the other functions do nothing from now on. */
void notify_fini(void);

#endif
