/* options.c - the words behind a verb */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ctl/options.h"

static const char common_help[] =
	"\nOptions of each verb:\n"
	"  -o, --output FORMAT    table, wide or json (text is table)\n"
	"  -i, --instance NAME    the instance to look at\n"
	"  -c, --config FILE      take the instance from this configuration file\n"
	"  -s, --socket FILE      the control socket (default: in run_dir)\n"
	"      --timeout SECONDS  how long to wait for an answer\n"
	"      --no-color         output is never coloured: accepted for scripts\n"
	"  -h, --help             this text\n";

bool options_number(const char *what, const char *text, unsigned long min,
	unsigned long max, unsigned long *out)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || v < min ||
		v > max) {
		ctl_complain("%s must be a number from %lu to %lu, not '%s'", what, min,
			max, text);
		return false;
	}
	*out = v;
	return true;
}

int options_exit(int ret)
{
	return ret > 0 ? EXIT_OK : EXIT_USAGE;
}

/* True if `word` is this option; *value is what stands behind '=' or NULL. */
static bool matches(const struct option_spec *s, const char *word, const char **value)
{
	size_t n = strlen(s->word);

	*value = NULL;
	if (strncmp(word, s->word, n) == 0 && word[n] == '=' && s->value != NULL) {
		*value = word + n + 1;
		return true;
	}
	return strcmp(word, s->word) == 0 ||
	       (s->letter != NULL && strcmp(word, s->letter) == 0);
}

/* Take the option at argv[*at]. 1: taken; 0: none of these; -EINVAL. */
static int take(const struct option_spec *specs, size_t n, int argc, char **argv, int *at)
{
	const char *value;

	for (size_t i = 0; i < n; i++) {
		if (!matches(&specs[i], argv[*at], &value))
			continue;
		if (specs[i].value == NULL) {
			*specs[i].flag = true;
			return 1;
		}
		if (value == NULL && *at + 1 >= argc) {
			ctl_complain("%s needs a value", argv[*at]);
			return -EINVAL;
		}
		*specs[i].value = value != NULL ? value : argv[++*at];
		return 1;
	}
	return 0;
}

static bool parse_format(const char *text, enum format *out)
{
	static const char *const words[] = {"table", "wide", "json", "text"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*out = i < 3 ? (enum format)i : FORMAT_TABLE;
			return true;
		}
	ctl_complain("output must be table, wide or json, not '%s'", text);
	return false;
}

static bool parse_values(const char *format, const char *timeout, struct options *o)
{
	unsigned long seconds;

	if (format != NULL && !parse_format(format, &o->format))
		return false;
	if (timeout == NULL)
		return true;
	if (!options_number("--timeout", timeout, 1, 3600, &seconds))
		return false;
	o->timeout_ms = (unsigned)seconds * 1000;
	return true;
}

/* Who wants to hear of options instead of having them parsed; NULL: nobody. */
static options_on_option listener;
static void *listener_arg;

static void describe(const struct option_spec *specs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		listener(listener_arg, &specs[i]);
}

void options_describe(const struct verb *v, options_on_option on_option, void *arg)
{
	char name[32], help[] = "--help";
	char *argv[] = {name, help, NULL};

	snprintf(name, sizeof(name), "%s", v->name);
	listener = on_option;
	listener_arg = arg;
	v->run(v, 2, argv);
	listener = NULL;
}

int options_parse(const struct verb *v, int argc, char **argv,
	const struct option_spec *own, size_t n, struct options *o)
{
	const char *format = NULL, *timeout = NULL;
	bool help = false, no_color = false;

	*o = (struct options){.arg = argv + 1};
	const struct option_spec common[] = {
		{"-o", "--output", &format, NULL},
		{"-i", "--instance", &o->instance, NULL},
		{"-c", "--config", &o->config, NULL},
		{"-s", "--socket", &o->socket, NULL},
		{NULL, "--timeout", &timeout, NULL},
		{NULL, "--no-color", NULL, &no_color},
		{"-h", "--help", NULL, &help},
	};
	if (listener != NULL) {
		describe(own, n);
		describe(common, ARRAY_LEN(common));
		return 1;
	}
	for (int at = 1; at < argc; at++) {
		int ret = take(own, n, argc, argv, &at);

		if (ret == 0)
			ret = take(common, ARRAY_LEN(common), argc, argv, &at);
		if (ret < 0)
			return ret;
		if (ret > 0)
			continue;
		if (argv[at][0] == '-' && argv[at][1] != '\0') {
			ctl_complain(
				"%s: no option '%s' (try --help)", v->name, argv[at]);
			return -EINVAL;
		}
		o->arg[o->nargs++] = argv[at];
	}
	if (help) {
		printf("usage: shmdnsctl %s %s\n\n%s.\n%s%s", v->name, v->arguments,
			v->summary, v->help, common_help);
		return 1;
	}
	return parse_values(format, timeout, o) ? 0 : -EINVAL;
}
