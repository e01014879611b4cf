/*
 * random.h - random numbers that nobody can guess: IDs, ports, letter case (Q-02) (shell)
 *
 * All come from the kernel, getrandom(), a page at a time; what was handed out is wiped
 * from memory. There is no state of our own to seed, and none to share after a fork.
 */
#ifndef FORWARDER_RANDOM_H
#define FORWARDER_RANDOM_H

#include <stdint.h>

/* 32 bits. */
uint32_t random_u32(void);

/* One of 0 to n - 1, n at least 1. */
uint32_t random_below(uint32_t n);

#endif
