/*
 * value.h - one value of a file into struct conf, by its key's type (inside of conf/)
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <libconfig.h>

#include "conf/report.h"
#include "conf/scan.h"
#include "conf/schema.h"

/* What a parse knows while it runs. */
struct parse {
	struct conf *conf;
	struct conf_report *report;
	const uint8_t *bundle; /* borrowed */
	size_t bundle_len;
	struct place nowhere; /* for findings about what is not there */
	struct place
		seen[SCHEMA_KEYS]; /* where each key was set last; no file: not set */
	bool bad[SCHEMA_KEYS];     /* a finding about it was made */
	bool defaults;             /* what is being walked are the defaults */
	struct place *zone_at;     /* of each zone; owned */
	struct place *listen_at;   /* of each listener; owned */
	uint16_t endpoint_port;    /* that the last KEY_ENDPOINT carried; 0: none */
};

/* One value to be looked at. */
struct value {
	const config_setting_t *setting;
	const struct scan_item *item;
	const char *path; /* as messages name it: "listen[1].port" */
};

/*
 * Check a value against its key and store it at `base` (struct conf, or struct
 * conf_listen); lists are joined. False: a finding was added, nothing was stored but
 * perhaps other elements of the list. Not for KEY_LISTEN.
 */
bool value_set(struct parse *p, const struct key *k, const struct value *v, void *base);

/* Add the finding that the value is of the wrong type; returns false. */
bool value_mismatch(struct parse *p, const struct key *k, const struct value *v);

/* Read "5s", "250ms", "1m30s", "4.5s" (units ms, s, m, h). False for anything else. */
bool value_duration(const char *text, uint64_t *ns);

#endif
