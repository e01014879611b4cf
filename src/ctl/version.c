/* version.c - the verbs that only talk about the program itself */
#include <stdio.h>
#include <string.h>

#include "ctl/options.h"
#include "snap/layout.h"

int ctl_version(const struct verb *v, int argc, char **argv)
{
	struct options o;
	int ret = options_parse(v, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.format == FORMAT_JSON)
		printf("{\"version\":1,\"program\":\"%s\",\"layout\":%d}\n",
			PROGRAM_VERSION, SNAP_LAYOUT);
	else
		printf("shmdnsctl %s (shared memory layout %d)\n", PROGRAM_VERSION,
			SNAP_LAYOUT);
	return EXIT_OK;
}

static void print_words(void)
{
	for (const struct verb *v = verbs; v->name != NULL; v++)
		printf("%s%s", v == verbs ? "" : " ", v->name);
}

static void print_zsh(void)
{
	printf("#compdef shmdnsctl\n_arguments '1:verb:((");
	for (const struct verb *v = verbs; v->name != NULL; v++)
		printf("%s\\:\"%s\" ", v->name, v->summary);
	printf("))' '*:file:_files'\n");
}

static void print_fish(void)
{
	for (const struct verb *v = verbs; v->name != NULL; v++)
		printf("complete -c shmdnsctl -n __fish_use_subcommand -a %s -d '%s'\n",
			v->name, v->summary);
}

int ctl_completion(const struct verb *v, int argc, char **argv)
{
	struct options o;
	int ret = options_parse(v, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	const char *shell = o.nargs == 1 ? o.arg[0] : "";
	if (strcmp(shell, "bash") == 0) {
		printf("complete -o default -W '");
		print_words();
		printf("' shmdnsctl\n");
	} else if (strcmp(shell, "zsh") == 0) {
		print_zsh();
	} else if (strcmp(shell, "fish") == 0) {
		print_fish();
	} else {
		ctl_complain("completion: say bash, zsh or fish");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}
