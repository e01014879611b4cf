/*
 * execcred.h - what a plug-in is told and what it answers: the ExecCredential of
 * client.authentication.k8s.io, v1 and v1beta1 (WP-10)
 *
 * Trust: output of a program that the operator named, any octets. Pure.
 */
#ifndef KUBE_EXECCRED_H
#define KUBE_EXECCRED_H

#include "controller/kube/kubeconfig.h"

/* A token, or a certificate with its key, or all. Zeroed is valid and empty. */
struct execcred {
	struct secret token, cert, key;
	uint64_t expires_s; /* unix time; 0: it does not say */
};

/*
 * Read what the plug-in printed. 0 with *out owned by the caller; -EINVAL with `why`, a
 * line that holds no credentials. `api_version` is that of the kubeconfig.
 */
int execcred_parse(const uint8_t *data, size_t len, const char *api_version,
	struct execcred *out, char *why, size_t cap);

/*
 * The value of KUBERNETES_EXEC_INFO; a secret that the caller owns. With `cluster_info`
 * the cluster is in it, but no extension of it; `ca` is the content of its CAs.
 */
char *execcred_info(const struct kubeconfig *c, const uint8_t *ca, size_t ca_len);

/* Wipe and free. */
void execcred_fini(struct execcred *c);

#endif
