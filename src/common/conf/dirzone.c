#include "conf/dirzone.h"

#include <ctype.h>
#include <string.h>

#include "base/base.h"

#define GROUPS_MAX 10 /* {0} to {9} */

/* True if "{N}" stands there. */
static bool is_group(const char *s)
{
	return s[0] == '{' && isdigit((unsigned char)s[1]) && s[2] == '}';
}

const char *dirzone_fault(const char *text, size_t groups)
{
	bool any = false;

	for (const char *s = text; *s != '\0'; s += is_group(s) ? 3 : 1) {
		if (is_group(s) && (size_t)(s[1] - '0') > groups)
			return "the pattern has no such group in ()";
		if (!is_group(s) && (*s == '{' || *s == '}'))
			return "in {} stands the number of a group, {1} to {9}";
		any |= is_group(s);
	}
	return any ? NULL : "all files would be of one zone";
}

/* Names that files get which are no zones, whatever a pattern makes of them. */
static bool is_leftover(const char *file)
{
	static const char *const ends[] = {"~", ".bak", ".dpkg-dist", ".dpkg-new",
		".dpkg-old", ".jnl", ".orig", ".rej", ".rpmnew", ".rpmsave", ".swp",
		".tmp"};
	const size_t len = strlen(file);

	if (file[0] == '#')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		const size_t n = strlen(ends[i]);

		if (len >= n && strcmp(file + len - n, ends[i]) == 0)
			return true;
	}
	return false;
}

/* `text` with its groups replaced by what they matched; false: that is too long. */
static bool expand(const char *text, const char *file, const regmatch_t *match, char *out,
	size_t cap)
{
	size_t n = 0;

	while (*text != '\0') {
		const regmatch_t *m = is_group(text) ? &match[text[1] - '0'] : NULL;
		const char *from = text;
		size_t len = 1;

		if (m != NULL) {
			from = file + MAX(m->rm_so, 0);
			len = m->rm_so < 0 ? 0 : (size_t)(m->rm_eo - m->rm_so);
		}
		if (len >= cap - n)
			return false;
		memcpy(out + n, from, len);
		n += len;
		text += m != NULL ? 3 : 1;
	}
	out[n] = '\0';
	return true;
}

enum dirzone dirzone_name(
	const regex_t *re, const char *text, const char *file, struct name *out)
{
	regmatch_t match[GROUPS_MAX];
	char name[NAME_MAX_LEN + 2];

	if (is_leftover(file))
		return DIRZONE_LEFTOVER;
	if (regexec(re, file, ARRAY_LEN(match), match, 0) != 0)
		return DIRZONE_OTHER;
	return expand(text, file, match, name, sizeof(name)) && name[0] != '\0' &&
	                       name_parse_plain(name, out) == 0 && out->len > 1
	               ? DIRZONE_NAMED
	               : DIRZONE_NO_NAME;
}

const char *dirzone_taken(const struct conf *c, const struct name *name)
{
	if (conf_cluster_zone(c, name) != NULL)
		return "is in a zone of the cluster (kubernetes.zones)";
	for (size_t i = 0; i < c->nzone; i++)
		if (name_equal(c->zone[i].name.wire, c->zone[i].name.len, name->wire,
			    name->len))
			return "has a file of its own in `zone`";
	return NULL;
}
