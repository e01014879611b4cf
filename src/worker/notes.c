#include "worker/notes.h"

#include "base/base.h"

bool notes_hit(struct notes *n, uint8_t home, uint64_t word, unsigned room,
	uint64_t now_ns, uint32_t *hits)
{
	uint64_t mixed = (word ^ home) * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(mixed >> 32) % NOTES_PLACES;

	if (n->places[i].word != word || n->places[i].home != home) {
		/* The place stays as told: two that take turns in it are no news. */
		n->places[i].word = word;
		n->places[i].home = home;
		n->places[i].hits = 0;
	}
	n->places[i].hits++;
	if (room == 0 ||
		(n->places[i].told_ns != 0 && now_ns < n->places[i].told_ns + NS_PER_S))
		return false;
	*hits = n->places[i].hits;
	n->places[i].hits = 0;
	n->places[i].told_ns = now_ns;
	return true;
}
