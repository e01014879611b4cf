/*
 * control.h - the controller's side of the pair with the supervisor (shell)
 *
 * Reads messages, parses configurations aside and answers; what shall happen is told to
 * the handlers. The messages are those of base/pair.h.
 */
#ifndef CONTROLLER_CONTROL_H
#define CONTROLLER_CONTROL_H

#include "base/pair.h"
#include "conf/conf.h"

struct control_handlers {
	/* Who we are; `stat_fd` is owned by the callee, -1: none came. */
	void (*on_start)(void *arg, const struct message_start *start, int stat_fd);
	/* Make this configuration current: moved out of *c. */
	void (*on_commit)(void *arg, uint32_t number, struct conf *c);
	/* End in good order. */
	void (*on_retire)(void *arg);
};

struct control {
	int fd; /* borrowed */
	const struct control_handlers *handlers;
	void *arg;
	struct conf prepared; /* owned while has_prepared */
	uint32_t number;
	bool has_prepared;
};

/* Begin on `fd`, the pair's descriptor; `handlers` is borrowed. */
void control_init(
	struct control *c, int fd, const struct control_handlers *handlers, void *arg);
void control_fini(struct control *c);

/* Take every message that is waiting. 0, or -EPIPE: the supervisor is gone. */
int control_read(struct control *c);

/* Tell the supervisor: READY or COMMITTED with a number. */
void control_tell(struct control *c, enum message_type type, uint32_t number);

#endif
