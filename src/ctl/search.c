#include "ctl/search.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

static void add(struct search *s, const char *text)
{
	struct name n;

	if (name_parse(text, &n) < 0)
		return;
	name_fold(n.wire, n.wire, n.len);
	s->name[s->n++] = n;
}

static void add_list(
	struct search *s, const char *text, const char *from, const char *zone)
{
	const char *const middle[] = {"svc.", ""};
	char full[3 * NAME_TEXT_MAX];

	if (from != NULL) {
		snprintf(full, sizeof(full), "%s.%s.svc.%s", text, from, zone);
		add(s, full);
	}
	for (size_t i = 0; i < ARRAY_LEN(middle); i++) {
		snprintf(full, sizeof(full), "%s.%s%s", text, middle[i], zone);
		add(s, full);
	}
}

int search_names(
	const char *text, const char *from, const struct name *zone, struct search *out)
{
	size_t len = strlen(text);
	char zone_text[NAME_TEXT_MAX];
	unsigned dots = 0;
	struct name n;
	int ret = name_parse(text, &n);

	out->n = 0;
	if (ret < 0)
		return ret;
	for (const char *at = text; *at != '\0'; at++)
		dots += *at == '.';
	name_text(zone->wire, zone->len, zone_text, sizeof(zone_text));
	if (text[len - 1] == '.') {
		add(out, text);
		return 0;
	}
	if (dots >= SEARCH_NDOTS)
		add(out, text);
	add_list(out, text, from, zone_text);
	if (dots < SEARCH_NDOTS)
		add(out, text);
	return 0;
}
