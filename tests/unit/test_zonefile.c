/*
 * test_zonefile.c - master files, good and bad; zones as sets; files that change
 *
 * Rows: SM-11, FE-18, FE-44.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/records/zoneset.h"
#include "controller/zonefiles.h"
#include "dns/text.h"
#include "dns/type.h"
#include "snap/layout.h"
#include "tempdir.h"

#define SOA "@ 60 SOA ns h 1 2 3 4 5\n"

/* ---- the text ---- */

#define WIDE_OCTETS ((size_t)64 * 12)

static char wide[7][WIDE_OCTETS + 1]; /* l0 includes l1 64 times, which includes l2 ... */

static const char *on_include(void *arg, const char *from, const char *target, size_t len,
	struct zoneparse_text *out)
{
	static const char inner[] = "in A 192.0.2.9\n$ORIGIN deep\nx A 192.0.2.8\n",
			  endless[] = "$INCLUDE endless\n", bad[] = "x A 1.2\n";

	(void)arg;
	(void)from;
	if (len == 5 && memcmp(target, "inner", 5) == 0)
		*out = (struct zoneparse_text){"inner", inner, strlen(inner)};
	else if (len == 7 && memcmp(target, "endless", 7) == 0)
		*out = (struct zoneparse_text){"endless", endless, strlen(endless)};
	else if (len == 2 && target[0] == 'l' && target[1] < '7')
		*out = (struct zoneparse_text){"l", wide[target[1] - '0'], WIDE_OCTETS};
	else if (len == 2 && target[0] == 'l')
		*out = (struct zoneparse_text){"l7", "", 0};
	else if (len == 3 && memcmp(target, "bad", 3) == 0)
		*out = (struct zoneparse_text){"bad", bad, strlen(bad)};
	else
		return "cannot be read";
	return NULL;
}

static struct zoneset *read_text(const char *text, size_t len, struct zoneparse_fault *f)
{
	const struct zoneparse_text t = {"f", text, len};
	struct name apex;

	ck_assert_int_eq(name_parse("ex", &apex), 0);
	*f = (struct zoneparse_fault){0};
	return zoneset_read(&apex, &t, on_include, NULL, f);
}

/* All records but the SOA: "owner ttl TYPE rdata;", or what is wrong with it. */
static void show(const char *text, size_t len, char *out, size_t cap)
{
	struct zoneparse_fault f;
	struct zoneset *s = read_text(text, len, &f);

	out[0] = '\0';
	if (s == NULL) {
		snprintf(out, cap, "%s:%u:%u: %s", f.path, f.line, f.column, f.why);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct zoneset_rr *rr = &s->rrs[i];
		char owner[NAME_TEXT_MAX], rdata[1024], type[12];
		const uint8_t *octets = zoneset_octets(s, rr->rdata);
		size_t at = strlen(out);

		if (rr->type == TYPE_SOA)
			continue;
		name_text(
			zoneset_octets(s, rr->name), rr->name_len, owner, sizeof(owner));
		text_rdata(octets, rr->len, 0, rr->len, rr->type, rdata, sizeof(rdata));
		snprintf(out + at, cap - at, "%.200s %u %s %.900s;", owner,
			(unsigned)rr->ttl_s, type_text(rr->type, type), rdata);
	}
	zoneset_free(s);
}

static const struct {
	const char *text, *shown;
} texts[] = {
	{SOA, ""},
	{"; a comment\n\n \t ; another\r\n" SOA "a A 192.0.2.1 ; behind\r\n",
		"a.ex. 60 A 192.0.2.1;"},
	/* owners, origins */
	{SOA "a A 192.0.2.1\n  AAAA 2001:db8::1\n\tTXT x\n",
		"a.ex. 60 A 192.0.2.1;a.ex. 60 TXT \"x\";a.ex. 60 AAAA 2001:db8::1;"},
	{SOA "A.EX. A 192.0.2.1\n", "a.ex. 60 A 192.0.2.1;"},
	{SOA "$ORIGIN b\nx CNAME y\n$ORIGIN c\nx CNAME @\n@ NS z.ex.\n",
		"c.b.ex. 60 NS z.ex.;x.c.b.ex. 60 CNAME c.b.ex.;x.b.ex. 60 CNAME "
		"y.b.ex.;"},
	{SOA "a\\.b A 192.0.2.1\n\\097c A 192.0.2.2\n",
		"a\\046b.ex. 60 A 192.0.2.1;ac.ex. 60 A 192.0.2.2;"},
	{SOA "in IN A 192.0.2.1\n", "in.ex. 60 A 192.0.2.1;"},
	{SOA "* A 192.0.2.1\n", "*.ex. 60 A 192.0.2.1;"},
	/* TTL and class in any order, units; $TTL, the record before, the minimum */
	{SOA "a IN 5 A 192.0.2.1\nb 1h30m IN A 192.0.2.1\nc 1W A 192.0.2.1\n",
		"a.ex. 5 A 192.0.2.1;b.ex. 5400 A 192.0.2.1;c.ex. 604800 A 192.0.2.1;"},
	{"$TTL 7\n@ SOA ns h 1 2 3 4 5\na A 192.0.2.1\nb 8 A 192.0.2.1\nc A 192.0.2.1\n",
		"a.ex. 7 A 192.0.2.1;b.ex. 8 A 192.0.2.1;c.ex. 7 A 192.0.2.1;"},
	{"@ SOA ns h 1 2 3 4 5m\na A 192.0.2.1\nb 8 A 192.0.2.1\nc A 192.0.2.1\n",
		"a.ex. 300 A 192.0.2.1;b.ex. 8 A 192.0.2.1;c.ex. 8 A 192.0.2.1;"},
	{SOA "a 9 A 192.0.2.1\na 8 A 192.0.2.2\na 9 A 192.0.2.2\n",
		"a.ex. 8 A 192.0.2.1;a.ex. 8 A 192.0.2.2;"},
	/* parentheses, quotes, escapes */
	{"@ 60 IN SOA ( ns h ; one\n 1 2\n\n ( 3 ) 4 5 )\na A (192.0.2.1)\n",
		"a.ex. 60 A 192.0.2.1;"},
	{SOA "a TXT \"a;b (c)\" d\\;e \"\\\"\\195\\188\"\"\"\n",
		"a.ex. 60 TXT \"a;b (c)\" \"d;e\" \"\\\"\\195\\188\" \"\";"},
	/* types */
	{SOA "a MX 65535 b\na SRV 0 1 2 .\n",
		"a.ex. 60 MX 65535 b.ex.;a.ex. 60 SRV 0 1 2 .;"},
	{SOA "a CAA 0 issue \"x\"\n", "a.ex. 60 CAA 0 issue \"x\";"},
	{SOA "a TYPE700 \\# 3 ab cd e f\na TYPE701 \\# 0\na TYPE1 192.0.2.1\n",
		"a.ex. 60 A 192.0.2.1;a.ex. 60 TYPE700 \\# 3 abcdef;a.ex. 60 TYPE701 "
		"\\# 0;"},
	{SOA "a A \\# 4 C0000201\n", "a.ex. 60 A 192.0.2.1;"},
	{SOA "a PTR \\# 4 02414200\n", "a.ex. 60 PTR ab.;"},
	{SOA "a CNAME b\na RRSIG CNAME 8 2 60 20300101000000 20200101000000 1 @ aaaa\n"
	     "a NSEC b CNAME RRSIG NSEC\n",
		"a.ex. 60 CNAME b.ex.;a.ex. 60 RRSIG \\# 25 "
		"000508020000003c70dbd8805e0be10000010265780069a69a;"
		"a.ex. 60 NSEC \\# 14 0162026578000006040000000003;"},
	/* included */
	{SOA "$ORIGIN b\n$INCLUDE inner\ny A 192.0.2.1\n",
		"x.deep.b.ex. 60 A 192.0.2.8;in.b.ex. 60 A 192.0.2.9;"
		"y.b.ex. 60 A 192.0.2.1;"},
	{SOA "z A 192.0.2.2\n$INCLUDE \"inner\" c\n A 192.0.2.3\n",
		"x.deep.c.ex. 60 A 192.0.2.8;in.c.ex. 60 A 192.0.2.9;"
		"z.ex. 60 A 192.0.2.2;z.ex. 60 A 192.0.2.3;"},

	/* what is wrong */
	{"", "f:0:0: ex. has no SOA at its apex"},
	{SOA "@ SOA ns h 2 2 3 4 5\n", "f:2:1: ex. has several SOAs — keep one"},
	{SOA "a SOA ns h 2 2 3 4 5\n",
		"f:2:1: a.ex. has an SOA, but is not the zone's apex"},
	{SOA "a.example. A 192.0.2.1\n",
		"f:2:1: a.example. is not in the zone — is a final dot missing, or "
		"one too "
		"much?"},
	{SOA "a CNAME b\na A 192.0.2.1\n",
		"f:3:1: a.ex. has a CNAME and other records — keep one of both"},
	{SOA "a A 192.0.2.1\n a CNAME b\n", "f:3:4: CNAME is no IPv4 address"},
	{SOA "a A 192.0.2.1\na CNAME b\n",
		"f:3:1: a.ex. has a CNAME and other records — keep one of both"},
	{SOA "a CNAME b\na CNAME c\n", "f:3:1: a.ex. has several CNAMEs — keep one"},
	{SOA "a DNAME b\na DNAME c\n", "f:3:1: a.ex. has several DNAMEs — keep one"},
	{SOA "a NS b\na DNAME c\n", "f:3:1: a.ex. has a DNAME and an NS (RFC 6672, 2.3)"},
	{SOA "@ NS b\n@ DNAME c.d.\n", "ex. 60 NS b.ex.;ex. 60 DNAME c.d.;"},
	{SOA "* NS b\n", "f:2:1: *.ex. is a wildcard with an NS (RFC 4592, 4.2)"},
	{SOA "* DNAME b\n", "f:2:1: *.ex. is a wildcard with a DNAME (RFC 4592, 4.4)"},
	{SOA "@ DS 1 8 2 aa\n", "f:2:1: ex. has a DS, which belongs into the zone above"},
	{SOA "a CH TXT x\n", "f:2:3: CH is not the class of this zone — it is IN"},
	{SOA "a A 192.0.2\n", "f:2:5: 192.0.2 is no IPv4 address"},
	{SOA "a A ::1\n", "f:2:5: ::1 is no IPv4 address"},
	{SOA "a AAAA 192.0.2.1\n", "f:2:8: 192.0.2.1 is no IPv6 address"},
	{SOA "a A 192.0.2.1 2\n", "f:2:15: 2 is too much: nothing may follow"},
	{SOA "a MX 10\n", "f:2:6: 10 is not all: more has to follow"},
	{SOA "a MX 65536 b\n", "f:2:6: 65536 is no number from 0 to 65535"},
	{SOA "a MX -1 b\n", "f:2:6: -1 is no number from 0 to 65535"},
	{SOA "a CNAME b..c\n", "f:2:9: b..c is no domain name"},
	{SOA "a CNAME \"b\"\n", "f:2:9: \"b\" is no domain name"},
	{SOA "a FOO b\n", "f:2:3: FOO is no type of records in a zone"},
	{SOA "a ANY b\n", "f:2:3: ANY is not the class of this zone — it is IN"},
	{SOA "a AXFR b\n", "f:2:3: AXFR is no type of records in a zone"},
	{SOA "a OPT b\n", "f:2:3: OPT is no type of records in a zone"},
	{SOA "a TYPE0 \\# 0\n", "f:2:3: TYPE0 is no type of records in a zone"},
	{SOA "a TYPE1x 192.0.2.1\n", "f:2:3: TYPE1x is no type of records in a zone"},
	{SOA "a TYPE4294967297 192.0.2.1\n",
		"f:2:3: TYPE4294967297 is no type of records in a zone"},
	{SOA "a\n", "f:2:1: a is not all: a type has to follow"},
	{SOA "a IN 60\n", "f:2:6: 60 is not all: a type has to follow"},
	{SOA "a A\n", "f:2:3: A is not all: its data have to follow"},
	{SOA "a 2147483648 A 192.0.2.1\n",
		"f:2:3: 2147483648 is no TTL such as 3600 or 1h, up to 2147483647"},
	{SOA "a 1x A 192.0.2.1\n",
		"f:2:3: 1x is no TTL such as 3600 or 1h, up to 2147483647"},
	{" A 192.0.2.1\n",
		"f:1:2: A begins a record without an owner: there is none before it"},
	{SOA "a TXT \"x\ny\"\n", "f:2:7: quotes without an end in this line"},
	{SOA "a A ( 192.0.2.1\n\n", "f:2:5: a \"(\" without its \")\""},
	{SOA "a A 192.0.2.1 )\n", "f:2:15: a \")\" without its \"(\""},
	{SOA "a TXT x\\\n", "f:2:8: a \"\\\" with nothing behind it"},
	{SOA "a TYPE700 \\# 3 abcd\n",
		"f:2:14: 3 is not the number of octets that follow"},
	{SOA "a TYPE700 \\# 1 abcd\n",
		"f:2:14: 1 is not the number of octets that follow"},
	{SOA "a TYPE700 \\# 1 xx\n", "f:2:16: xx is no hex of that length"},
	{SOA "a TYPE700 \\#\n", "f:2:11: \\# needs a length from 0 to 65535"},
	{SOA "a A \\# 3 010203\n", "f:2:5: \\# is no rdata of this type"},
	{SOA "a CNAME \\# 2 c000\n", "f:2:9: \\# is no rdata of this type"},
	{SOA "a CAA 300 issue x\n", "f:2:7: 300 begins no data of this type"},
	{SOA "a TYPE700 abc\n", "f:2:11: abc begins no data of this type"},
	{SOA "a DS 70000 8 2 aa\n",
		"f:2:6: 70000 begins data of which a number is out of its range"},
	{SOA "$TTL x\n",
		"f:2:1: $TTL needs one time such as 3600 or 1h, up to 2147483647"},
	{SOA "$ORIGIN\n", "f:2:1: $ORIGIN needs one name"},
	{SOA "$GENERATE 1-2 a A 192.0.2.$\n",
		"f:2:1: $GENERATE is no directive — $ORIGIN, $TTL and $INCLUDE are"},
	{SOA "$INCLUDE nothing\n", "f:2:10: nothing cannot be read"},
	{SOA "$INCLUDE bad\n", "bad:1:5: 1.2 is no IPv4 address"},
	{SOA "$INCLUDE endless\n",
		"endless:1:10: endless is included too deep: by 8 files in a row"},
	{SOA "a \x1b[2J 192.0.2.1\n", "f:2:3: ?[2J is no type of records in a zone"},
};

START_TEST(reads_texts) /* SM-11 */
{
	char shown[8192];

	show(texts[_i].text, strlen(texts[_i].text), shown, sizeof(shown));
	ck_assert_str_eq(shown, texts[_i].shown == NULL ? "?" : texts[_i].shown);
}
END_TEST

/* SM-11: every cut of a text is a zone, or refused with a place */
START_TEST(reads_cuts)
{
	static const char text[] = SOA
		"$ORIGIN a\n$TTL 5\nx ( A ; c\n 192.0.2.1 )\ny TXT \"a\\\"b\" c\\032d\n"
		"z 1h CAA 0 issue \"x\"\nu TYPE7 \\# 2 abcd\n$INCLUDE inner q\n";
	char *copy;

	for (size_t n = 0; n < sizeof(text); n++) {
		struct zoneparse_fault f;
		struct zoneset *s;

		copy = malloc(n + 1); /* so that a sanitizer sees one octet too many */
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, text, n);
		s = read_text(copy, n, &f);
		ck_assert(s != NULL || f.why[0] != '\0');
		zoneset_free(s);
		free(copy);
	}
}
END_TEST

START_TEST(bounds_work) /* SM-11, G10: few texts, 64^7 times */
{
	static const char text[] = SOA "$INCLUDE l0\n";
	struct zoneparse_fault f;

	for (int i = 0; i < 7; i++)
		for (size_t n = 0; n < WIDE_OCTETS; n += 12)
			snprintf(wide[i] + n, 13, "$INCLUDE l%c\n", '1' + i);
	ck_assert_ptr_null(read_text(text, strlen(text), &f));
	ck_assert_ptr_nonnull(strstr(f.why, " makes the zone larger than 64 MiB"));
}
END_TEST

/* ---- what answers need to know ---- */

static const struct {
	const char *name;
	int flags; /* -1: there is no such name */
} flags[] = {
	{"ex.", NODE_FILE_WILD},
	{"*.ex.", 0},
	{"a.ex.", 0},
	{"b.a.ex.", NODE_FILE_WILD}, /* an empty non-terminal */
	{"*.b.a.ex.", 0},
	{"cut.ex.", NODE_FILE_CUT},
	{"x.cut.ex.", NODE_FILE_BELOW},
	{"ns.x.cut.ex.", NODE_FILE_BELOW},
	{"cut2.cut.ex.", NODE_FILE_BELOW}, /* hidden by the one above */
	{"d.ex.", NODE_FILE_DNAME},
	{"y.d.ex.", NODE_FILE_BELOW},
	{"e.ex.", 0},
	{"nothing.ex.", -1},
	{"cut.", -1},
};

START_TEST(marks_names)
{
	static const char text[] = SOA
		"@ NS ns.cut\n* TXT x\n*.b.a TXT x\na A 192.0.2.1\n"
		"cut NS ns.x.cut\nns.x.cut A 192.0.2.1\n"
		"cut2.cut NS ns.x.cut\nd DNAME e\ny.d TXT x\ne TXT x\n";
	struct zoneparse_fault f;
	struct zoneset *s = read_text(text, strlen(text), &f);
	const struct zoneset_name *n;
	struct name name;

	ck_assert_msg(s != NULL, "%s", f.why);
	ck_assert_int_eq(name_parse(flags[_i].name, &name), 0);
	n = zoneset_find(s, name.wire, name.len);
	ck_assert_int_eq(n == NULL ? -1 : n->flags, flags[_i].flags);
	zoneset_free(s);
}
END_TEST

/* ---- files ---- */

static const struct zoneset *given;
static unsigned times;

static void on_new(void *arg, size_t i, const struct zoneset *set)
{
	(void)arg;
	ck_assert_uint_eq(i, 0);
	given = set;
	times++;
}

static void on_set(void *arg, size_t i, const struct zoneset *set)
{
	(void)arg;
	ck_assert_uint_eq(i, 0);
	given = set;
}

static void on_zones(void *arg, const struct file_zone *zones, size_t n)
{
	(void)arg;
	(void)zones;
	ck_assert_uint_eq(n, 1);
}

static const struct zonefiles_handlers counting = {on_zones, on_new};
static const struct zonefiles_handlers setting = {on_zones, on_set};

/* Two looks, the second of which reads what has settled. */
static void look(struct zonefiles *z, uint64_t now_ns)
{
	zonefiles_look(z, now_ns, &counting, NULL);
	zonefiles_look(z, now_ns, &counting, NULL);
}

static bool has(const struct zoneset *s, const char *text)
{
	struct name name;

	ck_assert_int_eq(name_parse(text, &name), 0);
	return s != NULL && zoneset_find(s, name.wire, name.len) != NULL;
}

START_TEST(looks_at_files) /* FE-18: it changes, breaks, vanishes, and what it includes */
{
	char file[] = "zone", none[] = "";
	struct conf_zone zone = {.file = file, .reload_ns = 10 * NS_PER_S};
	struct conf c = {.base_dir = none, .zone = &zone, .nzone = 1};
	struct zonefiles z = {0};

	tempdir_enter();
	name_parse("ex", &zone.name);
	zonefiles_set(&z, &c, 0, &setting, NULL);
	ck_assert_ptr_null(z.zone[0].set);
	put("zone", SOA "a A 192.0.2.1\n$INCLUDE more\n");
	look(&z, 5 * NS_PER_S); /* it is not time */
	ck_assert_uint_eq(times, 0);
	look(&z, 10 * NS_PER_S); /* `more` is not there */
	ck_assert_uint_eq(times, 0);
	put("more", "b A 192.0.2.1\n");
	look(&z, 20 * NS_PER_S);
	ck_assert_uint_eq(times, 1);
	ck_assert(has(given, "a.ex") && has(given, "b.ex"));
	put("more", "c A 192.0.2.1\n");
	look(&z, 30 * NS_PER_S);
	ck_assert_uint_eq(times, 2);
	ck_assert(has(given, "c.ex") && !has(given, "b.ex"));

	put("zone", SOA "a A broken\n");
	look(&z, 40 * NS_PER_S);
	look(&z, 50 * NS_PER_S);
	unlink("zone");
	look(&z, 60 * NS_PER_S);
	ck_assert_uint_eq(times, 2);
	ck_assert(has(z.zone[0].set, "c.ex"));
	zonefiles_set(&z, &c, 70 * NS_PER_S, &setting, NULL); /* a reload keeps it too */
	ck_assert(has(z.zone[0].set, "c.ex"));
	put("zone", SOA "d A 192.0.2.1\n");
	look(&z, 80 * NS_PER_S);
	ck_assert_uint_eq(times, 3);
	ck_assert(has(given, "d.ex") && !has(given, "c.ex"));
	look(&z, 90 * NS_PER_S);
	ck_assert_uint_eq(times, 3);

	zone.reload_ns = 0;
	put("zone", SOA "e A 192.0.2.1\n");
	zonefiles_set(&z, &c, 100 * NS_PER_S, &setting, NULL);
	ck_assert(has(z.zone[0].set, "e.ex"));
	put("zone", SOA "f A 192.0.2.1\n");
	look(&z, 200 * NS_PER_S);
	ck_assert_uint_eq(times, 3);
	name_parse("example", &zone.name); /* another zone has nothing of it */
	zonefiles_set(&z, &c, 300 * NS_PER_S, &setting, NULL);
	ck_assert(!has(z.zone[0].set, "e.ex"));
	zonefiles_fini(&z);
	tempdir_leave();
}
END_TEST

static const struct {
	const char *base_dir, *include;
	bool followed;
} includes[] = {
	{"", "more", true},
	{"", "sub/more", true},
	{"", "../more", false},
	{"", "sub/../more", true},
	{"", "link", false}, /* to a file outside */
	{"", "/dev/null", false},
	{"..", "../more", true},
	{"sub", "more", false},
	{"sub", "sub/more", true},
};

START_TEST(bounds_includes) /* FE-44 */
{
	char file[] = "zone", base[16], text[128];
	struct conf_zone zone = {.file = file};
	struct conf c = {.base_dir = base, .zone = &zone, .nzone = 1};
	struct zonefiles z = {0};

	tempdir_enter();
	put("more", "outside A 192.0.2.1\n");
	ck_assert_int_eq(mkdir("dir", 0700), 0);
	ck_assert_int_eq(chdir("dir"), 0);
	ck_assert_int_eq(mkdir("sub", 0700), 0);
	ck_assert_int_eq(symlink("../more", "link"), 0);
	put("more", "more A 192.0.2.1\n");
	put("sub/more", "sub A 192.0.2.1\n");
	snprintf(text, sizeof(text), SOA "$INCLUDE %s\n", includes[_i].include);
	put("zone", text);
	snprintf(base, sizeof(base), "%s", includes[_i].base_dir);
	name_parse("ex", &zone.name);
	zonefiles_set(&z, &c, 0, &setting, NULL);
	ck_assert_int_eq(z.zone[0].set != NULL, includes[_i].followed);
	zonefiles_fini(&z);
	tempdir_leave();
}
END_TEST

/* A text of `n` times the same words, between `front` and a line's end. */
static struct mem_buf repeated(const char *front, const char *words, unsigned n)
{
	struct mem_buf text = {0};

	mem_buf_put(&text, front, strlen(front));
	while (n-- > 0)
		mem_buf_put(&text, words, strlen(words));
	mem_buf_put(&text, "\n", 1);
	return text;
}

START_TEST(bounds_entries) /* SM-11: what would not be read whole is refused */
{
	static const struct {
		const char *front, *words;
		unsigned n;
		const char *why; /* NULL: it is a zone */
	} rows[] = {
		{SOA "a TXT", " a", 32500, NULL},
		{SOA "a TXT", " a", 32600,
			"a begins data of more than 65000 octets of text — write them as "
			"\\# LENGTH HEX (RFC 3597)"},
		{SOA "a TYPE700 \\# 65533", " 0a", 65533, NULL},
		{SOA "a TYPE700 \\# 65534", " 0a", 65534,
			"a.ex. has more data of one type than an answer has room for"},
		{SOA "a TYPE700 (", " 0a", 70000,
			"more words than an entry may have: 65600"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mem_buf text = repeated(rows[i].front, rows[i].words, rows[i].n);
		struct zoneparse_fault f = {.why = ""};
		struct zoneset *s = read_text((char *)text.data, text.len, &f);

		ck_assert_str_eq(f.why, rows[i].why == NULL ? "" : rows[i].why);
		ck_assert(s == NULL || s->rrs[s->n - 1].len == 65000 ||
			  s->rrs[s->n - 1].len == 65533);
		zoneset_free(s);
		mem_buf_fini(&text);
	}
}
END_TEST

START_TEST(bounds_names) /* SM-11: few records, many names above them */
{
	struct mem_buf text = {0};
	struct zoneparse_fault f;
	char line[256];

	mem_buf_put(&text, SOA, strlen(SOA));
	for (unsigned i = 0; i < 5000; i++) {
		size_t n = (size_t)snprintf(line, sizeof(line), "a");

		for (unsigned k = 0; k < 100; k++)
			line[n++] = k % 2 == 0 ? '.' : 'b';
		mem_buf_put(&text, line, n);
		for (unsigned k = 0; k < 51; k++)
			mem_buf_put(&text, ".c", 2);
		mem_buf_put(&text, line,
			(size_t)snprintf(line, sizeof(line), ".n%u TXT x\n", i));
	}
	ck_assert_ptr_null(read_text((char *)text.data, text.len, &f));
	ck_assert_ptr_nonnull(strstr(f.why, " is one name too many: a zone may have "
					    "500000"));
	mem_buf_fini(&text);
}
END_TEST

START_TEST(bounds_sizes) /* SM-11: one record too many, a file that is too large */
{
	struct zoneparse_fault f;
	struct mem_buf text = {0};
	char line[32], file[] = "zone", none[] = "";
	struct conf_zone zone = {.file = file};
	struct conf c = {.base_dir = none, .zone = &zone, .nzone = 1};
	struct zonefiles z = {0};

	mem_buf_put(&text, SOA, strlen(SOA));
	for (unsigned i = 1; i <= ZONESET_RRS_MAX; i++)
		mem_buf_put(&text, line,
			(size_t)snprintf(line, sizeof(line), "n%u A 10.0.0.1\n", i));
	ck_assert_ptr_null(read_text((char *)text.data, text.len, &f));
	ck_assert_str_eq(f.why, "n250000 is one record too many");
	ck_assert_uint_eq(f.line, ZONESET_RRS_MAX + 1);
	mem_buf_fini(&text);

	tempdir_enter();
	put("zone", SOA);
	ck_assert_int_eq(truncate("zone", (off_t)ZONEFILES_OCTETS_MAX + 1), 0);
	name_parse("ex", &zone.name);
	zonefiles_set(&z, &c, 0, &setting, NULL);
	ck_assert_ptr_null(z.zone[0].set);
	zonefiles_fini(&z);
	tempdir_leave();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, reads_texts, 0, (int)ARRAY_LEN(texts));
	tcase_add_test(tc, reads_cuts);
	tcase_add_test(tc, bounds_work);
	tcase_add_loop_test(tc, marks_names, 0, (int)ARRAY_LEN(flags));
	tcase_add_test(tc, looks_at_files);
	tcase_add_loop_test(tc, bounds_includes, 0, (int)ARRAY_LEN(includes));
	tcase_add_test(tc, bounds_sizes);
	tcase_add_test(tc, bounds_entries);
	tcase_add_test(tc, bounds_names);
	return run_case("zonefile", tc);
}
