/* checkzone.c - the part of check.c about zones from files (SM-11, FE-03, FE-44) */
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "conf/bundle.h"
#include "conf/check.h"
#include "conf/dirzone.h"

static const char name_key[] = "zone[].name";

static const struct place *where(const struct parse *p, size_t i)
{
	return parse_where(p, name_key, i, 0);
}

static bool under(const struct name *n, const struct name *zone)
{
	return name_under(n->wire, n->len, zone->wire, zone->len);
}

/* FE-44: beside the file of the configuration `from`, or below base_dir. */
static void find_file(const struct conf *c, const char *from, char **file)
{
	struct mem_buf path = {0};

	if ((*file)[0] == '/')
		return;
	if (c->base_dir[0] != '\0') {
		mem_buf_put(&path, c->base_dir, strlen(c->base_dir));
		mem_buf_put(&path, "/", 1);
		mem_buf_put(&path, *file, strlen(*file) + 1);
		free(*file);
		*file = mem_dup((const char *)path.data, path.len - 1);
		mem_buf_fini(&path);
	} else if (from != NULL) {
		char *beside = bundle_beside(from, *file, strlen(*file));

		free(*file);
		*file = beside;
	}
}

static void check_twice(struct parse *p, size_t i)
{
	const struct conf *c = p->conf;
	const struct name *n = &c->zone[i].name;
	char text[NAME_TEXT_MAX];

	for (size_t k = 0; k < i; k++) {
		const struct place *at = where(p, k);

		if (!name_equal(
			    n->wire, n->len, c->zone[k].name.wire, c->zone[k].name.len))
			continue;
		name_text(n->wire, n->len, text, sizeof(text));
		report_add(p->report, CONF_ERROR, where(p, i), name_key,
			"the zone \"%s\" is there twice, see line %u — take one out",
			text, at->line);
		return;
	}
}

const struct name *conf_cluster_zone(const struct conf *c, const struct name *n)
{
	static const uint8_t v4[] = "\7in-addr\4arpa", v6[] = "\3ip6\4arpa";

	for (size_t k = 0; k < c->kubernetes.nzones; k++) {
		const struct name *z = &c->kubernetes.zones[k];
		bool reverse = name_under(z->wire, z->len, v4, sizeof(v4)) ||
		               name_under(z->wire, z->len, v6, sizeof(v6));

		if (under(n, z) && (!reverse || n->len == z->len))
			return z;
	}
	return NULL;
}

/* FT-04: names of the cluster come first, so a zone within one would never be asked. */
static void check_cluster(struct parse *p, size_t i)
{
	const struct name *n = &p->conf->zone[i].name;
	const struct name *z = conf_cluster_zone(p->conf, n);
	char text[NAME_TEXT_MAX], outer[NAME_TEXT_MAX];

	if (z == NULL)
		return;
	name_text(n->wire, n->len, text, sizeof(text));
	name_text(z->wire, z->len, outer, sizeof(outer));
	report_add(p->report, CONF_ERROR, where(p, i), name_key,
		"\"%s\" is in the cluster's zone \"%s\" — take it out here or in "
		"kubernetes.zones",
		text, outer);
}

static void check_root(struct parse *p, size_t i)
{
	if (p->conf->zone[i].name.len == 1)
		report_add(p->report, CONF_ERROR, where(p, i), name_key,
			"\".\" would be all names — write the zone of the file");
}

/* What the zone does not have is denied, and never asked for elsewhere. */
static void check_forwarded(struct parse *p, size_t i)
{
	static const char from[] = "forward[].from";
	const struct conf *c = p->conf;
	char text[NAME_TEXT_MAX];

	for (size_t k = 0; k < c->nforward && !c->zone[i].fallthrough; k++) {
		const struct name *n = &c->forward[k].from;

		if (n->len <= 1 || !under(n, &c->zone[i].name))
			continue;
		name_text(n->wire, n->len, text, sizeof(text));
		report_add(p->report, CONF_WARNING, parse_where(p, from, k, 0), from,
			"\"%s\" is in a zone of ours: nobody is asked — set "
			"zone[].fallthrough, or take one out",
			text);
	}
}

/* FE-03: a pattern that can be looked for, and a name that is made of what it finds. */
static void check_directory(struct parse *p)
{
	static const char pattern[] = "zones.pattern", name[] = "zones.name";
	const struct conf *c = p->conf;
	const char *fault;
	char why[128];
	regex_t re;

	if (c->zones.pattern == NULL || c->zones.name == NULL)
		return; /* that was said already */
	if (!pattern_groups(c->zones.pattern, &re, why, sizeof(why))) {
		report_add(p->report, CONF_ERROR, parse_where(p, pattern, 0, 0), pattern,
			"\"%s\" is no regular expression: %s — see regex(7)",
			c->zones.pattern, why);
		return;
	}
	fault = dirzone_fault(c->zones.name, re.re_nsub);
	regfree(&re);
	if (fault != NULL)
		report_add(p->report, CONF_ERROR, parse_where(p, name, 0, 0), name,
			"\"%s\": %s — write one such as \"{1}\" or \"{1}.example.\"",
			c->zones.name, fault);
}

void check_zone_files(struct parse *p)
{
	static const char file[] = "zone[].file", directory[] = "zones.directory";
	struct conf *c = p->conf;

	for (size_t i = 0; i < c->nzone; i++) {
		find_file(c, parse_where(p, file, i, 0)->file, &c->zone[i].file);
		check_root(p, i);
		check_twice(p, i);
		check_cluster(p, i);
		check_forwarded(p, i);
	}
	if (c->zones.directory != NULL && c->zones.directory[0] != '\0')
		find_file(c, parse_where(p, directory, 0, 0)->file, &c->zones.directory);
	check_directory(p);
	if (c->nzone + c->kubernetes.nzones > CONF_ZONES_MAX)
		report_add(p->report, CONF_ERROR, parse_where(p, "zone", 0, 0), "zone",
			"are %zu zones with those of kubernetes.zones, and %u are the "
			"most — take some out",
			c->nzone + c->kubernetes.nzones, CONF_ZONES_MAX);
}
