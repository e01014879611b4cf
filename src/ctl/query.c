/* query.c - shmdnsctl query: a small dig (OP-07) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/target.h"
#include "dns/msg.h"
#include "dns/rev.h"
#include "dns/text.h"
#include "dns/type.h"

const char query_help[] =
	"\n"
	"NAME is complete as it stands: no search list is applied. TYPE is A unless "
	"given\n"
	"(mnemonic or TYPE123). SERVER is an address, ADDRESS:PORT or [ADDRESS]:PORT; "
	"without\n"
	"it the first `listen` of the file named by -c, else the first nameserver of\n"
	"/etc/resolv.conf, else 127.0.0.1. A cut reply is asked for again over TCP.\n"
	"Exit status 1: the reply's code is not NOERROR; 3: no reply.\n"
	"\n"
	"  -s, --server SERVER    as @SERVER\n"
	"  -p, --port PORT        port of the server (53)\n"
	"  -x, --reverse          NAME is an address: ask for its PTR\n"
	"      --tcp              ask over TCP from the start\n"
	"      --ignore-tc        show a cut reply instead of asking again\n"
	"      --edns SIZE        advertise SIZE octets (1232)\n"
	"      --no-edns          send no OPT\n"
	"      --dnssec           set DO\n"
	"      --no-recurse       do not set RD\n"
	"      --tries N          packets sent over UDP (2)\n"
	"  +short                 print the data of the answer section alone\n";

static const char *const sections[] = {"question", "answer", "authority", "additional"};

static const char *const headings[] = {"QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL"};

static const struct {
	uint16_t bit;
	const char *word;
} flag_words[] = {
	{MSG_QR, "qr"},
	{MSG_AA, "aa"},
	{MSG_TC, "tc"},
	{MSG_RD, "rd"},
	{MSG_RA, "ra"},
	{MSG_AD, "ad"},
	{MSG_CD, "cd"},
};

/* What the command line asks for. */
struct request {
	struct question q;
	struct ask ask;
	bool brief, json, server_given;
};

/* "ADDRESS", "ADDRESS:PORT" (IPv4) or "[ADDRESS]:PORT". */
static bool parse_server(const char *text, struct server *out)
{
	size_t len = strlen(text);
	const char *colon = strrchr(text, ':'), *end = text + len;
	unsigned long port = out->port;

	if (addr_parse(text, len, &out->addr))
		return true;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL)
			return false;
		colon = end[1] == ':' ? end + 1 : NULL;
		if (colon == NULL && end[1] != '\0')
			return false;
		text++;
	} else if (colon != NULL) {
		end = colon;
	}
	if (!addr_parse(text, (size_t)(end - text), &out->addr))
		return false;
	if (colon != NULL && !options_number("the port", colon + 1, 1, 65535, &port))
		return false;
	out->port = (uint16_t)port;
	return true;
}

/* The first nameserver of resolv.conf, if there is one. */
static void find_server(struct server *s)
{
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[512], text[128];

	addr_parse("127.0.0.1", 9, &s->addr);
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "nameserver %127s", text) == 1 &&
			addr_parse(text, strlen(text), &s->addr))
			break;
	fclose(f);
}

static bool parse_name(const char *text, bool reverse, struct name *out)
{
	struct addr a;

	if (!reverse && name_parse(text, out) == 0)
		return true;
	if (reverse && addr_parse(text, strlen(text), &a)) {
		rev_name(&a, out);
		return true;
	}
	ctl_complain(reverse ? "'%s' is no address" : "'%s' is no name", text);
	return false;
}

static bool take_server(const char *text, struct request *r)
{
	r->server_given = true;
	if (parse_server(text, &r->ask.server))
		return true;
	ctl_complain(
		"'%s' is no server: write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT", text);
	return false;
}

/* NAME, TYPE, @SERVER and +short, in any order but NAME before TYPE. */
static bool parse_arguments(const struct options *o, bool reverse, struct request *r)
{
	bool named = false;
	int type;

	r->q.type = reverse ? TYPE_PTR : TYPE_A;
	for (int i = 0; i < o->nargs; i++) {
		const char *word = o->arg[i];

		if (strcmp(word, "+short") == 0) {
			r->brief = true;
		} else if (word[0] == '@') {
			if (!take_server(word + 1, r))
				return false;
		} else if (!named) {
			named = true;
			if (!parse_name(word, reverse, &r->q.name))
				return false;
		} else if ((type = type_parse(word)) >= 0) {
			r->q.type = (uint16_t)type;
		} else {
			ctl_complain("'%s' is no type", word);
			return false;
		}
	}
	if (!named)
		ctl_complain("query: which NAME?");
	return named;
}

static bool parse_numbers(
	const char *port, const char *edns, const char *tries, struct request *r)
{
	unsigned long v;

	if (port != NULL) {
		if (!options_number("--port", port, 1, 65535, &v))
			return false;
		r->ask.server.port = (uint16_t)v;
	}
	if (edns != NULL) {
		if (!options_number("--edns", edns, 0, 65535, &v))
			return false;
		r->q.udp_size = (uint16_t)v;
	}
	if (tries != NULL) {
		if (!options_number("--tries", tries, 1, 20, &v))
			return false;
		r->ask.tries = (unsigned)v;
	}
	return true;
}

static int parse_request(const struct verb *v, int argc, char **argv, struct request *r)
{
	const char *port = NULL, *edns = NULL, *tries = NULL, *server = NULL;
	bool reverse = false, no_edns = false, no_recurse = false;
	struct options o;
	const struct option_spec own[] = {
		{"-s", "--server", &server, NULL},
		{"-p", "--port", &port, NULL},
		{"-x", "--reverse", NULL, &reverse},
		{NULL, "--tcp", NULL, &r->ask.tcp},
		{NULL, "--ignore-tc", NULL, &r->ask.keep_tc},
		{NULL, "--edns", &edns, NULL},
		{NULL, "--no-edns", NULL, &no_edns},
		{NULL, "--dnssec", NULL, &r->q.want_do},
		{NULL, "--no-recurse", NULL, &no_recurse},
		{NULL, "--tries", &tries, NULL},
	};
	int ret = options_parse(v, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return ret;
	r->ask.server.port = 53;
	if (!parse_numbers(port, edns, tries, r))
		return -EINVAL;
	if (server != NULL && !take_server(server, r))
		return -EINVAL;
	if (!parse_arguments(&o, reverse, r))
		return -EINVAL;
	if (!r->server_given && o.config == NULL && o.instance != NULL) {
		ctl_complain(
			"query: -i does not say where to ask; @SERVER or -c FILE does");
		return -EINVAL;
	}
	if (!r->server_given && o.config == NULL)
		find_server(&r->ask.server);
	else if (!r->server_given && !target_listen(o.config, &r->ask.server))
		return -EINVAL;
	if (no_edns)
		r->q.udp_size = 0;
	r->q.recurse = !no_recurse;
	r->json = o.format == FORMAT_JSON;
	if (o.timeout_ms > 0)
		r->ask.wait_ms = o.timeout_ms;
	return 0;
}

/* The response code with the upper bits of the OPT, if there is one. */
static unsigned full_rcode(const struct reply *r, const struct text_rr *opt)
{
	unsigned high = opt != NULL ? opt->ttl >> 24 : 0;

	return high << 4 | (r->msg[3] & 0xf);
}

/* Look for the OPT. NULL: there is none before the end or the first thing malformed. */
static const struct text_rr *find_opt(const struct reply *r, struct text_rr *rr)
{
	struct text_walk w = {.msg = r->msg, .len = r->len};

	while (text_next(&w, rr) == 1)
		if (rr->section == 3 && rr->type == TYPE_OPT)
			return rr;
	return NULL;
}

static void print_header(const struct reply *r, const struct text_rr *opt)
{
	char buf[12];
	uint16_t flags = load_u16(r->msg + 2);

	printf(";; status: %s, id: %u, flags:", rcode_text(full_rcode(r, opt), buf),
		(unsigned)load_u16(r->msg));
	for (size_t i = 0; i < ARRAY_LEN(flag_words); i++)
		if ((flags & flag_words[i].bit) != 0)
			printf(" %s", flag_words[i].word);
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		printf(", %s %u", sections[i], (unsigned)load_u16(r->msg + 4 + 2 * i));
	printf("\n");
	if (opt == NULL)
		return;
	printf(";; EDNS: version %u, size %u%s%s%s\n", opt->ttl >> 16 & 0xff, opt->class,
		(opt->ttl & 0x8000) != 0 ? ", do" : "", opt->rdata[0] != '\0' ? ", " : "",
		opt->rdata);
}

static void print_rr(const struct text_rr *rr)
{
	char type[12], class[16] = "IN";

	if (rr->class != CLASS_IN)
		snprintf(class, sizeof(class), "CLASS%u", (unsigned)rr->class);
	if (rr->section == 0)
		printf(";%s\t\t%s\t%s\n", rr->owner, class, type_text(rr->type, type));
	else
		printf("%s\t%u\t%s\t%s\t%s\n", rr->owner, (unsigned)rr->ttl, class,
			type_text(rr->type, type), rr->rdata);
}

static void print_sections(const struct reply *r, struct text_rr *rr)
{
	struct text_walk w = {.msg = r->msg, .len = r->len};
	int ret, section = -1;

	while ((ret = text_next(&w, rr)) == 1) {
		if (rr->section == 3 && rr->type == TYPE_OPT)
			continue;
		if ((int)rr->section != section)
			printf("\n;; %s\n", headings[rr->section]);
		section = (int)rr->section;
		print_rr(rr);
	}
	if (ret < 0)
		printf("; malformed\n");
}

static void print_brief(const struct reply *r, struct text_rr *rr)
{
	struct text_walk w = {.msg = r->msg, .len = r->len};

	while (text_next(&w, rr) == 1)
		if (rr->section == 1)
			printf("%s\n", rr->rdata);
}

static void json_rr(struct json *j, const struct text_rr *rr)
{
	char type[12];

	json_begin(j, NULL, '{');
	json_string(j, "name", rr->owner);
	json_string(j, "type", type_text(rr->type, type));
	json_number(j, "class", rr->class);
	if (rr->section > 0) {
		json_number(j, "ttl", rr->ttl);
		json_string(j, "data", rr->rdata);
	}
	json_end(j, '}');
}

static void json_sections(struct json *j, const struct reply *r, struct text_rr *rr)
{
	struct text_walk w = {.msg = r->msg, .len = r->len};
	int ret = text_next(&w, rr);

	for (unsigned s = 0; s < ARRAY_LEN(sections); s++) {
		json_begin(j, sections[s], '[');
		for (; ret == 1 && rr->section == s; ret = text_next(&w, rr))
			if (rr->type != TYPE_OPT)
				json_rr(j, rr);
		json_end(j, ']');
	}
	json_bool(j, "malformed", ret < 0);
}

static void print_json(
	const struct reply *r, const struct text_rr *opt, const char *server)
{
	static struct text_rr rr;
	struct json j = {.out = stdout};
	char buf[12];

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_number(&j, "id", load_u16(r->msg));
	json_string(&j, "rcode", rcode_text(full_rcode(r, opt), buf));
	json_begin(&j, "flags", '[');
	for (size_t i = 0; i < ARRAY_LEN(flag_words); i++)
		if ((load_u16(r->msg + 2) & flag_words[i].bit) != 0)
			json_string(&j, NULL, flag_words[i].word);
	json_end(&j, ']');
	json_sections(&j, r, &rr);
	if (opt != NULL) {
		json_begin(&j, "edns", '{');
		json_number(&j, "version", opt->ttl >> 16 & 0xff);
		json_number(&j, "size", opt->class);
		json_bool(&j, "do", (opt->ttl & 0x8000) != 0);
		json_string(&j, "options", opt->rdata);
		json_end(&j, '}');
	}
	json_string(&j, "server", server);
	json_string(&j, "transport", r->tcp ? "tcp" : "udp");
	json_number(&j, "octets", r->len);
	json_number(&j, "time_us", r->took_ns / 1000);
	json_end(&j, '}');
	printf("\n");
}

static void print_reply(const struct request *q, const struct reply *r,
	const struct text_rr *opt, const char *server)
{
	static struct text_rr rr;

	if (q->json) {
		print_json(r, opt, server);
	} else if (q->brief) {
		print_brief(r, &rr);
	} else {
		print_header(r, opt);
		print_sections(r, &rr);
		printf("\n;; %zu octets from %s over %s in %.2f ms\n", r->len, server,
			r->tcp ? "tcp" : "udp", (double)r->took_ns / (double)NS_PER_MS);
	}
}

static const char *why(int error)
{
	if (error == -ETIMEDOUT)
		return "no reply in time";
	return error == -EBADMSG ? "the reply belongs to another question"
	                         : strerror(-error);
}

int ctl_query(const struct verb *v, int argc, char **argv)
{
	static struct text_rr opt_rr;
	static struct reply reply;
	struct request q = {
		.q = {.udp_size = 1232},
		.ask = {.tries = 2, .wait_ms = 2000},
	};
	char addr[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX + 16];
	int ret = parse_request(v, argc, argv, &q);

	if (ret != 0)
		return options_exit(ret);
	addr_text(&q.ask.server.addr, addr);
	snprintf(server, sizeof(server), q.ask.server.addr.len == 4 ? "%s:%u" : "[%s]:%u",
		addr, (unsigned)q.ask.server.port);
	ret = ask(&q.ask, &q.q, &reply);
	if (ret < 0) {
		ctl_complain("%s: %s", server, why(ret));
		return EXIT_UNREACHABLE;
	}
	const struct text_rr *opt = find_opt(&reply, &opt_rr);
	print_reply(&q, &reply, opt, server);
	return full_rcode(&reply, opt) == RCODE_NOERROR ? EXIT_OK : EXIT_NEGATIVE;
}
