/*
 * model.h - what each name says in each version, so that a reader needs nobody to tell it
 *
 * A version is what the writer publishes; its number is the address of the name
 * "version.". A name changes in every 16th version, in which one follows from its index,
 * and its address is the number of the version that it was last changed in. Some names
 * come and go, some keep their addresses in a body. Beside each name there is a client
 * whose place changes with it. The settings follow too.
 */
#ifndef TORTURE_MODEL_H
#define TORTURE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/addr.h"
#include "dns/name.h"
#include "snap/settings.h"

#define MODEL_PERIOD 16 /* versions between two changes of a name */
#define MODEL_BODY   24 /* addresses of a name that has a body */

/* Name number i: "n000123.torture." */
void model_name(uint32_t i, struct name *out);

/* The name whose address is the version. */
void model_version_name(struct name *out);

/* The version that name i was last changed in, as of `version`; 0: never. */
uint32_t model_changed(uint32_t i, uint32_t version);

/* True if name i exists in `version`. */
bool model_exists(uint32_t i, uint32_t version);

/* True if the addresses of name i stand in a body: MODEL_BODY equal ones. */
bool model_has_body(uint32_t i);

/* The address of client i, which is known while name i exists. */
struct addr model_client(uint32_t i);

/* Its place in `version`; PLACE_UNKNOWN: it is not known. */
uint32_t model_place(uint32_t i, uint32_t version);

/* The TTL of the settings of `version`. */
uint32_t model_ttl(uint32_t version);

#endif
