/* samples.c - see samples.h */
#include "ctl/samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"

/* The word at `p`; returns its length. */
static size_t word(const char *p)
{
	return strcspn(p, " \n");
}

/* `# TYPE name type` */
static void take_type(const char *line, struct sample *last)
{
	static const char lead[] = "# TYPE ";

	if (strncmp(line, lead, strlen(lead)) != 0)
		return;
	last->family = line + strlen(lead);
	last->type_family_len = word(last->family);
	last->type = last->family + last->type_family_len;
	last->type += strspn(last->type, " ");
	last->type_len = word(last->type);
}

/* Where the name and its labels end: a label's value may hold anything, in quotes. */
static size_t name_length(const char *line)
{
	size_t n = strcspn(line, "{ \n");
	bool quoted = false;

	if (line[n] != '{')
		return n;
	for (; line[n] != '\0' && line[n] != '\n'; n++) {
		if (line[n] == '\\' && quoted && line[n + 1] != '\0')
			n++;
		else if (line[n] == '"')
			quoted = !quoted;
		else if (line[n] == '}' && !quoted)
			return n + 1;
	}
	return n;
}

static void add(struct samples *s, const struct sample *one)
{
	if ((s->n & (s->n - 1)) == 0) /* doubles at powers of two */
		s->sample = mem_resize(s->sample, MAX(2 * s->n, 1), sizeof(*s->sample));
	s->sample[s->n++] = *one;
}

void samples_take(struct samples *s, const char *text)
{
	struct sample one = {.family = "", .type = ""};

	*s = (struct samples){.text = mem_dup(text, strlen(text))};
	for (const char *p = s->text; p != NULL && *p != '\0';) {
		if (*p == '#') {
			take_type(p, &one);
		} else if (*p != '\n') {
			one.name = p;
			one.name_len = name_length(p);
			one.family_len = strcspn(p, "{ \n");
			one.value = p + one.name_len;
			one.value += strspn(one.value, " ");
			one.value_len = word(one.value);
			add(s, &one);
		}
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
}

static bool same(const struct sample *a, const struct sample *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

const struct sample *samples_find(
	const struct samples *s, const struct sample *as, size_t from)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sample *one = &s->sample[(from + i) % s->n];

		if (same(one, as))
			return one;
	}
	return NULL;
}

bool samples_grows(const struct sample *s)
{
	static const char counter[] = "counter", histogram[] = "histogram";

	return (s->type_len == strlen(counter) && memcmp(s->type, counter, 7) == 0) ||
	       (s->type_len == strlen(histogram) && memcmp(s->type, histogram, 9) == 0);
}

bool samples_label(const struct sample *s, const char **at, struct sample_label *out)
{
	const char *end = s->name + s->name_len;
	const char *p = *at != NULL ? *at : s->name + s->family_len;

	if (p >= end || (*p != '{' && *p != ','))
		return false;
	p++;
	const char *equal = memchr(p, '=', (size_t)(end - p));
	if (equal == NULL || equal + 1 >= end || equal[1] != '"')
		return false;
	*out = (struct sample_label){
		.name = p, .name_len = (size_t)(equal - p), .value = equal + 2};
	for (p = out->value; p < end && *p != '"'; p++)
		p += *p == '\\';
	if (p >= end)
		return false;
	out->value_len = (size_t)(p - out->value);
	*at = p + 1;
	return true;
}

void samples_fini(struct samples *s)
{
	free(s->text);
	free(s->sample);
	*s = (struct samples){0};
}
