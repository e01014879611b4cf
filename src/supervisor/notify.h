/*
 * notify.h - a word to the service manager: sd_notify(3) by hand (SD-01, SD-02) (shell)
 */
#ifndef SUPERVISOR_NOTIFY_H
#define SUPERVISOR_NOTIFY_H

/*
 * Take the manager's socket out of the environment, so that no child inherits it.
 * Without one the other functions do nothing.
 */
void notify_init(void);

/* Send "KEY=value" lines as printf makes them; what cannot be sent is lost. */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Close the socket; the other functions do nothing from now on. */
void notify_fini(void);

#endif
