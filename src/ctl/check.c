/* check.c - shmdnsctl check: is this file right, before it is live? (OP-20) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "conf/resolv.h"
#include "ctl/json.h"
#include "ctl/options.h"

const char check_help[] = "\n"
			  "Reads FILE (or that of -c; " SYSCONFDIR
			  "/shmdns/shmdns.conf) and conf.d/*.conf\n"
			  "beside it, and reports all errors and warnings in one pass, "
			  "each with file, line and\n"
			  "what to do. Nothing is started or changed.\n"
			  "Exit status 1: there is an error; 3: a file cannot be read.\n";

/* What is wrong, and behind the dash how to mend it. */
static void print_parts(struct json *j, const char *text)
{
	static const char dash[] = " — ";
	const char *last = NULL;

	for (const char *p = text; (p = strstr(p, dash)) != NULL; p++)
		last = p;
	if (last == NULL)
		last = text + strlen(text);
	char *reason = mem_dup(text, (size_t)(last - text));
	json_string(j, "reason", reason);
	json_string(j, "suggestion", *last != '\0' ? last + strlen(dash) : "");
	free(reason);
}

static void print_finding(struct json *j, const struct conf_finding *f)
{
	json_begin(j, NULL, '{');
	json_string(j, "severity", f->severity == CONF_ERROR ? "error" : "warning");
	json_string(j, "file", f->file);
	json_number(j, "line", f->line);
	json_number(j, "column", f->column);
	json_string(j, "path", f->path);
	json_string(j, "text", f->text);
	print_parts(j, f->text);
	json_end(j, '}');
}

static void print_json(const struct conf_report *r)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_number(&j, "errors", r->errors);
	json_number(&j, "warnings", r->warnings);
	json_begin(&j, "findings", '[');
	for (size_t i = 0; i < r->n; i++)
		print_finding(&j, &r->finding[i]);
	json_end(&j, ']');
	json_end(&j, '}');
	printf("\n");
}

int ctl_check(const struct verb *v, int argc, char **argv)
{
	struct conf_report report = {0};
	struct conf_bundle bundle;
	struct conf conf;
	struct options o;
	char *failed = NULL;
	int ret = options_parse(v, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	const char *path = o.nargs > 0        ? o.arg[0]
	                   : o.config != NULL ? o.config
	                                      : SYSCONFDIR "/shmdns/shmdns.conf";
	ret = conf_read(path, &bundle, &failed);
	if (ret < 0) {
		ctl_complain("%s: %s", failed != NULL ? failed : path, strerror(-ret));
		free(failed);
		return EXIT_UNREACHABLE;
	}
	ret = conf_parse(bundle.data, bundle.len, &conf, &report);
	if (ret == 0)
		conf_check_files(&conf, RESOLV_FALLBACK, &report);
	if (o.format == FORMAT_JSON)
		print_json(&report);
	else
		conf_report_print(&report, stdout);
	if (ret == 0)
		conf_fini(&conf);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
	return ret == 0 ? EXIT_OK : EXIT_NEGATIVE;
}
