#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/report.h"

#define FINDINGS_MAX 200
#define TEXT_MAX     1024

static void append(struct conf_report *r, const struct conf_finding *f)
{
	r->finding = mem_resize(r->finding, r->n + 1, sizeof(*r->finding));
	r->finding[r->n++] = *f;
}

static char *copy(const char *s)
{
	return mem_dup(s, strlen(s));
}

void report_add(struct conf_report *r, enum conf_severity severity,
	const struct place *at, const char *path, const char *fmt, ...)
{
	struct conf_finding f = {.severity = severity};
	char text[TEXT_MAX];
	va_list ap;

	if (severity == CONF_ERROR)
		r->errors++;
	else
		r->warnings++;
	if (r->n > FINDINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bool last = r->n == FINDINGS_MAX;
	f.file = copy(at->file != NULL ? at->file : "");
	f.order = last ? UINT_MAX : at->order;
	f.line = at->line;
	f.column = at->column;
	f.path = copy(last ? "" : path);
	f.text = copy(last ? "there are more errors — mend these first" : text);
	append(r, &f);
}

static int compare(const struct conf_finding *a, const struct conf_finding *b)
{
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return 0;
}

void report_sort(struct conf_report *r)
{
	for (size_t i = 1; i < r->n; i++) { /* stable; there are 201 at most */
		struct conf_finding f = r->finding[i];
		size_t j = i;

		for (; j > 0 && compare(&r->finding[j - 1], &f) > 0; j--)
			r->finding[j] = r->finding[j - 1];
		r->finding[j] = f;
	}
}

const char *report_quote(const char *s, size_t len, char *out)
{
	size_t n = 0;
	const size_t room = REPORT_QUOTE_MAX - 9; /* \xHH, "...", the quote, the NUL */

	out[n++] = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (n > room) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
		} else {
			out[n++] = (char)c;
		}
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

static void print_finding(const struct conf_finding *f, FILE *out)
{
	if (f->file[0] != '\0')
		fprintf(out, "%s:", f->file);
	if (f->line != 0)
		fprintf(out, "%u:", f->line);
	if (f->column != 0)
		fprintf(out, "%u:", f->column);
	fprintf(out, "%s%s: ", f->file[0] != '\0' ? " " : "",
		f->severity == CONF_ERROR ? "error" : "warning");
	if (f->path[0] != '\0')
		fprintf(out, "%s: ", f->path);
	fprintf(out, "%s\n", f->text);
}

void conf_report_print(const struct conf_report *r, FILE *out)
{
	for (size_t i = 0; i < r->n; i++)
		print_finding(&r->finding[i], out);
	fprintf(out, "%zu error%s, %zu warning%s\n", r->errors, r->errors == 1 ? "" : "s",
		r->warnings, r->warnings == 1 ? "" : "s");
}

void conf_report_fini(struct conf_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->finding[i].file);
		free(r->finding[i].path);
		free(r->finding[i].text);
	}
	free(r->finding);
	*r = (struct conf_report){0};
}
