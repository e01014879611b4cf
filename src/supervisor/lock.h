/*
 * lock.h - one supervisor for each instance, and a clean table at start and end (shell)
 *
 * Two locks: RUN_DIR/instance.lock keeps a second supervisor away and says who the first
 * is; the lock object beside the segments belongs to the controller and holds whatever
 * run_dir is (SH-10).
 */
#ifndef SUPERVISOR_LOCK_H
#define SUPERVISOR_LOCK_H

struct lock {
	int fd;         /* of RUN_DIR/instance.lock; owned */
	char *path;     /* owned */
	char *instance; /* owned */
};

/*
 * Make `run_dir` where it is missing (0750), lock `instance` and remove what a dead
 * supervisor of it left in shared memory. 0; -EBUSY: somebody runs it; -errno. Failures
 * are logged with what to do.
 */
int lock_take(struct lock *l, const char *run_dir, const char *instance);

/* Remove all objects of the instance and the lock file; the children must be gone. */
void lock_release(struct lock *l);

#endif
