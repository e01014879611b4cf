/* target.c - -i and -c */
#include "ctl/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/request.h"
#include "conf/conf.h"
#include "ctl/running.h"
#include "snap/segment.h"

static bool read_bundle(const char *path, struct conf_bundle *out)
{
	char *failed = NULL;
	int ret = conf_read(path, out, &failed);

	if (ret < 0)
		ctl_complain("%s: %s", failed != NULL ? failed : path, strerror(-ret));
	free(failed);
	return ret == 0;
}

/* Read and check a file; false with its errors on stderr. */
static bool read_conf(const char *path, struct conf *out)
{
	struct conf_report report = {0};
	struct conf_bundle bundle;

	if (!read_bundle(path, &bundle))
		return false;
	int ret = conf_parse(bundle.data, bundle.len, out, &report);
	if (ret < 0)
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
	return ret == 0;
}

static bool copy_instance(const char *name, char out[INSTANCE_MAX])
{
	size_t n = strlen(name);

	if (n == 0 || n >= INSTANCE_MAX || strchr(name, '/') != NULL) {
		ctl_complain("'%s' is no name of an instance", name);
		return false;
	}
	memcpy(out, name, n + 1);
	return true;
}

static const char unknown[] =
	"which instance is not known; -i NAME says it without the file";

bool target_instance(const struct options *o, char out[INSTANCE_MAX])
{
	struct conf conf;

	if (o->instance != NULL)
		return copy_instance(o->instance, out);
	if (o->config == NULL)
		return copy_instance("default", out);
	if (!read_conf(o->config, &conf)) {
		ctl_complain(unknown);
		return false;
	}
	bool ok = copy_instance(conf.instance, out);
	conf_fini(&conf);
	return ok;
}

bool target_guess(const struct options *o, char out[INSTANCE_MAX])
{
	struct conf_report report = {0};
	struct conf_bundle bundle;
	struct conf conf;
	bool ok;

	if (o->instance != NULL || o->config == NULL)
		return target_instance(o, out);
	if (!read_bundle(o->config, &bundle)) {
		ctl_complain(unknown);
		return false;
	}
	if (conf_parse(bundle.data, bundle.len, &conf, &report) == 0) {
		ok = copy_instance(conf.instance, out);
		conf_fini(&conf);
	} else {
		char guess[INSTANCE_MAX] = "default";

		bool said = conf_bundle_guess(&bundle, "instance", guess, sizeof(guess));
		ok = copy_instance(guess, out);
		if (ok)
			ctl_complain("%s has errors (`check` names them); it seems to %s "
				     "'%s'",
				o->config,
				said ? "be of instance" : "name no instance, which means",
				guess);
	}
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
	return ok;
}

/* Where the supervisor's page says that run_dir is; false: there is none. */
static bool running_path(const char *instance, char out[TARGET_PATH_MAX])
{
	static struct running r;
	const void *page;
	bool ok;

	if (segment_stat_map(instance, "supervisor", STAT_SUPERVISOR, &page) < 0)
		return false;
	ok = running_read(page, &r) && r.run_dir[0] == '/' &&
	     request_path(r.run_dir, out, TARGET_PATH_MAX);
	segment_stat_unmap(page, STAT_SUPERVISOR);
	return ok;
}

/* Where run_dir is if no configuration says otherwise: as conf.c appends to it. */
static bool default_path(const char *instance, char out[TARGET_PATH_MAX])
{
	char dir[64 + INSTANCE_MAX];
	bool named = strcmp(instance, "default") != 0;

	snprintf(dir, sizeof(dir), "/run/shmdns%s%s", named ? "/" : "",
		named ? instance : "");
	return request_path(dir, out, TARGET_PATH_MAX);
}

bool target_socket(
	const struct options *o, const char *instance, char out[TARGET_PATH_MAX])
{
	struct conf conf;
	bool ok;

	if (o->socket != NULL) {
		ok = snprintf(out, TARGET_PATH_MAX, "%s", o->socket) < TARGET_PATH_MAX;
	} else if (o->config != NULL && read_conf(o->config, &conf)) {
		ok = request_path(conf.run_dir, out, TARGET_PATH_MAX);
		conf_fini(&conf);
	} else {
		ok = running_path(instance, out) || default_path(instance, out);
	}
	if (!ok)
		ctl_complain("the path of the control socket is too long");
	return ok;
}

/* Packets cannot be sent to the wildcard: the loopback address hears them too. */
static void name_loopback(struct addr *a)
{
	static const struct addr any4 = {.len = 4}, any6 = {.len = 16};

	if (addr_compare(a, &any4) == 0) {
		a->octets[0] = 127;
		a->octets[3] = 1;
	} else if (addr_compare(a, &any6) == 0) {
		a->octets[15] = 1;
	}
}

bool target_listen(const char *config, struct server *out)
{
	struct conf conf;

	if (!read_conf(config, &conf))
		return false;
	bool ok = conf.nlisten > 0;
	if (ok) {
		out->addr = conf.listen[0].addr;
		out->port = conf.listen[0].port;
		name_loopback(&out->addr);
	} else {
		ctl_complain("%s: no listening address", config);
	}
	conf_fini(&conf);
	return ok;
}
