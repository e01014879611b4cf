/*
 * value.h - one value of a file into its struct, by its key's type (inside of conf/)
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/parse.h"

/* One value to be looked at. */
struct value {
	const config_setting_t *setting;
	const struct scan_item *item;
	const char *path; /* as messages name it: "listen[1].port" */
};

/*
 * Check a value against its key and store it at `base`, the struct that the key is about;
 * lists are joined. False: a finding was added, nothing was stored but perhaps other
 * elements of the list. Not for KEY_GROUPS.
 */
bool value_set(struct parse *p, const struct key *k, const struct value *v, void *base);

/* Add an error about the value; returns false. */
__attribute__((format(printf, 3, 4))) bool value_refuse(
	struct parse *p, const struct value *v, const char *fmt, ...);

/* Add the finding that the value is of the wrong type; returns false. */
bool value_mismatch(struct parse *p, const struct key *k, const struct value *v);

/* The value as messages show it; `quoted` has REPORT_QUOTE_MAX octets. */
const char *value_shown(const struct value *v, char *quoted);

/* A domain name, folded. False: a finding was added. */
bool value_name(
	struct parse *p, const struct value *v, const char *text, struct name *out);

/* The index of an interface, as the bundle's reader found it. False: a finding. */
bool value_interface(
	struct parse *p, const struct value *v, const char *name, uint32_t *scope);

/* Read "5s", "250ms", "1m30s", "4.5s" (units ms, s, m, h). False for anything else. */
bool value_duration(const char *text, uint64_t *ns);

#endif
