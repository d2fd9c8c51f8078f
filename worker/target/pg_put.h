/* pg_put.h: constant SQL for the target of a merge: temporary tables and functions of one session.
 *
 * It runs with an empty search_path. What it finds wrong it raises as "lazarette conflict: …" or
 * "lazarette busy: …"; the rest it says as "lazarette at: …" (the table it is at), "lazarette note:
 * …" and "lazarette warn: …", in warnings.
 */
#ifndef WORKER_TARGET_PG_PUT_H
#define WORKER_TARGET_PG_PUT_H

/* Into these the stream of the side goes. */
extern const char pg_put_tables[];
/* lazarette_check(): columns fit. */
extern const char pg_put_check[];
/* lazarette_prepare(swap): tables are locked, triggers and rules are off, keys wait. With `swap`
 * rows will go, too; then lazarette_keep(schema) takes them away. */
extern const char pg_put_locks[], pg_put_prepare[];
/* lazarette_take(n) and lazarette_put(n): around the rows of table n that come on top. */
extern const char pg_put_rows[];
/* lazarette_settle(swap, schema): sequences, large objects, and all keys hold. lazarette_finish():
 * what was switched off is as it was; views that hold rows are made anew. */
extern const char pg_put_finish[];
/* lazarette_back(schema): what was kept is in its place again, and the schema is gone. */
extern const char pg_put_undo[];

#endif
