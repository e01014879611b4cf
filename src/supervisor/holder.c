/* holder.c - see holder.h */
#include "supervisor/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/base.h"

/* There is no /proc/net under ProcSubset=pid of the unit (SY-11). */
#define NET "/proc/self/net/"

bool holder_parse(const char *line, unsigned words, struct holder_socket *out)
{
	struct holder_socket s = {0};
	char hex[33];
	unsigned port, state, uid;

	/* "sl: local rem st tx:rx tr:when retrnsmt uid timeout inode" */
	if (sscanf(line, " %*u: %32[0-9A-F]:%4x %*s %2x %*s %*s %*s %u %*u %" SCNu64, hex,
		    &port, &state, &uid, &s.inode) != 5 ||
		strlen(hex) != words * 8)
		return false;
	for (unsigned w = 0; w < words;
		w++) { /* each word as the machine prints an integer */
		char one[9] = {0};
		uint32_t v;

		memcpy(one, hex + w * 8, 8);
		v = (uint32_t)strtoul(one, NULL, 16);
		memcpy(s.addr + w * 4, &v, sizeof(v));
	}
	s.port = (uint16_t)port;
	s.state = (uint8_t)state;
	s.uid = uid;
	*out = s;
	return true;
}

static bool is_any(const uint8_t *addr)
{
	static const uint8_t any[16];

	return memcmp(addr, any, sizeof(any)) == 0;
}

/* Does this socket keep `key` from being bound? */
static bool in_the_way(
	const struct holder_socket *s, unsigned words, const struct socket_key *key)
{
	bool same_family = (key->family == AF_INET) == (words == 1);

	if (s->port != key->port)
		return false;
	if (key->kind == SOCKET_TCP && s->state != TCP_LISTEN)
		return false;
	if (is_any(s->addr)) /* [::] may hold IPv4 as well */
		return same_family || words == 4;
	return same_family && (is_any(key->addr) || memcmp(s->addr, key->addr, 16) == 0);
}

static bool search(const char *path, unsigned words, const struct socket_key *key,
	struct holder_socket *out)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = holder_parse(line, words, out) && in_the_way(out, words, key);
	fclose(f);
	return found;
}

/* Has the process of directory /proc/PID the socket open? */
static bool has_socket(const char *pid, const char *link)
{
	char path[64], target[64];
	bool found = false;
	struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	DIR *d = opendir(path);
	if (d == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		found = strcmp(target, link) == 0;
	}
	closedir(d);
	return found;
}

static void read_name(const char *pid, char *name, size_t cap)
{
	char path[64];

	snprintf(name, cap, "?");
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(name, (int)cap, f) != NULL)
		name[strcspn(name, "\n")] = '\0';
	fclose(f);
}

/* The process that has socket `inode` open, as far as we may look. */
static bool find_process(uint64_t inode, char *out, size_t cap)
{
	char link[64], name[32];
	bool found = false;
	struct dirent *e;
	DIR *d = opendir("/proc");

	if (d == NULL)
		return false;
	snprintf(link, sizeof(link), "socket:[%" PRIu64 "]", inode);
	while (!found && (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) || !has_socket(e->d_name, link))
			continue;
		read_name(e->d_name, name, sizeof(name));
		snprintf(out, cap, "process %.20s (%s)", e->d_name, name);
		found = true;
	}
	closedir(d);
	return found;
}

const char *holder_find(const struct socket_key *key, char *out, size_t cap)
{
	struct holder_socket s;
	bool tcp = key->kind == SOCKET_TCP;
	bool found = search(tcp ? NET "tcp6" : NET "udp6", 4, key, &s);

	if (!found && key->family == AF_INET)
		found = search(tcp ? NET "tcp" : NET "udp", 1, key, &s);
	if (!found)
		snprintf(out, cap, "a process that cannot be seen");
	else if (!find_process(s.inode, out, cap))
		snprintf(out, cap,
			"a process of uid %" PRIu32 " (`ss -l%cnp sport = :%u` names it)",
			s.uid, tcp ? 't' : 'u', key->port);
	return out;
}
