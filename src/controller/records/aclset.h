/*
 * aclset.h - from `acl` in the configuration to the rules in the snapshot (core)
 */
#ifndef RECORDS_ACLSET_H
#define RECORDS_ACLSET_H

#include "conf/conf.h"
#include "snap/acl.h"

/* The rules of a configuration that conf_parse() accepted: all of them have room. */
void aclset_from_conf(const struct conf *c, struct acl_settings *out);

#endif
