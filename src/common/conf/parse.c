#include "conf/parse.h"

#include "base/base.h"
#include "base/mem.h"

static size_t number(const char *path)
{
	return (size_t)(schema_find(path) - schema);
}

void parse_note(
	struct parse *p, const struct key *k, size_t element, const struct place *at)
{
	if (p->filling)
		return;
	p->marks = mem_resize(p->marks, p->nmarks + 1, sizeof(*p->marks));
	p->marks[p->nmarks++] = (struct parse_mark){k, p->group, element, *at};
}

const struct place *parse_where(
	const struct parse *p, const char *path, size_t group, size_t element)
{
	const struct key *k = schema_find(path);

	/* The last one counts: a group that was refused leaves its number to the next. */
	for (size_t i = p->nmarks; i-- > 0;)
		if (p->marks[i].key == k && p->marks[i].group == group &&
			p->marks[i].element == element)
			return &p->marks[i].place;
	return p->seen[k - schema].file != NULL ? &p->seen[k - schema] : &p->nowhere;
}

bool parse_sound(const struct parse *p, const char *path)
{
	return !p->bad[number(path)];
}

bool parse_is_set(const struct parse *p, const char *path)
{
	return p->seen[number(path)].file != NULL;
}
