/* readback.c: a stored object is read again, compared, and shown to the engine's own reader. */
#include "worker/job/readback.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "worker/archive/chain_check.h"
#include "worker/archive/frame.h"

/* How long a check of structure may take before its silence counts as a stall: this, and its bytes
 * at 1 MB/s. */
enum { PATIENCE_MS = 10 * 60 * 1000, BYTES_PER_MS = 1000 };
enum { STEP = 256 << 10 };

/* The engine's reader works in a thread of its own at the far end of a pipe. */
struct prover {
	const struct readback *what;
	int in;                       /* closed by the thread */
	int rc;
	struct err e;
};

struct pass {
	struct plan *plan;
	const struct readback *what;
	int out;                      /* to the prover, or -1 */
	int64_t done;
	int percent;
};

/* Decoded bytes pass by: a sign of life each percent, so that a long reading is not taken for a
 * stall. */
static int
pass_on(void *arg, const void *bytes, size_t n, struct err *e)
{
	struct pass *pass = arg;
	const struct watch *watch = report_watch(pass->plan->report);
	int64_t total = pass->what->object->raw_bytes;
	int percent;

	pass->done += (int64_t)n;
	percent = total > 0 ? (int)(pass->done * 100 / total) : 100;
	if (percent != pass->percent)
		report_phase(pass->plan->report, "%s: reading back, %d %%", pass->what->label,
		    percent);
	pass->percent = percent;
	if (pass->what->counted)
		watch->bytes(watch->arg, (int64_t)n);
	return pass->out < 0 ? 0 : fd_write_all(pass->out, bytes, n, e);
}

static void *
prove(void *arg)
{
	struct prover *pr = arg;
	char rest[4096];

	pr->rc = pr->what->prover->prove(pr->in, pr->what->source, &pr->e);
	/* A reader that is content may leave padding unread; the hashes want the rest to pass. */
	while (pr->rc == 0 && read(pr->in, rest, sizeof rest) > 0)
		continue;
	fd_close(&pr->in);
	return NULL;
}

static int
read_and_compare(struct pass *pass, struct err *e)
{
	const struct stored_object *o = pass->what->object;
	CLEANUP_OBJECT struct object *opened = NULL;
	struct sink sink = { pass_on, pass };
	struct frame_totals got,
	    expect = { .raw_bytes = o->raw_bytes, .stored_bytes = o->stored_bytes };
	int64_t bytes;

	snprintf(expect.raw_sha256, sizeof expect.raw_sha256, "%s", o->raw_sha256);
	snprintf(expect.stored_sha256, sizeof expect.stored_sha256, "%s", o->stored_sha256);
	if (object_open_stored(&opened, &bytes, pass->plan->dest, o, e) != 0)
		return -1;
	return frame_read(&got, opened, &sink, &expect, e);
}

/* Both ends may find fault. Damage of the stored bytes is the cause and the reader's complaint its
 * echo; any other failure here (a broken pipe) is the echo of the reader's. */
static int
judge(int read_rc, const struct prover *pr, struct err *e)
{
	if (read_rc != 0 && (pr->rc == 0 || e->kind == ERR_DAMAGED || e->kind == ERR_NOT_FOUND))
		return -1;
	if (pr->rc != 0) {
		*e = pr->e;
		return -1;
	}
	return 0;
}

/* SQLite says nothing while it checks gigabytes: a sign of life each second in its place, but only
 * for as long as its size explains. */
static void
wait_for(pthread_t thread, struct plan *p, const struct readback *what)
{
	int64_t began = clock_mono(), took,
	        patience = PATIENCE_MS + what->object->raw_bytes / BYTES_PER_MS;
	char words[NUM_TEXT];
	struct timespec at;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec++;
		if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &at) != ETIMEDOUT)
			return;
		took = clock_mono() - began;
		num_duration(words, took);
		if (took < patience)
			report_phase(p->report, "%s: checking its structure, %s", what->label,
			    words);
	}
}

int
readback_object(struct plan *p, const struct readback *what, struct err *e)
{
	struct pass pass = { .plan = p, .what = what, .out = -1, .percent = -1 };
	struct prover pr = { .what = what, .in = -1 };
	pthread_t thread;
	int ends[2], rc;

	report_phase(p->report, "%s: reading back", what->label);
	if (what->prover == NULL)
		return read_and_compare(&pass, e);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	pr.in = ends[0];
	pass.out = ends[1];
	if (pthread_create(&thread, NULL, prove, &pr) != 0) {
		close(ends[0]);
		close(ends[1]);
		return err_set(e, ERR_BUSY, "no thread for reading back: the system has too many");
	}
	rc = read_and_compare(&pass, e);
	fd_close(&pass.out);
	wait_for(thread, p, what);
	return judge(rc, &pr, e);
}

int
readback_pack(struct plan *p, const struct readback *what, struct chain_check *check,
    struct err *e)
{
	struct pass pass = { .plan = p, .what = what, .out = -1, .percent = -1 };
	const struct sink to = { pass_on, &pass };

	report_phase(p->report, "%s: reading back", what->label);
	return chain_check_pack(check, &to, e);
}

static void
free_buffer(unsigned char **p)
{
	free(*p);
}

int
readback_as_it_lies(struct plan *p, struct dest *in, const struct stored_object *o, struct err *e)
{
	const struct watch *watch = report_watch(p->report);
	CLEANUP(free_buffer) unsigned char *buffer = xmalloc(STEP);
	CLEANUP_HASH struct hash *hash = hash_new();
	CLEANUP_OBJECT struct object *opened = NULL;
	struct stored_object promised = *o;
	int64_t bytes, at = 0;
	ssize_t n;

	if (object_open_as_is(&opened, &bytes, in, o->key, e) != 0)
		return -1;
	while ((n = object_read(opened, at, buffer, STEP, e)) > 0) {
		hash_add(hash, buffer, (size_t)n);
		at += n;
		watch->bytes(watch->arg, n);
	}
	if (n < 0)
		return -1;
	if (promised.stored_bytes < 0)
		promised.stored_bytes = at;
	return object_compare(opened, hash, at, &promised, e);
}
