/* queries.c - MQ rows */
#include <stdio.h>
#include <string.h>

#include "metrics/metrics.h"
#include "base/base.h"
#include "dns/type.h"
#include "snap/who.h"

static const char *const protos[2] = {"udp", "tcp"};
static const char *const families[2] = {"ipv4", "ipv6"};

static void put_asked(struct text *t, const struct view *v)
{
	uint64_t n[2][2][STAT_QTYPES];

	view_workers_all(v, VIEW_WORKER(asked), &n[0][0][0], 4 * STAT_QTYPES);
	text_family(t, "shmdns_queries_total", TEXT_COUNTER, "Queries that were read.");
	for (unsigned p = 0; p < 2; p++)
		for (unsigned f = 0; f < 2; f++)
			for (unsigned q = 0; q < STAT_QTYPES; q++)
				text_count(t,
					LABELS({"proto", protos[p]},
						{"family", families[f]},
						{"qtype", stat_qtype_text(q)}),
					n[p][f][q]);
}

static void put_answers(struct text *t, const struct view *v)
{
	uint64_t n[STAT_SOURCES][STAT_RCODES];
	char buf[12];

	view_workers_all(v, VIEW_WORKER(answers), &n[0][0], STAT_SOURCES * STAT_RCODES);
	text_family(t, "shmdns_answers_total", TEXT_COUNTER,
		"Replies, by what they were made from.");
	for (unsigned s = 0; s < STAT_SOURCES; s++)
		for (unsigned r = 0; r < STAT_RCODES; r++)
			if (n[s][r] > 0 || r == RCODE_NOERROR)
				text_count(t,
					LABELS({"source", stat_source_text(s)},
						{"rcode", rcode_text(r, buf)}),
					n[s][r]);
}

static void put_durations(struct text *t, const struct view *v)
{
	uint64_t n[STAT_SOURCES][STAT_FINE], ns[STAT_SOURCES];

	view_workers_all(v, VIEW_WORKER(duration), &n[0][0], STAT_SOURCES * STAT_FINE);
	view_workers_all(v, VIEW_WORKER(duration_ns), ns, STAT_SOURCES);
	text_family(t, "shmdns_query_duration_seconds", TEXT_HISTOGRAM,
		"From the receipt of a query to the sending of its reply.");
	for (unsigned s = 0; s < STAT_SOURCES; s++)
		text_histogram(t, LABELS({"source", stat_source_text(s)}), TEXT_FINE,
			n[s], STAT_FINE, ns[s]);
}

/* Replies that say that a query was wrong (MQ-06). */
static void put_errors(struct text *t, const struct view *v)
{
	uint64_t error[STAT_RCODES], header[2];

	view_workers_all(v, VIEW_WORKER(answers[SOURCE_ERROR]), error, STAT_RCODES);
	view_workers_all(v, VIEW_WORKER(header_rcodes), header, ARRAY_LEN(header));
	text_family(t, "shmdns_edns_errors_total", TEXT_COUNTER,
		"Queries with a question but with a fault in EDNS or behind it.");
	text_count(t, LABELS({"reason", "badvers"}), error[RCODE_BADVERS]);
	text_count(
		t, LABELS({"reason", "formerr"}), view_workers(v, VIEW_WORKER(formerr)));
	text_family(t, "shmdns_header_errors_total", TEXT_COUNTER,
		"Queries that were answered with a header alone.");
	text_count(t, LABELS({"rcode", "FORMERR"}), header[0]);
	text_count(t, LABELS({"rcode", "NOTIMP"}), header[1]);
}

static void put_ede(struct text *t, const struct view *v)
{
	uint64_t n[STAT_EDES];
	char code[12];

	view_workers_all(v, VIEW_WORKER(edes), n, STAT_EDES);
	text_family(t, "shmdns_ede_total", TEXT_COUNTER,
		"Replies with an extended error, by its INFO-CODE.");
	for (unsigned i = 0; i < STAT_EDES; i++) {
		snprintf(code, sizeof(code), "%u", i);
		if (n[i] > 0 || i == 0)
			text_count(t,
				LABELS({"code", i + 1 < STAT_EDES ? code : "other"}),
				n[i]);
	}
}

/* MQ-12, in the order of enum acl_action. */
static const char *const actions[STAT_ACL] = {"allow", "block", "filter", "drop"};

static void put_tcp(struct text *t, const struct view *v)
{
	text_family(t, "shmdns_tcp_connections", TEXT_GAUGE, "Connections of clients.");
	text_count(t, LABELS({"proto", "tcp"}),
		view_workers(v, VIEW_WORKER(tcp_connections)));
	text_family(t, "shmdns_tcp_connections_total", TEXT_TOTAL,
		"Connections that were accepted.");
	text_count(t, LABELS({"proto", "tcp"}), view_workers(v, VIEW_WORKER(tcp_total)));
	text_family(t, "shmdns_tcp_closed_total", TEXT_COUNTER,
		"Connections that ended, and why.");
	for (unsigned i = 0; i < STAT_TCP_CLOSES; i++)
		text_count(t, LABELS({"proto", "tcp"}, {"reason", stat_closes[i]}),
			view_workers(v, VIEW_WORKER(tcp_closed) + VIEW_WORD(i)));
}

/* MQ-08, MQ-09: one of the two, by namespace, of the word at `offset`. */
static void put_namespaces(struct text *t, const struct stat_census *c, size_t offset)
{
	const uint64_t n = MIN(stat_get(&c->nnamespaces), STAT_NAMESPACES);
	char raw[8 * STAT_NAMESPACE_WORDS], name[8 * STAT_NAMESPACE_WORDS];

	for (uint64_t i = 0; i < n + 2; i++) {
		const struct stat_namespace *at = i < n    ? &c->namespaces[i]
		                                  : i == n ? &c->other
		                                           : &c->unknown;

		stat_text_get(at->name, STAT_NAMESPACE_WORDS, raw);
		who_text(raw, strlen(raw), name);
		if (i >= n)
			snprintf(name, sizeof(name), i == n ? "_other" : "_unknown");
		text_count(t, LABELS({"namespace", name}),
			stat_get((const stat_u64 *)(const void *)((const char *)at +
								  offset)));
	}
}

/* Nothing where there is no shmdns-admin, who counts. */
static void put_census(struct text *t, const struct view *v)
{
	if (v->admin == NULL)
		return;
	text_family(t, "shmdns_namespace_queries_total", TEXT_COUNTER,
		"Queries by the namespace of the client, estimated from one in 64.");
	put_namespaces(t, &v->admin->census, offsetof(struct stat_namespace, queries));
	text_family(t, "shmdns_search_path_nxdomain_total", TEXT_COUNTER,
		"Queries that only a search list made, by its namespace, estimated from "
		"one in 64.");
	put_namespaces(t, &v->admin->census, offsetof(struct stat_namespace, wasted));
}

void metrics_queries(struct text *t, const struct view *v)
{
	uint64_t tcp = view_workers(v, VIEW_WORKER(truncated_tcp));
	uint64_t truncated = view_workers(v, VIEW_WORKER(truncated));

	put_asked(t, v);
	put_answers(t, v);
	put_durations(t, v);
	text_family(t, "shmdns_dropped_packets_total", TEXT_COUNTER,
		"Packets that got no reply.");
	metrics_by(t, v, VIEW_WORKER(drops), "reason", stat_drops, STAT_DROPS);
	text_family(
		t, "shmdns_truncated_answers_total", TEXT_COUNTER, "Replies with TC=1.");
	text_count(t, LABELS({"proto", "udp"}), truncated - MIN(tcp, truncated));
	text_count(t, LABELS({"proto", "tcp"}), tcp);
	text_family(t, "shmdns_acl_total", TEXT_COUNTER,
		"Queries by what the rules of acl said; none where there are no rules.");
	metrics_by(t, v, VIEW_WORKER(acl), "action", actions, STAT_ACL);
	text_counter(t, "shmdns_hidden_total",
		"Replies that visibility kept something from.",
		view_workers(v, VIEW_WORKER(hidden)));
	put_errors(t, v);
	put_ede(t, v);
	text_counter(t, "shmdns_query_log_dropped_total",
		"Queries that were to be logged, but nobody took the lines in time.",
		v->admin != NULL ? stat_get(&v->admin->log_lost) : 0);
	text_counter(t, "shmdns_duplicate_queries_total",
		"Queries that were asked again while the first one waited for a "
		"forwarder.",
		view_workers(v, VIEW_WORKER(duplicates)));
	put_census(t, v);
	put_tcp(t, v);
}
