/*
 * options.h - what records depend on besides objects: the settings and RO rows (core)
 */
#ifndef RECORDS_OPTIONS_H
#define RECORDS_OPTIONS_H

#include "conf/conf.h"
#include "controller/records/hostset.h"
#include "controller/records/zoneset.h"
#include "snap/settings.h"

/* A zone whose names come from a file. */
struct file_zone {
	struct name name; /* folded */
	bool fallthrough;
};

struct record_options {
	struct settings settings;
	bool nested[SETTINGS_ZONES_MAX]; /* this zone has another one of ours below it */
	struct addr
		apexes[SETTINGS_ZONES_MAX]; /* addresses that are a reverse zone each */
	size_t napexes;
	const struct hostset *hosts; /* HO-01; borrowed; NULL: none */
	/* SM-11: of zones of ZONE_FILE, the first of which is `first_file`; borrowed */
	const struct zoneset *files[SETTINGS_ZONES_MAX];
	unsigned first_file;
	enum conf_topology topology;         /* GS-05 */
	enum conf_client_names client_names; /* OF-09, AC-03 */
	bool endpoint_pod_names;             /* RO-10 */
	bool ignore_empty_service;           /* RO-15 */
	bool cluster_ip_endpoints;           /* RO-20 */
	bool port_addresses;                 /* RO-21 */
	bool first_address_only;             /* RO-22 */
};

/*
 * Options from a configuration that conf_parse() accepted; `own` are the machine's
 * addresses, used where server_addresses is not set, `hostname` is its name. The files
 * that `forward` names have nobody in them so far (forwardset.h), `hosts` and the zones
 * that are in files no names.
 * What does not fit into the tables (SETTINGS_ZONES_MAX, SETTINGS_OWN_MAX) is left out.
 */
void options_from_conf(const struct conf *c, const struct addr *own, size_t nown,
	const char *hostname, struct record_options *out);

/*
 * The zones from files, instead of those that there are: with those of a directory, which
 * the configuration does not name (FE-03). False: they are the same, nothing was changed.
 */
bool options_files(struct record_options *o, const struct file_zone *zones, size_t n);

#endif
