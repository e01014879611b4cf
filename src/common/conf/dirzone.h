/*
 * dirzone.h - which zone a file of a directory is, as in CoreDNS's auto (FE-03) (core)
 */
#ifndef CONF_DIRZONE_H
#define CONF_DIRZONE_H

#include <regex.h>

#include "conf/conf.h"

enum dirzone {
	DIRZONE_NAMED,    /* it is one */
	DIRZONE_LEFTOVER, /* an editor, a package manager, or a name server left it */
	DIRZONE_OTHER,    /* the pattern does not match */
	DIRZONE_NO_NAME,  /* what comes of it is no name of a zone */
};

/*
 * What is wrong with `zones.name` for a pattern of so many groups, in words; NULL: it is
 * fine.
 */
const char *dirzone_fault(const char *text, size_t groups);

/*
 * The zone of a file of this name (without directories). `re` is of pattern_groups(),
 * `text` is `zones.name`: {1} to {9} are what groups of the pattern matched, {0} all of
 * it.
 */
enum dirzone dirzone_name(
	const regex_t *re, const char *text, const char *file, struct name *out);

/*
 * Why a zone of that name cannot be one of the directory, in words: it is somebody's
 * already; NULL: it can.
 */
const char *dirzone_taken(const struct conf *c, const struct name *name);

#endif
