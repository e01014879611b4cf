/*
 * pace.h - when a busy forwarder lets things gather before it goes on (core)
 *
 * A turn that serves one message costs as much for waking up, here and at the worker who
 * is told, as for the message itself. Where misses come so fast that a short pause
 * brings several into one turn, it is made: it delays an ASK and a reply, and saves a
 * fifth of the CPU time. Fewer misses are served as they come, and so is a burst out of
 * silence.
 */
#ifndef FORWARDER_PACE_H
#define FORWARDER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_RATE     10000 /* questions a second from which on it is worth a pause */
#define PACE_PAUSE_NS 50000 /* the kernel's timers make 50 to 100 us of it */

/* Zeroed: nothing has come yet. */
struct pace {
	uint64_t since_ns, questions; /* the present window began then, with so many */
	bool busy;                    /* the last one had as many as are worth it */
};

/*
 * A turn has ended; `questions` have begun since the process did. True: pause before the
 * next one.
 */
bool pace_turn(struct pace *p, uint64_t questions, uint64_t now_ns);

#endif
