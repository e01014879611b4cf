/*
 * guard.h - namespaces that are named like a top-level domain (AC-07). Pure.
 *
 * A search path asks for example.com.svc.cluster.local before example.com: a Service
 * "example" in a namespace "com" takes the place of what the Internet has there. Such a
 * namespace is served, and the operator is told.
 */
#ifndef RECORDS_GUARD_H
#define RECORDS_GUARD_H

#include <stdbool.h>

/*
 * True if `namespace` (not "") is the name of a public top-level domain: a country's, one
 * in another script (xn--), or one of the generic ones that are used most.
 */
bool guard_is_public(const char *namespace);

#endif
