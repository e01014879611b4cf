/*
 * base64.h - base64 as Kubernetes writes it (RFC 4648, section 4), and as tokens do
 * (section 5, without padding)
 *
 * Strict: padding is complete and unused bits are zero; white space may stand anywhere.
 * What comes out is taken for a secret. Pure.
 */
#ifndef KUBE_BASE64_H
#define KUBE_BASE64_H

#include "controller/kube/secret.h"

/* Decode into *out in place of what was there. False: no base64, *out is empty. */
bool base64_decode(const char *text, size_t len, struct secret *out);

/* The same for the alphabet of URLs, without padding and white space. */
bool base64_decode_url(const char *text, size_t len, struct secret *out);

/* Encode with padding on one line; owned by the caller. */
char *base64_encode(const uint8_t *data, size_t len);

#endif
