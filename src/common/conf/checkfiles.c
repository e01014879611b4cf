/* checkfiles.c - whom the resolv.conf files of a configuration would give (shell) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "conf/conf.h"
#include "conf/report.h"
#include "conf/resolv.h"

#define FILE_MAX ((size_t)1 << 20)

/* False: it cannot be read, and nothing is known of it. */
static bool read_resolv(const char *path, struct resolv *out)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n = 0;
	bool ok = false;

	if (f == NULL)
		return false;
	text = malloc(FILE_MAX);
	if (text != NULL) {
		n = fread(text, 1, FILE_MAX, f);
		ok = ferror(f) == 0;
	}
	if (ok)
		resolv_parse(text, n, out);
	free(text);
	fclose(f);
	return ok;
}

/* How many of them can be asked; *line is that of the first who cannot, *why says why. */
static size_t usable(
	const struct conf *c, const struct resolv *r, unsigned *line, const char **why)
{
	size_t n = 0;

	*line = 0;
	*why = "there is no `nameserver` line";
	for (size_t i = 0; i < r->n; i++) {
		const char *fault = resolv_fault(&r->server[i], c->listen, c->nlisten);

		if (fault == NULL) {
			n++;
		} else if (*line == 0) {
			*line = r->server[i].line;
			*why = fault;
		}
	}
	return n;
}

static void check_file(const struct conf *c, const char *path, const char *fallback,
	struct conf_report *report)
{
	struct place at = {.file = path, .order = UINT32_MAX}; /* behind ours */
	unsigned unused;
	struct resolv r;
	const char *why;

	if (!read_resolv(path, &r) || usable(c, &r, &at.line, &why) > 0)
		return;
	at.column = at.line != 0 ? 1 : 0;
	const char *told = why;
	if (read_resolv(fallback, &r) && usable(c, &r, &unused, &why) > 0)
		return;
	report_add(report, CONF_WARNING, &at, "forward[].to",
		"nobody is left to ask: %s — write the addresses of upstreams instead",
		told);
}

/* Is it among the first `n` upstreams of the groups before this one, or in it? */
static bool seen(const struct conf *c, size_t group, size_t n, const char *path)
{
	for (size_t g = 0; g <= group; g++) {
		const struct conf_forward *f = &c->forward[g];

		for (size_t i = 0; i < (g < group ? f->nto : n); i++)
			if (f->to[i].kind == CONF_UPSTREAM_FILE &&
				strcmp(f->to[i].path, path) == 0)
				return true;
	}
	return false;
}

void conf_check_files(
	const struct conf *c, const char *fallback, struct conf_report *report)
{
	for (size_t g = 0; g < c->nforward; g++)
		for (size_t i = 0; i < c->forward[g].nto; i++) {
			const struct conf_upstream *u = &c->forward[g].to[i];

			if (u->kind == CONF_UPSTREAM_FILE && !seen(c, g, i, u->path))
				check_file(c, u->path, fallback, report);
		}
}
