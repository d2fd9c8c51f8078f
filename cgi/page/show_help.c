/* show_help.c: the help pages. The words themselves stand in help.cs. */
#include "cgi/page/show_help.h"

#include <string.h>

#include "cgi/page/page.h"

static const struct {
	const char *name, *title, *about;
} topics[] = {
	{ "backups", "Backups",
	    "What a backup holds, what it does not hold, and when it counts as ready." },
	{ "downloads", "Downloads and links",
	    "Getting the files out, by a link in a mail or from these pages." },
	{ "services", "Projects, environments, services",
	    "What to add, and what each kind of service needs." },
	{ "states", "States", "What Protected, At risk, Ready and the other words mean." },
	{ "restore", "Restoring",
	    "Putting a backup back, undoing that, and the commands that do it by hand." },
	{ "storage", "Storage and retention",
	    "Where the bytes lie, how long they stay, and what the trash is." },
	{ "schedules", "Schedules",
	    "When backups come by themselves, also when clocks change or the worker was off." },
	{ "worker", "The worker", "What to do when jobs wait or the worker is silent." },
	{ "mail", "Mails", "Who gets which mail, and what to do when none arrives." },
	{ "notifications", "Notifications",
	    "Who is told of what by itself, how webhooks are signed, and what the log shows." },
	{ "keyboard", "Keyboard", "The few keys that save a way with the mouse." },
};

int
show_help(struct reply *rp, const struct request *rq, const char *topic, struct err *e)
{
	const char *title = topic == NULL ? "Help" : NULL;
	CLEANUP_PAGE struct page p = { 0 };

	for (size_t i = 0; topic != NULL && i < sizeof topics / sizeof topics[0]; i++)
		if (strcmp(topics[i].name, topic) == 0)
			title = topics[i].title;
	if (title == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "There is no help page of this name. The page Help lists all of them.");
	page_begin(&p, rq, "help.cs", title);
	page_crumb(&p, "Help", topic != NULL ? "/help" : NULL);
	if (topic != NULL) {
		page_crumb(&p, title, NULL);
		node_flag(node_at(p.root, "help.topic"), topic, true);
	}
	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
		struct node *row = node_add(p.root, "help.topics");

		node_set(row, "name", topics[i].name);
		node_set(row, "title", topics[i].title);
		node_set(row, "about", topics[i].about);
		node_flag(row, "current", topic != NULL && strcmp(topics[i].name, topic) == 0);
	}
	return page_send(rp, rq, &p, e);
}
