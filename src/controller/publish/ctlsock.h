/*
 * ctlsock.h - the control socket: requests of operators (OP-05, V-27) (shell)
 *
 * Speaks base/request.h. What can be asked for is a table of verbs; what they do is the
 * caller's. Few clients at once, the next ones wait; each has its buffers and some
 * seconds to say its line and to take the reply. Who may connect is said by the mode of
 * the socket (0660); a verb that changes something is for root and our own uid alone.
 */
#ifndef PUBLISH_CTLSOCK_H
#define PUBLISH_CTLSOCK_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/request.h"

#define CTLSOCK_CLIENTS 8

struct ctlsock;

/* Who asked. Numbers are not used twice: replies to somebody who has left go nowhere. */
typedef uint64_t ctlsock_client;

struct ctlsock_verb {
	const char *name;
	const char *words;    /* behind it, for people: "NAME [below]" */
	unsigned least, most; /* how many */
	bool changes;         /* for root and our own uid alone */
	/*
	 * Do it, and answer with ctlsock_say() and ctlsock_end(), or ctlsock_refuse():
	 * before it returns, or later, but always. `r` is borrowed for the call.
	 */
	void (*run)(void *arg, ctlsock_client who, const struct request *r);
};

/*
 * Listen in `run_dir`; a socket of a predecessor's is taken over. `verbs`, ended by a row
 * without a name, and `arg` are borrowed. 0 with *out owned by the caller, or -errno.
 */
int ctlsock_open(struct event_base *base, const char *run_dir,
	const struct ctlsock_verb *verbs, void *arg, struct ctlsock **out);

/* Close all of it and remove the socket; NULL does nothing. */
void ctlsock_close(struct ctlsock *s);

/* A line of the reply behind "ok": a word and its value. */
void ctlsock_say(struct ctlsock *s, ctlsock_client who, const char *word, uint64_t value);

/* The same with a text; octets that are no printable ASCII are written as '?'. */
void ctlsock_tell(
	struct ctlsock *s, ctlsock_client who, const char *word, const char *text);

/* The reply is whole. */
void ctlsock_end(struct ctlsock *s, ctlsock_client who);

/* The reply is "error" and this text, and whole. */
void ctlsock_refuse(struct ctlsock *s, ctlsock_client who, const char *text);

#endif
