/* child.c - see child.h */
#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <linux/limits.h>

#include "base/log.h"
#include "base/pair.h"

static int open_in(const char *dir, const char *name)
{
	char path[PATH_MAX + 64];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	if (access(path, X_OK) < 0)
		return -errno;
	int fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The directory of our own executable; "" where it cannot be told. */
static void own_dir(char *dir, size_t cap)
{
	ssize_t len = readlink("/proc/self/exe", dir, cap - 1);

	dir[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(dir, '/');
	if (slash != NULL)
		*slash = '\0';
}

int child_program_open(struct program *p, const char *name)
{
	static const char moved[] = "/../libexec/shmdns";
	char dir[PATH_MAX + sizeof(moved)];
	int fd;

	own_dir(dir, PATH_MAX);
	fd = open_in(dir, name);
	if (fd < 0) { /* an installation that was moved keeps its shape */
		size_t len = strlen(dir);

		memcpy(dir + len, moved, sizeof(moved));
		fd = open_in(dir, name);
		dir[len] = '\0';
	}
	if (fd < 0)
		fd = open_in(LIBEXECDIR, name);
	if (fd < 0) {
		log_line(LOG_ERROR,
			"program missing name=%s looked_in=%s and=%s error=\"%s\"", name,
			dir, LIBEXECDIR, strerror(-fd));
		return fd;
	}
	*p = (struct program){.name = name, .fd = fd};
	return 0;
}

void child_program_close(struct program *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/*
 * SIGINT and SIGHUP reach a whole foreground group: they are for the supervisor, which
 * tells the others. Ignored signals stay ignored across exec.
 */
static void set_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Put the pair where the child looks for it, open across exec. */
static int place_pair(int fd)
{
	if (fd == PAIR_FD)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, PAIR_FD);
}

/* In the child; never returns. */
static void run(const struct program *p, int pair, pid_t parent)
{
	char *argv[] = {(char[32]){0}, NULL};
	extern char **environ;

	snprintf(argv[0], 32, "%s", p->name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before we asked to die with it */
		_exit(126);
	set_signals();
	if (place_pair(pair) >= 0)
		execveat(p->fd, "", argv, environ, AT_EMPTY_PATH);
	log_line(LOG_ERROR, "program not run name=%s error=\"%s\"", p->name,
		strerror(errno));
	_exit(127);
}

int child_spawn(const struct program *p, pid_t *pid, int *pair)
{
	int fd[2];
	pid_t parent = getpid();
	int ret = pair_open(fd);

	if (ret < 0)
		return ret;
	pid_t child = fork();
	if (child == 0)
		run(p, fd[1], parent);
	if (child < 0) {
		ret = -errno;
		close(fd[0]);
	} else {
		*pid = child;
		*pair = fd[0];
	}
	close(fd[1]);
	return ret;
}
