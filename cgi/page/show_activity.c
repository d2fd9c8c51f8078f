/* show_activity.c: the audit trail in words. */
#include "cgi/page/show_activity.h"

#include <inttypes.h>
#include <string.h>

#include "lib/model/name.h"

static const struct {
	const char *action, *words;
} phrases[] = {
	{ "backup.requested", "asked for backup" },
	{ "backup.note", "changed the note of backup" },
	{ "backup.kept", "marked as kept: backup" },
	{ "storage.checked", "looks through storage" },
	{ "storage.tested", "tests storage" },
	{ "storage.proved", "proves recovery from storage" },
	{ "storage.rewrapped", "wraps for the present key storage" },
	{ "storage.rebuilt", "takes up the backups of storage" },
	{ "storage.encrypted", "encrypts what goes into storage" },
	{ "storage.plain", "no longer encrypts what goes into storage" },
	{ "storage.added", "adds storage" },
	{ "storage.changed", "changes the settings of storage" },
	{ "keys.changed", "changes the key that encrypts backups" },
	{ "secret_key.changed", "changes the key that opens passwords" },
	{ "storage.trusted", "confirms the key of the server of storage" },
	{ "storage.removed", "removes storage" },
	{ "backup.trusted", "says that it is fine: backup" },
	{ "backup.found", "finds that it is not whole: backup" },
	{ "backup.unkept", "no longer keeps backup" },
	{ "storage.moved", "moved the backups of storage" },
	{ "backup.copy", "asked for a copy of backup" },
	{ "backup.copy_removed", "removed a copy of backup" },
	{ "backup.verify", "asked to verify backup" },
	{ "backup.deleted", "moved to the trash: backup" },
	{ "backup.pruned", "moved to the trash by the rule: backup" },
	{ "backup.kept_until", "keeps for some time backup" },
	{ "policy.changed", "changed the policy" },
	{ "policy.inherited", "goes back to the inherited policy" },
	{ "backup.undeleted", "put back from the trash: backup" },
	{ "download.requested", "asked to prepare download" },
	{ "download.mailed", "asked again for the mail of download" },
	{ "download.revoked", "revoked download" },
	{ "download.fetched", "downloaded" },
	{ "backup.test", "asked for a test restore of backup" },
	{ "restore.requested", "began restore" },
	{ "restore.confirmed", "confirmed restore" },
	{ "restore.undo_requested", "asked to undo restore" },
	{ "job.cancelled", "asked to cancel job" },
	{ "job.retried", "asked again for job" },
	{ "service.added", "added service" },
	{ "service.changed", "changed service" },
	{ "service.tested", "asked to test the connection of service" },
	{ "environment.added", "added environment" },
	{ "environment.changed", "changed the settings of environment" },
	{ "environment.paused", "paused environment" },
	{ "environment.resumed", "resumed environment" },
	{ "environment.badge_made", "made a badge for environment" },
	{ "environment.badge_removed", "removed the badge of environment" },
	{ "project.added", "added project" },
	{ "project.changed", "changed the settings of project" },
	{ "schedule.added", "added schedule" },
	{ "schedule.changed", "changed schedule" },
	{ "schedule.on", "turned on schedule" },
	{ "schedule.off", "turned off schedule" },
	{ "schedule.paused", "paused schedule" },
	{ "schedule.resumed", "resumed schedule" },
	{ "schedule.run", "asked to run now: schedule" },
	{ "schedule.removed", "removed schedule" },
	{ "channel.added", "added channel" },
	{ "channel.as_inherited", "left as inherited here: channel" },
	{ "channel.asked", "asked to confirm the address of channel" },
	{ "channel.changed", "changed channel" },
	{ "channel.confirmed", "confirmed the address of channel" },
	{ "channel.not_here", "switched off, for here alone, channel" },
	{ "channel.off", "turned off channel" },
	{ "channel.on", "turned on channel" },
	{ "channel.removed", "removed channel" },
	{ "channel.sent_again", "asked to send again to channel" },
	{ "channel.tested", "asked for a test of channel" },
	{ "channel.told_here", "switched on, for here alone, channel" },
	{ "restore.switch_requested", "asked to switch restore" },
	{ "restore.remove_requested", "asked to remove what is not in use of restore" },
	{ "session.started", "signed in" },
	{ "session.ended", "signed out" },
};

/* Short ids have pages of their own. */
static void
link_target(struct node *n, const char *target)
{
	static const struct { enum name_kind kind; const char *page; } pages[] = {
		{ NAME_BACKUP, "b" }, { NAME_JOB, "j" }, { NAME_DOWNLOAD, "d" },
		{ NAME_RESTORE, "r" },
	};
	int64_t id;

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		if (target[0] == (char)pages[i].kind && name_id_parse(&id, pages[i].kind, target))
			node_setf(n, "href", "/%s/%c%" PRId64, pages[i].page, (char)pages[i].kind,
			    id);
	}
}

void
show_activity_row(struct node *n, const struct event *ev, int64_t now)
{
	const char *words = ev->action;

	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
		if (strcmp(ev->action, phrases[i].action) == 0)
			words = phrases[i].words;
	}
	page_time(n, "at", ev->at, now);
	node_set(n, "actor", ev->actor);
	node_set(n, "words", words);
	node_set(n, "target", *ev->target == '\0' ? NULL : ev->target);
	link_target(n, ev->target);
	node_set(n, "detail", *ev->detail == '\0' ? NULL : ev->detail);
	node_set(n, "from", *ev->address == '\0' ? NULL : ev->address);
}
