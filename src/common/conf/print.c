/* print.c - the table of keys as files */
#include <string.h>

#include "base/base.h"
#include "conf/schema.h"

/* How keys are printed. */
struct style {
	FILE *out;
	const char *lead;    /* in front of each line */
	const char *comment; /* in front of each key */
	bool help;
};

static void begin_line(const struct style *s, size_t depth)
{
	fputs(s->lead, s->out);
	while (depth-- > 0)
		fputc('\t', s->out);
}

static void print_help(const struct key *k, size_t depth, const struct style *s)
{
	char expected[256];

	begin_line(s, depth);
	fprintf(s->out, "# %s%s\n", k->help, k->reloadable ? "" : " (needs a restart)");
	if (k->type != KEY_INT && k->type != KEY_TTL && k->type != KEY_DURATION &&
		k->type != KEY_SIZE)
		return;
	begin_line(s, depth);
	fprintf(s->out, "# %s\n", schema_expected(k, expected, sizeof(expected)));
}

/* Length of the group that begins at a path and ends at its n-th dot, without the dot. */
static size_t group_len(const char *path, size_t n)
{
	const char *p = path;

	for (size_t i = 0; i < n; i++)
		p = strchr(p, '.') + 1;
	return n > 0 ? (size_t)(p - path) - 1 : 0;
}

static size_t count_dots(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '.';
	return n;
}

/*
 * Keys of a group stand together in the table: between the keys `last` ("" at first) and
 * `next` ("" at the end) close the groups that end and open those that begin.
 */
static void print_groups(const char *last, const char *next, const struct style *s)
{
	const size_t old = count_dots(last), new = count_dots(next);
	size_t same = 0;

	while (same < MIN(old, new) &&
		strncmp(last, next, group_len(next, same + 1) + 1) == 0)
		same++;
	for (size_t n = old; n > same; n--) {
		begin_line(s, n - 1);
		fprintf(s->out, "};\n");
	}
	for (size_t n = same; n < new; n++) {
		const size_t from = n > 0 ? group_len(next, n) + 1 : 0;

		if (n == 0 && s->lead[0] == '\0')
			fputc('\n', s->out);
		begin_line(s, n);
		fprintf(s->out, "%.*s = {\n", (int)(group_len(next, n + 1) - from),
			next + from);
	}
}

/* `path` is that of the key within what is printed. */
static void print_key(const struct key *k, const char *path, const struct style *s)
{
	const size_t depth = count_dots(path);
	const char *word = depth > 0 ? strrchr(path, '.') + 1 : path;

	if (s->help && depth == 0 && s->lead[0] == '\0')
		fputc('\n', s->out);
	if (s->help)
		print_help(k, depth, s);
	begin_line(s, depth);
	fprintf(s->out, "%s%s = %s;\n", s->comment, word, k->fallback);
}

static void print_keys(const char *prefix, const struct style *s)
{
	const size_t skip = prefix[0] != '\0' ? strlen(prefix) + 1 : 0;
	const char *last = "";

	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		const struct key *k = &schema[i];
		char inner[64];

		if (!s->help && (k->follows != NULL || k->required))
			continue;
		print_groups(last, k->path + skip, s);
		print_key(k, k->path + skip, s);
		last = k->path + skip;
		if (!s->help || k->type != KEY_GROUPS)
			continue;
		/* Its keys, as text inside of a comment: they stand in no group. */
		fprintf(s->out,
			"# keys of such a group, at their defaults or as an example:\n");
		snprintf(inner, sizeof(inner), "%s[]", k->path);
		print_keys(inner, &(struct style){s->out, "#\t", "", true});
	}
	print_groups(last, "", s);
}

void schema_print_defaults(const char *prefix, FILE *out)
{
	print_keys(prefix, &(struct style){out, "", "", false});
}

void schema_print(FILE *out)
{
	print_keys("", &(struct style){out, "", "#", true});
}
