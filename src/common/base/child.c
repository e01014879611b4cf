/* child.c - see child.h */
#include "base/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/pair.h"

static bool has_supervisor(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(PAIR_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

bool child_begin(const char *program, const char *process)
{
	/* Run by descriptor, older kernels would call us by its number. */
	prctl(PR_SET_NAME, program); /* cut to 15 octets by the kernel */
	log_init(process, LOG_INFO);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (has_supervisor())
		return true;
	log_line(LOG_ERROR, "no supervisor hint=\"run shmdnsd\"");
	return false;
}
