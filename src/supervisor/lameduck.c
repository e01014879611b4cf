/* lameduck.c - see lameduck.h */
#include "supervisor/lameduck.h"

void lameduck_begin(
	struct lameduck *l, uint64_t length_ns, uint64_t queries, uint64_t now_ns)
{
	*l = (struct lameduck){
		.queries = queries,
		.quiet_ns = now_ns,
		.least_ns = now_ns + length_ns,
		.most_ns = now_ns + 2 * length_ns,
	};
}

bool lameduck_is_over(struct lameduck *l, uint64_t queries, uint64_t now_ns)
{
	if (queries != l->queries) {
		l->queries = queries;
		l->quiet_ns = now_ns;
	}
	if (now_ns >= l->most_ns)
		return true;
	return now_ns >= l->least_ns && now_ns - l->quiet_ns >= LAMEDUCK_QUIET_NS;
}
