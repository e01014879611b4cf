/*
 * admin.h - what the files of shmdns-admin's shell share (shell)
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "admin/http.h"
#include "admin/probe.h"
#include "metrics/view.h"
#include "base/log.h"
#include "base/pair.h"
#include "snap/reader.h"

#define ADMIN_TICK_MS 250
#define ADMIN_HISTORY 9   /* ticks: the generation of 2 s ago (HR-02) */
#define ADMIN_OBJECTS 600 /* of shared memory that a scrape shows */

struct event;
struct event_base;

struct admin {
	struct event_base *base;
	struct event *control, *tick, *step, *term;
	struct reader reader;
	struct stat_admin *stat; /* our page; NULL before START */
	struct view view;        /* pages stay mapped, the rest is set for each answer */
	struct logwrite *log;    /* NULL before START */
	struct http *http[3];    /* from SOCKET_HTTP_HEALTH on; NULL: not served */
	uint64_t max_namespaces; /* ME-09 */
	uint64_t history[ADMIN_HISTORY]; /* generations, a ring */
	uint64_t ticks;
	uint64_t shut; /* connections that were counted in the page */
	struct log_bucket control_log, probe_log;
	struct probe_to probe_to;
	struct probe probes[PROBES];
	unsigned probed;                /* queries that were sent */
	uint64_t probe_ns;              /* when to ask again */
	char probe_name[NAME_TEXT_MAX]; /* what was asked for last; "": nothing */
	struct stat_object objects[ADMIN_OBJECTS];
	bool ended;
};

/* Be done after this turn of the loop. */
void admin_end(struct admin *a);

/*
 * Take the current generation, and count who asked since the last time, and what all
 * workers have gone over to.
 */
void admin_refresh(struct admin *a);

/* The answer to a request on the listener of a kind: an http_on_request. */
void admin_answer(
	void *arg, unsigned kind, const struct http_request *q, struct http_reply *reply);

#endif
