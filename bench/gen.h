/*
 * gen.h - the ways in which the generator asks (shell)
 */
#ifndef BENCH_GEN_H
#define BENCH_GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "question.h"
#include "udp.h"

struct gen {
	struct udp_target target;
	struct questions questions;
	uint64_t rate;      /* paced: queries per second */
	uint64_t length_ns; /* of the run */
	uint64_t lost_ns;   /* paced: a reply that has not come by then is lost */
	unsigned sockets;   /* 0: as many as the rate needs */
	bool filter;        /* flood: let the kernel drop and count the replies */
	const char *out;    /* learn: the file of expectations */
};

/*
 * Ask each question until it is answered (at most ten times) and write the replies as
 * expectations. 0; -ETIMEDOUT: one was not answered; -errno.
 */
int gen_learn(const struct gen *g);

/*
 * Ask at a constant rate, match the replies, and print a line of JSON. 0 if the run was
 * valid, whatever it found; -ENOBUFS: the kernel did not grant the buffers; -errno.
 */
int gen_paced(const struct gen *g);

/*
 * Ask as fast as sendmsg() with UDP GSO goes and print how many replies came. All
 * questions must be of one length. 0, -EINVAL, -errno.
 */
int gen_flood(const struct gen *g);

#endif
