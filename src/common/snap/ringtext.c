#include "snap/ringtext.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/base.h"
#include "dns/addr.h"
#include "dns/msg.h"
#include "dns/type.h"
#include "snap/stat.h"

_Static_assert(RINGTEXT_CLIENT >= PRIVACY_TEXT_MAX, "room for an address");

#define NS_PER_US 1000
#define TCP_SIZE  65535 /* that CoreDNS names for all of TCP */

/* What an entry says, in words; `none` where no question could be read. */
struct words {
	char client[RINGTEXT_CLIENT], flags[RINGTEXT_FLAGS], reply_flags[RINGTEXT_FLAGS];
	char name[NAME_TEXT_MAX];
	char type_buf[12], class_buf[12], rcode_buf[12], time[40];
	const char *type, *class, *rcode, *proto, *source, *want_do;
	unsigned size;  /* of replies that the client takes */
	struct who who; /* empty where it is not to be told */
};

/* ---- parts ---- */

const char *ringtext_client(
	const struct ring_entry *e, const struct privacy *p, char out[RINGTEXT_CLIENT])
{
	const struct addr a = who_addr(e);

	privacy_text(p, &a, out);
	return out;
}

const char *ringtext_flags(uint16_t flags, char out[RINGTEXT_FLAGS])
{
	static const struct {
		uint16_t bit;
		const char *text;
	} bits[] = {{MSG_QR, "qr"}, {MSG_AA, "aa"}, {MSG_TC, "tc"}, {MSG_RD, "rd"},
		{MSG_RA, "ra"}, {0x0040, "z"}, {MSG_AD, "ad"}, {MSG_CD, "cd"}};
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if ((flags & bits[i].bit) != 0)
			n += (size_t)snprintf(out + n, RINGTEXT_FLAGS - n, "%s%s",
				n > 0 ? "," : "", bits[i].text);
	return out;
}

static const char *class_text(uint16_t class, char buf[12])
{
	switch (class) {
	case CLASS_IN:
		return "IN";
	case CLASS_CH:
		return "CH";
	case CLASS_ANY:
		return "ANY";
	default:
		snprintf(buf, 12, "CLASS%u", class);
		return buf;
	}
}

static unsigned days_of_year(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 1 && days_of_year(year) == 366 ? 29 : days[month];
}

/* RFC 3339 in microseconds, UTC. No more than 600 years fit into nanoseconds. */
static void put_time(uint64_t wall_ns, char out[40])
{
	const unsigned us = (unsigned)(wall_ns % NS_PER_S / NS_PER_US);
	const unsigned s = (unsigned)(wall_ns / NS_PER_S % 86400);
	unsigned day = (unsigned)(wall_ns / NS_PER_S / 86400), year = 1970, month = 0;

	for (; day >= days_of_year(year); year++)
		day -= days_of_year(year);
	for (; day >= days_of_month(year, month); month++)
		day -= days_of_month(year, month);
	snprintf(out, 40, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", year, month + 1, day + 1,
		s / 3600, s / 60 % 60, s % 60, us);
}

static void put_words(
	const struct ring_entry *e, const struct privacy *p, struct words *w)
{
	const bool tcp = (e->marks & RING_TCP) != 0, none = e->name_len == 0;

	ringtext_client(e, p, w->client);
	ringtext_flags(e->flags, w->flags);
	ringtext_flags(e->reply_flags, w->reply_flags);
	if (none)
		snprintf(w->name, sizeof(w->name), ".");
	else
		name_text(e->name, e->name_len, w->name, sizeof(w->name));
	w->type = none ? "-" : type_text(e->type, w->type_buf);
	w->class = none ? "-" : class_text(e->class, w->class_buf);
	w->rcode = rcode_text(e->rcode, w->rcode_buf);
	w->proto = tcp ? "tcp" : "udp";
	w->source = stat_source_text(e->source);
	w->want_do = (e->marks & RING_DO) != 0 ? "true" : "false";
	w->size = tcp ? TCP_SIZE : e->udp_size;
	put_time(e->wall_ns, w->time);
}

/* ---- formats ---- */

/* Seconds without zeros at the end: 0.00012, 1.5, 2. */
static const char *put_seconds(uint64_t ns, char out[40])
{
	int n = snprintf(out, 40, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);

	while (out[n - 1] == '0')
		n--;
	out[out[n - 1] == '.' ? n - 1 : n] = '\0';
	return out;
}

static int put_coredns(const struct ring_entry *e, const struct words *w, char *out)
{
	const bool v6 = strchr(w->client, ':') != NULL;
	char seconds[40];

	return snprintf(out, RINGTEXT_MAX,
		"%s%s%s:%u - %u \"%s %s %s %s %u %s %u\" %s %s %u %ss", v6 ? "[" : "",
		w->client, v6 ? "]" : "", e->port, e->id, w->type, w->class, w->name,
		w->proto, e->query_len, w->want_do, w->size, w->rcode, w->reply_flags,
		e->reply_len, put_seconds(e->duration_ns, seconds));
}

static int put_kv(const struct ring_entry *e, const struct words *w, char *out)
{
	const char *namespace = w->who.namespace[0] != '\0' ? " namespace=" : "";
	const char *pod = w->who.pod[0] != '\0' ? " pod=" : "";

	return snprintf(out, RINGTEXT_MAX,
		"query time=%s client=%s port=%u proto=%s id=%u name=%s type=%s class=%s "
		"flags=%s size=%u bufsize=%u do=%s rcode=%s rflags=%s rsize=%u "
		"us=%" PRIu64 ".%03u source=%s generation=%" PRIu64 "%s%s%s%s",
		w->time, w->client, e->port, w->proto, e->id, w->name, w->type, w->class,
		w->flags[0] != '\0' ? w->flags : "-", e->query_len, w->size, w->want_do,
		w->rcode, w->reply_flags, e->reply_len, e->duration_ns / NS_PER_US,
		(unsigned)(e->duration_ns % NS_PER_US), w->source, e->generation,
		namespace, w->who.namespace, pod, w->who.pod);
}

/* All but the backslash may stand in a string of JSON as it is. */
static void put_json_name(const char *name, char *out)
{
	for (; *name != '\0'; name++) {
		if (*name == '\\')
			*out++ = '\\';
		*out++ = *name;
	}
	*out = '\0';
}

static int put_json(const struct ring_entry *e, const struct words *w, char *out)
{
	char name[NAME_TEXT_MAX + NAME_MAX_LEN], who[400] = "";
	int n = 0;

	if (w->who.namespace[0] != '\0')
		n = snprintf(who, sizeof(who), ",\"namespace\":\"%s\"", w->who.namespace);
	if (w->who.pod[0] != '\0')
		snprintf(who + n, sizeof(who) - (size_t)n, ",\"pod\":\"%s\"", w->who.pod);
	put_json_name(w->name, name);
	return snprintf(out, RINGTEXT_MAX,
		"{\"event\":\"query\",\"time\":\"%s\",\"client\":\"%s\",\"port\":%u,"
		"\"proto\":\"%s\",\"id\":%u,\"name\":\"%s\",\"type\":\"%s\","
		"\"class\":\"%s\",\"flags\":\"%s\",\"size\":%u,\"bufsize\":%u,\"do\":%s,"
		"\"rcode\":\"%s\",\"rflags\":\"%s\",\"rsize\":%u,\"us\":%" PRIu64
		".%03u,\"source\":\"%s\",\"generation\":%" PRIu64 "%s}",
		w->time, w->client, e->port, w->proto, e->id, name, w->type, w->class,
		w->flags, e->query_len, w->size, w->want_do, w->rcode, w->reply_flags,
		e->reply_len, e->duration_ns / NS_PER_US,
		(unsigned)(e->duration_ns % NS_PER_US), w->source, e->generation, who);
}

size_t ringtext_line(const struct ring_entry *e, enum querylog_format format,
	const struct privacy *p, const struct who *who, char out[RINGTEXT_MAX])
{
	struct words w;
	int n;

	put_words(e, p, &w);
	w.who = who != NULL && p->mode == PRIVACY_OFF ? *who : (struct who){{0}, {0}};
	if (format == QUERYLOG_COREDNS)
		n = put_coredns(e, &w, out);
	else if (format == QUERYLOG_JSON)
		n = put_json(e, &w, out);
	else
		n = put_kv(e, &w, out);
	return MIN((size_t)n, (size_t)RINGTEXT_MAX - 1);
}
