#include "snap/waste.h"

#include <string.h>

#define FOLD_LABELS 3 /* so many in front of the suffix, and the first is any */

static bool is_label(const uint8_t *at, const char *text)
{
	return at[0] == strlen(text) && memcmp(at + 1, text, at[0]) == 0;
}

/* Offset of label i. */
static size_t label_at(const uint8_t *name, unsigned i)
{
	size_t at = 0;

	while (i-- > 0)
		at += 1u + name[at];
	return at;
}

const struct name *waste_zone(const struct settings *s, const uint8_t *name, size_t len)
{
	const int zone = settings_zone(s, name, len);

	if (zone < 0 || s->zones[zone].kind == ZONE_REVERSE ||
		s->zones[zone].kind == ZONE_FILE)
		return NULL;
	return &s->zones[zone].name;
}

bool waste_is_namespace(
	const struct snap *s, const uint8_t *label, const struct name *zone)
{
	struct name n = {0};
	struct node_view v;

	if (s == NULL || name_push(&n, label + 1, label[0]) < 0 ||
		name_push(&n, "svc", 3) < 0 || name_end(&n, zone->wire, zone->len) < 0)
		return false;
	const struct hash128 h = hash_name(&s->key, n.wire, n.len);
	return snap_find(s, &h, n.wire, n.len, &v) == LOOKUP_FOUND;
}

bool waste_look(
	const uint8_t *name, size_t len, const struct name *zone, struct waste *out)
{
	const unsigned n = name_labels(name, len) - name_labels(zone->wire, zone->len);

	*out = (struct waste){.below = n};
	if (n == 0)
		return false;
	const uint8_t *last = name + label_at(name, n - 1);
	if (is_label(last, "pod"))
		return false;
	if (!is_label(last, "svc"))
		return n >= 2;
	out->service = true;
	out->below = n - 1;
	if (n < 2)
		return false;
	out->namespace = label_at(name, n - 2);
	out->prefix = n - 2;
	/* _http._tcp.web is asked for by people, not by search lists */
	return out->prefix >= 2 && name[1] != '_';
}

size_t waste_fold(const uint8_t *name, size_t len, unsigned keep, uint8_t *out)
{
	const unsigned labels = name_labels(name, len);

	if (labels < keep + FOLD_LABELS) {
		memcpy(out, name, len);
		return len;
	}
	out[0] = 1;
	out[1] = '*';
	const size_t rest = len - (1u + name[0]);
	memcpy(out + 2, name + 1 + name[0], rest);
	return rest + 2;
}
