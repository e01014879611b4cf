/*
 * forwardset.h - from the configuration to the settings of what is not ours (core)
 *
 * What a resolv.conf says is an argument, since it comes and goes by itself.
 */
#ifndef RECORDS_FORWARDSET_H
#define RECORDS_FORWARDSET_H

#include "conf/conf.h"
#include "snap/forward.h"

/* Who can be asked by a file of the configuration. */
struct forwardset_file {
	const char *path; /* as the configuration has it */
	struct {
		struct addr addr;
		uint32_t scope;
	} server[FORWARD_UPSTREAMS_MAX];
	size_t n;
};

/*
 * Settings from a configuration that conf_parse() accepted and the `n` files that it
 * names; one that is not there has nobody. Groups keep their order; that of `bootstrap`
 * stands last, if a host name needs it. Requests to forget are left to the caller. What
 * does not fit (upstreams of files, as the rest was checked) is left out.
 */
void forwardset_from_conf(const struct conf *c, const struct forwardset_file *files,
	size_t n, struct forward_settings *out);

/* True if a group has a host name, which `bootstrap` has to resolve. */
bool forwardset_needs_bootstrap(const struct conf *c);

#endif
