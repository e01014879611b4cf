/*
 * fuzz_config.c - any octets as a configuration file, and as a bundle of files (G10)
 *
 * Also shows that libconfig accepts whatever our own scanner lets through: a parse that
 * libconfig refuses leaks (LF-05), so it must never be asked to.
 */
#include <string.h>

#include "conf/flat.h"
#include "conf/selector.h"
#include "fuzz/fuzz.h"
#include "setting.h"

static void check_finding(const struct conf_finding *f)
{
	FUZZ_CHECK(f->file != NULL && f->path != NULL && f->text[0] != '\0');
	FUZZ_CHECK(strncmp(f->text, "libconfig", 9) != 0);
	FUZZ_CHECK(f->line > 0 || f->column == 0);
}

static void check_conf(const struct conf *c)
{
	FUZZ_CHECK(c->workers <= 256 && c->nlisten > 0);
	FUZZ_CHECK(c->kubernetes.nzones > 0 && c->kubernetes.nzones <= 255);
	FUZZ_CHECK(c->edns_max_udp >= 512 && c->edns_max_udp <= 4096);
	FUZZ_CHECK(c->kubernetes.ttl_s <= 3600 && c->kubernetes.negative_ttl_s <= 3600);
	for (size_t i = 0; i < c->nlisten; i++)
		FUZZ_CHECK(c->listen[i].port > 0 && c->listen[i].addr.len > 0);
	for (size_t i = 0; i < c->kubernetes.nzones; i++)
		FUZZ_CHECK(name_scan(c->kubernetes.zones[i].wire, NAME_MAX_LEN) ==
			   c->kubernetes.zones[i].len);
}

static void add_key(struct conf_bundle *b, const struct flat_item *it)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	FUZZ_CHECK(out != NULL);
	setting_begin(it->path, out);
	flat_print_value(it, out);
	setting_end(it->path, out);
	fclose(out);
	conf_bundle_add(b, "key.conf", text, len);
	free(text);
}

/*
 * What is shown of a configuration means the same (OV-11), where it can be taken without
 * its groups: one of their ports may be what another key has by default.
 */
static void check_shown(const struct flat *f)
{
	struct conf_bundle bundle = {0};
	struct conf_report report;
	struct flat again;

	conf_bundle_add(&bundle, "first.conf", "", 0);
	for (size_t i = 0; i < f->n; i++)
		if (f->item[i].set && f->item[i].kind != FLAT_GROUPS &&
			strchr(f->item[i].path, '[') == NULL)
			add_key(&bundle, &f->item[i]);
	if (flat_parse(bundle.data, bundle.len, &again, &report) == 0)
		for (size_t i = 0; i < f->n; i++) {
			const struct flat_item *it = flat_find(&again, f->item[i].path);

			FUZZ_CHECK(!f->item[i].set || it == NULL || !it->set ||
				   it->kind == FLAT_GROUPS || flat_same(it, &f->item[i]));
		}
	flat_fini(&again);
	conf_report_fini(&report);
	conf_bundle_fini(&bundle);
}

static void parse(const uint8_t *bundle, size_t len)
{
	struct conf_report report;
	struct conf conf;
	int ret = conf_parse(bundle, len, &conf, &report);

	FUZZ_CHECK((ret < 0) == (report.errors > 0));
	for (size_t i = 0; i < report.n; i++)
		check_finding(&report.finding[i]);
	if (ret == 0)
		check_conf(&conf);
	conf_fini(&conf);
	conf_report_fini(&report);
	if (ret == 0) {
		struct flat f;

		FUZZ_CHECK(flat_parse(bundle, len, &f, &report) == 0 && f.n > 0);
		check_shown(&f);
		flat_fini(&f);
		conf_report_fini(&report);
	}
}

static void parse_selector(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct selector selector;
	const char *why = NULL;
	size_t at = 0;

	FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (selector_parse(text, &selector, &at, &why) == 0)
		selector_fini(&selector);
	else
		FUZZ_CHECK(at <= strlen(text) && why != NULL);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char more[] = "kubernetes = { source = \"files\"; path = \"/x\"; };";
	struct conf_bundle bundle = {0};

	conf_bundle_add(&bundle, "f.conf", data, size);
	parse(bundle.data, bundle.len);
	conf_bundle_add(&bundle, "more.conf", more, sizeof(more) - 1);
	parse(bundle.data, bundle.len);
	conf_bundle_fini(&bundle);
	parse(data, size);
	if (size > 0)
		parse_selector(data, size);
	return 0;
}
