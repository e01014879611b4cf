#include "forwarder/neterror.h"

#include <errno.h>

enum fwdtab_error neterror(int error)
{
	switch (error < 0 ? -error : error) {
	case ECONNREFUSED:
		return FWDTAB_REFUSED;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case ENOSPC:
	case EAGAIN:
	case EADDRNOTAVAIL:
	case EADDRINUSE:
		return FWDTAB_FULL;
	default:
		return FWDTAB_NETWORK;
	}
}
