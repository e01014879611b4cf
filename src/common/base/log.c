/* log.c - lines on stderr; what does not go out at once is dropped and counted */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

#define LINE_MAX_OCTETS 1000
#define BUCKET_TOKENS   10

static const struct {
	const char *word;
	const char *priority; /* of syslog, for the journal */
} levels[] = {
	[LOG_ERROR] = {"error", "<3>"},
	[LOG_WARNING] = {"warning", "<4>"},
	[LOG_INFO] = {"info", "<6>"},
	[LOG_DEBUG] = {"debug", "<7>"},
};

static char process_name[32] = "shmdns";
static enum log_level threshold = LOG_INFO;
static bool to_journal;
static uint64_t dropped;
static char *gathered; /* NULL: nobody wants them */
static unsigned gathered_cap;

void log_init(const char *process, enum log_level level)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	snprintf(process_name, sizeof(process_name), "%s", process);
	threshold = level;
	to_journal = getenv("JOURNAL_STREAM") != NULL;
	if (flags >= 0)
		fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
}

bool log_is_journal(void)
{
	return to_journal;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
}

const char *log_prefix(enum log_level level)
{
	return to_journal ? levels[level].priority : "";
}

/* A line is one line: whoever put a control character in has not forged another. */
static void tame(char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			s[i] = '?';
}

static void write_line(const char *line, size_t len)
{
	ssize_t n;

	do {
		n = write(STDERR_FILENO, line, len);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len)
		dropped++;
}

void log_gather(char *out, unsigned cap)
{
	gathered = out;
	gathered_cap = cap;
}

static void gather(const char *text, size_t len)
{
	size_t have = strlen(gathered);

	snprintf(gathered + have, gathered_cap - have, "%.*s\n", (int)len, text);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	int saved = errno, n, m;
	size_t len;
	va_list ap;

	if (!log_enabled(level))
		return;
	n = snprintf(line, sizeof(line), "%s%s %s: ", log_prefix(level),
		levels[level].word, process_name);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	len = (size_t)n + (size_t)MAX(m, 0);
	len = MIN(len, sizeof(line) - 1);
	tame(line, len);
	if (level == LOG_ERROR && gathered != NULL && len > (size_t)n)
		gather(line + n, len - (size_t)n);
	line[len++] = '\n'; /* in place of the NUL */
	write_line(line, len);
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

static bool plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || *s == '"' || *s == '\\' || *s == '=')
			return false;
	return true;
}

/* One octet as it stands between quotes; returns how many characters it takes. */
static unsigned escape(char c, char out[5])
{
	if (c == '"' || c == '\\')
		return (unsigned)snprintf(out, 5, "\\%c", c);
	if (c < ' ' || c > '~')
		return (unsigned)snprintf(out, 5, "\\x%02X", (unsigned char)c);
	out[0] = c;
	return 1;
}

const char *log_quote(const char *s, char *out, unsigned cap)
{
	unsigned n = 0;
	char e[5];

	if (cap == 0)
		return out;
	if (plain(s) || cap < 3) {
		snprintf(out, cap, "%s", plain(s) ? s : "");
		return out;
	}
	out[n++] = '"';
	for (; *s != '\0'; s++) {
		unsigned m = escape(*s, e);

		if (n + m + 2 > cap) /* the closing quote and the NUL always fit */
			break;
		memcpy(out + n, e, m);
		n += m;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
