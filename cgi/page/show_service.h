/* show_service.h: services and their forms. */
#ifndef CGI_PAGE_SHOW_SERVICE_H
#define CGI_PAGE_SHOW_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"

/* One service in a list; `last` is its newest good backup, NULL when there is none. */
struct service_view {
	const struct service *service;
	const struct backup *last;
	int64_t raw_bytes;            /* of its newest good part; 0 when there is none */
	int64_t now;
};
/* Its name, links, kind and what it reads. */
void show_service_name(struct node *n, const struct service *s);
void show_service_row(struct node *n, const struct service_view *view);

/* The form with the fields of its engine; nothing of a secret but whether there is one. */
void show_service_form(struct page *p, const struct service *s);
/* Beside each field of `mine` that differs, as <field>.newer, what somebody saved meanwhile. */
void show_service_newer(struct page *p, const struct service *mine, const struct service *theirs);
/* The choice of an engine, before a new service has one. */
void show_service_engines(struct page *p, const char *base);
/* What the last connection test found. */
void show_service_check(struct page *p, const struct service *s, int64_t now);

#endif
