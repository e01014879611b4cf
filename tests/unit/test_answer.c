/*
 * test_answer.c - questions to a small cluster's snapshot and what must come back
 *
 * Rows: RG, RS, RH, RV, NG, RX, RE, RP, RU of the record rules, W and Z of robustness.
 * Each row of the table names what it proves.
 */
#include "asking.h"

enum { NX = RCODE_NXDOMAIN, OK = RCODE_NOERROR };

static const struct {
	const char *row, *name;
	uint16_t type;
	uint16_t rcode;
	bool aa;
	const char *answer, *authority, *additional;
} cases[] = {
	/* positive answers */
	{"RS-01 RG-10 Z-01", "web" D, TYPE_A, OK, true, "web" D " 30 IN A 10.96.0.10", "",
		""},
	{"RS-02", "web" D, TYPE_AAAA, OK, true, "web" D " 30 IN AAAA fd00::a", "", ""},
	{"RS-04 Z-11", "web" D, TYPE_SRV, OK, true,
		"web" D " 30 IN SRV 0 25 80 web" D "; web" D " 30 IN SRV 0 25 443 web" D,
		"", "web" D " 30 IN A 10.96.0.10; web" D " 30 IN AAAA fd00::a"},
	{"RS-05", "_http._tcp.web" D, TYPE_SRV, OK, true,
		"_http._tcp.web" D " 30 IN SRV 0 50 80 web" D, "",
		"web" D " 30 IN A 10.96.0.10; web" D " 30 IN AAAA fd00::a"},
	{"RS-06", "_http._tcp.web" D, TYPE_A, OK, true,
		"_http._tcp.web" D " 30 IN A 10.96.0.10", "", ""},
	{"RO-21 off: glue only", "_https._tcp.web" D, TYPE_A, OK, true, "", SOA, ""},
	{"RO-21 off: SRV", "_https._tcp.web" D, TYPE_SRV, OK, true,
		"_https._tcp.web" D " 30 IN SRV 0 50 443 web" D, "",
		"web" D " 30 IN A 10.96.0.10; web" D " 30 IN AAAA fd00::a"},
	{"RH-01", "db" D, TYPE_A, OK, true,
		"db" D " 30 IN A 10.1.0.1; db" D " 30 IN A 10.1.0.2; db" D
		" 30 IN A 10.1.0.3",
		"", ""},
	{"RH-06", "_pg._tcp.db" D, TYPE_SRV, OK, true,
		"_pg._tcp.db" D " 30 IN SRV 0 50 5432 db-0.db" D "; "
		"_pg._tcp.db" D " 30 IN SRV 0 50 5432 db-1.db" D,
		"", "db-0.db" D " 30 IN A 10.1.0.1; db-1.db" D " 30 IN A 10.1.0.2"},
	{"RH-07: each target's addresses once, of all its ports", "db" D, TYPE_SRV, OK,
		true,
		"db" D " 30 IN SRV 0 16 5432 db-0.db" D "; "
		"db" D " 30 IN SRV 0 16 5432 db-1.db" D "; "
		"db" D " 30 IN SRV 0 16 5433 db-0.db" D "; "
		"db" D " 30 IN SRV 0 16 5433 db-1.db" D "; "
		"db" D " 30 IN SRV 0 16 9187 db-1.db" D "; "
		"db" D " 30 IN SRV 0 16 9187 db-2.db" D,
		"",
		"db-0.db" D " 30 IN A 10.1.0.1; db-1.db" D " 30 IN A 10.1.0.2; "
		"db-1.db" D " 30 IN A 10.1.0.3; db-2.db" D " 30 IN A 10.1.0.3"},
	{"RV-01", "10.0.96.10.in-addr.arpa.", TYPE_PTR, OK, true,
		"10.0.96.10.in-addr.arpa. 30 IN PTR web" D, "", ""},
	{"RV-03", "1.0.1.10.in-addr.arpa.", TYPE_PTR, OK, true,
		"1.0.1.10.in-addr.arpa. 30 IN PTR db-0.db" D "; "
		"1.0.1.10.in-addr.arpa. 30 IN PTR db-0.mirror" D "; "
		"1.0.1.10.in-addr.arpa. 30 IN PTR web" D,
		"", ""},
	/* NODATA and NXDOMAIN */
	{"RS-03 RG-11 Z-02", "many" D, TYPE_AAAA, OK, true, "", SOA, ""},
	{"RS-03 no address yet", "pending" D, TYPE_A, OK, true, "", SOA, ""},
	{"RS-09 Z-03", "_tcp.web" D, TYPE_A, OK, true, "", SOA, ""},
	{"RS-12", "web" D, TYPE_MX, OK, true, "", SOA, ""},
	{"RS-12 RX-11 SOA below the apex", "web" D, TYPE_SOA, OK, true, "", SOA, ""},
	{"RS-12 RX-11 NS", "web" D, TYPE_NS, OK, true, "", SOA, ""},
	{"RS-12 CNAME", "web" D, TYPE_CNAME, OK, true, "", SOA, ""},
	{"RV-09", "web" D, TYPE_PTR, OK, true, "", SOA, ""},
	{"W-28", "web" D, 65280, OK, true, "", SOA, ""},
	{"W-28 HTTPS", "web" D, TYPE_HTTPS, OK, true, "", SOA, ""},
	{"W-29 RO-28", "web" D, TYPE_ANY, OK, true, "", SOA, ""},
	{"W-32", "web" D, TYPE_DS, OK, true, "", SOA, ""},
	{"W-32 at the apex", Z, TYPE_DNSKEY, OK, true, "", SOA, ""},
	{"RS-07 RG-12 Z-04", "missing" D, TYPE_A, NX, true, "", SOA, ""},
	{"RS-08", "_x._tcp.web" D, TYPE_SRV, NX, true, "", SOA, ""},
	{"RS-13", "missing" D, TYPE_SOA, NX, true, "", SOA, ""},
	{"W-29 missing", "missing" D, TYPE_ANY, NX, true, "", SOA, ""},
	{"Z-05", "a.many" D, TYPE_A, NX, true, "", SOA, ""},
	{"W-22", "a\\000b\\.c\\255" D, TYPE_A, NX, true, "", SOA, ""},
	{"Z-16 NB-07", "*" D, TYPE_A, NX, true, "", SOA, ""},
	{"NG-03", "default.svc." Z, TYPE_A, OK, true, "", SOA, ""},
	{"NG-03 not exposed", "other.svc." Z, TYPE_A, NX, true, "", SOA, ""},
	{"NG-10", "a.b.c.d.web" D, TYPE_A, NX, true, "", SOA, ""},
	{"RV-04", "1.1.1.1.in-addr.arpa.", TYPE_PTR, NX, true, "", SOA_REVERSE, ""},
	{"RV-05", "10.0.96.10.in-addr.arpa.", TYPE_A, OK, true, "", SOA_REVERSE, ""},
	{"RV-06", "96.10.in-addr.arpa.", TYPE_PTR, OK, true, "", SOA_REVERSE, ""},
	{"RV-07", "web.default.svc.in-addr.arpa.", TYPE_A, NX, true, "", SOA_REVERSE, ""},
	/* NG-07 */
	{"NG-07", "http.tcp.web" D, TYPE_A, OK, true,
		"http.tcp.web" D " 30 IN A 10.96.0.10", "", ""},
	{"NG-07 SRV", "http._tcp.web" D, TYPE_SRV, OK, true,
		"http._tcp.web" D " 30 IN SRV 0 50 80 web" D, "",
		"web" D " 30 IN A 10.96.0.10; web" D " 30 IN AAAA fd00::a"},
	{"NG-07 protocol alone", "tcp.web" D, TYPE_A, OK, true, "", SOA, ""},
	{"NG-07 unknown port", "smtp.tcp.web" D, TYPE_SRV, NX, true, "", SOA, ""},
	{"NG-07 no wildcard", "_._tcp.web" D, TYPE_SRV, NX, true, "", SOA, ""},
	{"NG-07 no wildcard", "_._.web" D, TYPE_SRV, NX, true, "", SOA, ""},
	{"NG-07 other protocol", "http.udp.web" D, TYPE_SRV, NX, true, "", SOA, ""},
	/* the apex and special names */
	{"RX-01", Z, TYPE_SOA, OK, true, SOA, "", ""},
	{"RX-03", Z, TYPE_NS, OK, true, Z " 30 IN NS ns.dns." Z, "",
		"ns.dns." Z " 30 IN A 10.96.0.53; ns.dns." Z " 30 IN AAAA fd00::35"},
	{"RX-02", "corp.example.", TYPE_NS, OK, true,
		"corp.example. 30 IN NS web.default.svc.corp.example.; "
		"corp.example. 30 IN NS dns-a.dns.kube-system.svc.corp.example.; "
		"corp.example. 30 IN NS dns-b.dns.kube-system.svc.corp.example.",
		"",
		"web.default.svc.corp.example. 30 IN A 10.4.0.0; "
		"dns-a.dns.kube-system.svc.corp.example. 30 IN A 10.4.0.1; "
		"dns-b.dns.kube-system.svc.corp.example. 30 IN A 10.4.0.2"},
	{"RX-03 reverse", "in-addr.arpa.", TYPE_NS, OK, true,
		"in-addr.arpa. 30 IN NS ns.dns.in-addr.arpa.", "",
		"ns.dns.in-addr.arpa. 30 IN A 10.96.0.53; "
		"ns.dns.in-addr.arpa. 30 IN AAAA fd00::35"},
	{"RX-06", Z, TYPE_TXT, OK, true, "", SOA, ""},
	{"RX-07", "svc." Z, TYPE_A, OK, true, "", SOA, ""},
	{"RX-07 RP-01", "pod." Z, TYPE_A, OK, true, "", SOA, ""},
	{"RX-08", "ns.dns." Z, TYPE_A, OK, true, "ns.dns." Z " 30 IN A 10.96.0.53", "",
		""},
	{"RX-08 other type", "ns.dns." Z, TYPE_TXT, OK, true, "", SOA, ""},
	{"RX-09", "dns-version." Z, TYPE_TXT, OK, true,
		"dns-version." Z " 28800 IN TXT \"1.1.0\"", "", ""},
	{"RX-10", "dns-version." Z, TYPE_A, OK, true, "", SOA, ""},
	{"RX-20", "dns." Z, TYPE_A, OK, true, "", SOA, ""},
	{"RX-21", "foo." Z, TYPE_A, NX, true, "", SOA, ""},
	/* CNAMEs */
	{"RE-01", "far" D, TYPE_CNAME, OK, true, "far" D " 30 IN CNAME www.example.net.",
		"", ""},
	{"RE-02 ANY", "near" D, TYPE_ANY, OK, true, "near" D " 30 IN CNAME web" D, "",
		""},
	{"RE-05 Z-09 no forwarding", "far" D, TYPE_A, OK, true,
		"far" D " 30 IN CNAME www.example.net.", "", ""},
	{"RE-03 Z-08", "near" D, TYPE_A, OK, true,
		"near" D " 30 IN CNAME web" D "; web" D " 30 IN A 10.96.0.10", "", ""},
	{"RE-03 SRV", "near" D, TYPE_SRV, OK, true,
		"near" D " 30 IN CNAME web" D "; web" D " 30 IN SRV 0 25 80 web" D
		"; web" D " 30 IN SRV 0 25 443 web" D,
		"", "web" D " 30 IN A 10.96.0.10; web" D " 30 IN AAAA fd00::a"},
	{"RE-03 GS-04 two CNAMEs", "nearer" D, TYPE_AAAA, OK, true,
		"nearer" D " 30 IN CNAME near" D "; near" D " 30 IN CNAME web" D "; web" D
		" 30 IN AAAA fd00::a",
		"", ""},
	{"RE-03 pod name", "pods" D, TYPE_A, OK, true,
		"pods" D " 30 IN CNAME 10-1-0-9.default.pod." Z
		"; 10-1-0-9.default.pod." Z " 30 IN A 10.1.0.9",
		"", ""},
	{"RE-03 another zone", "corp" D, TYPE_A, OK, true,
		"corp" D
		" 30 IN CNAME www.corp.example.; www.corp.example. 30 IN A 192.0.2.1",
		"", ""},
	{"RE-04 missing", "lost" D, TYPE_A, NX, true, "lost" D " 30 IN CNAME missing" D,
		SOA, ""},
	{"RE-04 lacks the type", "lacks" D, TYPE_AAAA, OK, true,
		"lacks" D " 30 IN CNAME wide" D, SOA, ""},
	{"RE-04 SOA of the last name's zone", "corp-lost" D, TYPE_A, NX, true,
		"corp-lost" D " 30 IN CNAME nothing.corp.example.", SOA_CORP, ""},
	{"RE-08 self", "self" D, TYPE_A, OK, true, "self" D " 30 IN CNAME self" D, "",
		""},
	{"RE-08 Z-10 loop", "loop-a" D, TYPE_A, OK, true,
		"loop-a" D " 30 IN CNAME loop-b" D "; loop-b" D " 30 IN CNAME loop-a" D,
		"", ""},
	{"RE-09", "a.far" D, TYPE_A, NX, true, "", SOA, ""},
	/* pods */
	{"RP-02", "default.pod." Z, TYPE_A, OK, true, "", SOA, ""},
	{"RP-03", "other.pod." Z, TYPE_A, NX, true, "", SOA, ""},
	{"RP-03 below", "10-1-0-9.other.pod." Z, TYPE_A, NX, true, "", SOA, ""},
	{"RP-04", "10-1-0-9.default.pod." Z, TYPE_A, OK, true,
		"10-1-0-9.default.pod." Z " 30 IN A 10.1.0.9", "", ""},
	{"RP-04 IPv6", "2001-db8--1.default.pod." Z, TYPE_AAAA, OK, true,
		"2001-db8--1.default.pod." Z " 30 IN AAAA 2001:db8::1", "", ""},
	{"RP-05", "10-1-0-9.default.pod." Z, TYPE_AAAA, OK, true, "", SOA, ""},
	{"RP-05 other type", "10-1-0-9.default.pod." Z, TYPE_MX, OK, true, "", SOA, ""},
	{"RP-05 ANY", "10-1-0-9.default.pod." Z, TYPE_ANY, OK, true, "", SOA, ""},
	{"RP-06", "pod-a.default.pod." Z, TYPE_A, NX, true, "", SOA, ""},
	{"RP-06 AD-04", "10-1-0-09.default.pod." Z, TYPE_A, NX, true, "", SOA, ""},
	{"RP-07", "10-1-0-9.default.pod." Z, TYPE_SRV, OK, true,
		"10-1-0-9.default.pod." Z " 30 IN SRV 0 100 0 10-1-0-9.default.pod." Z,
		"", "10-1-0-9.default.pod." Z " 30 IN A 10.1.0.9"},
	{"RP-08", "a.10-1-0-9.default.pod." Z, TYPE_A, NX, true, "", SOA, ""},
	{"RP-10", "10-1-0-9.default.pod.clusterset.local.", TYPE_A, OK, true,
		"10-1-0-9.default.pod.clusterset.local. 30 IN A 10.1.0.9", "", ""},
	{"RM: NG-07 not in a multicluster zone",
		"http.tcp.web.default.svc.clusterset.local.", TYPE_SRV, NX, true, "",
		SOA_SET, ""},
	/* letters (RG-15) */
	{"RG-15 owner", "WEB.Default.SVC.Cluster.Local.", TYPE_A, OK, true,
		"WEB.Default.SVC.Cluster.Local. 30 IN A 10.96.0.10", "", ""},
	{"RG-15 SOA", "Missing.Default.SVC.Cluster.Local.", TYPE_A, NX, true, "",
		SOA_OF("Cluster.Local."), ""},
	{"RG-15 SRV target and glue", "_HTTP._TCP.WEB.Default.SVC.Cluster.LOCAL.",
		TYPE_SRV, OK, true,
		"_HTTP._TCP.WEB.Default.SVC.Cluster.LOCAL. 30 IN SRV 0 50 80 "
		"web.default.svc.Cluster.LOCAL.",
		"",
		"web.default.svc.Cluster.LOCAL. 30 IN A 10.96.0.10; "
		"web.default.svc.Cluster.LOCAL. 30 IN AAAA fd00::a"},
	{"RG-15 endpoint names", "_pg._tcp.DB.default.svc.CLUSTER.local.", TYPE_SRV, OK,
		true,
		"_pg._tcp.DB.default.svc.CLUSTER.local. 30 IN SRV 0 50 5432 "
		"db-0.db.default.svc.CLUSTER.local.; "
		"_pg._tcp.DB.default.svc.CLUSTER.local. 30 IN SRV 0 50 5432 "
		"db-1.db.default.svc.CLUSTER.local.",
		"",
		"db-0.db.default.svc.CLUSTER.local. 30 IN A 10.1.0.1; "
		"db-1.db.default.svc.CLUSTER.local. 30 IN A 10.1.0.2"},
	{"RG-15 RX-05 NS", "Cluster.LOCAL.", TYPE_NS, OK, true,
		"Cluster.LOCAL. 30 IN NS ns.dns.Cluster.LOCAL.", "",
		"ns.dns.Cluster.LOCAL. 30 IN A 10.96.0.53; "
		"ns.dns.Cluster.LOCAL. 30 IN AAAA fd00::35"},
	{"RG-15 RX-08", "NS.dns.CLUSTER.local.", TYPE_A, OK, true,
		"NS.dns.CLUSTER.local. 30 IN A 10.96.0.53", "", ""},
	{"RG-15 PTR", "10.0.96.10.IN-ADDR.arpa.", TYPE_PTR, OK, true,
		"10.0.96.10.IN-ADDR.arpa. 30 IN PTR web" D, "", ""},
	{"RG-15 CNAME", "NEAR.default.svc.cluster.LOCAL.", TYPE_A, OK, true,
		"NEAR.default.svc.cluster.LOCAL. 30 IN CNAME "
		"web.default.svc.cluster.LOCAL.; "
		"web.default.svc.cluster.LOCAL. 30 IN A 10.96.0.10",
		"", ""},
	{"RG-15 RP-07", "10-1-0-9.Default.POD.Cluster.local.", TYPE_SRV, OK, true,
		"10-1-0-9.Default.POD.Cluster.local. 30 IN SRV 0 100 0 "
		"10-1-0-9.default.pod.Cluster.local.",
		"", "10-1-0-9.default.pod.Cluster.local. 30 IN A 10.1.0.9"},
	/* none of ours */
	{"RG-13", "www.example.net.", TYPE_A, RCODE_REFUSED, false, "", "", ""},
	{"RG-13 the root", ".", TYPE_NS, RCODE_REFUSED, false, "", "", ""},
	{"RG-13 above a zone", "local.", TYPE_A, RCODE_REFUSED, false, "", "", ""},
	{"RG-13 border", "xcluster.local.", TYPE_A, RCODE_REFUSED, false, "", "", ""},
};

/* Each row of the table: without OPT, with one (E-01, RG-06), and over TCP (W-34). */
START_TEST(rows)
{
	const char *row = cases[_i].row;

	for (int how = 0; how < 3; how++) {
		const ldns_pkt *pkt = how < 2 ? ask(cases[_i].name, cases[_i].type,
							how == 1 ? 4096 : 0)
		                              : ask_tcp(cases[_i].name, cases[_i].type);

		ck_assert_msg(pkt != NULL, "%s: no reply", row);
		ck_assert_msg(ldns_pkt_get_rcode(pkt) == cases[_i].rcode, "%s: rcode %d",
			row, ldns_pkt_get_rcode(pkt));
		ck_assert_msg(ldns_pkt_aa(pkt) == cases[_i].aa, "%s: AA", row);
		ck_assert_msg(!ldns_pkt_tc(pkt), "%s: TC", row);
		ck_assert_msg(ldns_pkt_edns(pkt) == (how == 1), "%s: OPT", row);
		ck_assert_uint_eq(asked.p.rcode, cases[_i].rcode);
		check_sections(pkt, row, cases[_i].answer, cases[_i].authority,
			cases[_i].additional);
	}
}
END_TEST

/* ---- chains ---- */

START_TEST(chain_of_ten) /* RE-08, Z-10 */
{
	const ldns_pkt *pkt = ask_tcp("hop-1" D, TYPE_A); /* 11 CNAMEs to go */

	ck_assert_int_eq(ldns_pkt_get_rcode(pkt), RCODE_SERVFAIL);
	ck_assert(ldns_pkt_aa(pkt));
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 10);
	ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 0);
	pkt = ask_tcp("hop-2" D, TYPE_A); /* 10 of them: allowed */
	ck_assert_int_eq(ldns_pkt_get_rcode(pkt), RCODE_NOERROR);
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 11);
}
END_TEST

/* ---- settings ---- */

START_TEST(any_by_settings) /* RO-28, W-29 */
{
	struct cluster c = cluster;

	c.settings.any = ANY_HINFO;
	asked.query_len = cluster_query(asked.query, "web" D, TYPE_ANY, 0);
	check_sections(send_to(&c, 4608, false), "hinfo",
		"web" D " 30 IN HINFO \"RFC8482\" \"\"", "", "");
	asked.query_len = cluster_query(asked.query, "missing" D, TYPE_ANY, 0);
	check_sections(send_to(&c, 4608, false), "hinfo, missing", "", SOA, "");
	c.settings.any = ANY_NOTIMP;
	check_sections(send_to(&c, 4608, false), "notimp", "", "", "");
	ck_assert_uint_eq(asked.p.rcode, RCODE_NOTIMP);
	ck_assert(!ldns_pkt_aa(asked.pkt));
}
END_TEST

START_TEST(pods_disabled) /* RP-02 to RP-04 */
{
	struct cluster c = cluster;

	c.settings.pods = PODS_DISABLED;
	asked.query_len = cluster_query(
		asked.query, "10-1-0-9.default.pod." Z, TYPE_A, 0);
	check_sections(send_to(&c, 4608, false), "disabled", "", SOA, "");
	ck_assert_uint_eq(asked.p.rcode, RCODE_NXDOMAIN);
}
END_TEST

START_TEST(negative_ttl) /* SOA(Z): TTL min(NT, 300), MINIMUM NT */
{
	struct cluster c = cluster;

	c.settings.negative_ttl_s = 3600;
	asked.query_len = cluster_query(asked.query, "missing" D, TYPE_A, 0);
	check_sections(send_to(&c, 4608, false), "NT", "",
		Z " 300 IN SOA ns.dns." Z " hostmaster." Z
		  " 2026112100 7200 1800 86400 3600",
		"");
}
END_TEST

static struct {
	const char *name;
	uint16_t type;
	bool answered;
} const early[] = {
	{Z, TYPE_SOA, true},
	{Z, TYPE_NS, true},
	{Z, TYPE_TXT, true},
	{"svc." Z, TYPE_A, true},
	{"pod." Z, TYPE_A, true},
	{"dns." Z, TYPE_A, true},
	{"ns.dns." Z, TYPE_A, true},
	{"dns-version." Z, TYPE_TXT, true},
	{"web" D, TYPE_A, false},
	{"missing" D, TYPE_A, false},
	{"default.svc." Z, TYPE_A, false},
	{"10-1-0-9.default.pod." Z, TYPE_A, false},
	{"foo." Z, TYPE_A, false},
	{"1.1.1.1.in-addr.arpa.", TYPE_PTR, false},
};

START_TEST(not_complete) /* RU-01 to RU-04, Z-06, RG-05 */
{
	struct cluster c = cluster;

	c.snap.flags = 0;
	asked.query_len = cluster_query(
		asked.query, early[_i].name, early[_i].type, 1232);
	const ldns_pkt *pkt = send_to(&c, 4608, false);
	ck_assert(ldns_pkt_aa(pkt));
	ck_assert_int_eq(ldns_pkt_get_rcode(pkt),
		early[_i].answered ? RCODE_NOERROR : RCODE_SERVFAIL);
	ck_assert_int_eq((asked.p.facts & PACKET_NOT_COMPLETE) == 0, early[_i].answered);
	if (early[_i].answered)
		return;
	ck_assert_uint_eq(count_of(ldns_pkt_answer(pkt)), 0);
	ck_assert_uint_eq(count_of(ldns_pkt_authority(pkt)), 1);
	ck_assert_int_eq(ede_code(0), EDE_NOT_READY);
	asked.query_len = cluster_query(asked.query, "www.example.net.", TYPE_A, 0);
	send_to(&c, 4608, false);
	ck_assert_uint_eq(asked.p.rcode, RCODE_REFUSED);
}
END_TEST

/* ---- damage ---- */

/* Where eight octets of the chain of a zone from a file are damaged. */
static uint64_t chain_damage_at(
	const struct cluster *c, const struct packet *p, uint64_t random)
{
	int zone = settings_zone(&c->settings, p->q.qname, p->q.qname_len);
	const struct name *apex = &c->settings.zones[zone].name;
	struct hash128 h = hash_name(&c->snap.key, apex->wire, apex->len);
	struct node_view v;

	ck_assert_int_eq(
		snap_find(&c->snap, &h, apex->wire, apex->len, &v), LOOKUP_FOUND);
	ck_assert_ptr_nonnull(v.body);
	return (uint64_t)(v.body - c->memory) + (random % v.body_len & ~UINT64_C(7));
}

/* Where eight octets are damaged: in the node asked for, or anywhere. */
static uint64_t damage_at(
	const struct cluster *c, const struct packet *p, bool near, uint64_t random)
{
	struct node_view v;

	if (!near || snap_find(&c->snap, &p->hash, p->q.qname, p->q.qname_len, &v) !=
			     LOOKUP_FOUND)
		return random % c->snap.used & ~UINT64_C(7);
	uint64_t node = (uint64_t)((const uint8_t *)v.head - c->memory);
	return node + (random % ((size_t)v.head->size8 * 8) & ~UINT64_C(7));
}

START_TEST(damaged_snapshot) /* G8, SH-08 */
{
	uint64_t random = 20261121;
	struct cluster c = cluster;
	unsigned servfails = 0;

	for (int round = 0; round < 20000; round++) {
		unsigned i = (unsigned)(next_random(&random) % ARRAY_LEN(cases));
		uint64_t before, junk = next_random(&random);
		struct basis b = {.snap = &c.snap, .settings = &c.settings};
		struct packet p = {.buf = asked.buf, .cap = 4608};

		p.len = cluster_query(asked.buf, cases[i].name, cases[i].type, 4096);
		ck_assert(admit(&b, &p, NULL));
		uint64_t at = damage_at(&c, &p, round % 4 != 0, next_random(&random));
		memcpy(&before, c.memory + at, sizeof(before));
		if (round % 2 == 0)
			junk = before ^ UINT64_C(1) << (junk & 63);
		memcpy(c.memory + at, &junk, MIN(sizeof(junk), c.snap.used - at));
		ck_assert_int_eq(answer(&b, &p), VERDICT_REPLY);
		ck_assert_uint_le(p.reply_len, 1232);
		if (p.facts & PACKET_DAMAGED) {
			ck_assert_uint_eq(p.rcode, RCODE_SERVFAIL);
			servfails++;
		}
		memcpy(c.memory + at, &before, MIN(sizeof(before), c.snap.used - at));
	}
	ck_assert_uint_gt(servfails, 100);
}
END_TEST

static const struct {
	const char *name;
	uint16_t type;
} of_file[] = {{"file.example.", TYPE_SOA}, {"file.example.", TYPE_NS},
	{"file.example.", TYPE_DS}, {"a.w.file.example.", TYPE_MX},
	{"a.w.file.example.", TYPE_SRV}, {"a.w.file.example.", TYPE_A},
	{"a.w.file.example.", TYPE_TXT}, {"*.w.file.example.", TYPE_TXT},
	{"alias.file.example.", TYPE_A}, {"nothing.file.example.", TYPE_A},
	{"cut.file.example.", TYPE_DS}, {"a.cut.file.example.", TYPE_A},
	{"ns.cut.file.example.", TYPE_A}, {"a.old.file.example.", TYPE_A},
	{"a.b.old.file.example.", TYPE_CNAME}, {"w.file.example.", TYPE_A},
	{"a.hash.example.", TYPE_MX}, {"b.hash.example.", TYPE_A},
	{"a.cut.hash.example.", TYPE_A}, {"x.w.hash.example.", TYPE_A},
	{"y.x.w.hash.example.", TYPE_MX}, {"a.a.hash.example.", TYPE_A}};

/* The damage that damaged_snapshot() does, to a zone from a file, signatures wanted. */
START_TEST(damaged_file) /* G8, SH-08, SM-11 */
{
	uint64_t random = 20261128;
	struct cluster c;
	unsigned servfails = 0, of_chain = 0;

	cluster_init(&c, 1 << 20);
	cluster_file(&c);
	cluster_seal(&c);
	for (int round = 0; round < 20000; round++) {
		unsigned i = (unsigned)(next_random(&random) % ARRAY_LEN(of_file));
		struct basis b = {.snap = &c.snap, .settings = &c.settings};
		struct packet p = {.buf = asked.buf, .cap = 4608};
		uint64_t at, before, junk = next_random(&random);

		p.len = cluster_query(asked.buf, of_file[i].name, of_file[i].type, 4096);
		asked.buf[p.len - 4] |= 0x80; /* DO */
		ck_assert(admit(&b, &p, NULL));
		bool chain = round % 3 == 0;
		at = chain ? chain_damage_at(&c, &p, next_random(&random))
		           : damage_at(&c, &p, round % 4 != 0, next_random(&random));
		memcpy(&before, c.memory + at, sizeof(before));
		if (round % 2 == 0)
			junk = before ^ UINT64_C(1) << (junk & 63);
		memcpy(c.memory + at, &junk, MIN(sizeof(junk), c.snap.used - at));
		ck_assert_int_eq(answer(&b, &p), VERDICT_REPLY);
		ck_assert_uint_le(p.reply_len, 1232);
		if (p.facts & PACKET_DAMAGED)
			chain ? of_chain++ : servfails++;
		memcpy(c.memory + at, &before, MIN(sizeof(before), c.snap.used - at));
	}
	ck_assert_uint_gt(servfails, 100);
	ck_assert_uint_gt(of_chain, 100);
	cluster_fini(&c);
}
END_TEST

/* answer() may run again: the octets are the same. */
START_TEST(runs_again)
{
	struct basis b = {.snap = &cluster.snap, .settings = &cluster.settings};
	uint8_t first[4608];

	ck_assert_ptr_nonnull(ask("db" D, TYPE_SRV, 1232));
	size_t len = asked.p.reply_len;
	memcpy(first, asked.buf, len);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(answer(&b, &asked.p), VERDICT_REPLY);
		ck_assert_uint_eq(asked.p.reply_len, len);
		ck_assert_mem_eq(asked.buf, first, len);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("answer");

	tcase_add_loop_test(tc, rows, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, chain_of_ten);
	tcase_add_test(tc, any_by_settings);
	tcase_add_test(tc, pods_disabled);
	tcase_add_test(tc, negative_ttl);
	tcase_add_loop_test(tc, not_complete, 0, ARRAY_LEN(early));
	tcase_add_test(tc, damaged_snapshot);
	tcase_add_test(tc, damaged_file);
	tcase_add_test(tc, runs_again);
	return asking_main("answer", tc);
}
