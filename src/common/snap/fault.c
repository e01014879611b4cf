#include "snap/fault.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Set once before the handler is installed, read only by it. */
static const struct reader *reader;
static char name[32];

/* A line put together without anything that a signal handler may not call. */
struct line {
	char text[400];
	size_t len;
};

static void put(struct line *l, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof(l->text) - l->len)
		n = sizeof(l->text) - l->len;
	memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void put_hex(struct line *l, uint64_t v)
{
	char digits[17] = {0};
	int i = 16;

	do {
		digits[--i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v != 0);
	put(l, "0x");
	put(l, digits + i);
}

/* True if the address is within that segment's map; then it is put into the line. */
static bool put_segment(struct line *l, bool json, const char *which,
	const struct segment *s, uintptr_t address)
{
	uintptr_t base = (uintptr_t)s->base;

	if (base == 0 || address < base || address - base >= s->capacity)
		return false;
	put(l, which);
	put(l, "+");
	put_hex(l, address - base);
	put(l, json ? "\",\"segment\":\"" : " segment=");
	put_hex(l, s->number);
	put(l, json ? "\",\"size\":\"" : " size=");
	put_hex(l, s->size);
	return true;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct line l = {.len = 0};
	uintptr_t address = (uintptr_t)info->si_addr;

	(void)context;
	bool json = log_get_style().format == LOG_JSON;
	put(&l, json ? "{\"level\":\"error\",\"process\":\"" : "level=error process=");
	put(&l, name);
	put(&l, json ? "\",\"what\":\"memory fault\",\"signal\":\""
		     : " what=\"memory fault\" signal=");
	put(&l, sig == SIGBUS ? "SIGBUS" : "SIGSEGV");
	put(&l, json ? "\",\"at\":\"" : " at=");
	if (!put_segment(&l, json, "current", &reader->current, address) &&
		!put_segment(&l, json, "next", &reader->next, address) &&
		!put_segment(&l, json, "old", &reader->old, address))
		put_hex(&l, address);
	put(&l, json ? "\"}\n" : "\n");
	log_raw(l.text, l.len);
	/* SA_RESETHAND: the instruction faults again, and that ends the process. A signal
	 * that was sent would not: raise it for that case. */
	raise(sig);
}

void fault_install(const char *process, const struct reader *r)
{
	struct sigaction action = {
		.sa_flags = SA_SIGINFO | (int)SA_RESETHAND | SA_ONSTACK};
	static _Alignas(16) char stack[64 << 10];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

	reader = r;
	strncpy(name, process, sizeof(name) - 1);
	sigaltstack(&alternate, NULL);
	action.sa_sigaction = on_fault;
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}
