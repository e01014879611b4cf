#include "ctl/stepfile.h"

#include <string.h>

#include "dns/type.h"

static enum lookup find(
	const struct overview *o, const uint8_t *name, size_t len, struct node_view *v)
{
	struct hash128 h = hash_name(&o->snap->key, name, len);

	return snap_find(o->snap, &h, name, len, v);
}

static enum stepfile find_wildcard(const struct overview *o, const uint8_t *encloser,
	size_t len, struct node_view *v)
{
	uint8_t name[NAME_MAX_LEN + 2] = {1, '*'};

	memcpy(name + 2, encloser, len);
	switch (find(o, name, len + 2, v)) {
	case LOOKUP_FOUND:
		return STEPFILE_NODE;
	case LOOKUP_ABSENT:
		return STEPFILE_ABSENT;
	case LOOKUP_DAMAGED:
		break;
	}
	return STEPFILE_DAMAGED;
}

enum stepfile stepfile_find(const struct overview *o, const struct name *name, int zone,
	uint16_t type, bool above, struct node_view *v)
{
	size_t least = o->reader.settings.zones[zone].name.len, len = name->len;
	const uint8_t *at = name->wire;
	bool covered = false;

	for (;; len -= 1u + at[0], at += 1u + at[0]) {
		enum lookup l = find(o, at, len, v);
		uint8_t file = l == LOOKUP_FOUND ? v->head->file : 0;
		bool itself = len == name->len;

		if (l == LOOKUP_DAMAGED)
			return STEPFILE_DAMAGED;
		if ((file & NODE_FILE_CUT) != 0 && !(itself && type == TYPE_DS))
			return STEPFILE_CUT;
		if ((file & NODE_FILE_DNAME) != 0 && !itself)
			return STEPFILE_DNAME;
		covered |= (file & NODE_FILE_BELOW) != 0;
		if (l == LOOKUP_FOUND && !covered && !(itself && above)) {
			if (itself)
				return STEPFILE_NODE;
			return (file & NODE_FILE_WILD) != 0 ? find_wildcard(o, at, len, v)
			                                    : STEPFILE_ABSENT;
		}
		if (len <= least)
			return STEPFILE_UNREAD;
	}
}
