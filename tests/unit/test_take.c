/*
 * test_take.c - what of a reply is believed, and the entry that is made of it (U-10, and
 * the F, C and CA rows that rest on it)
 */
#include "take_support.h"

#define NOERROR  0x8180
#define FORMERR  0x8181
#define SERVFAIL 0x8182
#define NXDOMAIN 0x8183
#define REFUSED  0x8185
#define YXDOMAIN 0x8186

#define PASS 0 /* life of an entry that may not be reused */

/* An SOA record, and how it is printed. */
#define SOA(zone, ttl, minimum)     zone " " ttl " SOA ns.x h.x 1 2 3 4 " minimum
#define SOA_OUT(zone, ttl, minimum) zone ". " ttl " SOA ns.x. h.x. 1 2 3 4 " minimum

static const struct take_row {
	const char *id;
	struct text_reply reply;
	unsigned flags; /* QUESTION_* */
	enum reply_use use;
	enum cache_kind kind;
	unsigned life_s;
	const char *want; /* the entry's RRs, or the reason */
} takes[] = {
	{"an address",
		{"www.example A", NOERROR, "www.example 30 A 10.0.0.1", NULL, NULL}, 0,
		REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"order is kept, the lowest TTL counts, CA-05",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.3; www.example 20 A 10.0.0.1; "
			"www.example 40 A 10.0.0.2",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 20,
		"www.example. 20 A 10.0.0.3; www.example. 20 A 10.0.0.1; "
		"www.example. 20 A 10.0.0.2"},
	{"Z-15: no record twice",
		{"www.example NS", NOERROR,
			"www.example 30 NS a.example; www.example 30 NS A.Example; "
			"www.example 9 NS a.example; www.example 30 NS b.example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 9,
		"www.example. 9 NS a.example.; www.example. 9 NS b.example."},
	{"a set is brought together, U-10",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.1; x.example 5 A 10.0.0.9; "
			"www.example 30 AAAA fd00::1; wWw.eXample 30 A 10.0.0.2",
			"example 5 NS ns.example", "ns.example 5 A 10.0.0.9"},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 A 10.0.0.1; www.example. 30 A 10.0.0.2"},
	{"F-12: unrelated beside",
		{"www.example A", NOERROR,
			"www.other 30 A 10.0.0.9; www.example 30 A 10.0.0.1", NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"F-12: unrelated alone",
		{"www.example A", NOERROR, "www.other 30 A 10.0.0.9", NULL, NULL}, 0,
		REPLY_USELESS, 0, 0, "unrelated records"},
	{"F-12: another type alone",
		{"www.example A", NOERROR, "www.example 30 AAAA fd00::1", NULL, NULL}, 0,
		REPLY_USELESS, 0, 0, "unrelated records"},
	{"... but a denial says so",
		{"www.example A", NOERROR, "www.other 30 A 10.0.0.9",
			SOA("example", "30", "30"), NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "| " SOA_OUT("example", "30", "30")},
	{"C-11: records of the answer in the wrong section",
		{"www.example A", NOERROR, NULL, "www.example 30 A 10.0.0.9",
			"www.example 30 A 10.0.0.9"},
		0, REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"C-11: ... beside one in its place",
		{"www.example A", NOERROR, "www.example 30 A 10.0.0.1",
			"www.example 9 A 10.0.0.9", NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"C-11: proofs in the wrong section",
		{"www.example A", NXDOMAIN, "a.example 30 NSEC z.example",
			SOA("example", "20", "30"), NULL},
		QUESTION_DO, REPLY_STORE, CACHE_NXDOMAIN, 20,
		"| " SOA_OUT("example", "20", "30")},
	{"F-18: an A of 3 octets beside",
		{"www.example A", NOERROR,
			"www.example 30 A =0a0000; www.example 30 A 10.0.0.1", NULL,
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"F-18: alone",
		{"www.example A", NOERROR, "www.example 30 A =0a0000", NULL, NULL}, 0,
		REPLY_USELESS, 0, 0, "malformed rdata"},
	{"F-18: alone, with SOA",
		{"www.example A", NOERROR, "www.example 30 A =0a0000",
			SOA("example", "30", "30"), NULL},
		0, REPLY_USELESS, 0, 0, "malformed rdata"},
	{"F-18: at the end of a chain",
		{"www.example A", NOERROR,
			"www.example 30 CNAME a.example; a.example 9 A =0a", NULL, NULL},
		0, REPLY_USELESS, 0, 0, "malformed rdata"},
	{"V-02: an octet behind a name",
		{"www.example MX", NOERROR, "www.example 30 MX =000a01610000", NULL,
			NULL},
		0, REPLY_USELESS, 0, 0, "malformed rdata"},
	{"V-02: SOA cut",
		{"www.example A", NOERROR, NULL, "example 30 SOA =000000000001", NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"V-02: CNAME cut",
		{"www.example A", NOERROR, "www.example 30 CNAME =0161", NULL, NULL}, 0,
		REPLY_USELESS, 0, 0, "malformed rdata"},
	{"V-05: opaque rdata stay as they are",
		{"www.example HTTPS", NOERROR, "www.example 30 HTTPS =c00cc0", NULL,
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 HTTPS ="},

	{"TTL over the cap, CA-01",
		{"www.example A", NOERROR, "www.example 301 A 10.0.0.1", NULL, NULL}, 0,
		REPLY_STORE, CACHE_ANSWER, 300, "www.example. 300 A 10.0.0.1"},
	{"F-19, C-03",
		{"www.example A", NOERROR, "www.example 4294967295 A 10.0.0.1", NULL,
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 300, "www.example. 300 A 10.0.0.1"},
	{"C-03: 0x80000000",
		{"www.example A", NOERROR, "www.example 2147483648 A 10.0.0.1", NULL,
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 300, "www.example. 300 A 10.0.0.1"},
	{"CA-07, C-04: TTL 0",
		{"www.example A", NOERROR, "www.example 0 A 10.0.0.1", NULL, NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, "www.example. 0 A 10.0.0.1"},
	{"CA-07: of an alias",
		{"www.example A", NOERROR,
			"www.example 0 CNAME a.example; a.example 9 A 10.0.0.1", NULL,
			NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS,
		"www.example. 0 CNAME a.example.; a.example. 9 A 10.0.0.1"},
	{"CA-03: min_ttl", {"www.floor A", NOERROR, "www.floor 0 A 10.0.0.1", NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 7, "www.floor. 7 A 10.0.0.1"},
	{"CA-05: the shortest RRset of the answer ends it",
		{"www.example A", NOERROR,
			"www.example 30 CNAME a.example; a.example 20 CNAME b.example; "
			"b.example 25 A 10.0.0.1",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 20,
		"www.example. 30 CNAME a.example.; a.example. 20 CNAME b.example.; "
		"b.example. 25 A 10.0.0.1"},

	{"C-05: NODATA, by the SOA's TTL",
		{"www.example A", NOERROR, NULL, SOA("example", "20", "30"), NULL}, 0,
		REPLY_STORE, CACHE_ANSWER, 20, "| " SOA_OUT("example", "20", "30")},
	{"C-05, CA-06: by its MINIMUM",
		{"www.example A", NOERROR, NULL, SOA("example", "30", "20"), NULL}, 0,
		REPLY_STORE, CACHE_ANSWER, 20, "| " SOA_OUT("example", "20", "20")},
	{"C-05: by the cap",
		{"www.example A", NOERROR, NULL, SOA("example", "3600", "900"), NULL}, 0,
		REPLY_STORE, CACHE_ANSWER, 60, "| " SOA_OUT("example", "60", "900")},
	{"C-03: MINIMUM over 2^31",
		{"www.example A", NOERROR, NULL, SOA("example", "3600", "4294967295"),
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 60,
		"| " SOA_OUT("example", "60", "4294967295")},
	{"MINIMUM 0", {"www.example A", NOERROR, NULL, SOA("example", "3600", "0"), NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, "| " SOA_OUT("example", "0", "0")},
	{"CA-04: denial.min_ttl",
		{"www.floor A", NXDOMAIN, NULL, SOA("floor", "3600", "0"), NULL}, 0,
		REPLY_STORE, CACHE_NXDOMAIN, 8, "| " SOA_OUT("floor", "8", "0")},
	{"CA-11: NXDOMAIN is of the name",
		{"www.example A", NXDOMAIN, NULL, SOA("example", "20", "30"), NULL}, 0,
		REPLY_STORE, CACHE_NXDOMAIN, 20, "| " SOA_OUT("example", "20", "30")},
	{"the SOA of the name itself",
		{"www.example A", NXDOMAIN, NULL, SOA("www.example", "20", "30"), NULL},
		0, REPLY_STORE, CACHE_NXDOMAIN, 20,
		"| " SOA_OUT("www.example", "20", "30")},
	{"the SOA of the root",
		{"www.example A", NXDOMAIN, NULL, ". 20 SOA ns.x h.x 1 2 3 4 30", NULL},
		0, REPLY_STORE, CACHE_NXDOMAIN, 20, "| . 20 SOA ns.x. h.x. 1 2 3 4 30"},
	{"F-21, C-06: NODATA without SOA", {"www.example A", NOERROR, NULL, NULL, NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"F-21, C-06: NXDOMAIN without SOA",
		{"www.example A", NXDOMAIN, NULL, NULL, NULL}, 0, REPLY_PASS,
		CACHE_PASSES, PASS, ""},
	{"NXDOMAIN with records of others",
		{"www.example A", NXDOMAIN, "www.other 30 A 10.0.0.1", NULL, NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"the SOA of another zone",
		{"www.example A", NXDOMAIN, NULL, SOA("other", "20", "30"), NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"the SOA of a zone below",
		{"www.example A", NXDOMAIN, NULL, SOA("a.www.example", "20", "30"), NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"an SOA that ends alike",
		{"www.example A", NXDOMAIN, NULL, SOA("w.example", "20", "30"), NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"of two SOAs the first",
		{"www.example A", NXDOMAIN, NULL,
			SOA("other", "9", "9") "; " SOA("example", "20", "30") "; " SOA(
				"www.example", "5", "5"),
			NULL},
		0, REPLY_STORE, CACHE_NXDOMAIN, 20, "| " SOA_OUT("example", "20", "30")},
	{"no SOA beside data, FP-05",
		{"www.example A", NOERROR, "www.example 30 A 10.0.0.1",
			SOA("example", "20", "30"), NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"a referral",
		{"www.example A", NOERROR, NULL, "example 30 NS ns.example",
			"ns.example 30 A 10.0.0.1"},
		0, REPLY_USELESS, 0, 0, "referral"},
	{"NODATA with NS and SOA",
		{"www.example A", NOERROR, NULL,
			"example 30 NS ns.example; " SOA("example", "20", "30"), NULL},
		0, REPLY_STORE, CACHE_ANSWER, 20, "| " SOA_OUT("example", "20", "30")},

	{"a chain, in any order",
		{"www.example A", NOERROR,
			"b.other 30 A 10.0.0.1; a.example 30 CNAME b.other; "
			"www.example 30 CNAME A.example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 CNAME A.example.; A.example. 30 CNAME b.other.; "
		"b.other. 30 A 10.0.0.1"},
	{"F-20",
		{"www.example A", NOERROR, "www.example 30 CNAME www.example", NULL,
			NULL},
		0, REPLY_USELESS, 0, 0, "loop of CNAMEs"},
	{"F-20: of two",
		{"www.example A", NOERROR,
			"www.example 30 CNAME a.example; a.example 30 CNAME WWW.example",
			NULL, NULL},
		0, REPLY_USELESS, 0, 0, "loop of CNAMEs"},
	{"of two CNAMEs the first",
		{"www.example A", NOERROR,
			"www.example 30 CNAME a.example; www.example 30 CNAME b.example; "
			"a.example 30 A 10.0.0.1; b.example 30 A 10.0.0.2",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 CNAME a.example.; a.example. 30 A 10.0.0.1"},
	{"data counts before an alias",
		{"www.example A", NOERROR,
			"www.example 30 CNAME a.example; www.example 30 A 10.0.0.1", NULL,
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"CNAME is what was asked",
		{"www.example CNAME", NOERROR,
			"www.example 30 CNAME a.example; a.example 30 CNAME b.example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 CNAME a.example."},
	{"CA-10: a chain that ends nowhere",
		{"www.example A", NOERROR, "www.example 30 CNAME a.other", NULL, NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, "www.example. 30 CNAME a.other."},
	{"... with the SOA of another zone",
		{"www.example A", NOERROR, "www.example 30 CNAME a.other",
			SOA("example", "20", "30"), NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, "www.example. 30 CNAME a.other."},
	{"NODATA at the end of a chain",
		{"www.example A", NOERROR, "www.example 30 CNAME a.other",
			SOA("other", "20", "30"), NULL},
		0, REPLY_STORE, CACHE_ANSWER, 20,
		"www.example. 30 CNAME a.other.; | " SOA_OUT("other", "20", "30")},
	{"NXDOMAIN at the end of a chain is not of the name",
		{"www.example A", NXDOMAIN, "www.example 15 CNAME a.other",
			SOA("other", "20", "30"), NULL},
		0, REPLY_STORE, CACHE_ANSWER, 15,
		"www.example. 15 CNAME a.other.; | " SOA_OUT("other", "20", "30")},
	{"... without SOA",
		{"www.example A", NXDOMAIN, "www.example 15 CNAME a.other", NULL, NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, "www.example. 15 CNAME a.other."},
	{"NXDOMAIN, and yet it is there",
		{"www.example A", NXDOMAIN, "www.example 15 A 10.0.0.1",
			SOA("example", "20", "30"), NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, "www.example. 15 A 10.0.0.1"},
	{"a chain into a zone of ours",
		{"www.example A", NOERROR,
			"www.example 30 CNAME x.svc.cluster.local; "
			"x.svc.cluster.local 5 A 10.0.0.9",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 CNAME x.svc.cluster.local."},
	{"... that does not exist, says the upstream",
		{"www.example A", NXDOMAIN, "www.example 30 CNAME x.Cluster.local",
			". 9 SOA ns.x h.x 1 2 3 4 9", NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 CNAME x.Cluster.local."},
	{"... and out of it again",
		{"www.example A", NOERROR,
			"www.example 30 CNAME x.cluster.local; "
			"x.cluster.local 30 CNAME b.example; b.example 30 A 10.0.0.9",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 CNAME x.cluster.local."},
	{"a name of ours that fell through",
		{"x.cluster.local A", NOERROR, "x.cluster.local 30 A 10.0.0.1", NULL,
			NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "x.cluster.local. 30 A 10.0.0.1"},

	{"a DNAME and what it makes",
		{"www.a.example A", NOERROR,
			"a.example 30 DNAME b.other; www.a.example 0 CNAME www.b.other; "
			"www.b.other 30 A 10.0.0.1",
			NULL, NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS,
		"a.example. 30 DNAME b.other.; www.a.example. 0 CNAME www.b.other.; "
		"www.b.other. 30 A 10.0.0.1"},
	{"a DNAME that does not make the CNAME",
		{"www.a.example A", NOERROR,
			"a.example 30 DNAME c.other; www.a.example 30 CNAME www.b.other; "
			"www.b.other 30 A 10.0.0.1",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.a.example. 30 CNAME www.b.other.; www.b.other. 30 A 10.0.0.1"},
	{"a DNAME at the name itself is not above it",
		{"www.example A", NOERROR,
			"www.example 30 DNAME b.other; www.example 30 CNAME b.other; "
			"b.other 30 A 10.0.0.1",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 CNAME b.other.; b.other. 30 A 10.0.0.1"},
	{"one DNAME twice in a chain",
		{"w.a.x A", NOERROR,
			"x 30 DNAME y; w.a.x 30 CNAME w.a.y; w.a.y 30 CNAME v.x; "
			"v.x 30 CNAME v.y; v.y 30 A 10.0.0.1",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"x. 30 DNAME y.; w.a.x. 30 CNAME w.a.y.; w.a.y. 30 CNAME v.x.; "
		"v.x. 30 CNAME v.y.; v.y. 30 A 10.0.0.1"},

	{"ANY: all types of the name",
		{"www.example ANY", NOERROR,
			"www.example 30 A 10.0.0.1; www.example 20 TXT x; "
			"x.example 30 A 10.0.0.9; "
			"www.example 25 A 10.0.0.2; www.example 30 CNAME x.example; "
			"www.example 30 RRSIG A 2000000000 example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 20,
		"www.example. 25 A 10.0.0.1; www.example. 25 A 10.0.0.2; "
		"www.example. 20 TXT \"x\"; www.example. 30 CNAME x.example.; "
		"www.example. 30 RRSIG ="},
	{"signatures without DO",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.1; "
			"www.example 30 RRSIG A 2000000000 example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"signatures with DO, U-10",
		{"www.example A", NOERROR,
			"www.example 30 RRSIG A 2000000000 example; "
			"www.example 30 RRSIG AAAA 2000000000 example; "
			"x.example 30 RRSIG A 2000000000 example; "
			"www.example 30 A 10.0.0.1",
			"a.example 30 NSEC z.example; "
			"a.example 30 RRSIG NSEC 2000000000 example; "
			"a.other 30 NSEC z.other; example 9 NS ns.example; "
			"example 9 RRSIG NS 2000000000 example",
			NULL},
		QUESTION_DO, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 A 10.0.0.1; www.example. 30 RRSIG =; "
		"| a.example. 30 NSEC =; "
		"a.example. 30 RRSIG ="},
	{"a denial with DO",
		{"www.example A", NXDOMAIN, NULL,
			"example 30 RRSIG SOA 2000000000 example; " SOA("example", "20",
				"30") "; "
				      "a.example 30 NSEC z.example; "
				      "a.example 30 RRSIG NSEC 2000000000 example; "
				      "b.example 30 NSEC3 =01; a.other 30 NSEC b.other",
			NULL},
		QUESTION_DO, REPLY_STORE, CACHE_NXDOMAIN, 20,
		"| " SOA_OUT("example", "20",
			"30") "; example. 30 RRSIG =; a.example. 30 NSEC =; "
			      "a.example. 30 RRSIG =; b.example. 30 NSEC3 ="},
	{"the same without",
		{"www.example A", NXDOMAIN, NULL,
			SOA("example", "20",
				"30") "; a.example 30 NSEC z.example; "
				      "a.example 30 RRSIG NSEC 2000000000 example",
			NULL},
		0, REPLY_STORE, CACHE_NXDOMAIN, 20, "| " SOA_OUT("example", "20", "30")},
	{"CA-10: a signature that has ended",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.1; "
			"www.example 30 RRSIG A 1699999999 example",
			NULL, NULL},
		QUESTION_DO, REPLY_PASS, CACHE_PASSES, PASS,
		"www.example. 30 A 10.0.0.1; www.example. 30 RRSIG ="},
	{"... that ends soon",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.1; "
			"www.example 30 RRSIG A 1700000007 example",
			NULL, NULL},
		QUESTION_DO, REPLY_STORE, CACHE_ANSWER, 7,
		"www.example. 30 A 10.0.0.1; www.example. 30 RRSIG ="},
	{"RRSIG is what was asked",
		{"www.example RRSIG", NOERROR,
			"www.example 30 A 10.0.0.1; "
			"www.example 30 RRSIG A 2000000000 example; "
			"www.example 20 RRSIG TXT 2000000000 example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 20,
		"www.example. 30 RRSIG =; www.example. 20 RRSIG ="},

	{"V-02: an RRSIG that is too short",
		{"www.example RRSIG", NOERROR, "www.example 30 RRSIG =0001", NULL, NULL},
		0, REPLY_USELESS, 0, 0, "malformed rdata"},
	{"V-02: an RRSIG without a signer",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.1; "
			"www.example 30 RRSIG =00010d020000012c77359400000000003039c00c",
			NULL, NULL},
		QUESTION_DO, REPLY_STORE, CACHE_ANSWER, 30, "www.example. 30 A 10.0.0.1"},
	{"a signer of another zone denies nothing",
		{"www.example A", NOERROR,
			"www.example 30 A 10.0.0.1; "
			"www.example 30 RRSIG A 2000000000 other",
			"a.other 30 NSEC z.other", NULL},
		QUESTION_DO, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 A 10.0.0.1; www.example. 30 RRSIG ="},

	{"FORMERR passes", {"www.example A", FORMERR, NULL, NULL, NULL}, 0, REPLY_PASS,
		CACHE_PASSES, PASS, ""},
	{"CA-13: SERVFAIL is a failure",
		{"www.example A", SERVFAIL, "www.example 30 CNAME a.example", NULL, NULL},
		0, REPLY_STORE, CACHE_FAILURE, 5, ""},
	{"REFUSED passes",
		{"www.example A", REFUSED, "www.example 30 CNAME www.example", NULL,
			NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, ""},
	{"YXDOMAIN passes",
		{"www.example A", YXDOMAIN, "example 30 DNAME other", NULL, NULL}, 0,
		REPLY_PASS, CACHE_PASSES, PASS, ""},

	{"CA-02: a name outside cache.zones",
		{"www.elsewhere A", NOERROR, "www.elsewhere 30 A 10.0.0.1", NULL, NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, "www.elsewhere. 30 A 10.0.0.1"},
	{"CA-02: disable_success",
		{"www.nosuccess.example A", NOERROR,
			"www.nosuccess.example 30 A 10.0.0.1", NULL, NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS,
		"www.nosuccess.example. 30 A 10.0.0.1"},
	{"... is not of denials",
		{"www.nosuccess.example A", NXDOMAIN, NULL, SOA("example", "20", "30"),
			NULL},
		0, REPLY_STORE, CACHE_NXDOMAIN, 20, "| " SOA_OUT("example", "20", "30")},
	{"CA-02: disable_denial",
		{"www.nodenial.example A", NXDOMAIN, NULL, SOA("example", "20", "30"),
			NULL},
		0, REPLY_PASS, CACHE_PASSES, PASS, "| " SOA_OUT("example", "20", "30")},
	{"... is not of answers",
		{"www.nodenial.example A", NOERROR, "www.nodenial.example 30 A 10.0.0.1",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30, "www.nodenial.example. 30 A 10.0.0.1"},
	{"MX and SRV",
		{"www.example MX", NOERROR,
			"www.example 30 MX 10 mail.example; "
			"www.example 30 MX 20 mail.Other",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"www.example. 30 MX 10 mail.example.; www.example. 30 MX 20 mail.Other."},
	{"SRV",
		{"_x._tcp.example SRV", NOERROR,
			"_x._tcp.example 30 SRV 1 2 3 a.example; "
			"_x._tcp.example 30 SRV 1 2 4 "
			"a.example",
			NULL, NULL},
		0, REPLY_STORE, CACHE_ANSWER, 30,
		"_x._tcp.example. 30 SRV 1 2 3 a.example.; _x._tcp.example. 30 SRV 1 2 4 "
		"a.example."},
};

/* The rcode of an entry: what an upstream says of names of ours does not count. */
static unsigned rcode_of(const struct take_row *row)
{
	bool ours = strstr(row->want, "CNAME x.Cluster.local.") != NULL;

	return ours ? RCODE_NOERROR : row->reply.flags & 0xf;
}

START_TEST(what_is_taken)
{
	const struct take_row *row = &takes[_i];
	struct question q = question(row->reply.question, row->flags);
	const struct cache_entry *e = (const struct cache_entry *)entry;
	const char *reason = "none";

	configure();
	if (strstr(row->reply.question, ".floor") != NULL) {
		settings.forward.cache.success_min_ttl_s = 7;
		settings.forward.cache.denial_min_ttl_s = 8;
	}
	size_t len = build_reply(&row->reply, 0x1234, msg, sizeof(msg));
	enum reply_use use = take(len, &q, &reason);

	ck_assert_msg(use == row->use, "%s: %d, %s", row->id, use, reason);
	if (use == REPLY_USELESS) {
		ck_assert_msg(strcmp(reason, row->want) == 0, "%s: %s", row->id, reason);
		return;
	}
	const char *got = entry_text(e, q.type);
	ck_assert_msg(
		strcmp(got, row->want) == 0, "%s:\n%s\n%s", row->id, got, row->want);
	ck_assert_msg(e->kind == row->kind, "%s: kind %u", row->id, e->kind);
	ck_assert_uint_eq(e->type, row->kind == CACHE_NXDOMAIN ? 0 : q.type);
	ck_assert_msg(
		e->stored_ns == NOW && e->expires_ns == NOW + row->life_s * NS_PER_S,
		"%s: %lu", row->id, (unsigned long)((e->expires_ns - NOW) / NS_PER_S));
	ck_assert(e->path == 1 && e->hcheck == 2 && e->group == 3 &&
		  e->flags == row->flags);
	ck_assert(e->ede == UINT16_MAX && e->ad == 0 && e->text_len == 0);
	ck_assert_uint_eq(e->rcode, rcode_of(row));
	ck_assert_ptr_eq(entry_check(e), NULL);
}
END_TEST

START_TEST(every_cut_is_taken_for_nothing) /* V-06: exact copies, under sanitizers */
{
	const struct take_row *row = &takes[_i];
	struct question q = question(row->reply.question, row->flags);

	configure();
	size_t len = build_reply(&row->reply, 0x1234, msg, sizeof(msg));

	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(take(n, &q, NULL), REPLY_USELESS);
}
END_TEST

START_TEST(another_question) /* C-10 */
{
	static const struct text_reply r = {
		"www.example A", NOERROR, "www.example 30 A 10.0.0.1", NULL, NULL};
	struct question q = question("www.other A", 0);

	configure();
	size_t len = build_reply(&r, 0, msg, sizeof(msg));

	ck_assert_int_eq(take(len, &q, NULL), REPLY_USELESS);
	q = question("www.example AAAA", 0);
	ck_assert_int_eq(take(len, &q, NULL), REPLY_USELESS);
	q = question("WWW.example A", 0);
	ck_assert_int_eq(take(len, &q, NULL), REPLY_STORE);
}
END_TEST

START_TEST(chain_lengths) /* U-10, V-17: ten are followed, an eleventh is too many */
{
	const struct cache_entry *e = (const struct cache_entry *)entry;
	static char answer[2048];
	struct text_reply r = {"n0.example A", NOERROR, answer, NULL, NULL};
	struct question q = question(r.question, 0);

	configure();
	for (int n = 1; n <= 12; n++) {
		size_t at = 0;

		for (int i = 0; i < n; i++)
			at += (size_t)snprintf(answer + at, sizeof(answer) - at,
				"n%d.example 30 CNAME n%d.example; ", i, i + 1);
		snprintf(
			answer + at, sizeof(answer) - at, "n%d.example 30 A 10.0.0.1", n);
		enum reply_use use = take(build_reply(&r, 0, msg, sizeof(msg)), &q, NULL);

		ck_assert_int_eq(use, n <= 10 ? REPLY_STORE : REPLY_USELESS);
		if (n <= 10)
			ck_assert_int_eq(e->answers, n + 1);
	}
}
END_TEST

START_TEST(without_a_wall_clock)
{
	static const struct text_reply r = {"www.example A", NOERROR,
		"www.example 30 A 10.0.0.1; www.example 30 RRSIG A 1 example", NULL,
		NULL};
	struct reply_rules rules = {&settings.forward, NULL, false, NOW, 0};
	struct question q = question(r.question, QUESTION_DO);
	size_t len = build_reply(&r, 0, msg, sizeof(msg));

	configure();
	ck_assert_int_eq(
		reply_take(msg, len, &q, &rules, (struct cache_entry *)entry, NULL),
		REPLY_STORE);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("take");

	tcase_add_loop_test(tc, what_is_taken, 0, ARRAY_LEN(takes));
	tcase_add_loop_test(tc, every_cut_is_taken_for_nothing, 0, ARRAY_LEN(takes));
	tcase_add_test(tc, another_question);
	tcase_add_test(tc, chain_lengths);
	tcase_add_test(tc, without_a_wall_clock);
	return run_case("take", tc);
}
