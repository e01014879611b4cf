/* completion.c - shmdnsctl completion: what can stand behind a verb */
#include "ctl/completion.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "conf/flat.h"
#include "ctl/options.h"

const char completion_help[] =
	"\n"
	"Writes a script that completes verbs, their options and arguments:\n"
	"  bash  source <(shmdnsctl completion bash)\n"
	"  zsh   shmdnsctl completion zsh > \"${fpath[1]}/_shmdnsctl\"\n"
	"  fish  shmdnsctl completion fish > ~/.config/fish/completions/shmdnsctl.fish\n";

const char completion_types[] = "A AAAA SRV PTR CNAME TXT NS SOA MX ANY";

/* What the values of options are, by their names. */
static const struct {
	const char *word;
	enum completion_kind kind;
	const char *words;
} values[] = {
	{"--output", COMPLETION_WORD, "table wide json"},
	{"--config", COMPLETION_FILE, NULL},
	{"--socket", COMPLETION_FILE, NULL},
	{"--by", COMPLETION_WORD, "all rcode name client namespace nxdomain slow"},
	{"--source", COMPLETION_WORD, "cluster local cache stale forward policy error"},
	{"--rcode", COMPLETION_WORD, "NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED"},
	{"--type", COMPLETION_WORD, completion_types},
};

/* True if the option, or its letter, is there already: a verb's own comes first. */
static bool taken(const struct completion *c, const char *name)
{
	for (size_t i = 0; i < c->noptions; i++)
		if (strcmp(c->option[i].word, name) == 0 ||
			(c->option[i].letter != NULL &&
				strcmp(c->option[i].letter, name) == 0))
			return true;
	return false;
}

static void on_option(void *arg, const struct option_spec *s)
{
	struct completion *c = arg;
	struct completion_option o = {s->letter, s->word, COMPLETION_FLAG, NULL};

	if (c->noptions == COMPLETION_OPTIONS || taken(c, s->word))
		return;
	if (o.letter != NULL && taken(c, o.letter))
		o.letter = NULL;
	if (s->value != NULL)
		o.kind = COMPLETION_VALUE;
	for (size_t i = 0; i < ARRAY_LEN(values) && s->value != NULL; i++)
		if (strcmp(values[i].word, s->word) == 0) {
			o.kind = values[i].kind;
			o.words = values[i].words;
		}
	c->option[c->noptions++] = o;
}

/* One word of what is said of arguments: "cache", "FILE", "+short". */
static void take_word(struct completion *c, const char *p, size_t n)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz-";
	const size_t from = p[0] == '+';

	if (n > from && strspn(p + from, lower) >= n - from && p[0] != '-') {
		if (c->nwords == COMPLETION_WORDS || n >= sizeof(c->word[0]))
			return;
		memcpy(c->word[c->nwords++], p, n);
		return;
	}
	c->files |= n >= 4 && strncmp(p, "FILE", 4) == 0;
	c->types |= n == 4 && strncmp(p, "TYPE", 4) == 0;
	c->keys |= n == 4 && strncmp(p, "PATH", 4) == 0;
}

void completion_describe(const struct verb *v, struct completion *out)
{
	static const char between[] = " |[]";

	*out = (struct completion){.verb = v};
	options_describe(v, on_option, out);
	for (const char *p = v->arguments; *p != '\0';) {
		const size_t n = strcspn(p, between);

		if (n > 0)
			take_word(out, p, n);
		p += n;
		p += strspn(p, between);
	}
	out->leads = out->nwords > 0 && out->files;
}

void completion_keys(FILE *out)
{
	static const struct conf_bundle nothing = {0};
	struct conf_report report = {0};
	struct flat f;

	if (flat_parse(nothing.data, nothing.len, &f, &report) == 0)
		for (size_t i = 0; i < f.n; i++)
			if (strchr(f.item[i].path, '[') == NULL)
				fprintf(out, " %s", f.item[i].path);
	flat_fini(&f);
	conf_report_fini(&report);
}

int ctl_completion(const struct verb *v, int argc, char **argv)
{
	struct options o;
	int ret = options_parse(v, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs != 1 || !completion_print(o.arg[0], stdout)) {
		ctl_complain("completion: say bash, zsh or fish");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}
