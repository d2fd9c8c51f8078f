/* smtps.h: the road for smtps:// servers, through libcurl. Only smtp.c calls it. */
#ifndef LIB_UTIL_SMTPS_H
#define LIB_UTIL_SMTPS_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/conf.h"
#include "lib/util/smtp.h"

/* As smtp_send(), for a conf->server that begins with smtps://. */
MUST_USE int smtps_send(const struct conf_mail *conf, const struct mail *m, struct err *e);

#endif
