/* confmem.c - see confmem.h */
#include "supervisor/confmem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "base/log.h"
#include "supervisor/memfile.h"

static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The bundle as a file that nobody can change any more, or -errno. */
static int seal(const struct conf_bundle *b)
{
	int fd = memfile_open("shmdns-config");
	int ret;

	if (fd < 0)
		return fd;
	ret = write_all(fd, b->data, b->len);
	if (ret == 0 &&
		fcntl(fd, F_ADD_SEALS,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		ret = -errno;
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

bool confmem_is_pipe(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

static const char *error_text(int ret)
{
	if (ret == -EFBIG)
		return "over 1 MiB in all";
	return ret == -ESPIPE ? "not a file: it cannot be read again" : strerror(-ret);
}

int confmem_of(const struct conf_bundle *bundle, uint32_t number, struct confmem *out,
	struct conf_report *report)
{
	struct conf conf;
	int ret;

	conf_bundle_digest(bundle, out->digest);
	ret = conf_parse(bundle->data, bundle->len, &conf, report);
	if (ret < 0)
		return ret;
	int fd = seal(bundle);
	if (fd < 0) {
		log_line(LOG_ERROR, "config memory file error=\"%s\"", strerror(-fd));
		conf_fini(&conf);
		return fd == -EINVAL ? -EIO : fd;
	}
	out->fd = fd;
	out->number = number;
	out->conf = conf;
	return 0;
}

int confmem_load(const char *path, uint32_t number, struct confmem *out,
	struct conf_report *report)
{
	struct conf_bundle bundle = {0};
	char *failed = NULL;
	int ret = number > 1 && confmem_is_pipe(path) ? -ESPIPE
	                                              : conf_read(path, &bundle, &failed);

	if (ret < 0)
		log_line(LOG_ERROR, "config unreadable file=%s error=\"%s\"",
			failed != NULL ? failed : path, error_text(ret));
	else
		ret = confmem_of(&bundle, number, out, report);
	free(failed);
	conf_bundle_fini(&bundle);
	return ret;
}

void confmem_close(struct confmem *c)
{
	if (c->fd >= 0)
		close(c->fd);
	conf_fini(&c->conf);
	*c = (struct confmem){.fd = -1};
}

struct log_style confmem_style(const struct confmem *c, bool quiet)
{
	enum log_level level = c->conf.log.level;

	return (struct log_style){
		.level = (uint8_t)(quiet ? LOG_WARNING : level),
		.format = (uint8_t)c->conf.log.format,
	};
}

/* Values in the log are ASCII: a dash would be three escapes there. */
static void plain_dashes(const char *text, char *out, size_t cap)
{
	static const char dash[] = "\xE2\x80\x94";
	size_t n = 0;

	while (*text != '\0' && n + 1 < cap) {
		bool here = strncmp(text, dash, 3) == 0;

		out[n++] = here ? '-' : *text;
		text += here ? 3 : 1;
	}
	out[n] = '\0';
}

void confmem_log(const struct conf_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct conf_finding *f = &report->finding[i];
		char said[512], text[512];

		plain_dashes(f->text, said, sizeof(said));
		log_line(f->severity == CONF_ERROR ? LOG_ERROR : LOG_WARNING,
			"config file=%s:%u:%u path=%s text=%s", f->file, f->line,
			f->column, f->path[0] != '\0' ? f->path : "-",
			log_quote(said, text, sizeof(text)));
	}
}

static void log_restart(void *arg, const struct conf_difference *d)
{
	uint32_t *n = arg;

	if (d->reloadable)
		return;
	++*n;
	log_line(LOG_WARNING, "setting needs restart key=%s", d->path);
}

uint32_t confmem_log_restart(const struct conf *running, const struct conf *fresh)
{
	uint32_t n = 0;

	conf_differ(running, fresh, log_restart, &n);
	return n;
}
