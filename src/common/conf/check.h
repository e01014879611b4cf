/*
 * check.h - what must hold between keys (OP-27), and what this build does not have
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/value.h"

/* Check the settings against one another; findings go to the report of the parse. */
void check_all(struct parse *p);

#endif
