#include "controller/kube/yamlfault.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

#include "base/base.h"

/* Octets that are no text come with an offset instead of a mark. */
static void mark_offset(
	const uint8_t *data, size_t len, size_t offset, struct kube_error *out)
{
	size_t line_start = 0;

	out->line = 1;
	offset = MIN(offset, len);
	for (size_t i = 0; i < offset; i++) {
		if (data[i] == '\n') {
			out->line++;
			line_start = i + 1;
		}
	}
	out->column = (unsigned)(offset - line_start + 1);
}

int yamlfault(const struct yaml_parser_s *y, const uint8_t *data, size_t len,
	struct kube_error *out)
{
	if (y->error == YAML_READER_ERROR) {
		mark_offset(data, len, y->problem_offset, out);
	} else {
		out->line = (unsigned)y->problem_mark.line + 1;
		out->column = (unsigned)y->problem_mark.column + 1;
	}
	snprintf(out->text, sizeof(out->text), "%s%s%s",
		y->problem == NULL ? "out of memory" : y->problem,
		y->context == NULL ? "" : " ", y->context == NULL ? "" : y->context);
	return -EINVAL;
}
