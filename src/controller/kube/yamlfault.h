/*
 * yamlfault.h - what libyaml says of a text that is none: line, column, words (core)
 */
#ifndef KUBE_YAMLFAULT_H
#define KUBE_YAMLFAULT_H

#include <stddef.h>
#include <stdint.h>

#include "controller/kube/kubefields.h"

struct yaml_parser_s;

/*
 * Fill *out after a parse of `len` octets has failed. libyaml's own words: they are fixed
 * and hold nothing of the text. Always -EINVAL.
 */
int yamlfault(const struct yaml_parser_s *y, const uint8_t *data, size_t len,
	struct kube_error *out);

#endif
