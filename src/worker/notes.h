/*
 * notes.h - what the forwarder is told of hits (design: the cache) (core)
 *
 * Which entries are in use, a forwarder cannot see. A worker counts hits in a small
 * table, where an entry has one place, and tells them at most once a second for each
 * place. A count that another entry takes the place of is lost: it was a hint.
 */
#ifndef WORKER_NOTES_H
#define WORKER_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#define NOTES_PLACES 4096

struct notes {
	struct {
		uint64_t word; /* of the entry; 0: free */
		uint64_t told_ns;
		uint32_t hits; /* since then */
		uint8_t home;
	} places[NOTES_PLACES];
};

/*
 * An entry was used. True: it is time to tell its home of it, of *hits hits. 0 as
 * `room`: nobody can be told just now; it stays counted.
 */
bool notes_hit(struct notes *n, uint8_t home, uint64_t word, unsigned room,
	uint64_t now_ns, uint32_t *hits);

#endif
