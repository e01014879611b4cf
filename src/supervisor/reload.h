/*
 * reload.h - the configuration and the controller: PREPARE, its answer, COMMIT (shell)
 *
 * We parse first; what passes goes to the controller, which parses the same octets and
 * may still refuse (a directory that is not there). Only then does it become current.
 * Whatever fails, the old settings stay, and one line says why.
 */
#ifndef SUPERVISOR_RELOAD_H
#define SUPERVISOR_RELOAD_H

#include "base/pair.h"
#include "supervisor/supervisor.h"

/* A signal asks for a reload: now, or a second after the last one (EV-06). */
void reload_ask(struct supervisor *s);

/* Begin a reload that is due; does nothing while none is, or one is on its way. */
void reload_step(struct supervisor *s, uint64_t now_ns);

/* When reload_step() has something to do; UINT64_MAX: when something else happens. */
uint64_t reload_wake_ns(const struct supervisor *s);

/* A controller was started: it gets the current configuration. */
void reload_hand_over(struct supervisor *s);

/* Its answers. */
void reload_prepared(struct supervisor *s, const struct message_prepared *m);
void reload_committed(struct supervisor *s, uint32_t number);

/* It died: what it had not taken is given up. */
void reload_controller_died(struct supervisor *s);

#endif
