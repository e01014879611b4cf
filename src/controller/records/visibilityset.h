/*
 * visibilityset.h - from `visibility` in the configuration to the snapshot (core)
 */
#ifndef RECORDS_VISIBILITYSET_H
#define RECORDS_VISIBILITYSET_H

#include "conf/conf.h"
#include "snap/visibility.h"

/* The rules of a configuration that conf_parse() accepted: all of them have room. */
void visibilityset_from_conf(const struct conf *c, struct visibility_settings *out);

#endif
