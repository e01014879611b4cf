#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/check.h"
#include "conf/coredns.h"
#include "conf/flatmake.h"
#include "conf/list.h"
#include "conf/scan.h"
#include "conf/value.h"

#define PATH_MAX_LEN 256

/* A key that nobody knows: what it could be (CF-02, OP-28). */
static void refuse_unknown(struct parse *p, const struct value *v, const char *path)
{
	const char *ours = coredns_translate(path);
	char guess[PATH_MAX_LEN];

	if (ours != NULL) {
		report_add(p->report, CONF_ERROR, &v->item->name, v->path,
			"unknown key — %s", ours);
	} else if (schema_guess(path, guess, sizeof(guess))) {
		report_add(p->report, CONF_ERROR, &v->item->name, v->path,
			"unknown key — did you mean %s?", guess);
		if (schema_find(guess) != NULL) /* say nothing about its absence */
			p->bad[schema_find(guess) - schema] = true;
	} else {
		report_add(p->report, CONF_ERROR, &v->item->name, v->path,
			"unknown key — the packaged shmdns.conf shows all keys");
	}
}

/* Keys of a group that must be there (see key.required). */
static void check_required(struct parse *p, const char *prefix, const struct value *v)
{
	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		const char *name = schema[i].path + strlen(prefix) + 1;

		if (schema[i].required && p->given[i].file == NULL)
			report_add(p->report, CONF_ERROR, &v->item->value, v->path,
				"has no %s — add for example %s = %s", name, name,
				schema[i].fallback);
	}
}

static void walk(struct parse *p, const struct parse_scope *scope,
	const config_setting_t *group, const char *path);
static void take_defaults(struct parse *p, const struct parse_scope *scope);

/* What the group of a list says, over its defaults. False: a finding was added. */
static bool take_group(struct parse *p, const struct parse_scope *scope,
	const struct key *list, const struct value *v)
{
	const size_t errors = p->report->errors;

	for (size_t i = schema_next(scope->prefix, 0); i < schema_n;
		i = schema_next(scope->prefix, i + 1))
		p->given[i] = (struct place){0};
	p->endpoint_port = 0;
	p->broken = false;
	p->filling = true;
	take_defaults(p, scope);
	p->filling = false;
	walk(p, scope, v->setting, "");
	if (p->broken)
		return false;
	if (p->report->errors == errors)
		check_required(p, scope->prefix, v);
	if (p->report->errors == errors)
		check_group(p, list, v, scope->base);
	return p->report->errors == errors;
}

/* The groups of a list, each an element of it. */
static bool set_groups(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	char prefix[PATH_MAX_LEN], shown[PATH_MAX_LEN];
	bool ok = true;

	if (!config_setting_is_list(v->setting))
		return value_mismatch(p, k, v);
	snprintf(prefix, sizeof(prefix), "%s[]", k->path);
	for (int i = 0; i < config_setting_length(v->setting); i++) {
		const config_setting_t *s = config_setting_get_elem(
			v->setting, (unsigned)i);
		const struct value group = {s, config_setting_get_hook(s), shown};

		snprintf(shown, sizeof(shown), "%s[%d]", v->path, i);
		p->group = list_count(k, base);
		if (group.item->bad) {
			ok = false;
		} else if (!config_setting_is_group(s)) {
			ok = value_mismatch(p, k, &group);
		} else if (p->group == k->max) {
			ok = value_refuse(p, &group, "more than %u %s — take some out",
				k->max, k->unit);
			break;
		} else {
			const struct parse_scope scope = {
				prefix, shown, list_grow(k, base)};

			parse_note(p, k, 0, &group.item->value);
			if (!take_group(p, &scope, k, &group)) {
				list_shrink(k, base);
				ok = false;
			}
		}
	}
	p->group = 0;
	return ok;
}

static bool set_value(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	if (v->item->bad)
		return false;
	if (k->type == KEY_GROUPS)
		return set_groups(p, k, v, base);
	return value_set(p, k, v, base);
}

/* A key of a group in a list: what stands there is all of it. */
static void set_inner(struct parse *p, const struct parse_scope *scope,
	const struct key *k, const struct value *v)
{
	if (!p->filling) {
		p->given[k - schema] = v->item->value;
		parse_note(p, k, 0, &v->item->value);
		if (schema_is_list(k))
			list_clear(k, scope->base);
	}
	p->broken |= v->item->bad; /* was said when it was read */
	set_value(p, k, v, scope->base);
}

/* OP-23: a scalar that is set again wins and draws a warning; lists are joined. */
static void set_key(struct parse *p, const struct parse_scope *scope, const struct key *k,
	const struct value *v)
{
	struct place *seen = &p->seen[k - schema];
	bool *bad = &p->bad[k - schema];

	if (scope->prefix[0] != '\0') {
		set_inner(p, scope, k, v);
		return;
	}
	if (p->defaults && (seen->file != NULL || *bad))
		return;
	if (!p->defaults && seen->file != NULL && !schema_is_list(k))
		report_add(p->report, CONF_WARNING, &v->item->name, v->path,
			"is set again: this value wins over that of %s:%u:%u", seen->file,
			seen->line, seen->column);
	if (!p->defaults)
		*seen = v->item->value;
	*bad |= !set_value(p, k, v, scope->base);
}

/* `inner` behind `outer`, with a dot where there are both; cut where it is too long. */
static void join(char out[PATH_MAX_LEN], const char *outer, const char *inner)
{
	const char *dot = outer[0] != '\0' && inner[0] != '\0' ? "." : "";

	if (snprintf(out, PATH_MAX_LEN, "%s%s%s", outer, dot, inner) < 0)
		out[0] = '\0';
}

/* All settings of a group, at `above` within its scope, and of the groups in it. */
static void walk(struct parse *p, const struct parse_scope *scope,
	const config_setting_t *group, const char *above)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		char inner[PATH_MAX_LEN], path[PATH_MAX_LEN], shown[PATH_MAX_LEN];
		const struct value v = {s, config_setting_get_hook(s), shown};
		const char *name = config_setting_name(s);

		if (name[0] == '*') /* stands twice, was said */
			continue;
		join(inner, above, name);
		join(path, scope->prefix, inner);
		join(shown, scope->shown, inner);
		const struct key *k = schema_find(path);
		if (k != NULL)
			set_key(p, scope, k, &v);
		else if (schema_is_group(path) && config_setting_is_group(s))
			walk(p, scope, s, inner);
		else if (schema_is_group(path) && !v.item->bad)
			report_add(p->report, CONF_ERROR, &v.item->value, shown,
				"is a group of settings — write %s = { ... };", inner);
		else if (!schema_is_group(path))
			refuse_unknown(p, &v, path);
	}
}

/* Give each setting its item: both are in the order of the file. */
static size_t attach(config_setting_t *s, struct scan *scan, size_t next)
{
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *child = config_setting_get_elem(s, (unsigned)i);

		if (next >= scan->n)
			return scan->n + 1;
		config_setting_set_hook(child, &scan->item[next++]);
		if (config_setting_is_aggregate(child))
			next = attach(child, scan, next);
	}
	return next;
}

/*
 * libconfig 1.5 leaks the tree's scratch buffers when a parse fails (LF-05). The scanner
 * accepts nothing that libconfig refuses, so a failure here is a fault of ours.
 */
static void parse_scanned(struct parse *p, const struct parse_scope *scope,
	struct scan *scan, const struct place *at)
{
	config_t tree;

	config_init(&tree);
	if (config_read_string(&tree, (const char *)scan->text.data) != CONFIG_TRUE)
		report_add(p->report, CONF_ERROR, at, "", "libconfig refuses it: %s",
			config_error_text(&tree));
	else if (attach(config_root_setting(&tree), scan, 0) != scan->n)
		report_add(
			p->report, CONF_ERROR, at, "", "libconfig reads it differently");
	else
		walk(p, scope, config_root_setting(&tree), "");
	config_destroy(&tree);
}

static bool parse_file(struct parse *p, const struct parse_scope *scope,
	const struct bundle_record *file)
{
	const struct place at = {.file = file->name, .order = file->order};
	struct scan scan;

	scan_file(p->bundle, p->bundle_len, file, p->report, &scan);
	const bool ok = !scan.failed;
	if (ok)
		parse_scanned(p, scope, &scan, &at);
	scan_fini(&scan);
	return ok;
}

/* What no file set. The defaults are a file too, made from the table. */
static void take_defaults(struct parse *p, const struct parse_scope *scope)
{
	struct bundle_record file = {.kind = BUNDLE_FILE, .name = "defaults"};
	char *text = NULL;
	FILE *out = open_memstream(&text, &file.len);

	if (out == NULL)
		abort();
	schema_print_defaults(scope->prefix, out);
	fclose(out);
	file.text = text;
	parse_file(p, scope, &file);
	free(text);
}

static struct parse_scope whole(const struct parse *p)
{
	return (struct parse_scope){"", "", p->conf};
}

static void append_instance(char **dir, const char *instance)
{
	const size_t n = strlen(*dir), m = strlen(instance);

	if (strcmp(instance, "default") == 0)
		return;
	*dir = mem_resize(*dir, n + 1 + m + 1, 1);
	snprintf(*dir + n, m + 2, "/%s", instance);
}

/* A key that was not set is as the one that it follows; both are numbers. */
static void follow(struct parse *p)
{
	for (size_t i = 0; i < schema_n; i++) {
		const struct key *k = &schema[i];

		if (k->follows != NULL && p->seen[i].file == NULL)
			memcpy((uint8_t *)p->conf + k->offset,
				(uint8_t *)p->conf + schema_find(k->follows)->offset,
				k->size);
	}
}

/* What no file set, and what follows from other keys. */
static void complete(struct parse *p)
{
	const struct parse_scope scope = whole(p);

	p->defaults = true;
	take_defaults(p, &scope);
	p->defaults = false;
	follow(p);
}

/* Last: after this what a message could point at is no longer where it was. */
static void finish(struct parse *p)
{
	struct conf *c = p->conf;

	check_winners(p);
	if (p->flat != NULL)
		flatmake_all(p, p->flat);
	append_instance(&c->run_dir, c->instance);
	append_instance(&c->state_dir, c->instance);
}

/* Each file of the bundle. False: one has a fault of syntax, or the bundle is damaged. */
static bool parse_files(struct parse *p)
{
	const struct parse_scope scope = whole(p);
	struct bundle_record r;
	size_t pos = 0;
	bool ok = true;
	int more;

	while ((more = bundle_next(p->bundle, p->bundle_len, &pos, &r)) > 0) {
		if (p->nowhere.file == NULL)
			p->nowhere = (struct place){.file = r.name, .order = r.order};
		if (r.kind == BUNDLE_FILE)
			ok &= parse_file(p, &scope, &r);
	}
	if (more == 0)
		return ok;
	report_add(
		p->report, CONF_ERROR, &p->nowhere, "", "the bundle of files is damaged");
	return false;
}

static int parse_bundle(const uint8_t *bundle, size_t len, struct conf *out,
	struct flat *flat, struct conf_report *report)
{
	struct conf c = {0};
	struct parse p = {.conf = &c,
		.report = report,
		.bundle = bundle,
		.bundle_len = len,
		.flat = flat};

	*report = (struct conf_report){0};
	*out = (struct conf){0};
	if (parse_files(&p)) {
		complete(&p);
		check_all(&p);
	}
	report_sort(report);
	if (report->errors > 0) {
		conf_fini(&c);
	} else {
		finish(&p);
		*out = c;
	}
	free(p.marks);
	return report->errors > 0 ? -EINVAL : 0;
}

int conf_parse(
	const uint8_t *bundle, size_t len, struct conf *out, struct conf_report *report)
{
	return parse_bundle(bundle, len, out, NULL, report);
}

static void make_defaults(struct conf *out, struct flat *flat)
{
	struct conf_report report = {0};
	struct parse p = {.conf = out, .report = &report, .flat = flat};

	*out = (struct conf){0};
	complete(&p);
	finish(&p);
	free(p.marks);
	conf_report_fini(&report);
}

void conf_defaults(struct conf *out)
{
	make_defaults(out, NULL);
}

int flat_parse(
	const uint8_t *bundle, size_t len, struct flat *out, struct conf_report *report)
{
	struct flat defaults = {0};
	struct conf c;

	*out = (struct flat){0};
	int ret = parse_bundle(bundle, len, &c, out, report);
	if (ret < 0)
		return ret;
	conf_fini(&c);
	make_defaults(&c, &defaults);
	conf_fini(&c);
	flatmake_mark(out, &defaults);
	flat_fini(&defaults);
	return 0;
}

void conf_fini(struct conf *c)
{
	list_free_all("", c);
	*c = (struct conf){0};
}

void conf_print_defaults(FILE *out)
{
	fprintf(out, "# shmdns.conf - every key at its default, commented out.\n"
		     "#\n"
		     "# The syntax is that of libconfig: key = value; groups in { }, "
		     "lists in\n"
		     "# ( ) or [ ], strings in double quotes. Files conf.d/*.conf beside "
		     "this one\n"
		     "# are read after it. Check a file with: shmdnsd -t -c FILE\n");
	schema_print(out);
}
