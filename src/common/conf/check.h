/*
 * check.h - what must hold between keys (OP-27), and what this build does not have
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/value.h"

/*
 * Check the group `v` of the list `k`, which is sound for itself and stands in `element`,
 * while it is known where its keys stand; a listener gets its port.
 */
void check_group(
	struct parse *p, const struct key *k, const struct value *v, void *element);

/* The same for a group of `forward`. */
void check_forward_group(
	struct parse *p, const struct value *v, const struct conf_forward *f);

/* Check zones from files, and find where their files are. */
void check_zone_files(struct parse *p);

/* The same for a rule of `acl`. */
void check_acl_rule(struct parse *p, const struct value *v, const struct conf_acl *rule);

/* The same for a rule of `visibility`. */
void check_visibility_rule(
	struct parse *p, const struct value *v, const struct conf_visibility *rule);

/* The same for a rule of `errors.consolidate`. */
void check_consolidate_rule(
	struct parse *p, const struct value *v, const struct conf_consolidate *rule);

/* Check the rules of `acl` against one another. */
void check_acl(struct parse *p);

/* The same for `visibility`. */
void check_visibility(struct parse *p);

/* Check `forward`, `bootstrap` and `cache` against the rest. */
void check_forward(struct parse *p);

/* Take out the groups of `forward` whose zone a later file has given to another. */
void check_winners(struct parse *p);

/* Check the settings against one another; findings go to the report of the parse. */
void check_all(struct parse *p);

#endif
