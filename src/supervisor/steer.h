/*
 * steer.h - which socket of a group gets the next packet, as a classic BPF program (core)
 *
 * One share is drawn at random for each packet: a client that keeps one port, and a
 * resolver behind one address, load all workers alike. The kernel runs the program in
 * place of its hash (SO_ATTACH_REUSEPORT_CBPF); its result is an index in the order in
 * which the sockets were bound, which is the order of the shares.
 */
#ifndef SUPERVISOR_STEER_H
#define SUPERVISOR_STEER_H

#include <stdint.h>
#include <linux/filter.h>

#define STEER_MAX 1024 /* instructions of the longest program */

/*
 * Write the program that draws among the n shares of `share` (ascending; of `of` shares
 * in all) into `out`, which has room for STEER_MAX. Returns the number of instructions.
 */
uint16_t steer_program(
	const uint32_t *share, uint32_t n, uint32_t of, struct sock_filter *out);

#endif
