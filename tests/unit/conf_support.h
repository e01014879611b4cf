/*
 * conf_support.h - what the tests of conf/ share: a text in, findings out
 */
#ifndef TESTS_CONF_SUPPORT_H
#define TESTS_CONF_SUPPORT_H

#include <errno.h>
#include <unistd.h>

#include "conf/conf.h"

#include "support.h"

#define FILES "kubernetes = { source = \"files\"; path = \"/x\"; };\n"

/* The file "a", and "b" behind it unless NULL; the findings as they are printed. */
struct row {
	const char *what;
	const char *a, *b;
	const char *findings;
};

static inline void parse(
	const char *a, const char *b, struct conf *c, struct conf_report *r)
{
	struct conf_bundle bundle = {0};

	conf_bundle_add(&bundle, "a", a, strlen(a));
	if (b != NULL)
		conf_bundle_add(&bundle, "b", b, strlen(b));
	const int ret = conf_parse(bundle.data, bundle.len, c, r);
	ck_assert_int_eq(ret, r->errors > 0 ? -EINVAL : 0);
	ck_assert_uint_eq(r->n, r->errors + r->warnings);
	conf_bundle_fini(&bundle); /* nothing is borrowed from it */
}

/* The findings as conf_report_print() writes them, without its last line. */
static inline char *printed(const struct conf_report *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	conf_report_print(r, out);
	fclose(out);
	char *last = strrchr(text, '\n');
	*last = '\0';
	last = strrchr(text, '\n');
	if (last != NULL)
		last[1] = '\0';
	else
		text[0] = '\0';
	return text;
}

static inline void check_row(const struct row *row)
{
	struct conf_report r;
	struct conf c;

	parse(row->a, row->b, &c, &r);
	char *text = printed(&r);
	ck_assert_msg(strcmp(text, row->findings) == 0, "%s:\n%s--- expected:\n%s",
		row->what, text, row->findings);
	free(text);
	if (r.errors > 0)
		ck_assert_mem_eq(
			&c, &(struct conf){0}, sizeof(c)); /* nothing was handed out */
	conf_fini(&c);
	conf_report_fini(&r);
}

static inline void check_name(const struct name *name, const char *text)
{
	uint8_t wire[NAME_MAX_LEN];
	const size_t len = name_wire(text, wire);

	ck_assert_uint_eq(name->len, len);
	ck_assert_mem_eq(name->wire, wire, len);
}

/* What kubeadm's Corefile does by default, as far as there are keys for it. */
static inline void check_defaults(const struct conf *c)
{
	const struct conf_kubernetes *k = &c->kubernetes;

	ck_assert_str_eq(c->instance, "default");
	ck_assert_str_eq(c->run_dir, "/run/shmdns");
	ck_assert_str_eq(c->state_dir, "/var/lib/shmdns");
	ck_assert_uint_eq(c->workers, 0);
	ck_assert_uint_eq(c->nlisten, 2);
	ck_assert_uint_eq(c->listen[0].addr.len, 4);
	ck_assert_uint_eq(c->listen[0].port, 53);
	ck_assert_uint_eq(c->listen[1].addr.len, 16);
	ck_assert_uint_eq(c->listen[1].port, 53);
	ck_assert_uint_eq(k->nzones, 3);
	check_name(&k->zones[0], "cluster.local.");
	check_name(&k->zones[1], "in-addr.arpa.");
	check_name(&k->zones[2], "ip6.arpa.");
	ck_assert_uint_eq(k->nnamespaces, 0);
	ck_assert_str_eq(k->namespace_labels, "");
	ck_assert_str_eq(k->labels, "");
	ck_assert_int_eq(k->pods, CONF_PODS_INSECURE);
	ck_assert_uint_eq(k->ttl_s, 30);
	ck_assert_uint_eq(k->negative_ttl_s, 30);
	ck_assert(!k->endpoint_pod_names && !k->noendpoints && !k->ignore_empty_service);
	ck_assert(k->cluster_ip_endpoints && k->port_addresses);
	ck_assert(!k->first_address_only && !k->serving_fallback);
	ck_assert_uint_eq(k->startup_timeout_ns, 5 * NS_PER_S);
	ck_assert_uint_eq(k->nserver_addresses, 0);
	ck_assert_str_eq(k->kubeconfig, "");
	ck_assert_str_eq(k->context, "");
	ck_assert_str_eq(k->token_file, "");
	ck_assert_str_eq(k->tls.cert, "");
	ck_assert_str_eq(k->tls.key, "");
	ck_assert_str_eq(k->tls.ca, "");
	ck_assert(!k->exec); /* WP-10 */
	ck_assert_uint_eq(k->nendpoints, 0);
	ck_assert_int_eq(c->any_query, CONF_ANY_NORMAL);
	ck_assert_uint_eq(c->edns_max_udp, 1232);
	ck_assert_uint_eq(c->tcp.read_ns, 3 * NS_PER_S);
	ck_assert_uint_eq(c->tcp.write_ns, 5 * NS_PER_S);
	ck_assert_uint_eq(c->tcp.idle_ns, 10 * NS_PER_S);
	ck_assert_uint_eq(c->tcp.max_age_ns, 60 * NS_PER_S);
	ck_assert_uint_eq(c->tcp.max_queries, 0);
	ck_assert_uint_eq(c->tcp.max_connections, 1000);
	ck_assert_int_eq(c->loadbalance.policy, CONF_ROTATION_SHUFFLE);
	ck_assert_uint_eq(c->loadbalance.nprefer, 0);
	ck_assert_int_eq(c->log.level, LOG_INFO);
	ck_assert_int_eq(c->log.format, LOG_KV);
	ck_assert_int_eq(c->privacy, PRIVACY_OFF);
	ck_assert_uint_eq(c->nconsolidate, 0);
}

#endif
