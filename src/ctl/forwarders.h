/*
 * forwarders.h - what pages say of names that are not ours: forwarders and their caches
 */
#ifndef CTL_FORWARDERS_H
#define CTL_FORWARDERS_H

#include "ctl/json.h"
#include "ctl/overview.h"

/* How many of the forwarders run. */
unsigned forwarders_living(const struct overview *v);

/* True if the forwarder goes by the settings of the current generation. */
bool forwarders_current(const struct overview *v, const struct stat_forwarder *f);

/* Lines of `status`; nothing where there are no forwarders. */
void forwarders_print(const struct overview *v);

/* The member "forwarders" of the object that is open. */
void forwarders_json(struct json *j, const struct overview *v);

#endif
