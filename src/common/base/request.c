#include "base/request.h"

#include <stdio.h>

bool request_parse(char *line, size_t len, struct request *out)
{
	*out = (struct request){0};
	for (size_t i = 0; i < len; i++) {
		bool begins = i == 0 || line[i - 1] == '\0';

		if (line[i] < ' ' || line[i] > '~')
			return false;
		if (line[i] != ' ' && begins) {
			if (out->n == REQUEST_WORDS_MAX)
				return false;
			out->word[out->n++] = &line[i];
		} else if (line[i] == ' ') {
			if (begins) /* nothing before it */
				return false;
			line[i] = '\0';
		}
	}
	return out->n > 0 && line[len - 1] != '\0';
}

bool request_path(const char *run_dir, char *out, size_t cap)
{
	int n = snprintf(out, cap, "%s/" REQUEST_SOCKET, run_dir);

	return n > 0 && (size_t)n < cap;
}
