/*
 * flatmake.h - the list of flat.h is made of what a parse found (inside of conf/)
 */
#ifndef CONF_FLATMAKE_H
#define CONF_FLATMAKE_H

#include "conf/flat.h"
#include "conf/parse.h"

/* Append all keys of the configuration that was parsed, with their places. */
void flatmake_all(const struct parse *p, struct flat *out);

/* Say of each item whether it is at its default, by what an empty file gives. */
void flatmake_mark(struct flat *f, const struct flat *defaults);

#endif
