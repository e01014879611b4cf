/* plan.c - see plan.h */
#include "ctl/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/resolv.h"
#include "ctl/options.h"

#define BUNDLE_MAX ((off_t)4 << 20) /* as the supervisor keeps at most */

/* ---- what runs ---- */

/* All octets of a regular file. 0; -errno; -EINVAL: it is none of ours. */
static int read_bundle(const char *path, struct conf_bundle *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int ret = -EINVAL;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= BUNDLE_MAX) {
		out->len = (size_t)st.st_size;
		out->data = mem_alloc(MAX(out->len, 1), 1);
		ret = pread(fd, out->data, out->len, 0) == (ssize_t)out->len ? 0 : -EIO;
		if (ret < 0)
			conf_bundle_fini(out);
	}
	close(fd);
	return ret;
}

/* ... of exactly what the page says that runs. */
static int read_running(
	const char *path, const struct running *r, struct conf_bundle *out)
{
	uint8_t digest[SHA256_OCTETS];
	int ret = read_bundle(path, out);

	if (ret < 0)
		return ret;
	conf_bundle_digest(out, digest);
	if (memcmp(digest, r->digest, sizeof(digest)) == 0)
		return 0;
	conf_bundle_fini(out);
	return -ESTALE;
}

static int load_running(
	const struct running_pages *p, const struct running *r, struct conf *out)
{
	struct conf_report report = {0};
	struct conf_bundle bundle = {0};
	char path[64];
	int ret = read_running(r->kept, r, &bundle);

	if (ret < 0) {
		int kept = ret;

		snprintf(path, sizeof(path), "/proc/%" PRIu64 "/fd/%" PRIu64,
			stat_get(&p->supervisor->head.pid), r->fd);
		ret = read_running(path, r, &bundle);
		if (ret < 0) {
			ctl_complain("what runs cannot be read: %s: %s; %s: %s; ask as "
				     "root or as the appliance's own user",
				r->kept, strerror(-kept), path, strerror(-ret));
			return EXIT_REFUSED;
		}
	}
	ret = conf_parse(bundle.data, bundle.len, out, &report);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
	if (ret == 0)
		return EXIT_OK;
	ctl_complain(
		"what runs is not understood: is this shmdnsctl of another version?");
	return EXIT_REFUSED;
}

/* ---- what would run ---- */

/* EXIT_OK with *out; else the findings are printed, and it would be refused. */
static int load_wanted(const char *path, struct conf *out, struct conf_report *report)
{
	struct conf_bundle bundle;
	char *failed = NULL;
	int ret = conf_read(path, &bundle, &failed);

	if (ret < 0) {
		ctl_complain("would be refused: %s: %s", failed != NULL ? failed : path,
			strerror(-ret));
		free(failed);
		return EXIT_NEGATIVE;
	}
	ret = conf_parse(bundle.data, bundle.len, out, report);
	if (ret == 0)
		conf_check_files(out, RESOLV_FALLBACK, report);
	conf_bundle_fini(&bundle);
	return ret == 0 ? EXIT_OK : EXIT_NEGATIVE;
}

/* ---- what differs ---- */

struct printer {
	const struct conf *then;
	struct json *j; /* NULL: lines */
};

static bool is_among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Settings whose change makes the controller ask for other objects: apisource_same(). */
static bool is_source(const char *path, enum conf_source source)
{
	static const char *const api[] = {"source", "kubeconfig", "context", "endpoints",
		"tls.cert", "tls.key", "tls.ca", "token_file", "exec", "namespaces",
		"labels", "watch_list", "first_list", "audit", "lean", "api_qps",
		"api_burst", "noendpoints", "test_speedup"};
	static const char *const files[] = {"source", "path"};
	static const char group[] = "kubernetes.";
	const char *word = path + sizeof(group) - 1;

	if (strncmp(path, group, sizeof(group) - 1) != 0)
		return false;
	return source == CONF_SOURCE_API ? is_among(word, api, ARRAY_LEN(api))
	                                 : is_among(word, files, ARRAY_LEN(files));
}

static const char *meaning(const struct conf_difference *d, const struct conf *then)
{
	if (!d->reloadable)
		return "needs a restart: until then it stays as it is";
	if (strcmp(d->path, "workers") == 0)
		return "workers join or leave one by one, on the same sockets";
	if (strcmp(d->path, "listen") == 0 && d->was[0] == '\0')
		return "listener added";
	if (strcmp(d->path, "listen") == 0 && d->is[0] == '\0')
		return "listener removed, when what came by it has its reply";
	if (is_source(d->path, then->kubernetes.source))
		return "the controller starts anew; the records are served meanwhile";
	return "applied in place, with the next generation";
}

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : "(none)";
}

static void print_difference(void *arg, const struct conf_difference *d)
{
	const struct printer *p = arg;

	printf("%s: %s -> %s\n    %s\n", d->path, or_none(d->was), or_none(d->is),
		meaning(d, p->then));
}

static void json_difference(void *arg, const struct conf_difference *d)
{
	const struct printer *p = arg;
	struct json *j = p->j;

	json_begin(j, NULL, '{');
	json_string(j, "key", d->path);
	json_string(j, "now", d->was);
	json_string(j, "then", d->is);
	json_bool(j, "needs_restart", !d->reloadable);
	json_string(j, "meaning", meaning(d, p->then));
	json_end(j, '}');
}

static void print_json(uint64_t restart, const struct conf *now, const struct conf *then)
{
	struct json j = {.out = stdout};
	struct printer p = {then, &j};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_bool(&j, "accepted", true);
	json_number(&j, "waiting_for_restart", restart);
	json_begin(&j, "changes", '[');
	conf_differ(now, then, json_difference, &p);
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}

static void print(const struct options *o, const struct running *r,
	const struct conf *now, const struct conf *then)
{
	struct printer p = {then, NULL};
	char digest[RUNNING_SHORT];

	if (o->format == FORMAT_JSON) {
		print_json(r->restart, now, then);
		return;
	}
	size_t n = conf_differ(now, then, print_difference, &p);
	if (n == 0)
		printf("nothing would change");
	else
		printf("%zu change%s", n, n > 1 ? "s" : "");
	printf(" against configuration %" PRIu64 " (sha256 %s)", r->number,
		running_short(r, digest));
	if (r->restart > 0)
		printf("; %" PRIu64 " of its settings wait for the next start",
			r->restart);
	printf("; nothing was done\n");
}

int plan_print(const struct options *o, const struct running_pages *p)
{
	static struct running r;
	struct conf_report report = {0};
	struct conf now, then;

	if (!running_read(p->supervisor, &r)) {
		ctl_complain("the supervisor's page cannot be read");
		return EXIT_UNREACHABLE;
	}
	int ret = load_wanted(o->config != NULL ? o->config : r.path, &then, &report);
	if (report.n > 0)
		conf_report_print(&report, o->format == FORMAT_JSON ? stderr : stdout);
	conf_report_fini(&report);
	if (ret != EXIT_OK) {
		if (o->format == FORMAT_JSON)
			printf("{\"version\":1,\"accepted\":false}\n");
		return ret;
	}
	ret = load_running(p, &r, &now);
	if (ret == EXIT_OK) {
		print(o, &r, &now, &then);
		conf_fini(&now);
	}
	conf_fini(&then);
	return ret;
}
