/* shells.c - completion as scripts of bash, zsh and fish */
#include <string.h>

#include "base/base.h"
#include "ctl/completion.h"

/* The name of an option with its letter before it, `between` the two. */
static void put_names(const struct completion_option *o, const char *between, FILE *out)
{
	if (o->letter != NULL)
		fprintf(out, "%s%s", o->letter, between);
	fputs(o->word, out);
}

/* The words that arguments can be, such as show, get, diff, `between` two of them. */
static void put_own(const struct completion *c, const char *between, FILE *out)
{
	for (size_t i = 0; i < c->nwords; i++)
		fprintf(out, "%s%s", i > 0 ? between : "", c->word[i]);
}

static void put_words(const struct completion *c, FILE *out)
{
	put_own(c, " ", out);
	if (c->types)
		fprintf(out, " %s", completion_types);
}

/* In single quotes: what is in them ends at the next one. */
static void put_quoted(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

static void put_verbs(FILE *out)
{
	for (const struct verb *v = verbs; v->name != NULL; v++)
		fprintf(out, "%s%s", v == verbs ? "" : " ", v->name);
}

/* ---- bash ---- */

static void bash_value(const struct completion_option *o, FILE *out)
{
	fputs("\t\t", out);
	put_names(o, "|", out);
	fputs(") ", out);
	if (o->kind == COMPLETION_WORD)
		fprintf(out, "words=\"%s\"", o->words);
	else if (o->kind == COMPLETION_FILE)
		fputs("words= files=1", out);
	else
		fputs("words=", out);
	fputs("; value=1;;\n", out);
}

static void bash_verb(const struct completion *c, FILE *out)
{
	fprintf(out, "\t%s)\n\t\toptions=\"", c->verb->name);
	for (size_t i = 0; i < c->noptions; i++) {
		fputs(i > 0 ? " " : "", out);
		put_names(&c->option[i], " ", out);
	}
	fputs("\"\n\t\twords=\"", out);
	put_words(c, out);
	fprintf(out, "\"\n\t\tfiles=%s\n", c->files ? "1" : "");
	if (c->leads) {
		fputs("\t\tcase \" ${COMP_WORDS[*]:2:COMP_CWORD-2} \" in\n\t\t*\" ", out);
		put_own(c, " \"*|*\" ", out);
		fputs(" \"*) words=;;\n\t\t*) files=;;\n\t\tesac\n", out);
	}
	fputs("\t\tcase $prev in\n", out);
	if (c->keys) {
		fputs("\t\tget) words=\"", out);
		completion_keys(out);
		fputs("\" files=;;\n", out);
	}
	for (size_t i = 0; i < c->noptions; i++)
		if (c->option[i].kind != COMPLETION_FLAG)
			bash_value(&c->option[i], out);
	fputs("\t\tesac;;\n", out);
}

/* "=" is a word of its own to bash, and what is behind it too. */
static void bash(FILE *out)
{
	struct completion c;

	fputs("# completion of shmdnsctl for bash; made by `shmdnsctl completion bash`\n"
	      "_shmdnsctl() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal options= words= files= value=\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$cur\" = = ]; then\n\t\tcur=\n"
	      "\telif [ \"$prev\" = = ]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"",
		out);
	put_verbs(out);
	fputs(" help\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n",
		out);
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		completion_describe(v, &c);
		bash_verb(&c, out);
	}
	fputs("\tesac\n"
	      "\tif [ -z \"$value\" ] && [ \"${cur:0:1}\" = - ]; then\n"
	      "\t\twords=$options files=\n\tfi\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\tif [ -n \"$files\" ]; then\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n\tfi\n"
	      "}\n"
	      "complete -F _shmdnsctl shmdnsctl\n",
		out);
}

/* ---- zsh ---- */

static void zsh_action(const struct completion_option *o, FILE *out)
{
	if (o->kind == COMPLETION_WORD)
		fprintf(out, ":value:(%s)", o->words);
	else if (o->kind == COMPLETION_FILE)
		fputs(":file:_files", out);
	else if (o->kind == COMPLETION_VALUE)
		fputs(":value: ", out);
}

static void zsh_option(const struct completion_option *o, const char *name, FILE *out)
{
	const bool value = o->kind != COMPLETION_FLAG;

	fputs(" '(", out);
	put_names(o, " ", out);
	fprintf(out, ")%s%s", name, value && name[1] == '-' ? "=" : "");
	zsh_action(o, out);
	fputs("'", out);
}

static void zsh_verb(const struct completion *c, FILE *out)
{
	fprintf(out, "\t%s)\n\t\t_arguments", c->verb->name);
	for (size_t i = 0; i < c->noptions; i++) {
		if (c->option[i].letter != NULL)
			zsh_option(&c->option[i], c->option[i].letter, out);
		zsh_option(&c->option[i], c->option[i].word, out);
	}
	if (c->nwords > 0 || c->types) {
		fprintf(out, " '%s:argument:(", c->leads ? "1" : "*");
		put_words(c, out);
		fputs(")'", out);
	}
	if (c->keys) {
		fputs(" '*:argument:{ if (( ${words[(I)get]} )); then compadd --", out);
		completion_keys(out);
		fputs("; else _files; fi }'", out);
	} else if (c->files) {
		fputs(" '*:file:_files'", out);
	}
	fputs(";;\n", out);
}

/* A text between single quotes in which a colon ends something. */
static void zsh_describe(const struct verb *v, FILE *out)
{
	char text[256];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s:", v->name);

	for (const char *p = v->summary; *p != '\0' && n + 3 < sizeof(text); p++) {
		if (*p == ':')
			text[n++] = '\\';
		text[n++] = *p;
	}
	text[n] = '\0';
	fputs("\t\t", out);
	put_quoted(text, out);
	fputc('\n', out);
}

static void zsh(FILE *out)
{
	struct completion c;

	fputs("#compdef shmdnsctl\n"
	      "# made by `shmdnsctl completion zsh`\n"
	      "_shmdnsctl() {\n\tlocal -a known\n\tknown=(\n",
		out);
	for (const struct verb *v = verbs; v->name != NULL; v++)
		zsh_describe(v, out);
	fputs("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe verb known\n"
	      "\t\treturn\n\tfi\n"
	      "\tshift words\n\t(( CURRENT-- ))\n\tcase $words[1] in\n",
		out);
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		completion_describe(v, &c);
		zsh_verb(&c, out);
	}
	fputs("\tesac\n}\n_shmdnsctl \"$@\"\n", out);
}

/* ---- fish ---- */

/* Behind the verb; more that must hold, and the closing quote, are the caller's. */
static void fish_begin(const struct verb *v, FILE *out)
{
	fprintf(out, "complete -c shmdnsctl -n '__fish_seen_subcommand_from %s", v->name);
}

/* Where words lead: if one of them stands there, or none does. */
static void fish_led(const struct completion *c, bool behind, FILE *out)
{
	if (!c->leads)
		return;
	fprintf(out, "; and %s__fish_seen_subcommand_from ", behind ? "" : "not ");
	put_own(c, " ", out);
}

static void fish_option(
	const struct verb *v, const struct completion_option *o, FILE *out)
{
	fish_begin(v, out);
	fputs("'", out);
	if (o->letter != NULL)
		fprintf(out, " -s %s", o->letter + 1);
	fprintf(out, " -l %s", o->word + 2);
	if (o->kind == COMPLETION_WORD)
		fprintf(out, " -x -a '%s'", o->words);
	else if (o->kind == COMPLETION_FILE)
		fputs(" -r -F", out);
	else if (o->kind == COMPLETION_VALUE)
		fputs(" -x", out);
	fputc('\n', out);
}

static void fish_verb(const struct completion *c, FILE *out)
{
	for (size_t i = 0; i < c->noptions; i++)
		fish_option(c->verb, &c->option[i], out);
	if (c->files) {
		fish_begin(c->verb, out);
		fish_led(c, true, out);
		fputs(c->keys ? "; and not __fish_seen_subcommand_from get" : "", out);
		fputs("' -F\n", out);
	}
	if (c->keys) {
		fish_begin(c->verb, out);
		fputs("; and __fish_seen_subcommand_from get' -a '", out);
		completion_keys(out);
		fputs("'\n", out);
	}
	if (c->nwords == 0 && !c->types)
		return;
	fish_begin(c->verb, out);
	fish_led(c, false, out);
	fputs("' -a '", out);
	put_words(c, out);
	fputs("'\n", out);
}

static void fish(FILE *out)
{
	struct completion c;

	fputs("# completion of shmdnsctl for fish; made by `shmdnsctl completion fish`\n"
	      "complete -c shmdnsctl -f\n",
		out);
	for (const struct verb *v = verbs; v->name != NULL; v++) {
		fprintf(out, "complete -c shmdnsctl -n __fish_use_subcommand -a %s -d ",
			v->name);
		put_quoted(v->summary, out);
		fputc('\n', out);
		completion_describe(v, &c);
		fish_verb(&c, out);
	}
}

bool completion_print(const char *shell, FILE *out)
{
	static const struct {
		const char *name;
		void (*print)(FILE *out);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].print(out);
			return true;
		}
	return false;
}
