/* log.c - lines on stderr; what does not go out at once is dropped and counted */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/logfold.h"

#define BUCKET_TOKENS 10

/* What stderr is, which decides how to write without waiting. */
enum sink {
	SINK_FILE,     /* never waits for a reader */
	SINK_SOCKET,   /* of the journal */
	SINK_PIPE,     /* or a terminal */
	SINK_OWN_PIPE, /* opened once more, as `own`: that may be O_NONBLOCK */
	SINK_OTHER,
};

static char process_name[32] = "shmdns";
static enum log_level threshold = LOG_INFO;
static enum log_format format = LOG_KV;
static enum sink sink = SINK_OTHER;
static int own = -1;
static bool to_journal;
static bool torn; /* a line went out in part: the next one begins on a line of its own */
static uint64_t dropped, untold; /* lines lost, and those of them not told yet */
static struct logfold fold;
static uint64_t credit_ns, refilled_ns; /* lines that may be written, as time */
static uint64_t held;                   /* lines that were too many */

static void flush_at_exit(void);

/* JOURNAL_STREAM is the device and the inode of the stream that the journal reads. */
static bool journal_reads(const struct stat *st)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	char end;

	return text != NULL && sscanf(text, "%llu:%llu%c", &device, &inode, &end) == 2 &&
	       device == st->st_dev && inode == st->st_ino;
}

static void look_at_stderr(void)
{
	struct stat st = {0};

	if (own >= 0)
		close(own);
	own = -1;
	sink = SINK_OTHER;
	to_journal = false;
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	to_journal = journal_reads(&st);
	if (S_ISREG(st.st_mode))
		sink = SINK_FILE;
	else if (S_ISSOCK(st.st_mode))
		sink = SINK_SOCKET;
	else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		sink = SINK_PIPE;
}
static char *gathered; /* NULL: nobody wants them */
static unsigned gathered_cap;

void log_init(const char *process, enum log_level level)
{
	static bool begun;

	snprintf(process_name, sizeof(process_name), "%s", process);
	threshold = level;
	look_at_stderr();
	if (!begun)
		atexit(flush_at_exit);
	begun = true;
}

bool log_is_journal(void)
{
	return to_journal;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_style(struct log_style style)
{
	if (style.level <= LOG_DEBUG)
		threshold = (enum log_level)style.level;
	if (style.format <= LOG_JSON)
		format = (enum log_format)style.format;
}

struct log_style log_get_style(void)
{
	return (struct log_style){(uint8_t)threshold, (uint8_t)format};
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
}

const char *log_prefix(enum log_level level)
{
	static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};

	return to_journal ? priorities[level] : "";
}

/* ---- writing ---- */

/* Another process may fill it between the two calls: where nothing better is there. */
static ssize_t write_if_room(const char *line, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(STDERR_FILENO, line, len);
}

/*
 * Pipes know RWF_NOWAIT since Linux 6.4. Before that, and for terminals, ours has to be
 * another open file.
 */
static ssize_t write_pipe(const char *line, size_t len)
{
	const struct iovec v = {.iov_base = (void *)(uintptr_t)line, .iov_len = len};
	ssize_t n = pwritev2(STDERR_FILENO, &v, 1, -1, RWF_NOWAIT);

	if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EPERM))
		return n;
	own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	sink = own >= 0 ? SINK_OWN_PIPE : SINK_OTHER;
	return own >= 0 ? write(own, line, len) : write_if_room(line, len);
}

/*
 * Without waiting, and without O_NONBLOCK on stderr: that is a property of the open file,
 * which whoever gave it to us, and all our processes, have in common.
 */
ssize_t log_write(const char *line, size_t len)
{
	switch (sink) {
	case SINK_FILE:
		return write(STDERR_FILENO, line, len);
	case SINK_SOCKET:
		return send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case SINK_PIPE:
		return write_pipe(line, len);
	case SINK_OWN_PIPE:
		return write(own, line, len);
	case SINK_OTHER:
		break;
	}
	return write_if_room(line, len);
}

static bool write_line(const char *line, size_t len)
{
	ssize_t n;

	do {
		n = log_write(line, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return true;
	torn = torn || n > 0;
	dropped++;
	untold++;
	return false;
}

void log_raw(const char *line, size_t len)
{
	int saved = errno;

	write_line(line, len);
	errno = saved;
}

static bool emit(enum log_level level, const char *text)
{
	char line[LOGLINE_MAX + 1], at[40] = "";
	struct logline_head head = {.level = level,
		.format = format,
		.priority = to_journal,
		.time = at,
		.process = process_name};

	if (!to_journal)
		logline_time(clock_wall_ns(), at, sizeof(at));
	line[0] = '\n';
	size_t len = logline_make(&head, text, line + 1, sizeof(line) - 1);
	if (!torn)
		return write_line(line + 1, len);
	torn = !write_line(line, len + 1);
	return !torn;
}

/* ---- how many ---- */

/* A line is to be written now: may it? */
static bool affordable(uint64_t now_ns)
{
	const uint64_t price_ns = NS_PER_S / LOG_RATE, most_ns = LOG_BURST * price_ns;

	if (refilled_ns == 0)
		credit_ns = most_ns;
	else
		credit_ns = MIN(credit_ns + (now_ns - refilled_ns), most_ns);
	refilled_ns = now_ns;
	if (credit_ns < price_ns)
		return false;
	credit_ns -= price_ns;
	return true;
}

/* Say what is missing of the log itself, now that it goes out again. */
static void tell_missing(void)
{
	char text[80];

	if (held > 0) {
		snprintf(text, sizeof(text), "too many lines held_back=%llu",
			(unsigned long long)held);
		if (emit(LOG_WARNING, text))
			held = 0;
	}
	if (untold > 0) {
		snprintf(text, sizeof(text),
			"lines lost: stderr did not take them lost=%llu",
			(unsigned long long)untold);
		uint64_t before = untold;
		if (emit(LOG_WARNING, text))
			untold -= before;
	}
}

static void tell(uint64_t now_ns, enum log_level level, const char *text)
{
	if (!affordable(now_ns)) {
		held++;
		return;
	}
	if ((held > 0 || untold > 0) && log_enabled(LOG_WARNING))
		tell_missing();
	emit(level, text);
}

static void tell_folded(uint64_t now_ns, const struct logfold_summary *s)
{
	char text[LOGFOLD_WHAT_MAX + LOGFOLD_WHOM_MAX + 100];

	if (!log_enabled(s->level))
		return;
	snprintf(text, sizeof(text), "%s ... and %llu more in %llu s more=%llu %s",
		s->what, (unsigned long long)s->lines, (unsigned long long)s->in_s,
		(unsigned long long)s->lines, s->whom);
	tell(now_ns, s->level, text);
}

static void tell_due(uint64_t now_ns, bool all)
{
	struct logfold_summary s;

	while (logfold_due(&fold, now_ns, all, &s))
		tell_folded(now_ns, &s);
}

/* A flood is over, and no line comes that would say what is missing. */
static void tell_missing_by_itself(uint64_t now_ns)
{
	uint64_t before[] = {dropped, untold};

	if ((held == 0 && untold == 0) || !log_enabled(LOG_WARNING) ||
		!affordable(now_ns))
		return;
	tell_missing();
	if (dropped != before[0]) { /* in vain: that was no line that anybody misses */
		dropped = before[0];
		untold = MIN(untold, before[1]);
	}
}

void log_tick(uint64_t now_ns)
{
	int saved = errno;

	tell_due(now_ns, false);
	tell_missing_by_itself(now_ns);
	errno = saved;
}

static void flush_at_exit(void)
{
	tell_due(clock_mono_ns(), true);
	if (held > 0 || untold > 0)
		tell_missing();
}

void log_gather(char *out, unsigned cap)
{
	gathered = out;
	gathered_cap = cap;
}

/* A line each: whoever put a control character in has not forged another. */
static void gather(const char *text)
{
	size_t n = strlen(gathered), len = strlen(text);

	for (size_t i = 0; i <= len && n + 1 < gathered_cap; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == len)
			gathered[n++] = '\n';
		else
			gathered[n++] = c < ' ' || c == 0x7f ? '?' : text[i];
	}
	gathered[n] = '\0';
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[LOGLINE_TEXT_MAX];
	struct logfold_summary evicted;
	int saved = errno;
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (level == LOG_ERROR && gathered != NULL && text[0] != '\0')
		gather(text);
	uint64_t now_ns = clock_mono_ns();
	tell_due(now_ns, false);
	bool written = logfold_add(&fold, now_ns, level, text, &evicted);
	if (evicted.lines > 0)
		tell_folded(now_ns, &evicted);
	if (written)
		tell(now_ns, level, text);
	errno = saved;
}

bool log_allow(struct log_bucket *b, uint64_t now_ns, uint64_t *suppressed)
{
	if (now_ns >= b->next_ns) {
		b->next_ns = now_ns + NS_PER_S;
		b->tokens_used = 0;
	}
	if (b->tokens_used >= BUCKET_TOKENS) {
		b->suppressed++;
		return false;
	}
	b->tokens_used++;
	*suppressed = b->suppressed;
	b->suppressed = 0;
	return true;
}

uint64_t log_dropped(void)
{
	return dropped;
}

const char *log_quote(const char *s, char *out, unsigned cap)
{
	return logline_quote(s, out, cap);
}
