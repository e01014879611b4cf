/*
 * derive.h - objects and settings in, names out (core)
 *
 * The only way from the store to records: a full build is a loop over all owners, a
 * change derives the owners that it touched. Pure: the same store and options give the
 * same octets (GS-07).
 */
#ifndef RECORDS_DERIVE_H
#define RECORDS_DERIVE_H

#include "controller/kube/store.h"
#include "controller/records/draft.h"
#include "controller/records/options.h"

/* Fill `d`, which is emptied first, with all that `owner` shall have. */
void derive_owner(const struct store *s, const struct record_options *o,
	struct owner *owner, struct draft *d);

#endif
