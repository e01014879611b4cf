#include "snap/special.h"

#include "base/base.h"

#define NIBBLES_4 "\0010\0010\0010\0010"
#define NIBBLES_7 "\0010\0010\0010" NIBBLES_4

const uint8_t special_loopback6[SPECIAL_LOOPBACK6] = "\0011" NIBBLES_7 NIBBLES_4 NIBBLES_4
	NIBBLES_4 NIBBLES_4 NIBBLES_4 NIBBLES_4 "\3ip6\4arpa"; /* ::1 */
const uint8_t special_loopback4[SPECIAL_LOOPBACK4] =
	"\0011\0010\0010\003127\7in-addr\4arpa"; /* 127.0.0.1 */
/* The NUL of each string is the root label. */
#define ZONE(text, kind, flag)                                                           \
	{                                                                                \
		(const uint8_t *)text, sizeof(text), kind, flag                          \
	}

static const struct {
	const uint8_t *zone;
	size_t len;
	enum special_kind kind;
	uint8_t flag; /* of settings.special; 0: always */
} zones[] = {
	ZONE("\11localhost", SPECIAL_FORWARD, SPECIAL_LOCALHOST),
	ZONE("\003127\7in-addr\4arpa", SPECIAL_REVERSE, SPECIAL_LOCALHOST),
	ZONE("\0010\7in-addr\4arpa", SPECIAL_REVERSE, SPECIAL_LOCALHOST),
	ZONE("\003255\7in-addr\4arpa", SPECIAL_REVERSE, SPECIAL_LOCALHOST),
	{special_loopback6, SPECIAL_LOOPBACK6, SPECIAL_REVERSE, SPECIAL_LOCALHOST},
	ZONE("\7invalid", SPECIAL_EMPTY, SPECIAL_INVALID),
	ZONE("\5onion", SPECIAL_EMPTY, SPECIAL_ONION),
	ZONE("\4test", SPECIAL_EMPTY, SPECIAL_TEST),
	ZONE("\5local", SPECIAL_EMPTY, SPECIAL_LOCAL),
	ZONE("\10resolver\4arpa", SPECIAL_NODATA, 0),
};

/*
 * SM-16: whoever has a group of its own for such a name wants it forwarded. Neither
 * loopback nor what is about us ever leaves (SM-04, N-06).
 */
static bool wanted_elsewhere(
	const struct settings *s, enum special_kind kind, const uint8_t *name, size_t len)
{
	if (kind != SPECIAL_EMPTY || s->forward.ngroups == 0)
		return false;
	int group = forward_group(&s->forward, name, len, -1);
	return group >= 0 && s->forward.groups[group].from.len > 1;
}

#define LAST(letter) (UINT32_C(1) << ((letter) - 'a'))

/* By its last letter: every name that is not ours comes here, and few are special. */
static bool may_be_special(const uint8_t *name, size_t len)
{
	static const uint32_t lasts = LAST('a') | LAST('d') | LAST('l') | LAST('n') |
	                              LAST('t');
	unsigned letter = len > 1 ? name[len - 2] - (unsigned)'a' : 26;

	return letter < 26 && (lasts >> letter & 1) != 0;
}

bool special_look(const struct settings *s, const uint8_t *name, size_t len, size_t ours,
	struct special *out)
{
	if (!may_be_special(name, len))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		if (zones[i].len <= ours || zones[i].len > len ||
			(zones[i].flag != 0 && (s->special & zones[i].flag) == 0) ||
			!name_under(name, len, zones[i].zone, zones[i].len) ||
			wanted_elsewhere(s, zones[i].kind, name, len))
			continue;
		*out = (struct special){zones[i].kind, (uint8_t)zones[i].len};
		return true;
	}
	return false;
}
