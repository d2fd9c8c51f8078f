/* newest.h: the newest backup of a service, as a piece of SQL: what is good and what is trusted is
 * said here once, for pages, alarms and the target of a restore alike.
 */
#ifndef LIB_STORE_NEWEST_H
#define LIB_STORE_NEWEST_H

/* `what` of the newest backup b, with its part y, of which `more` is true; NULL: there is none.
 * `service` is an expression of the question around it. An upload stands for nothing. */
#define NEWEST_PART(service, what, more) \
	"(SELECT " what " FROM part y JOIN backup b ON b.id=y.backup WHERE y.service=" service \
	" AND b.kind<>'uploaded' AND " more " ORDER BY y.id DESC LIMIT 1)"
#define NEWEST_GOOD "y.state='ready' AND b.state='ready'"
/* Nor does anybody doubt it. */
#define NEWEST_TRUSTED \
	NEWEST_GOOD " AND b.suspicion='' AND b.health NOT IN ('damaged', 'missing')"

#endif
