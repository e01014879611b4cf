/*
 * layout.c - proves that doc/SNAPSHOT.md gives the layout that layout.h has
 *
 * Each field of a shared struct must stand in the document as a row of a table,
 * `| offset | octets | field |`, below a heading that names the struct. Run with -p it
 * prints the rows instead.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "snap/layout.h"

struct field {
	const char *structure, *name;
	size_t offset, octets;
};

#define FIELD(s, f)                                                                      \
	{                                                                                \
#s, #f, offsetof(struct s, f), sizeof(((struct s *)0)->f)                \
	}

static const struct field fields[] = {
	FIELD(segment_header, magic),
	FIELD(segment_header, layout),
	FIELD(segment_header, endian),
	FIELD(segment_header, segment),
	FIELD(segment_header, capacity),
	FIELD(segment_header, key0),
	FIELD(segment_header, key1),
	FIELD(segment_header, instance),
	FIELD(segment_header, check),
	FIELD(trie_node, check),
	FIELD(trie_node, map),
	FIELD(trie_list, check),
	FIELD(trie_list, count),
	FIELD(node_header, check),
	FIELD(node_header, size8),
	FIELD(node_header, name_len),
	FIELD(node_header, zone),
	FIELD(node_header, flags),
	FIELD(node_header, nrrsets),
	FIELD(node_header, body),
	FIELD(rrset_header, type),
	FIELD(rrset_header, count),
	FIELD(rrset_header, ttl_form),
	FIELD(body_header, check),
	FIELD(body_header, size8),
	FIELD(root, check),
	FIELD(root, size),
	FIELD(root, generation),
	FIELD(root, used),
	FIELD(root, time_ns),
	FIELD(root, trie),
	FIELD(root, clients),
	FIELD(root, names),
	FIELD(root, live),
	FIELD(root, settings),
	FIELD(root, previous),
	FIELD(root, serial),
	FIELD(root, cause),
	FIELD(root, flags),
	FIELD(settings_header, check),
	FIELD(settings_header, octets),
	FIELD(settings_header, number),
	FIELD(board_page, magic),
	FIELD(board_page, layout),
	FIELD(board_page, endian),
	FIELD(board_page, key0),
	FIELD(board_page, key1),
	FIELD(board_page, instance),
	FIELD(board_page, check),
	FIELD(board_page, word),
	FIELD(board_page, building),
	FIELD(board_page, generation),
	FIELD(board_page, serial),
	FIELD(board_page, last_segment),
	FIELD(board_page, controller_pid),
};

/* The document as a string, owned by the caller; NULL if it cannot be read. */
static char *read_document(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (f == NULL || text == NULL || fread(text, 1, (1 << 20) - 1, f) == 0) {
		free(text);
		text = NULL;
	}
	if (f != NULL)
		fclose(f);
	return text;
}

/* Does the row stand between the heading of its struct and the next heading? */
static bool documented(const char *text, const struct field *f, const char *row)
{
	char heading[80];

	snprintf(heading, sizeof(heading), "`struct %s`", f->structure);
	const char *from = strstr(text, heading);
	if (from == NULL)
		return false;
	const char *to = strstr(from, "\n#"), *found = strstr(from, row);
	return found != NULL && (to == NULL || found < to);
}

int main(int argc, char **argv)
{
	bool print = argc > 1 && strcmp(argv[1], "-p") == 0;
	char *text = print ? NULL : read_document(SNAPSHOT_MD);
	int missing = 0;

	if (!print && text == NULL) {
		printf("%s cannot be read\n", SNAPSHOT_MD);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];
		char row[120];

		snprintf(row, sizeof(row), "| %zu | %zu | %s |", f->offset, f->octets,
			f->name);
		if (print) {
			printf("%s: %s\n", f->structure, row);
		} else if (!documented(text, f, row)) {
			printf("doc/SNAPSHOT.md:1: struct %s lacks \"%s\"\n",
				f->structure, row);
			missing++;
		}
	}
	free(text);
	return missing > 0;
}
