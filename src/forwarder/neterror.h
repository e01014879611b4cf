/*
 * neterror.h - what an errno of sockets says of an exchange (core)
 */
#ifndef FORWARDER_NETERROR_H
#define FORWARDER_NETERROR_H

#include "forwarder/fwdtab.h"

/* `error` or its negative: was it the upstream, the network, or is there no room here? */
enum fwdtab_error neterror(int error);

#endif
