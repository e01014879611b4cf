#include "worker/life.h"

#include "base/base.h"

void life_begin(struct life *l, uint64_t now_ns)
{
	*l = (struct life){.began_ns = now_ns, .quiet_ns = now_ns};
}

void life_turn(struct life *l, uint64_t queries, bool partial, uint64_t now_ns)
{
	l->queries += queries;
	if (queries > 0)
		l->quiet_ns = now_ns;
	if (!partial)
		l->partial_ns = 0;
	else if (queries > 0 || l->partial_ns == 0)
		l->partial_ns = now_ns;
}

void life_parked(struct life *l)
{
	l->pending++;
}

void life_settled(struct life *l, uint64_t now_ns)
{
	l->pending--;
	l->quiet_ns = now_ns;
}

void life_unsent(struct life *l, uint64_t now_ns)
{
	l->unsent_ns = now_ns;
	l->partial_ns = 0; /* it is we who do not read */
}

void life_sent(struct life *l, uint64_t now_ns)
{
	l->unsent_ns = 0;
	l->quiet_ns = now_ns;
}

void life_end(struct life *l, enum stat_tcp_close why, uint64_t now_ns)
{
	l->ended_ns = now_ns;
	l->why = why;
	l->partial_ns = l->unsent_ns = 0;
}

bool life_spent(const struct life *l, const struct tcp_limits *limits)
{
	return limits->max_queries > 0 && l->queries >= limits->max_queries;
}

static bool passed(uint64_t since_ns, uint64_t ms, uint64_t now_ns)
{
	return now_ns >= since_ns + ms * NS_PER_MS;
}

static bool too_old(
	const struct life *l, const struct tcp_limits *limits, uint64_t now_ns)
{
	uint64_t age_ms = limits->max_age_ms;

	if (age_ms == 0)
		return false;
	return passed(l->began_ns, l->partial_ns != 0 ? age_ms + limits->read_ms : age_ms,
		now_ns);
}

enum life_state life_check(const struct life *l, const struct tcp_limits *limits,
	uint64_t now_ns, enum stat_tcp_close *why)
{
	if (l->ended_ns != 0) {
		*why = l->why;
		return passed(l->ended_ns, LIFE_LINGER_MS, now_ns) ? LIFE_CLOSE
		                                                   : LIFE_GOES_ON;
	}
	if (l->unsent_ns != 0) {
		*why = TCP_CLOSE_WRITE;
		return passed(l->unsent_ns, limits->write_ms, now_ns) ? LIFE_CLOSE
		                                                      : LIFE_GOES_ON;
	}
	if (life_spent(l, limits)) {
		*why = TCP_CLOSE_QUERIES;
		return LIFE_END;
	}
	if (l->partial_ns != 0 && passed(l->partial_ns, limits->read_ms, now_ns)) {
		*why = TCP_CLOSE_READ;
		return LIFE_CLOSE;
	}
	if (too_old(l, limits, now_ns)) {
		*why = TCP_CLOSE_AGE;
		return LIFE_END;
	}
	if (l->partial_ns != 0 || l->pending > 0)
		return LIFE_GOES_ON;
	*why = TCP_CLOSE_IDLE;
	return passed(l->quiet_ns, limits->idle_ms, now_ns) ? LIFE_END : LIFE_GOES_ON;
}

/* Whom it hurts least to lose. */
static unsigned rank(const struct life *l)
{
	if (l->ended_ns != 0)
		return 0;
	return l->partial_ns == 0 && l->unsent_ns == 0 && l->pending == 0 ? 1 : 2;
}

bool life_gives_way(const struct life *a, unsigned connections_a, const struct life *b,
	unsigned connections_b)
{
	if (rank(a) != rank(b))
		return rank(a) < rank(b);
	if (connections_a != connections_b)
		return connections_a > connections_b;
	return a->quiet_ns < b->quiet_ns;
}
