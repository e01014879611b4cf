#include "forwarder/pace.h"

#include "base/base.h"

#define WINDOW_NS (2 * NS_PER_MS) /* over which questions are counted, at least */

bool pace_turn(struct pace *p, uint64_t questions, uint64_t now_ns)
{
	uint64_t took_ns = now_ns - p->since_ns;

	if (took_ns < WINDOW_NS)
		return p->busy;
	p->busy = questions - p->questions >= took_ns / (NS_PER_S / PACE_RATE);
	p->since_ns = now_ns;
	p->questions = questions;
	return p->busy;
}
