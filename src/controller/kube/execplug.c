#include "controller/kube/execplug.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/secret.h"

#define OUTPUT_MAX    ((size_t)256 << 10)
#define COMPLAINT_MAX 1024

struct execplug {
	void (*on_done)(void *arg, const struct execplug_result *r);
	void *arg;
	pid_t pid;    /* and its group; 0: it is reaped */
	bool exited;  /* but not reaped: so the number of its group is not given anew */
	int out, err; /* -1: closed */
	struct event *on_out, *on_err, *on_child, *on_limit;
	uint64_t limit_ns;
	struct secret output; /* its size is the limit */
	size_t len;
	char complaint[COMPLAINT_MAX]; /* the end of what it said on stderr */
	size_t complaint_len;
	char fault[320];
};

/* ---- starting ---- */

/* Is `entry`, NAME=VALUE, of the same name as one of ours? */
static bool replaced(const char *entry, const struct execplug_command *c)
{
	static const char info[] = "KUBERNETES_EXEC_INFO=";

	if (strncmp(entry, info, sizeof(info) - 1) == 0)
		return true;
	for (size_t i = 0; i < c->nenv; i++) {
		const size_t n = strcspn(c->env[i], "=") + 1;

		if (strncmp(entry, c->env[i], n) == 0)
			return true;
	}
	return false;
}

/* The array is owned by the caller, its strings are borrowed. */
static char **environment(const struct execplug_command *c, char *info)
{
	extern char **environ;
	size_t n = 0, count = 0;

	while (environ[count] != NULL)
		count++;
	char **env = mem_alloc(count + c->nenv + 2, sizeof(*env));
	for (size_t i = 0; i < count; i++)
		if (!replaced(environ[i], c))
			env[n++] = environ[i];
	for (size_t i = 0; i < c->nenv; i++)
		env[n++] = c->env[i];
	env[n] = info;
	return env;
}

/* It starts with every signal as it is by default: some of ours are ignored. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	return posix_spawnattr_setflags(attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Our other descriptors close by themselves. */
static int set_files(posix_spawn_file_actions_t *files, int out, int err)
{
	int ret = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);

	if (ret == 0)
		ret = posix_spawn_file_actions_adddup2(files, err, STDERR_FILENO);
	if (ret == 0)
		ret = posix_spawn_file_actions_addopen(
			files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	return ret;
}

static int spawn(struct execplug *p, const struct execplug_command *c, int out, int err)
{
	static const char name[] = "KUBERNETES_EXEC_INFO=";
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	const size_t info_len = strlen(c->info);
	char *info = mem_alloc(sizeof(name) + info_len, 1);
	char *program = mem_dup(c->program, strlen(c->program));
	char **argv = mem_alloc(c->nargs + 2, sizeof(*argv));
	int ret;

	memcpy(info, name, sizeof(name) - 1);
	memcpy(info + sizeof(name) - 1, c->info, info_len);
	char **env = environment(c, info);
	argv[0] = program;
	for (size_t i = 0; i < c->nargs; i++)
		argv[i + 1] = c->args[i];
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	ret = set_files(&files, out, err);
	if (ret == 0)
		ret = set_attributes(&attributes);
	if (ret == 0)
		ret = posix_spawnp(&p->pid, program, &files, &attributes, argv, env);
	if (ret != 0)
		p->pid = 0;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	free(env);
	free(argv);
	free(program);
	secret_forget(info);
	return -ret;
}

/* ---- the end ---- */

static void close_end(int *fd, struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void kill_group(const struct execplug *p)
{
	if (p->pid > 0)
		kill(-p->pid, SIGKILL);
}

/* Waits for it, so it has exited or was killed. Its status. */
static int reap(struct execplug *p)
{
	int status = 0;

	while (p->pid > 0 && waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return status;
}

/* The last line of stderr that is not empty; what cannot be printed is a '?'. */
static const char *complaint(struct execplug *p)
{
	char *end = p->complaint + p->complaint_len, *begin;

	while (end > p->complaint && strchr(" \r\n", end[-1]) != NULL)
		end--;
	for (begin = end; begin > p->complaint && begin[-1] != '\n'; begin--)
		if (begin[-1] < ' ' || begin[-1] > '~')
			begin[-1] = '?';
	*end = '\0';
	return begin;
}

static void set_fault(struct execplug *p, const char *text)
{
	if (p->fault[0] == '\0')
		snprintf(p->fault, sizeof(p->fault), "%s", text);
}

static void check_status(struct execplug *p, int status)
{
	char text[64];
	const char *said;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFEXITED(status))
		snprintf(text, sizeof(text), "exited with %d", WEXITSTATUS(status));
	else
		snprintf(text, sizeof(text), "was killed by signal %d", WTERMSIG(status));
	said = complaint(p);
	if (p->fault[0] == '\0')
		snprintf(p->fault, sizeof(p->fault), "%s%s%.200s", text,
			said[0] != '\0' ? ": " : "", said);
}

/* Everything that is waited for has come: tell. The callback may free us. */
static void finish(struct execplug *p)
{
	if (!p->exited || p->out >= 0 || p->err >= 0)
		return;
	event_del(p->on_child);
	event_del(p->on_limit);
	check_status(p, reap(p));
	const struct execplug_result r = {
		.fault = p->fault[0] != '\0' ? p->fault : NULL,
		.output = p->output.data,
		.len = p->len,
	};
	p->on_done(p->arg, &r);
}

/* Nothing more is wanted of it: it ends, and what it printed is not read. */
static void give_up(struct execplug *p, const char *text)
{
	set_fault(p, text);
	kill_group(p);
	close_end(&p->out, &p->on_out);
	close_end(&p->err, &p->on_err);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct execplug *p = arg;
	char text[64];

	(void)fd;
	(void)what;
	snprintf(text, sizeof(text), "did not end within %llu ms",
		(unsigned long long)(p->limit_ns / NS_PER_MS));
	give_up(p, text);
	finish(p);
}

static void on_child(evutil_socket_t fd, short what, void *arg)
{
	struct execplug *p = arg;
	siginfo_t info = {0};

	(void)fd;
	(void)what;
	if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		info.si_pid != p->pid)
		return;
	p->exited = true;
	finish(p);
}

/* Octets read; 0: it is closed; -1: not now. */
static ssize_t read_some(int fd, void *to, size_t n)
{
	const ssize_t got = read(fd, to, n);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	return MAX(got, 0);
}

static void on_out(evutil_socket_t fd, short what, void *arg)
{
	struct execplug *p = arg;
	uint8_t more;
	const bool full = p->len == OUTPUT_MAX;
	const ssize_t n = read_some(fd, full ? &more : p->output.data + p->len,
		full ? 1 : OUTPUT_MAX - p->len);

	(void)what;
	if (n < 0)
		return;
	if (n == 0)
		close_end(&p->out, &p->on_out);
	else if (full)
		give_up(p, "printed more than 256 KiB");
	else
		p->len += (size_t)n;
	finish(p);
}

/* Keep the end: when there is no room, the first half goes. */
static void on_err(evutil_socket_t fd, short what, void *arg)
{
	struct execplug *p = arg;
	const size_t half = COMPLAINT_MAX / 2;

	(void)what;
	if (p->complaint_len == COMPLAINT_MAX - 1) {
		memmove(p->complaint, p->complaint + half, p->complaint_len - half);
		p->complaint_len -= half;
	}
	const ssize_t n = read_some(fd, p->complaint + p->complaint_len,
		COMPLAINT_MAX - 1 - p->complaint_len);
	if (n > 0)
		p->complaint_len += (size_t)n;
	if (n != 0)
		return;
	close_end(&p->err, &p->on_err);
	finish(p);
}

/* ---- life ---- */

static int add_events(struct execplug *p, struct event_base *base)
{
	const struct timeval limit = {
		.tv_sec = (time_t)(p->limit_ns / NS_PER_S),
		.tv_usec = (suseconds_t)(p->limit_ns % NS_PER_S / 1000),
	};

	p->on_out = event_new(base, p->out, EV_READ | EV_PERSIST, on_out, p);
	p->on_err = event_new(base, p->err, EV_READ | EV_PERSIST, on_err, p);
	p->on_child = evsignal_new(base, SIGCHLD, on_child, p);
	p->on_limit = evtimer_new(base, on_limit, p);
	if (p->on_out == NULL || p->on_err == NULL || p->on_child == NULL ||
		p->on_limit == NULL)
		return -ENOMEM;
	if (event_add(p->on_out, NULL) < 0 || event_add(p->on_err, NULL) < 0 ||
		event_add(p->on_child, NULL) < 0 || event_add(p->on_limit, &limit) < 0)
		return -ENOMEM;
	return 0;
}

/* A pipe of which our end does not block: ours in *end, its in *its. */
static int open_pipe(int *end, int *its)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	*end = fd[0];
	*its = fd[1];
	return fcntl(fd[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int execplug_start(struct event_base *base, const struct execplug_command *command,
	void (*on_done)(void *arg, const struct execplug_result *r), void *arg,
	struct execplug **out)
{
	struct execplug *p = mem_alloc(1, sizeof(*p));
	int its_out = -1, its_err = -1;

	p->on_done = on_done;
	p->arg = arg;
	p->out = p->err = -1;
	p->limit_ns = command->limit_ns;
	secret_make(&p->output, OUTPUT_MAX);
	int ret = open_pipe(&p->out, &its_out);
	if (ret == 0)
		ret = open_pipe(&p->err, &its_err);
	if (ret == 0)
		ret = add_events(p, base);
	if (ret == 0)
		ret = spawn(p, command, its_out, its_err);
	if (its_out >= 0)
		close(its_out);
	if (its_err >= 0)
		close(its_err);
	if (ret < 0)
		execplug_free(p);
	else
		*out = p;
	return ret;
}

void execplug_free(struct execplug *p)
{
	if (p == NULL)
		return;
	kill_group(p);
	reap(p);
	close_end(&p->out, &p->on_out);
	close_end(&p->err, &p->on_err);
	if (p->on_child != NULL)
		event_free(p->on_child);
	if (p->on_limit != NULL)
		event_free(p->on_limit);
	secret_clear(&p->output);
	free(p);
}
