#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/check.h"
#include "conf/coredns.h"
#include "conf/scan.h"
#include "conf/value.h"

#define PATH_MAX_LEN 256

static bool is_list(const struct key *k)
{
	return k->type == KEY_ZONES || k->type == KEY_LABELS ||
	       k->type == KEY_ADDRESSES || k->type == KEY_PREFIXES ||
	       k->type == KEY_URLS || k->type == KEY_LISTEN;
}

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

static void check_port(struct parse *p, const struct value *v, struct conf_listen *l)
{
	if (l->port != 0 && p->endpoint_port != 0 && l->port != p->endpoint_port)
		report_add(p->report, CONF_ERROR, &v->item->value, v->path,
			"has two ports: %u in the address and %u — keep one",
			(unsigned)p->endpoint_port, (unsigned)l->port);
	else if (l->port == 0)
		l->port = p->endpoint_port != 0 ? p->endpoint_port : 53;
}

/* One group of `listen`. */
static bool take_listener(struct parse *p, const struct value *v, struct conf_listen *l)
{
	const size_t errors = p->report->errors;
	bool address = false;

	p->endpoint_port = 0;
	for (int i = 0; i < config_setting_length(v->setting); i++) {
		const config_setting_t *s = config_setting_get_elem(
			v->setting, (unsigned)i);
		char path[PATH_MAX_LEN], shown[PATH_MAX_LEN];
		const struct value field = {s, config_setting_get_hook(s), shown};

		snprintf(path, sizeof(path), "listen[].%s", config_setting_name(s));
		snprintf(shown, sizeof(shown), "%s.%s", v->path, config_setting_name(s));
		const struct key *k = schema_find(path);
		address |= k != NULL && k->type == KEY_ENDPOINT;
		if (field.item->bad)
			continue;
		if (k == NULL)
			refuse_unknown(p, &field, path);
		else
			value_set(p, k, &field, l);
	}
	if (!address)
		report_add(p->report, CONF_ERROR, &v->item->value, v->path,
			"has no address — add for example address = \"10.0.0.1\"");
	check_port(p, v, l);
	return p->report->errors == errors;
}

static bool set_listen(struct parse *p, const struct key *k, const struct value *v)
{
	struct conf *c = p->conf;
	char path[PATH_MAX_LEN];
	bool ok = true;

	if (!config_setting_is_list(v->setting))
		return value_mismatch(p, k, v);
	for (int i = 0; i < config_setting_length(v->setting); i++) {
		const config_setting_t *s = config_setting_get_elem(
			v->setting, (unsigned)i);
		const struct value element = {s, config_setting_get_hook(s), path};
		struct conf_listen l = {0};

		snprintf(path, sizeof(path), "%s[%d]", v->path, i);
		if (element.item->bad)
			ok = false;
		else if (!config_setting_is_group(s))
			ok = value_mismatch(p, k, &element);
		else if (!take_listener(p, &element, &l))
			ok = false;
		else {
			c->listen = mem_resize(
				c->listen, c->nlisten + 1, sizeof(*c->listen));
			p->listen_at = mem_resize(
				p->listen_at, c->nlisten + 1, sizeof(*p->listen_at));
			p->listen_at[c->nlisten] = element.item->value;
			c->listen[c->nlisten++] = l;
		}
	}
	return ok;
}

/* OP-23: a scalar that is set again wins and draws a warning; lists are joined. */
static void set_key(struct parse *p, const struct key *k, const struct value *v)
{
	struct place *seen = &p->seen[k - schema];
	bool *bad = &p->bad[k - schema];

	if (p->defaults && (seen->file != NULL || *bad))
		return;
	if (!p->defaults && seen->file != NULL && !is_list(k))
		report_add(p->report, CONF_WARNING, &v->item->name, v->path,
			"is set again: this value wins over that of %s:%u:%u", seen->file,
			seen->line, seen->column);
	if (!p->defaults)
		*seen = v->item->value;
	if (v->item->bad)
		*bad = true;
	else if (k->type == KEY_LISTEN)
		*bad |= !set_listen(p, k, v);
	else
		*bad |= !value_set(p, k, v, p->conf);
}

/* All settings of a group, and of the groups in it. */
static void walk(struct parse *p, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		char path[PATH_MAX_LEN];
		const struct value v = {s, config_setting_get_hook(s), path};
		const char *name = config_setting_name(s);

		if (name[0] == '*') /* stands twice, was said */
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix,
			prefix[0] != '\0' ? "." : "", name);
		const struct key *k = schema_find(path);
		if (k != NULL)
			set_key(p, k, &v);
		else if (schema_is_group(path) && config_setting_is_group(s))
			walk(p, s, path);
		else if (schema_is_group(path) && !v.item->bad)
			report_add(p->report, CONF_ERROR, &v.item->value, path,
				"is a group of settings — write %s = { ... };", path);
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
static void parse_scanned(struct parse *p, struct scan *scan, const struct place *at)
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
		walk(p, config_root_setting(&tree), "");
	config_destroy(&tree);
}

static bool parse_file(struct parse *p, const struct bundle_record *file)
{
	const struct place at = {.file = file->name, .order = file->order};
	struct scan scan;

	scan_file(p->bundle, p->bundle_len, file, p->report, &scan);
	const bool ok = !scan.failed;
	if (ok)
		parse_scanned(p, &scan, &at);
	scan_fini(&scan);
	return ok;
}

/* What no file set. The defaults are a file too, made from the table. */
static void take_defaults(struct parse *p)
{
	struct bundle_record file = {.kind = BUNDLE_FILE, .name = "defaults"};
	char *text = NULL;
	FILE *out = open_memstream(&text, &file.len);

	if (out == NULL)
		abort();
	schema_print(out, false);
	fclose(out);
	file.text = text;
	p->defaults = true;
	parse_file(p, &file);
	p->defaults = false;
	free(text);
}

static void append_instance(char **dir, const char *instance)
{
	const size_t n = strlen(*dir), m = strlen(instance);

	if (strcmp(instance, "default") == 0)
		return;
	*dir = mem_resize(*dir, n + 1 + m + 1, 1);
	snprintf(*dir + n, m + 2, "/%s", instance);
}

/* What follows from other keys. */
static void finish(struct parse *p)
{
	struct conf *c = p->conf;
	const struct key *negative_ttl = schema_find("kubernetes.negative_ttl");

	if (p->seen[negative_ttl - schema].file == NULL)
		c->kubernetes.negative_ttl_s = c->kubernetes.ttl_s;
	append_instance(&c->run_dir, c->instance);
	append_instance(&c->state_dir, c->instance);
}

static void parse_fini(struct parse *p)
{
	free(p->zone_at);
	free(p->listen_at);
}

/* Each file of the bundle. False: one has a fault of syntax, or the bundle is damaged. */
static bool parse_files(struct parse *p)
{
	struct bundle_record r;
	size_t pos = 0;
	bool ok = true;
	int more;

	while ((more = bundle_next(p->bundle, p->bundle_len, &pos, &r)) > 0) {
		if (p->nowhere.file == NULL)
			p->nowhere = (struct place){.file = r.name, .order = r.order};
		if (r.kind == BUNDLE_FILE)
			ok &= parse_file(p, &r);
	}
	if (more == 0)
		return ok;
	report_add(
		p->report, CONF_ERROR, &p->nowhere, "", "the bundle of files is damaged");
	return false;
}

int conf_parse(
	const uint8_t *bundle, size_t len, struct conf *out, struct conf_report *report)
{
	struct conf c = {0};
	struct parse p = {
		.conf = &c, .report = report, .bundle = bundle, .bundle_len = len};

	*report = (struct conf_report){0};
	*out = (struct conf){0};
	if (parse_files(&p)) {
		take_defaults(&p);
		check_all(&p);
	}
	report_sort(report);
	if (report->errors > 0) {
		conf_fini(&c);
	} else {
		finish(&p);
		*out = c;
	}
	parse_fini(&p);
	return report->errors > 0 ? -EINVAL : 0;
}

void conf_defaults(struct conf *out)
{
	struct conf_report report = {0};
	struct parse p = {.conf = out, .report = &report};

	*out = (struct conf){0};
	take_defaults(&p);
	finish(&p);
	parse_fini(&p);
	conf_report_fini(&report);
}

static void strings_free(char **s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(s[i]);
	free(s);
}

static void kubernetes_fini(struct conf_kubernetes *k)
{
	free(k->zones);
	free(k->path);
	free(k->kubeconfig);
	free(k->context);
	strings_free(k->endpoints, k->nendpoints);
	free(k->token_file);
	free(k->tls.cert);
	free(k->tls.key);
	free(k->tls.ca);
	strings_free(k->namespaces, k->nnamespaces);
	free(k->namespace_labels);
	free(k->labels);
	free(k->server_addresses);
}

void conf_fini(struct conf *c)
{
	free(c->instance);
	free(c->run_dir);
	free(c->state_dir);
	free(c->listen);
	kubernetes_fini(&c->kubernetes);
	free(c->nsid);
	free(c->chaos.version);
	free(c->loadbalance.file);
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
	schema_print(out, true);
}
