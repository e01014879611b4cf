/*
 * forward.c - run *.fws files: dialogues with a forwarder's table in virtual time
 *
 *   scenario NAME           begin with an empty table and cache
 *   group NAME KEY=VALUE ... U=ADDRESS ...
 *                           a group and its upstreams; after `configure` the first one
 *                           begins new settings
 *   set KEY VALUE           of the settings as a whole
 *   configure               give the settings to the table
 *   ask Q NAME TYPE [and NAME TYPE] [group G] [do] [cd] [tcp] [hops N] [deadline T]
 *                           Q is q0 to q1023; the same Q again asks again
 *   fetch NAME TYPE [group G]   for the cache: nobody waits
 *   note NAME TYPE N        N hits of an answer
 *   loop U [foreign]        a query came back by that upstream
 *   flush NAME [below] [ago T]  the operator wants it forgotten; told by new settings
 *   after T | at T          time goes on: so long; until T after `mark`
 *   until LINE [within T]   until that happens, at most 60 s
 *   mark                    time counts from here (a scenario begins with one)
 *   with SECTION RR         records of the next reply
 *   reply U [probe] [udp|tcp] RCODE | TYPE DATA [ttl N] [FLAG ...] [N times]
 *                           to the newest open query there; flags: first, tc, noopt, soa,
 *                           loop (EDE 0 "loop");
 *                           what is wrong: id, name, type, query, short, garbage,
 *                           noquestion, case, rdlength
 *   error U refused|network|handshake|full [TEXT]
 *   broken U refused|network|full|off   what send() returns from now on
 *   expect send|probe U [udp|tcp|tls] [NAME TYPE] [opt|noopt] [mixed|lower] [do] [cd] ...
 *   expect settled Q [stored|full|other], down|up|loop U, failed EDE TEXT
 *   expect quiet            nothing else happened
 *   expect outcome Q KIND   what a waiter finds; expect cached NAME TYPE KIND: anybody
 *                           KIND: answer nxdomain failure nothing; then fresh, stale,
 *                           answers N, ttl N, ede N, holds T, text TEXT
 *   expect count [U] NAME N
 *   expect open N           queries that are awaited
 *
 * What was sent, settled or changed and is not expected before the next step is a fault.
 * Lines that begin with # name the rows that are proved. Exit status 0: all is as it
 * says.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "forward.h"

void forward_fault(struct script *s, const char *what)
{
	fprintf(stderr, "%s:%u: [%s] at %.3f s: %s\n", s->path, s->line, s->name,
		(double)(s->deck.now_ns - s->mark_ns) / 1e9, what);
	s->faults++;
}

uint64_t forward_duration_ns(const char *text)
{
	char *unit;
	uint64_t v = strtoull(text, &unit, 10);

	return strcmp(unit, "s") == 0    ? v * NS_PER_S
	       : strcmp(unit, "us") == 0 ? v * 1000
	                                 : v * NS_PER_MS;
}

static uint32_t duration_ms(const char *text)
{
	return (uint32_t)(forward_duration_ns(text) / NS_PER_MS);
}

const char *forward_word(const struct script *s, unsigned i)
{
	return i < s->n ? s->word[i] : "";
}

bool forward_has(const struct script *s, unsigned from, const char *what)
{
	for (unsigned i = from; i < s->n; i++) {
		if (strcmp(s->word[i], what) == 0)
			return true;
	}
	return false;
}

/* The word behind `what`, or NULL. */
const char *forward_behind(const struct script *s, unsigned from, const char *what)
{
	for (unsigned i = from; i + 1 < s->n; i++) {
		if (strcmp(s->word[i], what) == 0)
			return s->word[i + 1];
	}
	return NULL;
}

static struct forward_settings *written(struct script *s)
{
	if (!s->writing) {
		struct cache_settings cache =
			s->deck.settings[s->deck.current]->forward.cache;
		bool first = s->deck.settings[s->deck.current]->number == 0;
		struct settings *new = deck_settings(&s->deck);

		if (!first)
			new->forward.cache = cache;
		s->writing = true;
	}
	return &s->deck.settings[!s->deck.current]->forward;
}

/* ---- settings ---- */

static forward_rcodes rcodes_of(const char *text)
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
	forward_rcodes bits = 0;

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (strstr(text, names[i]) != NULL)
			bits |= (forward_rcodes)(1u << i);
	}
	return bits;
}

static bool flag(const char *v)
{
	return strcmp(v, "on") == 0;
}

static bool set_group(struct forward_group *g, const char *k, const char *v)
{
	static const char *const policies[] = {"random", "round_robin", "sequential"};
	static const char *const transports[] = {"udp", "tcp", "tls", "client"};

	for (uint8_t i = 0; i < 4; i++) {
		if (strcmp(k, "transport") == 0 && strcmp(v, transports[i]) == 0)
			g->transport = i;
		if (i < 3 && strcmp(k, "policy") == 0 && strcmp(v, policies[i]) == 0)
			g->policy = i;
	}
	if (strcmp(k, "transport") == 0 || strcmp(k, "policy") == 0)
		return true;
	if (strcmp(k, "from") == 0)
		return name_parse(v, &g->from) == 0;
	if (strcmp(k, "digest") == 0)
		g->digest = strtoull(v, NULL, 10);
	else if (strcmp(k, "failfast") == 0)
		g->failfast = flag(v);
	else if (strcmp(k, "hedge") == 0)
		g->hedge = flag(v);
	else if (strcmp(k, "case") == 0)
		g->case_randomize = flag(v);
	else if (strcmp(k, "edns") == 0)
		g->edns = flag(v);
	else if (strcmp(k, "trust_ad") == 0)
		g->trust_ad = flag(v);
	else if (strcmp(k, "next_on_nodata") == 0)
		g->next_on_nodata = flag(v);
	else if (strcmp(k, "recursion") == 0)
		g->recursion = flag(v);
	else if (strcmp(k, "max_fails") == 0)
		g->max_fails = (uint8_t)atoi(v);
	else if (strcmp(k, "attempts") == 0)
		g->max_connect_attempts = (uint8_t)atoi(v);
	else if (strcmp(k, "concurrent") == 0)
		g->max_concurrent = (uint32_t)atoi(v);
	else if (strcmp(k, "rate") == 0)
		g->packet_rate = (uint32_t)atoi(v);
	else if (strcmp(k, "timeout") == 0)
		g->timeout_ms = duration_ms(v);
	else if (strcmp(k, "probe") == 0)
		g->probe_ms = duration_ms(v);
	else if (strcmp(k, "failover") == 0)
		g->failover = rcodes_of(v);
	else if (strcmp(k, "next") == 0)
		g->next = rcodes_of(v);
	else
		return false;
	return true;
}

/* "10.0.0.1", "10.0.0.1:54", "tls://10.0.0.1", "dns.example". */
static void set_upstream(
	struct script *s, struct forward_settings *f, const char *k, char *v)
{
	unsigned i = f->nupstreams++;
	struct forward_upstream *u = &f->upstreams[i];
	char *colon = strrchr(v, ':');

	u->tls = strncmp(v, "tls://", 6) == 0;
	v += u->tls ? 6 : 0;
	u->port = u->tls ? 853 : 53;
	if (colon != NULL && colon > v && strchr(v, ':') == colon) {
		*colon = '\0';
		u->port = (uint16_t)atoi(colon + 1);
	}
	if (!addr_parse(v, strlen(v), &u->addr) && name_parse(v, &u->host) < 0)
		forward_fault(s, "neither address nor name");
	snprintf(s->deck.name[i], sizeof(s->deck.name[i]), "%s", k);
}

static void on_group(struct script *s)
{
	struct forward_settings *f = written(s);
	unsigned i = f->ngroups++;
	struct forward_group *g = &f->groups[i];

	*g = (struct forward_group){
		.digest = 1000 + i,
		.from = {.len = 1},
		.first = f->nupstreams,
		.policy = FORWARD_SEQUENTIAL,
		.edns = true,
		.recursion = true,
		.max_fails = 2,
		.failover = rcodes_of("SERVFAIL REFUSED NOTIMP"),
		.timeout_ms = 2000,
		.expire_ms = 10000,
		.probe_ms = 500,
		.probe_type = TYPE_NS,
		.probe_name = {.len = 1},
	};
	snprintf(s->group[i], sizeof(s->group[i]), "%s", forward_word(s, 1));
	for (unsigned w = 2; w < s->n; w++) {
		char *value = strchr(s->word[w], '=');

		if (value == NULL) {
			forward_fault(s, "KEY=VALUE");
			continue;
		}
		*value++ = '\0';
		if (set_group(g, s->word[w], value))
			continue;
		set_upstream(s, f, s->word[w], value);
		g->n++;
	}
}

static void on_set(struct script *s)
{
	struct forward_settings *f = written(s);
	const char *k = forward_word(s, 1), *v = forward_word(s, 2);

	if (strcmp(k, "servfail_ttl") == 0)
		f->cache.servfail_ttl_ms = duration_ms(v);
	else if (strcmp(k, "recheck") == 0)
		f->cache.stale_recheck_ms = duration_ms(v);
	else if (strcmp(k, "stale") == 0)
		f->cache.stale_mode = flag(v) ? STALE_VERIFY : STALE_OFF;
	else if (strcmp(k, "max_age") == 0)
		f->cache.stale_max_age_s = duration_ms(v) / 1000;
	else if (strcmp(k, "prefetch") == 0)
		f->cache.prefetch_hits = (uint32_t)atoi(v);
	else if (strcmp(k, "forwarders") == 0)
		f->forwarders = (uint8_t)atoi(v);
	else if (strcmp(k, "bootstrap") == 0)
		f->bootstrap = flag(v);
	else if (strcmp(k, "loop") == 0)
		f->loop = strcmp(v, "warn") == 0 ? LOOP_WARN : LOOP_BREAK;
	else if (strcmp(k, "own") == 0)
		addr_parse_prefix(v, strlen(v), &f->own[f->nown++]);
	else
		forward_fault(s, "unknown setting");
}

/* ---- questions ---- */

uint64_t forward_group_of(struct script *s, unsigned from)
{
	const char *name = forward_behind(s, from, "group");
	const struct forward_settings *f = &s->deck.settings[s->deck.current]->forward;

	for (unsigned i = 0; name != NULL && i < f->ngroups; i++) {
		if (strcmp(s->group[i], name) == 0)
			return f->groups[i].digest;
	}
	return name == NULL ? f->groups[0].digest : strtoull(name, NULL, 10);
}

static struct deck_ask *ask_of(struct script *s, const char *q)
{
	unsigned place = (unsigned)atoi(q + 1);

	if (q[0] != 'q' || place >= DECK_ASKS) {
		forward_fault(s, "q0 to q1023");
		place = 0;
	}
	return &s->deck.asks[place];
}

static void on_ask(struct script *s)
{
	struct deck *d = &s->deck;
	struct deck_ask *a = ask_of(s, forward_word(s, 1));
	uint8_t flags = (uint8_t)((forward_has(s, 4, "do") ? QUESTION_DO : 0) |
				  (forward_has(s, 4, "cd") ? QUESTION_CD : 0));
	const char *deadline = forward_behind(s, 4, "deadline"),
		   *hops = forward_behind(s, 4, "hops");
	struct fwdtab_waiter w = {
		.place = (uint32_t)(a - d->asks), .serial = 1, .life = 9};
	struct ask_head head = {.type = ASK_ASK};

	a->n = 0;
	deck_question(forward_word(s, 2), forward_word(s, 3), flags,
		forward_group_of(s, 4), &a->q[a->n++]);
	for (unsigned i = 4; i + 2 < s->n; i++) {
		if (strcmp(s->word[i], "and") == 0)
			deck_question(s->word[i + 1], s->word[i + 2], flags,
				forward_group_of(s, 4), &a->q[a->n++]);
	}
	if (!a->asked)
		a->arrival_ns = d->now_ns;
	a->asked = true;
	head.arrival_ns = a->arrival_ns;
	head.deadline_ns = d->now_ns + (deadline == NULL ? 4500 * NS_PER_MS
							 : forward_duration_ns(deadline));
	head.tcp = forward_has(s, 4, "tcp");
	for (unsigned i = 0; hops != NULL && i < a->n; i++)
		a->q[i].hops = (uint8_t)atoi(hops);
	fwdtab_ask(d->table, a->q, a->n, &w, &head, d->now_ns);
}

static void on_fetch(struct script *s)
{
	struct deck *d = &s->deck;
	struct ask_head head = {.arrival_ns = d->now_ns, .deadline_ns = UINT64_MAX};
	struct question q;

	deck_question(
		forward_word(s, 1), forward_word(s, 2), 0, forward_group_of(s, 3), &q);
	fwdtab_ask(d->table, &q, 1, NULL, &head, d->now_ns);
}

static void on_note(struct script *s)
{
	struct deck *d = &s->deck;
	struct ask_note n = {
		.hits = (uint32_t)atoi(forward_word(s, 3)), .now_ns = d->now_ns};
	struct cache_found found;
	struct question q;

	deck_question(
		forward_word(s, 1), forward_word(s, 2), 0, forward_group_of(s, 4), &q);
	if (!cache_find(&d->cache.reader, &q, d->now_ns, d->now_ns, &found))
		forward_fault(s, "nothing to note");
	n.word = found.word;
	fwdtab_note(d->table, &n, d->now_ns);
}

/* ---- upstreams ---- */

int forward_upstream(struct script *s, const char *name)
{
	for (int i = 0; i < FORWARD_POOL_MAX; i++) {
		if (name[0] != '\0' && strcmp(s->deck.name[i], name) == 0)
			return i;
	}
	forward_fault(s, "no such upstream");
	return 0;
}

/* The newest open query of an upstream, or the first; FWDTAB_EXCHANGES: none. */
static uint32_t exchange_of(struct script *s, int upstream, bool probe, bool first)
{
	const char *transport = forward_has(s, 2, "udp")   ? "udp"
	                        : forward_has(s, 2, "tcp") ? "tcp"
	                                                   : "";
	uint32_t found = FWDTAB_EXCHANGES;

	for (uint32_t i = 0; i < FWDTAB_EXCHANGES; i++) {
		const struct deck_exchange *x = &s->deck.exchanges[i];

		if (!x->open || x->upstream != upstream || x->probe != probe ||
			(transport[0] == 'u' && x->transport != EXCHANGE_UDP) ||
			(transport[0] == 't' && x->transport == EXCHANGE_UDP))
			continue;
		if (found == FWDTAB_EXCHANGES ||
			first == (x->order < s->deck.exchanges[found].order))
			found = i;
	}
	if (found == FWDTAB_EXCHANGES)
		forward_fault(s, "no query is open there");
	return found;
}

static void on_with(struct script *s, const char *rest)
{
	static const char *const sections[] = {"answer", "authority", "additional"};

	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(sections[i]);

		if (strncmp(rest, sections[i], len) == 0)
			snprintf(s->reply.rr[i][s->reply.n[i]++], 2048, "%s",
				rest + len + 1);
	}
}

/* A record of the asked name: "A 192.0.2.1 ttl 60". */
static void add_record(struct script *s, const struct deck_exchange *x, unsigned at)
{
	const char *ttl = forward_behind(s, at, "ttl");
	struct wires_query q;

	if (wires_read(x->query, x->len, &q))
		snprintf(s->reply.rr[0][s->reply.n[0]++], 2048, "%s %s IN %s %s", q.name,
			ttl == NULL ? "60" : ttl, forward_word(s, at),
			forward_word(s, at + 1));
}

/* The rcode, or the record, that the line speaks of. */
static void read_reply(struct script *s, const struct deck_exchange *x)
{
	static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
		"NOTIMP", "REFUSED", "YXDOMAIN"};
	static const char *const types[] = {"A", "AAAA", "TXT", "CNAME"};
	static const char *const faults[] = {"right", "id", "name", "type", "query",
		"short", "garbage", "noquestion", "case", "rdlength"};

	for (unsigned w = 2; w < s->n; w++) {
		for (unsigned i = 0; i < ARRAY_LEN(rcodes); i++) {
			if (strcmp(s->word[w], rcodes[i]) == 0)
				s->reply.rcode = i;
		}
		for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
			if (strcmp(s->word[w], types[i]) == 0)
				add_record(s, x, w);
		}
		for (unsigned i = 0; i < ARRAY_LEN(faults); i++) {
			if (strcmp(s->word[w], faults[i]) == 0)
				s->reply.fault = (enum wires_fault)i;
		}
	}
	s->reply.tc = forward_has(s, 2, "tc");
	s->reply.no_opt = forward_has(s, 2, "noopt");
	s->reply.loop = forward_has(s, 2, "loop");
	if (forward_has(s, 2, "soa"))
		snprintf(s->reply.rr[1][s->reply.n[1]++], 2048,
			"example. 60 IN SOA ns.example. host.example. 1 2 3 4 30");
}

static void on_reply(struct script *s)
{
	static uint8_t octets[WIRES_MAX];
	uint32_t i = exchange_of(s, forward_upstream(s, forward_word(s, 1)),
		forward_has(s, 2, "probe"), forward_has(s, 2, "first"));
	int times = 1;
	size_t len;

	if (i == FWDTAB_EXCHANGES)
		return;
	struct deck_exchange x = s->deck.exchanges[i];
	read_reply(s, &x);
	len = wires_write(x.query, x.len, &s->reply, octets);
	if (len == 0)
		forward_fault(s, "a record that cannot be read");
	if (s->n > 3 && strcmp(s->word[s->n - 1], "times") == 0)
		times = atoi(s->word[s->n - 2]);
	for (int k = 0; k < times; k++)
		fwdtab_reply(s->deck.table, i, octets, len, s->deck.now_ns);
	memset(&s->reply, 0, sizeof(s->reply));
}

static enum fwdtab_error error_of(struct script *s, const char *text)
{
	static const char *const names[] = {"refused", "network", "handshake", "full"};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum fwdtab_error)i;
	}
	forward_fault(s, "refused, network, handshake or full");
	return FWDTAB_FULL;
}

static void on_error(struct script *s)
{
	uint32_t i = exchange_of(s, forward_upstream(s, forward_word(s, 1)),
		forward_has(s, 2, "probe"), forward_has(s, 2, "first"));

	if (i < FWDTAB_EXCHANGES)
		fwdtab_error(s->deck.table, i, error_of(s, forward_word(s, 2)),
			s->n > 3 && !forward_has(s, 3, "probe") &&
					!forward_has(s, 3, "udp") &&
					!forward_has(s, 3, "tcp")
				? forward_word(s, 3)
				: NULL,
			s->deck.now_ns);
}

static void on_broken(struct script *s)
{
	static const int errors[] = {-ECONNREFUSED, -ENETUNREACH, 0, -EMFILE};
	int *refuse = &s->deck.refuse[forward_upstream(s, forward_word(s, 1))];

	*refuse = strcmp(forward_word(s, 2), "off") == 0
	                  ? 0
	                  : errors[error_of(s, forward_word(s, 2))];
}

static void on_loop(struct script *s)
{
	struct ask_loop l = {
		.type = ASK_LOOP,
		.upstream = (uint32_t)forward_upstream(s, forward_word(s, 1)),
		.life = forward_has(s, 2, "foreign") ? 78 : 77,
		.hops = 1,
	};

	fwdtab_loop(s->deck.table, &l, s->deck.now_ns);
}

/* Of the settings that are being written: their groups follow. */
static void on_flush(struct script *s)
{
	struct forward_settings *f = written(s);
	struct forward_flush *what = &f->flush[f->nflush++];
	const char *ago = forward_behind(s, 2, "ago");

	what->at_ns = s->deck.now_ns - (ago == NULL ? 0 : forward_duration_ns(ago));
	what->below = forward_has(s, 2, "below");
	if (name_parse(forward_word(s, 1), &what->name) < 0)
		forward_fault(s, "no name");
}

/* ---- the script ---- */

static void begin(struct script *s, const char *name)
{
	if (s->open)
		deck_close(&s->deck);
	snprintf(s->name, sizeof(s->name), "%s", name);
	deck_open(&s->deck);
	memset(&s->reply, 0, sizeof(s->reply));
	s->open = true;
	s->writing = false;
	s->mark_ns = s->deck.now_ns;
}

/* At the end all time-outs come: every waiter was told once, and no query is open. */
static void finish(struct script *s)
{
	if (!s->open)
		return;
	forward_leftovers(s);
	deck_run(&s->deck, s->deck.now_ns + 20 * NS_PER_S);
	for (unsigned i = 0; i < DECK_ASKS; i++) {
		if (s->deck.asks[i].asked && s->deck.asks[i].settled != 1)
			forward_fault(s, "somebody was not told once");
	}
	if (deck_open_exchanges(&s->deck) > 0)
		forward_fault(s, "a query is still open");
	deck_close(&s->deck);
	s->open = false;
}

static void on_configure(struct script *s)
{
	written(s);
	s->writing = false;
	deck_configure(&s->deck);
}

/* Time goes on from one event to the next until one of them reads so. */
static void on_until(struct script *s)
{
	struct deck *d = &s->deck;
	const char *within = forward_behind(s, 1, "within");
	uint64_t end_ns = d->now_ns +
	                  (within == NULL ? 60 * NS_PER_S : forward_duration_ns(within));

	s->n = within == NULL ? s->n : s->n - 2;
	while (!forward_happened(s) && fwdtab_next_ns(d->table) <= end_ns)
		deck_run(d, MAX(fwdtab_next_ns(d->table), d->now_ns));
	forward_expect(s);
}

static bool command(struct script *s, const char *rest)
{
	static const struct {
		const char *verb;
		void (*run)(struct script *s);
	} verbs[] = {
		{"group", on_group},
		{"set", on_set},
		{"configure", on_configure},
		{"ask", on_ask},
		{"fetch", on_fetch},
		{"note", on_note},
		{"loop", on_loop},
		{"flush", on_flush},
		{"reply", on_reply},
		{"error", on_error},
		{"broken", on_broken},
		{"until", on_until},
	};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(forward_word(s, 0), verbs[i].verb) == 0) {
			verbs[i].run(s);
			return true;
		}
	}
	if (strcmp(forward_word(s, 0), "with") == 0)
		on_with(s, rest);
	else if (strcmp(forward_word(s, 0), "mark") == 0)
		s->mark_ns = s->deck.now_ns;
	else if (strcmp(forward_word(s, 0), "after") == 0)
		deck_run(&s->deck,
			s->deck.now_ns + forward_duration_ns(forward_word(s, 1)));
	else if (strcmp(forward_word(s, 0), "at") == 0)
		deck_run(&s->deck, s->mark_ns + forward_duration_ns(forward_word(s, 1)));
	else
		return false;
	return true;
}

static void split(struct script *s, char *line)
{
	s->n = 0;
	for (char *w = strtok_r(line, " \t", &line); w != NULL && s->n < WORDS_MAX;
		w = strtok_r(NULL, " \t", &line))
		s->word[s->n++] = w;
}

static void step(struct script *s, char *line)
{
	char copy[1024];
	const char *rest;

	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return;
	snprintf(copy, sizeof(copy), "%s", line);
	rest = copy + strcspn(copy, " \t");
	rest += strspn(rest, " \t");
	split(s, line);
	s->steps++;
	if (strcmp(forward_word(s, 0), "scenario") == 0) {
		finish(s);
		begin(s, rest);
	} else if (strcmp(forward_word(s, 0), "expect") == 0) {
		forward_expect(s);
	} else {
		forward_leftovers(s);
		if (!command(s, rest))
			forward_fault(s, "unknown verb");
	}
}

static bool run(const char *path)
{
	static struct script s;
	char line[1024];
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		perror(path);
		return false;
	}
	memset(&s, 0, sizeof(s));
	s.path = path;
	begin(&s, "");
	while (fgets(line, sizeof(line), f) != NULL) {
		s.line++;
		step(&s, line);
	}
	fclose(f);
	finish(&s);
	printf("%s: %u steps, %u faults\n", path, s.steps, s.faults);
	return s.faults == 0 && s.steps > 0;
}

int main(int argc, char **argv)
{
	bool ok = argc > 1;

	for (int i = 1; i < argc; i++)
		ok = run(argv[i]) && ok;
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
