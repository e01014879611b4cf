/* terminal.c - see terminal.h */
#include "ctl/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"

#define ENTER "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"

static struct termios former;
static bool entered;
static volatile sig_atomic_t ended;

bool terminal_is(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void on_end(int sig)
{
	(void)sig;
	ended = 1;
}

/* Only to be woken: the size is looked up with every drawing. */
static void on_resize(int sig)
{
	(void)sig;
}

static void catch (int sig, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(sig, &action, NULL);
}

/* All of it; false: it cannot be written. */
static bool put(const char *text, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(STDOUT_FILENO, text, n);

		if (done < 0 && errno != EINTR)
			return false;
		if (done < 0 && ended)
			return false;
		text += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

int terminal_enter(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &former) < 0)
		return -errno;
	catch (SIGINT, on_end);
	catch (SIGTERM, on_end);
	catch (SIGHUP, on_end);
	catch (SIGPIPE, SIG_IGN);
	catch (SIGWINCH, on_resize);
	raw = former;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* stopped, the screen would stay ours */
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return -errno;
	entered = true;
	put(ENTER, strlen(ENTER));
	return 0;
}

void terminal_leave(void)
{
	if (!entered)
		return;
	entered = false;
	put(LEAVE, strlen(LEAVE));
	tcsetattr(STDIN_FILENO, TCSANOW, &former);
}

void terminal_size(unsigned *columns, unsigned *lines)
{
	struct winsize size;

	*columns = 80;
	*lines = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_col > 0)
		*columns = size.ws_col;
	if (size.ws_row > 0)
		*lines = size.ws_row;
}

bool terminal_draw(const char *text)
{
	char *frame = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&frame, &len);
	unsigned columns, lines, n = 0;

	if (out == NULL)
		abort();
	terminal_size(&columns, &lines);
	fputs("\033[H", out);
	while (*text != '\0' && n < lines) {
		const size_t all = strcspn(text, "\n");

		fprintf(out, "%s%.*s\033[K", n > 0 ? "\r\n" : "", (int)MIN(all, columns),
			text);
		text += all + (text[all] == '\n');
		n++;
	}
	fputs("\033[J", out);
	fclose(out);
	const bool ok = put(frame, len);
	free(frame);
	return ok;
}

int terminal_key(uint64_t until_ns)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	const uint64_t now_ns = clock_mono_ns();
	unsigned char key;

	if (ended)
		return -1;
	const uint64_t wait_ms = until_ns > now_ns
	                                 ? (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS
	                                 : 0;
	if (poll(&in, 1, (int)wait_ms) <= 0)
		return ended ? -1 : 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}
