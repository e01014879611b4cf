/* show.c - a value as it would stand in a file */
#include "conf/show.h"

#include <string.h>

#include "base/base.h"
#include "conf/flatvalue.h"
#include "conf/list.h"

#define PREFIX_MAX 64 /* octets of "forward[]" and its like */

void *show_at(const struct key *k, const void *base, size_t i)
{
	uint8_t *items;

	memcpy(&items, (const uint8_t *)base + k->offset, sizeof(items));
	return items + i * k->size;
}

static void show_groups(const struct key *k, const void *base, FILE *out)
{
	char prefix[PREFIX_MAX];

	snprintf(prefix, sizeof(prefix), "%s[]", k->path);
	fputc('(', out);
	for (size_t i = 0; i < list_count(k, base); i++) {
		fputs(i > 0 ? ", " : " ", out);
		show_group(prefix, show_at(k, base, i), out);
	}
	fputs(" )", out);
}

void show_value(const struct key *k, const void *base, FILE *out)
{
	struct flat_item it = {0};

	if (k->type == KEY_GROUPS) {
		show_groups(k, base, out);
		return;
	}
	flatvalue_put(NULL, k, base, &it);
	flat_print_value(&it, out);
	flatvalue_fini(&it);
}

void show_group(const char *prefix, const void *element, FILE *out)
{
	const size_t skip = strlen(prefix) + 1;

	fputs("{ ", out);
	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		fprintf(out, "%s = ", schema[i].path + skip);
		show_value(&schema[i], element, out);
		fputs("; ", out);
	}
	fputc('}', out);
}
