#include "controller/kube/apishow.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

void apishow_add(struct apishow *a, const struct watch *w, size_t held, bool failing)
{
	static const enum stat_resource_state shown[] = {
		[WATCH_TAKEN] = RESOURCE_TAKEN,
		[WATCH_LISTING] = RESOURCE_LISTING,
		[WATCH_DENIED] = RESOURCE_DENIED,
		[WATCH_ABSENT] = RESOURCE_ABSENT,
	};
	struct apishow_sum *to = &a->of[w->options.kind];

	to->state = MAX(to->state, shown[w->state]);
	to->version = MAX(to->version, watch_version(w));
	to->held += held;
	to->failing |= failing;
	to->listed += w->listed;
	to->expected += w->taken ? w->listed : w->expected;
	to->untold |= !w->taken && w->expected == 0;
}

/* Since when requests fail, for those who look at status. */
static void show_failing(struct stat_resource *stat, bool failing, uint64_t wall_ns)
{
	if (!failing)
		stat_set(&stat->failing_ns, 0);
	else if (stat_get(&stat->failing_ns) == 0)
		stat_set(&stat->failing_ns, wall_ns);
}

void apishow(const struct apishow *a, struct stat_api *stat, uint64_t wall_ns)
{
	for (size_t i = 0; i < STAT_RESOURCES; i++) {
		const struct apishow_sum *from = &a->of[i];
		struct stat_resource *to = &stat->resources[i];

		stat_set(&to->state, from->state);
		stat_set(&to->version, from->version);
		stat_set(&to->held, from->held);
		stat_set(&to->listed, from->listed);
		stat_set(&to->expected, from->untold ? 0 : from->expected);
		show_failing(to, from->failing, wall_ns);
	}
}

void apishow_host(struct stat_api *stat, const char *server)
{
	const char *host = strstr(server, "://");
	char text[8 * STAT_HOST_WORDS];

	host = host != NULL ? host + 3 : server;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(host, "/"), host);
	stat_text_set(stat->host, STAT_HOST_WORDS, text);
}

void apishow_token(struct stat_api *stat, uint64_t waited_ns)
{
	stat_add(&stat->limit_time[stat_def(waited_ns)], 1);
	stat_add(&stat->limit_ns, waited_ns);
}

void apishow_request(struct stat_api *stat, const struct watch_stream *s, uint64_t now_ns)
{
	if (s->verb != WATCH_LIST)
		return;
	stat_add(&stat->get_time[stat_def(now_ns - s->began_ns)], 1);
	stat_add(&stat->get_ns, now_ns - s->began_ns);
}
