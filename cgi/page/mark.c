/* mark.c: the small marks that many pages share: short ids, states, durations. */
#include "cgi/page/mark.h"

#include <stdio.h>
#include <string.h>

#include "cgi/page/page.h"
#include "lib/base/num.h"

void
mark_id(struct node *n, const char *name, enum name_kind kind, int64_t id)
{
	char text[NAME_ID_SIZE];

	name_id(text, kind, id);
	node_set(n, name, text);
}

void
mark_duration(struct node *n, const char *name, int64_t ms)
{
	char text[NUM_TEXT];

	if (ms < 0)
		return;
	num_duration(text, ms);
	node_set(n, name, text);
}

void
mark_count(struct node *n, const char *name, int64_t count)
{
	char text[NUM_TEXT];

	num_count(text, count);
	node_set(n, name, text);
}

void
mark_state(struct node *n, const char *name, const char *word, const char *icon, const char *tone)
{
	struct node *s = node_at(n, name);

	node_set(s, "word", word);
	node_set(s, "icon", icon);
	node_set(s, "tone", tone);
}

void
mark_job(struct node *n, const struct job *job)
{
	char word[64] = "Running";

	switch (job->state) {
	case JOB_QUEUED:
		mark_state(n, "state", "Queued", "queued", "idle");
		return;
	case JOB_RUNNING:
		if (job->cancel_asked)
			snprintf(word, sizeof word, "Cancelling");
		else if (job->bytes_total > 0 && job->bytes_done <= job->bytes_total)
			snprintf(word, sizeof word, "Running %d %%",
			    (int)(100 * ((double)job->bytes_done / (double)job->bytes_total)));
		mark_state(n, "state", word, "running", "busy");
		return;
	case JOB_SUCCEEDED:
		if (job->warnings > 0)
			mark_state(n, "state", "Done, with warnings", "warning", "warn");
		else
			mark_state(n, "state", "Done", "ok", "good");
		return;
	case JOB_FAILED:
		mark_state(n, "state", "Failed", "failed", "bad");
		return;
	case JOB_CANCELLED:
	case JOB_STATES:
		break;
	}
	mark_state(n, "state", "Cancelled", "cancelled", "idle");
}

void
mark_backup(struct node *n, const struct backup *b)
{
	switch (b->state) {
	case BACKUP_BUILDING:
		if (b->started_at == 0)
			mark_state(n, "state", "Queued", "queued", "idle");
		else
			mark_state(n, "state", "Running", "running", "busy");
		return;
	case BACKUP_READY:
		if (!backup_is_lost(b) && b->health != HEALTH_GOOD && b->health != HEALTH_UNKNOWN)
			mark_state(n, "state", "Ready, from a copy", "warning", "warn");
		else if (backup_is_lost(b))
			mark_state(n, "state", b->health == HEALTH_DAMAGED ? "Damaged" : "Missing",
			    "failed", "bad");
		else if (b->suspicion != NULL && *b->suspicion != '\0')
			mark_state(n, "state", "Ready, but suspicious", "warning", "warn");
		else if (b->warnings > 0)
			mark_state(n, "state", "Ready, with warnings", "warning", "warn");
		else
			mark_state(n, "state", "Ready", "ok", "good");
		return;
	case BACKUP_FAILED:
		mark_state(n, "state", "Failed", "failed", "bad");
		return;
	case BACKUP_TRASHED:
		mark_state(n, "state", "In the trash", "trash", "idle");
		return;
	case BACKUP_DELETED:
	case BACKUP_STATES:
		break;
	}
	mark_state(n, "state", "Deleted", "cancelled", "idle");
}

void
mark_frozen(struct node *n, const struct backup *b)
{
	bool live = b->mode == MODE_LIVE;

	node_set(n, "held.mode", live ? "Live" : "Consistent");
	node_flag(n, "held.live", live);
	if (b->frozen_ms > 0)
		mark_duration(n, "held.text", b->frozen_ms);
}

void
mark_health(struct node *n, const struct backup *b, int64_t now)
{
	switch (b->health) {
	case HEALTH_GOOD:
		mark_state(n, "verified", "Verified", "ok", "good");
		page_time(n, "verified.at", b->verified_at, now);
		return;
	case HEALTH_DAMAGED:
		mark_state(n, "verified", "Damaged", "failed", "bad");
		return;
	case HEALTH_MISSING:
		mark_state(n, "verified", "Missing", "failed", "bad");
		return;
	case HEALTH_UNKNOWN:
	case HEALTHS:
		break;
	}
	mark_state(n, "verified", "Not yet", "queued", "idle");
}

void
mark_download(struct node *n, const struct download *d, int64_t now)
{
	switch (d->state) {
	case DOWNLOAD_PREPARING:
		mark_state(n, "state", "Preparing", "running", "busy");
		return;
	case DOWNLOAD_READY:
		if (d->expires_at > now) {
			mark_state(n, "state", "Ready", "ok", "good");
			return;
		}
		break;
	case DOWNLOAD_FAILED:
		mark_state(n, "state", "Failed", "failed", "bad");
		return;
	case DOWNLOAD_REVOKED:
		mark_state(n, "state", "Revoked", "cancelled", "idle");
		return;
	case DOWNLOAD_EXPIRED:
	case DOWNLOAD_STATES:
		break;
	}
	mark_state(n, "state", "Expired", "cancelled", "idle");
}

void
mark_mail(struct node *n, const char *state, const char *error)
{
	if (*state == '\0')
		return;
	if (strcmp(state, "sent") == 0)
		mark_state(n, "mail", "Sent", "ok", "good");
	else if (strcmp(state, "failed") == 0)
		mark_state(n, "mail", "Unsent", "failed", "bad");
	else if (*error != '\0')
		mark_state(n, "mail", "Unsent, will be tried again", "warning", "warn");
	else
		mark_state(n, "mail", "On its way", "queued", "idle");
	node_set(n, "mail.error", strcmp(state, "sent") != 0 && *error != '\0' ? error : NULL);
}

void
mark_restore(struct node *n, const struct restore *r)
{
	switch (r->state) {
	case RESTORE_DRAFT:
		mark_state(n, "state", "Not confirmed", "queued", "idle");
		return;
	case RESTORE_PENDING:
		if (r->started_at == 0)
			mark_state(n, "state", "Queued", "queued", "idle");
		else
			mark_state(n, "state", "Running", "running", "busy");
		return;
	case RESTORE_DONE:
		if (r->warnings > 0)
			mark_state(n, "state", "Done, with warnings", "warning", "warn");
		else
			mark_state(n, "state", "Done", "ok", "good");
		return;
	case RESTORE_FAILED:
		mark_state(n, "state", "Failed", "failed", "bad");
		return;
	case RESTORE_UNDONE:
	case RESTORE_STATES:
		break;
	}
	mark_state(n, "state", "Undone", "cancelled", "idle");
}

void
mark_tested(struct node *n, const struct backup *b, int64_t now)
{
	if (b->tested_at == 0)
		return;
	if (strcmp(b->test_state, "equal") == 0)
		mark_state(n, "tested", "Test-restored", "ok", "good");
	else if (strcmp(b->test_state, "differs") == 0)
		mark_state(n, "tested", "Test restore differs", "warning", "warn");
	else
		mark_state(n, "tested", "Test restore failed", "failed", "bad");
	page_time(n, "tested.at", b->tested_at, now);
	node_set(n, "tested.text", *b->test_text == '\0' ? NULL : b->test_text);
}

const char *
mark_obstacle(const struct backup *b)
{
	switch (b->state) {
	case BACKUP_BUILDING:
		return "It is still being created. It can be restored when it is ready.";
	case BACKUP_FAILED:
		return "It failed, and nothing of it is kept. Restore another backup.";
	case BACKUP_TRASHED:
		return "It is in the trash. Put it back first, then restore it.";
	case BACKUP_READY:
		break;
	case BACKUP_DELETED:
	case BACKUP_STATES:
		return "It is deleted. Restore another backup.";
	}
	if (!backup_is_lost(b))
		return NULL;
	if (b->health == HEALTH_DAMAGED)
		return "Its stored bytes are damaged. Restore another backup; what is still"
		       " readable of this one can be had by the commands on its page.";
	return "Its stored bytes are missing. Restore another backup, or bring the files of the"
	       " storage back and verify it.";
}

void
mark_check(struct node *n, const struct service *s)
{
	if (strcmp(s->check_state, "ok") == 0)
		mark_state(n, "check", "Connected", "ok", "good");
	else if (strcmp(s->check_state, "failed") == 0)
		mark_state(n, "check", "Connection failed", "failed", "bad");
	else
		mark_state(n, "check", "Not tested", "queued", "idle");
}

const char *
mark_job_title(enum job_kind kind)
{
	switch (kind) {
	case JOB_BACKUP:
		return "Backup";
	case JOB_DOWNLOAD:
		return "Prepare download";
	case JOB_CHECK:
		return "Connection test";
	case JOB_VERIFY:
		return "Verify";
	case JOB_PREVIEW:
		return "Look at the target";
	case JOB_RESTORE:
		return "Restore";
	case JOB_UNDO:
		return "Undo a restore";
	case JOB_SWITCH:
		return "Switch";
	case JOB_TIDY:
		return "Tidy up after a restore";
	case JOB_TEST:
		return "Test restore";
	case JOB_RECONCILE:
		return "Look through a storage";
	case JOB_PRUNE:
		return "Move old backups to the trash";
	case JOB_LIST:
		return "Read the list of files";
	case JOB_COMPARE:
		return "Compare two backups";
	case JOB_COPY:
		return "Copy to another storage";
	case JOB_PROVE:
		return "Prove that a storage is enough";
	case JOB_REWRAP:
		return "Wrap for the present keys";
	case JOB_KINDS:
		break;
	}
	return "Job";
}

const char *
mark_kind(enum backup_kind kind)
{
	static const char *const words[BACKUP_KINDS] = {
		[BACKUP_SCHEDULED] = "Scheduled",
		[BACKUP_ON_DEMAND] = "On-demand",
		[BACKUP_SAFETY] = "Safety",
		[BACKUP_UPLOADED] = "Uploaded",
	};

	return words[kind];
}

const char *
mark_mode(enum restore_mode mode)
{
	switch (mode) {
	case RESTORE_REPLACE:
		return "Replace";
	case RESTORE_ADD:
		return "Add on top";
	case RESTORE_NEW:
		return "New service beside";
	case RESTORE_MODES:
		break;
	}
	return "";
}
