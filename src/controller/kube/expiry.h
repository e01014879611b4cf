/*
 * expiry.h - when a credential ends, as unix seconds; 0: not known (MA-13)
 *
 * Nothing is verified: this is for gauges and for renewing in time, never for trust.
 * Trust: any octets. Pure.
 */
#ifndef KUBE_EXPIRY_H
#define KUBE_EXPIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `exp` of a JSON web token (RFC 7519). */
uint64_t expiry_jwt(const char *token);

/* notAfter of the first certificate of a PEM text; with `latest` of the last to end. */
uint64_t expiry_pem(const uint8_t *pem, size_t len, bool latest);

#endif
