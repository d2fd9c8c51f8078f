/* attr.h: the only compiler extension the house uses, under readable names. */
#ifndef LIB_BASE_ATTR_H
#define LIB_BASE_ATTR_H

/* The result says whether it worked; ignoring it is an error. */
#define MUST_USE __attribute__((warn_unused_result))

/* Parameter number `f` is a printf format whose values start at number `a`. */
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

/* Run fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn), unused))

#endif
