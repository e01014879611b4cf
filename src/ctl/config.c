/* config.c - shmdnsctl config: what is set, where, and how it differs (OV-11) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ctl/conftext.h"
#include "ctl/options.h"
#include "ctl/running.h"

const char config_help[] =
	"\n"
	"  config show            what the files set, as a file that can be read again;\n"
	"                         with -o wide one line for each key\n"
	"  config get PATH        a value, such as that of kubernetes.ttl, or those of a "
	"group\n"
	"  config schema          all keys as a JSON schema\n"
	"  config diff            what differs from the defaults\n"
	"  config diff A B        what differs between two files\n"
	"  config diff --running  what differs between the file and what runs\n"
	"The file is that of -c, or " SYSCONFDIR "/shmdns/shmdns.conf, and conf.d/*.conf "
	"beside it.\n"
	"Exit status 1: there are differences, an error in a file, or no such key; 3: a "
	"file cannot\n"
	"be read.\n"
	"      --defaults         show keys that are left at their default, too\n"
	"      --origin           show file, line and column of each\n"
	"      --running          what runs: the configuration that was taken last\n";

/* What was asked for. */
struct request {
	struct options o;
	struct conftext show;
	bool running;
	char path[8 * STAT_PATH_WORDS]; /* of what runs; "": not known */
};

static const char *default_file(const struct options *o)
{
	return o->config != NULL ? o->config : SYSCONFDIR "/shmdns/shmdns.conf";
}

/* An exit status; with EXIT_OK *out is to be freed. */
static int take(const struct conf_bundle *bundle, struct flat *out)
{
	struct conf_report report = {0};
	int ret = flat_parse(bundle->data, bundle->len, out, &report);

	if (ret < 0)
		conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return ret < 0 ? EXIT_NEGATIVE : EXIT_OK;
}

static int read_file(const char *path, struct flat *out)
{
	struct conf_bundle bundle;
	char *failed = NULL;
	int ret = conf_read(path, &bundle, &failed);

	if (ret < 0) {
		ctl_complain("%s: %s%s", failed != NULL ? failed : path, strerror(-ret),
			ret == -ENOENT ? "; -c FILE names another" : "");
		free(failed);
		return EXIT_UNREACHABLE;
	}
	ret = take(&bundle, out);
	conf_bundle_fini(&bundle);
	return ret;
}

/* What the supervisor took last, and perhaps runs with (OP-26). */
static int read_running(struct request *q, struct flat *out)
{
	static struct running r;
	struct running_pages pages;
	struct conf_bundle bundle;
	int ret = running_open(&q->o, &pages);

	if (ret == EXIT_OK && !running_read(pages.supervisor, &r)) {
		ctl_complain("the supervisor's page cannot be read");
		ret = EXIT_UNREACHABLE;
	}
	if (ret == EXIT_OK)
		ret = running_bundle(&pages, &r, &bundle);
	running_close(&pages);
	if (ret != EXIT_OK)
		return ret;
	memcpy(q->path, r.path, sizeof(q->path));
	ret = take(&bundle, out);
	conf_bundle_fini(&bundle);
	return ret;
}

static int read_wanted(struct request *r, const char *file, struct flat *out)
{
	if (r->running)
		return read_running(r, out);
	return read_file(file != NULL ? file : default_file(&r->o), out);
}

/* ---- show ---- */

static void show_json(const struct request *r, const struct flat *f, const char *prefix)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	conftext_json(&r->show, f, prefix, &j);
	json_end(&j, '}');
	printf("\n");
}

static int show(struct request *r)
{
	struct flat f;
	int ret;

	if (r->o.nargs > 2 || (r->o.nargs == 2 && r->running)) {
		ctl_complain("config show: say one file, or --running");
		return EXIT_USAGE;
	}
	ret = read_wanted(r, r->o.nargs > 1 ? r->o.arg[1] : NULL, &f);
	if (ret != EXIT_OK)
		return ret;
	if (r->o.format == FORMAT_JSON)
		show_json(r, &f, "");
	else if (r->o.format == FORMAT_WIDE)
		conftext_lines(&r->show, &f, "", stdout);
	else
		conftext_file(&r->show, &f, stdout);
	flat_fini(&f);
	return EXIT_OK;
}

/* ---- get ---- */

/* For scripts: without quotes, each element of a list on a line. */
static void print_bare(const struct flat_item *it)
{
	for (size_t i = 0; i < it->n && it->text != NULL; i++)
		printf("%s\n", it->text[i]);
}

static bool any_below(const struct flat *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (conftext_below(f->item[i].path, path))
			return true;
	return false;
}

static void complain_path(const char *path)
{
	char guess[256];

	if (flat_guess(path, guess, sizeof(guess)))
		ctl_complain("config get: no key %s — did you mean %s?", path, guess);
	else
		ctl_complain("config get: no key %s; `config schema` has them all", path);
}

static int get(struct request *r)
{
	struct flat f;

	if (r->o.nargs != 2) {
		ctl_complain("config get: say one path, such as kubernetes.ttl");
		return EXIT_USAGE;
	}
	const char *path = r->o.arg[1];
	int ret = read_wanted(r, NULL, &f);
	if (ret != EXIT_OK)
		return ret;
	const struct flat_item *it = flat_find(&f, path);
	r->show.defaults = true;
	if (!any_below(&f, path)) {
		complain_path(path);
		ret = EXIT_NEGATIVE;
	} else if (r->o.format == FORMAT_JSON) {
		show_json(r, &f, path);
	} else if (it != NULL && it->kind != FLAT_GROUPS && !r->show.origin) {
		print_bare(it);
	} else {
		conftext_lines(&r->show, &f, path, stdout);
	}
	flat_fini(&f);
	return ret;
}

/* ---- diff ---- */

static void print_side(char sign, const struct flat_item *it, bool origin)
{
	if (it == NULL)
		return;
	printf("%c %s = ", sign, it->id);
	flat_print_value(it, stdout);
	if (origin) {
		printf("  # ");
		conftext_places(it, stdout);
	}
	printf("\n");
}

static void print_changes(const struct request *r, const struct flat_change *c, size_t n)
{
	bool restart = false;

	for (size_t i = 0; i < n; i++) {
		const struct flat_item *any = c[i].after != NULL ? c[i].after
		                                                 : c[i].before;

		print_side('-', c[i].before, r->show.origin);
		print_side('+', c[i].after, r->show.origin);
		if (!any->reloadable)
			printf("  (%s takes effect at the next start)\n", any->path);
		restart |= !any->reloadable;
	}
	printf("%zu difference%s%s\n", n, n == 1 ? "" : "s",
		restart ? ", some need a restart" : "");
}

static void json_changes(const struct flat_change *c, size_t n)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_begin(&j, "differences", '[');
	for (size_t i = 0; i < n; i++) {
		const struct flat_item *any = c[i].after != NULL ? c[i].after
		                                                 : c[i].before;

		json_begin(&j, NULL, '{');
		json_string(&j, "path", any->id);
		if (c[i].before != NULL)
			conftext_value(&j, "before", c[i].before);
		if (c[i].after != NULL)
			conftext_value(&j, "after", c[i].after);
		json_bool(&j, "reloadable", any->reloadable);
		json_end(&j, '}');
	}
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}

static int compare(const struct request *r, const struct flat *a, const struct flat *b)
{
	struct flat_change *c;
	const size_t n = flat_diff(a, b, &c);

	if (r->o.format == FORMAT_JSON)
		json_changes(c, n);
	else
		print_changes(r, c, n);
	free(c);
	return n > 0 ? EXIT_NEGATIVE : EXIT_OK;
}

/* What stands on the left of a comparison. */
static int read_before(struct request *r, struct flat *out)
{
	static const struct conf_bundle nothing = {0};

	if (r->running)
		return read_running(r, out);
	return r->o.nargs == 3 ? read_file(r->o.arg[1], out) : take(&nothing, out);
}

/* What stands on the right: the file that was named, or else the one that runs. */
static const char *after_file(const struct request *r)
{
	if (r->o.nargs > 1)
		return r->o.arg[r->o.nargs - 1];
	return r->o.config == NULL && r->path[0] != '\0' ? r->path : default_file(&r->o);
}

static int diff(struct request *r)
{
	struct flat before, after;

	if (r->o.nargs > (r->running ? 2 : 3)) {
		ctl_complain("config diff: say two files, or --running, or neither");
		return EXIT_USAGE;
	}
	int ret = read_before(r, &before);
	if (ret != EXIT_OK)
		return ret;
	ret = read_file(after_file(r), &after);
	if (ret == EXIT_OK) {
		ret = compare(r, &before, &after);
		flat_fini(&after);
	}
	flat_fini(&before);
	return ret;
}

int ctl_config(const struct verb *v, int argc, char **argv)
{
	struct request r = {0};
	const struct option_spec own[] = {
		{NULL, "--defaults", NULL, &r.show.defaults},
		{NULL, "--origin", NULL, &r.show.origin},
		{NULL, "--running", NULL, &r.running},
	};
	int ret = options_parse(v, argc, argv, own, ARRAY_LEN(own), &r.o);

	if (ret != 0)
		return options_exit(ret);
	const char *word = r.o.nargs > 0 ? r.o.arg[0] : "";
	if (strcmp(word, "show") == 0)
		return show(&r);
	if (strcmp(word, "get") == 0)
		return get(&r);
	if (strcmp(word, "diff") == 0)
		return diff(&r);
	if (strcmp(word, "schema") == 0 && r.o.nargs == 1) {
		flat_print_schema(stdout);
		return EXIT_OK;
	}
	ctl_complain("config: say show, get, schema or diff");
	return EXIT_USAGE;
}
