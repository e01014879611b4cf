#include "controller/kube/execlogin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/execplug.h"

#define EARLY_S  10 /* seconds before the end at which new ones are fetched */
#define SHORT_NS NS_PER_S
#define LONG_NS  (64 * NS_PER_S)

struct execlogin {
	struct execlogin_setup setup;
	struct execplug *run; /* NULL: none */
	struct execcred cred;
	bool good;         /* cred is filled */
	uint64_t next_ns;  /* no run begins before */
	uint64_t pause_ns; /* after a failure; 0: the last run was good */
	char problem[480];
};

struct execlogin *execlogin_new(const struct execlogin_setup *setup)
{
	struct execlogin *e = mem_alloc(1, sizeof(*e));

	e->setup = *setup;
	return e;
}

void execlogin_free(struct execlogin *e)
{
	if (e == NULL)
		return;
	execplug_free(e->run);
	execcred_fini(&e->cred);
	free(e);
}

/* A failure: the pause grows. It counts from the start of the run that failed. */
static void fail(struct execlogin *e, const char *fault)
{
	const struct kubeconfig_exec *exec = &e->setup.plan->exec;

	e->pause_ns = e->pause_ns == 0 ? SHORT_NS : MIN(2 * e->pause_ns, LONG_NS);
	e->next_ns += e->pause_ns - SHORT_NS;
	snprintf(e->problem, sizeof(e->problem), "the plug-in \"%.120s\" %.300s",
		exec->command, fault);
}

static void on_done(void *arg, const struct execplug_result *r)
{
	struct execlogin *e = arg;
	const char *fault = r->fault;
	struct execcred cred;
	char why[200], text[240];

	if (fault == NULL &&
		execcred_parse(r->output, r->len, e->setup.plan->exec.api_version, &cred,
			why, sizeof(why)) < 0) {
		snprintf(text, sizeof(text), "printed what %s", why);
		fault = text;
	}
	if (fault == NULL && cred.expires_s != 0 &&
		cred.expires_s <= e->setup.wall_ns() / NS_PER_S) {
		execcred_fini(&cred);
		fault = "printed a credential that has expired";
	}
	if (fault == NULL) {
		execcred_fini(&e->cred);
		e->cred = cred;
		e->good = true;
		e->pause_ns = 0;
		e->problem[0] = '\0';
	} else {
		fail(e, fault);
	}
	execplug_free(e->run);
	e->run = NULL;
	e->setup.on_change(e->setup.arg);
}

static void start(struct execlogin *e, const uint8_t *ca, size_t ca_len, uint64_t now_ns)
{
	const struct kubeconfig_exec *exec = &e->setup.plan->exec;
	char *info = execcred_info(e->setup.plan, ca, ca_len);
	const struct execplug_command command = {
		.program = exec->command,
		.args = exec->args,
		.nargs = exec->nargs,
		.env = exec->env,
		.nenv = exec->nenv,
		.info = info,
		.limit_ns = e->setup.limit_ns,
	};
	char text[300];

	e->next_ns = now_ns + SHORT_NS; /* never twice within a second */
	const int ret = execplug_start(e->setup.base, &command, on_done, e, &e->run);
	if (ret < 0) {
		snprintf(text, sizeof(text), "does not start: %s%s%.200s", strerror(-ret),
			exec->hint[0] != '\0' ? "; " : "", exec->hint);
		fail(e, text);
	}
	secret_forget(info);
}

const struct execcred *execlogin_get(
	struct execlogin *e, const uint8_t *ca, size_t ca_len, uint64_t now_ns)
{
	const uint64_t wall_s = e->setup.wall_ns() / NS_PER_S;
	const uint64_t end_s = e->cred.expires_s;

	if (e->good && end_s != 0 && wall_s >= end_s)
		execlogin_forget(e);
	if ((!e->good || (end_s != 0 && wall_s + EARLY_S >= end_s)) && e->run == NULL &&
		now_ns >= e->next_ns)
		start(e, ca, ca_len, now_ns);
	return e->good ? &e->cred : NULL;
}

void execlogin_forget(struct execlogin *e)
{
	execcred_fini(&e->cred);
	e->good = false;
}

bool execlogin_running(const struct execlogin *e)
{
	return e->run != NULL;
}

bool execlogin_good(const struct execlogin *e)
{
	return e->good;
}

const char *execlogin_problem(const struct execlogin *e)
{
	return e->problem;
}
