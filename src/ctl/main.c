/* main.c - the table of verbs */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

const struct verb verbs[] = {
	{"status", "", "generation, memory and processes of an instance", status_help,
		ctl_status},
	{"workers", "", "the processes that answer, and how busy they are", workers_help,
		ctl_workers},
	{"upstreams", "", "who is asked for other names, and how they fare",
		upstreams_help, ctl_upstreams},
	{"flush", "NAME [--below]", "what caches know of a name is forgotten", flush_help,
		ctl_flush},
	{"query", "NAME [TYPE] [@SERVER] [+short]", "ask a DNS server", query_help,
		ctl_query},
	{"dump", "[cache] [NAME]", "the records of the current generation, or the caches",
		dump_help, ctl_dump},
	{"explain", "NAME [TYPE]", "why a name resolves as it does", explain_help,
		ctl_explain},
	{"history", "", "the generations since the last compaction or start",
		history_help, ctl_history},
	{"diff", "A [B]", "the records that differ between two generations", diff_help,
		ctl_diff},
	{"freeze", "", "the records stay as they are", freeze_help, ctl_freeze},
	{"thaw", "", "publish what the objects say again", thaw_help, ctl_thaw},
	{"rollback", "N", "publish the records of generation N, and freeze",
		rollback_help, ctl_rollback},
	{"reload", "[--wait] [--plan]",
		"read the configuration again, or say what would change", reload_help,
		ctl_reload},
	{"check", "[FILE]", "check a configuration file", check_help, ctl_check},
	{"gen", "--services N --endpoints M", "Kubernetes objects for load, as JSON",
		gen_help, ctl_gen},
	{"completion", "bash|zsh|fish", "completion of verbs for a shell", "",
		ctl_completion},
	{"version", "", "version of this program", "", ctl_version},
	{NULL, NULL, NULL, NULL, NULL},
};

void ctl_complain(const char *fmt, ...)
{
	va_list ap;

	fputs("shmdnsctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void print_verbs(FILE *out)
{
	fprintf(out, "usage: shmdnsctl VERB [OPTION]... [ARGUMENT]...\n\n");
	for (const struct verb *v = verbs; v->name != NULL; v++)
		fprintf(out, "  %-11s %s\n", v->name, v->summary);
	fprintf(out, "\nshmdnsctl VERB --help says more about each.\n"
		     "Exit status: 0 ok, 1 negative result, 2 usage, 3 not reachable,\n"
		     "4 refused.\n");
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
		strcmp(word, "-h") == 0) {
		print_verbs(stdout);
		return EXIT_OK;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		word = "version";
	for (const struct verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, word) == 0)
			return v->run(v, argc - 1, argv + 1);
	if (argc > 1)
		ctl_complain("no verb '%s'", word);
	print_verbs(stderr);
	return EXIT_USAGE;
}
