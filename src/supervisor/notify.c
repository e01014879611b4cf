/* notify.c - see notify.h */
#include "supervisor/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>

static int manager = -1; /* connected datagram socket */

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);

	if (len < 2 || len >= sizeof(sun.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@') /* an abstract address */
		sun.sun_path[0] = '\0';
	else
		size++;
	unsetenv("NOTIFY_SOCKET");
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (manager >= 0 && connect(manager, (struct sockaddr *)&sun, size) < 0)
		notify_fini();
}

void notify_send(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (manager < 0)
		return;
	va_start(ap, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0 && (size_t)len < sizeof(text))
		(void)!send(manager, text, (size_t)len, MSG_NOSIGNAL);
}

void notify_fini(void)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
}
