#include "base/logfold.h"

static struct logfold_message *find(struct logfold *f, uint64_t key)
{
	for (size_t i = 0; i < ARRAY_LEN(f->message); i++)
		if (f->message[i].count > 0 && f->message[i].key == key)
			return &f->message[i];
	return NULL;
}

/* A free place, or that of who was not seen for the longest time. */
static struct logfold_message *make_room(struct logfold *f)
{
	struct logfold_message *oldest = &f->message[0];

	for (size_t i = 0; i < ARRAY_LEN(f->message); i++) {
		struct logfold_message *m = &f->message[i];

		if (m->count == 0)
			return m;
		if (m->seen_ns < oldest->seen_ns)
			oldest = m;
	}
	return oldest;
}

static void summarize(
	const struct logfold_message *m, uint64_t now_ns, struct logfold_summary *out)
{
	out->level = m->level;
	out->lines = m->folded;
	out->in_s = (now_ns - m->begin_ns + NS_PER_S / 2) / NS_PER_S;
	memcpy(out->what, m->what, sizeof(out->what));
	memcpy(out->whom, m->whom, sizeof(out->whom));
}

bool logfold_add(struct logfold *f, uint64_t now_ns, enum log_level level,
	const char *text, struct logfold_summary *evicted)
{
	uint64_t key = logline_key(level, text);
	struct logfold_message *m = find(f, key);

	evicted->lines = 0;
	if (m == NULL) {
		m = make_room(f);
		if (m->count > 0)
			summarize(m, now_ns, evicted);
		*m = (struct logfold_message){
			.key = key, .begin_ns = now_ns, .level = level};
		logline_what(text, m->what, sizeof(m->what));
		logline_whom(text, m->whom, sizeof(m->whom));
	} else if (m->folded == 0 && now_ns - m->begin_ns >= LOGFOLD_WINDOW_NS) {
		/* A window without folded lines has ended: it begins anew. */
		m->begin_ns = now_ns;
		m->count = 0;
	}
	m->seen_ns = now_ns;
	if (m->count < LOGFOLD_BURST) {
		m->count++;
		return true;
	}
	m->folded++;
	uint64_t end_ns = m->begin_ns + LOGFOLD_WINDOW_NS;
	if (f->next_ns == 0 || end_ns < f->next_ns)
		f->next_ns = end_ns;
	return false;
}

/*
 * Its window has ended: the next one begins, in which nothing is written but that. Who
 * was quiet for so long is forgotten.
 */
static void next_window(struct logfold_message *m, uint64_t now_ns)
{
	if (now_ns - m->seen_ns >= LOGFOLD_WINDOW_NS)
		m->count = 0;
	m->begin_ns = now_ns;
	m->folded = 0;
}

bool logfold_due(
	struct logfold *f, uint64_t now_ns, bool all, struct logfold_summary *out)
{
	uint64_t next_ns = 0;

	if (!all && (f->next_ns == 0 || now_ns < f->next_ns))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(f->message); i++) {
		struct logfold_message *m = &f->message[i];
		uint64_t end_ns = m->begin_ns + LOGFOLD_WINDOW_NS;

		if (m->count == 0 || m->folded == 0)
			continue;
		if (all || now_ns >= end_ns) {
			summarize(m, now_ns, out);
			next_window(m, now_ns);
			return true;
		}
		if (next_ns == 0 || end_ns < next_ns)
			next_ns = end_ns;
	}
	f->next_ns = next_ns;
	return false;
}
